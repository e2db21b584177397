"""Closed-form matting of a band: what is known stays, what is mixed of two colours is found."""

import numpy as np
import pytest

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.matting import Guess, laplacian, matted

DARK, LIGHT = np.float32([0.1, 0.2, 0.6]), np.float32([0.9, 0.7, 0.2])


def ramp(height=40, width=60, start=24, stop=36):
    """A picture that goes over from DARK to LIGHT, and how far it has."""
    alpha = np.clip((np.arange(width, dtype=np.float32) - start) / (stop - start), 0, 1)
    alpha = np.repeat(alpha[None], height, 0)
    return DARK + alpha[..., None] * (LIGHT - DARK), alpha


def guess_of(alpha, first, last, trust=0.0):
    band = np.zeros(alpha.shape, bool)
    band[:, first:last] = True
    start = np.where(band, np.float32(0.5), (alpha > 0.5).astype(np.float32))
    return Guess(start, np.full(alpha.shape, trust, np.float32), band)


def test_a_mixture_of_two_colours_is_found_exactly():
    pixels, alpha = ramp()

    found = matted(pixels, guess_of(alpha, 18, 42), Progress())

    assert np.abs(found - alpha).max() < 0.02


def test_nothing_outside_the_band_changes_by_a_bit():
    pixels, alpha = ramp()
    guess = guess_of(alpha, 18, 42)

    found = matted(pixels, guess, Progress())

    assert np.array_equal(found[~guess.band], guess.alpha[~guess.band])


def test_a_hair_that_leaves_the_object_is_followed():
    pixels, alpha = np.tile(DARK, (40, 60, 1)), np.zeros((40, 60), np.float32)
    alpha[:, 30:] = 1
    alpha[20, 16:30] = 1
    pixels[alpha > 0] = LIGHT
    guess = guess_of((np.arange(60) >= 30) * np.ones((40, 1), np.float32), 10, 36)

    found = matted(pixels, guess, Progress())

    assert found[20, 18:30].min() > 0.8
    assert found[10, 12:28].max() < 0.1


def test_where_colours_say_nothing_the_trusted_guess_decides():
    pixels = np.full((30, 40, 3), 0.5, np.float32)
    wanted = np.repeat(np.linspace(0, 1, 40, dtype=np.float32)[None], 30, 0)
    band = np.zeros((30, 40), bool)
    band[:, 10:30] = True

    found = matted(pixels, Guess(wanted, np.full((30, 40), 50, np.float32), band), Progress())

    assert np.abs(found - wanted).max() < 0.05


def test_rows_of_the_laplacian_sum_to_zero_and_it_is_symmetric():
    random = np.random.default_rng(0)
    pixels = random.random((12, 15, 3), np.float32)
    centres = np.zeros((12, 15), bool)
    centres[3:9, 4:11] = True
    seen = np.zeros((12, 15), bool)
    seen[2:10, 3:12] = True

    system = laplacian(pixels, np.flatnonzero(centres), seen, Progress()).toarray()

    assert np.abs(system.sum(1)).max() < 1e-3
    assert np.abs(system - system.T).max() < 1e-5
    assert np.linalg.eigvalsh(system.astype(np.float64)).min() > -1e-3


@pytest.mark.parametrize("shape", [(2, 50), (50, 2), (1, 1)])
def test_slivers_keep_the_guess(shape):
    band = np.ones(shape, bool)
    alpha = np.full(shape, 0.3, np.float32)

    found = matted(np.zeros((*shape, 3), np.float32), Guess(alpha, alpha, band), Progress())

    assert np.array_equal(found, alpha)


def test_a_band_up_to_the_border_of_the_picture_is_solved():
    pixels, alpha = ramp()
    guess = guess_of(alpha, 18, 42)

    found = matted(pixels[:5], Guess(*(part[:5] for part in guess)), Progress())

    assert np.abs(found - alpha[:5]).max() < 0.05


def test_it_can_be_cancelled():
    pixels, alpha = ramp()
    token = CancelToken()
    token.cancel()

    with pytest.raises(Cancelled):
        matted(pixels, guess_of(alpha, 18, 42), Progress(token=token))
