"""The learning-rate finder on curves whose right answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.jobs import Progress
from imgstudio.learn.rate_finder import found, smoothed, sweep, sweep_rates

RATES = sweep_rates(1e-6, 10, 100)


def curve(rate, fall=1e-2, blow=0.3):
    """A loss of 2 that falls to 1 around the rate `fall` and explodes beyond `blow`."""
    return 1 + 1 / (1 + rate / fall) + (rate / blow) ** 3


def test_exponential_rates_grow_by_a_factor_and_linear_ones_by_a_step():
    exponential, linear = np.array(sweep_rates(1e-4, 1, 9)), np.array(sweep_rates(0.1, 0.9, 9, "linear"))

    assert np.allclose(exponential[1:] / exponential[:-1], math.sqrt(10))
    assert np.allclose(np.diff(linear), 0.1)


@given(st.floats(1e-4, 1e-2), st.integers(0, 2**31))
def test_the_suggestion_lies_on_the_fall_also_with_noise(fall, seed):
    noise = np.random.default_rng(seed).normal(0, 0.01, len(RATES))
    it = iter(noise)

    result = sweep(lambda rate: curve(rate, fall, 100 * fall) + next(it), RATES, Progress())

    assert 1 < result.valley / fall < 10  # the loss begins to rise at some ten times `fall`
    assert fall / 10 < result.steepest < fall * 40
    assert result.diverged


def test_a_sweep_stops_where_the_loss_runs_away():
    asked = []

    def advance(rate):
        asked.append(rate)
        return curve(rate, 1e-4, 1e-2)

    result = sweep(advance, RATES, Progress())

    assert result.diverged
    assert len(asked) == len(result.points) < 70
    assert 1e-2 < asked[-1] < 0.1


def test_a_sweep_stops_at_the_first_loss_that_is_no_number():
    result = sweep(lambda rate: 1.0 if rate < 1e-3 else math.nan, RATES, Progress())

    assert result.diverged
    assert result.points[-1].rate < 1e-3


def test_a_loss_that_is_negative_may_fall_as_deep_as_it_likes():
    result = sweep(lambda rate: -1 - 3 / (1 + 1e-2 / rate), RATES, Progress())

    assert not result.diverged
    assert len(result.points) == len(RATES)
    assert result.steepest == pytest.approx(1e-2, rel=0.3)
    assert result.valley == pytest.approx(RATES[-1] / 10)


def test_a_loss_that_only_rises_gives_the_lowest_rate():
    result = found(RATES, [1 + 0.01 * index for index in range(len(RATES))])

    assert result.valley == result.steepest == pytest.approx(RATES[0])


def test_a_sweep_of_one_step_still_has_a_result():
    result = sweep(lambda rate: math.nan, RATES, Progress())

    assert result.points == ()
    assert result.valley == RATES[0]


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=60))
def test_smoothing_stays_between_the_extremes_and_leaves_constants_alone(losses):
    smooth = smoothed(losses, 100)

    assert smooth.min() >= min(losses) - 1e-9
    assert smooth.max() <= max(losses) + 1e-9
    assert np.allclose(smoothed([3.0] * 20, 100), 3)


def test_a_second_deeper_fall_after_a_jump_says_nothing():
    def hump(rate):
        back = 0.6 * math.exp(-((math.log10(rate) + 1.3) ** 2) / 0.06)  # jumps up at 0.05, learns again
        return 0.7 + 0.3 / (1 + rate / 2e-3) + back + (rate / 3) ** 3

    result = found(RATES, [hump(rate) for rate in RATES if rate < 2])

    assert result.steepest < 0.02
    assert 5e-4 < result.valley < 1e-2
