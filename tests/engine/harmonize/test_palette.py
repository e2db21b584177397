"""Objects in the colours of a painting."""

import numpy as np
import pytest

from imgstudio.engine.harmonize.palette import in_colours_of, palette_of, to_lab


@pytest.fixture
def painting():
    """Half dark brown, half cream, with grain."""
    random = np.random.default_rng(0)
    made = np.empty((40, 60, 3), np.float32)
    made[:, :30], made[:, 30:] = (0.3, 0.2, 0.12), (0.9, 0.85, 0.7)
    return np.clip(made + 0.02 * random.standard_normal(made.shape), 0, 1).astype(np.float32)


def two_colours():
    """Dark blue on the left, light blue on the right."""
    made = np.empty((32, 32, 3), np.float32)
    made[:, :16], made[:, 16:] = (0.05, 0.05, 0.5), (0.7, 0.8, 1.0)
    return made


def test_dark_becomes_the_dark_colour_and_light_the_light_one(painting):
    made = to_lab(in_colours_of(two_colours(), painting, np.ones((32, 32), np.float32), 1.0))
    dark, light = (made[16, column] for column in (5, 27))
    assert light[0] - dark[0] > 30
    assert np.abs(dark[1:] - to_lab(painting)[:, :30].mean((0, 1))[1:]).max() < 8
    assert np.abs(light[1:] - to_lab(painting)[:, 30:].mean((0, 1))[1:]).max() < 8


def test_an_amount_of_0_and_a_mask_of_0_change_nothing(painting):
    picture, mask = two_colours(), np.ones((32, 32), np.float32)
    assert np.allclose(in_colours_of(picture, painting, mask, 0.0), picture, atol=2e-3)
    assert np.array_equal(in_colours_of(picture, painting, 0 * mask, 1.0), picture)
    mask[:, :20] = 0
    assert np.array_equal(in_colours_of(picture, painting, mask, 1.0)[:, :20], picture[:, :20])


def test_favoured_places_decide_between_colours_of_the_same_light():
    painting = np.empty((40, 40, 3), np.float32)
    painting[:, :20], painting[:, 20:] = (0.62, 0.4, 0.4), (0.35, 0.53, 0.35)
    picture, mask = np.full((24, 24, 3), 0.48, np.float32), np.ones((24, 24), np.float32)
    favoured = np.zeros((40, 40), bool)
    favoured[:, :20] = True
    red, green = (in_colours_of(picture, painting, mask, 1.0, place) for place in (favoured, ~favoured))
    assert to_lab(red)[..., 1].mean() > to_lab(green)[..., 1].mean() + 10


def test_a_palette_has_the_colours_of_a_painting_and_their_shares(painting):
    colours, shares = palette_of(to_lab(painting).reshape(-1, 3))
    assert shares.sum() == pytest.approx(1)
    dark = colours[:, 0] < 50
    assert shares[dark].sum() == pytest.approx(0.5, abs=0.02)


def test_a_single_colour_is_a_palette():
    colours, shares = palette_of(np.full((100, 3), 40, np.float32))
    assert np.allclose(colours[shares > 0], 40)
