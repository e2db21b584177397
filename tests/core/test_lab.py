"""CIE Lab of sRGB: the numbers, and colours that are changed without making anything lighter or darker."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from imgstudio.core.lab import lab_of, lightness_of, recoloured

seeds = st.integers(0, 2**32 - 1)


def some_pixels(seed, height=40, width=50):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def test_lab_is_what_the_standard_says():
    pixels = some_pixels(1, 300, 400)
    pixels[:4] *= 0.05  # the straight parts of the curves
    assert np.abs(lab_of(pixels) - rgb2lab(pixels.astype(np.float64))).max() < 0.01
    assert np.abs(lightness_of(pixels) - lab_of(pixels)[..., 0]).max() < 1e-4


def test_greys_have_no_colour_and_white_is_100():
    grey = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[None, :, None], 3, 2)
    lab = lab_of(grey)
    assert np.abs(lab[..., 1:]).max() < 1e-3
    assert lab[0, [0, -1], 0] == pytest.approx([0, 100], abs=1e-3)


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_a_picture_recoloured_with_its_own_colours_stays_as_it_is(seed):
    pixels = some_pixels(seed)
    lab = lab_of(pixels)
    assert np.abs(recoloured(lab[..., 0], lab[..., 1:]) - pixels).max() < 2e-4


@given(seeds, st.floats(1, 250))
@settings(max_examples=25, deadline=None)
def test_whatever_colour_is_asked_lightness_and_hue_stay(seed, chroma):
    random = np.random.default_rng(seed)
    lightness = random.random((40, 50), np.float32) * 100
    lightness[0, :2] = 0, 100
    ab = (random.random((40, 50, 2), np.float32) * 2 - 1) * np.float32(chroma)
    pixels = recoloured(lightness, ab)
    lab = lab_of(pixels)
    assert pixels.min() >= 0 and pixels.max() <= 1
    assert np.abs(lab[..., 0] - lightness).max() < 0.05
    got, asked = np.hypot(lab[..., 1], lab[..., 2]), np.hypot(ab[..., 0], ab[..., 1])
    sideways = (lab[..., 1] * ab[..., 1] - lab[..., 2] * ab[..., 0]) / np.maximum(asked, 1)
    assert np.abs(sideways).max() < 0.1
    assert (got <= asked + 0.1).all()


def test_where_a_colour_cannot_be_shown_little_chroma_is_given_away():
    strongest = np.eye(3, dtype=np.float32)[None]  # red, green and blue themselves
    lab = lab_of(strongest)
    got = lab_of(recoloured(lab[..., 0], lab[..., 1:] * np.float32(1.5)))
    assert np.abs(got - lab).max() < 1.5


def test_bands_leave_no_seam():
    wide, tall = some_pixels(3, 2, 70000), some_pixels(3, 700, 200)
    for pixels in (wide, tall):
        lab = lab_of(pixels)
        part = np.s_[1:, 11:]
        assert np.abs(lab_of(pixels[part]) - lab[part]).max() < 1e-4
        whole = recoloured(lab[..., 0], lab[..., 1:] * 2)
        assert np.abs(recoloured(lab[part][..., 0], lab[part][..., 1:] * 2) - whole[part]).max() < 1e-4


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (1, 1, 3)])
def test_pictures_of_next_to_nothing(shape):
    lab = lab_of(np.zeros(shape, np.float32))
    assert lab.shape == shape
    assert recoloured(lab[..., 0], lab[..., 1:]).shape == shape
    assert lightness_of(np.zeros(shape, np.float32)).shape == shape[:2]
