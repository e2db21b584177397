"""Ready-made schedules: their lengths, their tops and ends, and momentum against the rate."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.learn.builders import one_cycle, progressive, sgdr, step_decay, warm_up_cosine
from imgstudio.learn.plan import Curve, Optimiser

BUILDERS = [one_cycle, warm_up_cosine, sgdr, step_decay]

lengths = st.floats(0.5, 1000)
rates = st.floats(1e-6, 10)


@pytest.mark.parametrize("build", BUILDERS)
@given(lengths, rates)
def test_every_builder_has_the_length_and_the_top_that_were_asked_for(build, length, rate):
    phases = build(length, rate, batch=5, spread=0.1, optimiser=Optimiser("sgd"))

    assert sum(phase.length for phase in phases) == pytest.approx(length)
    assert max(curve for p in phases for curve in (p.rate.start, p.rate.end)) == pytest.approx(rate)
    assert {(p.batch, p.spread, p.optimiser.kind) for p in phases} == {(5, 0.1, "sgd")}


@pytest.mark.parametrize("build", [one_cycle, warm_up_cosine])
@given(rate=rates, share=st.floats(0, 1))
def test_rate_and_momentum_run_on_without_a_jump_and_stay_between_their_ends(build, rate, share):
    climb, descent = build(10, rate)

    assert climb.rate.at(1) == pytest.approx(descent.rate.at(0))
    assert climb.momentum.at(1) == pytest.approx(descent.momentum.at(0))
    for phase in (climb, descent):
        low, high = sorted((phase.rate.start, phase.rate.end))
        assert low * 0.999 <= phase.rate.at(share) <= high * 1.001


def test_in_a_one_cycle_momentum_is_lowest_where_the_rate_is_highest():
    climb, descent = one_cycle(10, 1.0, warm_up=0.3, momentum=(0.95, 0.8))

    assert climb.length == pytest.approx(3)
    assert (climb.momentum.at(0), climb.momentum.at(1), descent.momentum.at(1)) == pytest.approx(
        (0.95, 0.8, 0.95)
    )
    shares = [index / 20 for index in range(21)]
    assert [climb.rate.at(s) for s in shares] == sorted(climb.rate.at(s) for s in shares)
    assert [climb.momentum.at(s) for s in shares] == sorted(
        (climb.momentum.at(s) for s in shares), reverse=True
    )


def test_without_a_warm_up_there_is_only_the_descent():
    assert [phase.name for phase in one_cycle(10, 1.0, warm_up=0)] == ["Descent"]


def test_restarts_grow_and_each_begins_at_the_top():
    cycles = sgdr(70, 0.5, cycles=3, growth=2)

    assert [cycle.length for cycle in cycles] == pytest.approx([10, 20, 40])
    assert {cycle.rate.at(0) for cycle in cycles} == {0.5}


def test_steps_fall_by_the_factor_at_the_given_shares():
    levels = step_decay(100, 1.0, at=(0.6, 0.9), factor=0.1)

    assert [level.length for level in levels] == pytest.approx([60, 30, 10])
    assert [level.rate.at(0.5) for level in levels] == pytest.approx([1, 0.1, 0.01])


def test_sizes_grow_while_the_tops_fall():
    phases = progressive(100, 1.0, (128, 256), batches=(16, 4), drop=0.3)
    tops = {size: max(p.rate.end for p in phases if p.size == size) for size in (128, 256)}

    assert [phase.size for phase in phases] == [128, 128, 256, 256]
    assert [phase.batch for phase in phases] == [16, 16, 4, 4]
    assert tops == {128: 1.0, 256: pytest.approx(0.3)}
    assert sum(p.length for p in phases if p.size == 128) == pytest.approx(65)
    assert sum(p.length for p in phases) == pytest.approx(100)


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine", "exponential", "polynomial"])
def test_curves_begin_and_end_where_they_say_and_never_turn(kind):
    curve = Curve(kind, 2.0, 2.0 if kind == "constant" else 0.5)
    values = [curve.at(index / 50) for index in range(51)]

    assert values[0] == pytest.approx(2)
    assert values[-1] == pytest.approx(curve.end)
    assert all(a >= b for a, b in itertools.pairwise(values))
    assert curve.scaled(3).at(0.3) == pytest.approx(3 * curve.at(0.3))
