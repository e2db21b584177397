"""imgstudio.run_filter, for scripts."""

import numpy as np
import pytest

import imgstudio
from imgstudio.core.errors import UserError

PIXELS = np.random.default_rng(0).random((40, 50, 3)).astype(np.float32)


def test_it_runs_and_respects_the_mask_to_the_bit():
    mask = np.zeros((40, 50), np.float32)
    mask[5:20, 5:20] = 0.5
    out = imgstudio.run_filter("exposure", PIXELS, mask=mask, exposure=1.0)
    assert out.dtype == np.float32
    assert np.array_equal(out[mask == 0], PIXELS[mask == 0])
    assert (out[mask > 0] > PIXELS[mask > 0]).mean() > 0.9


def test_strength_nought_changes_nothing():
    assert np.allclose(imgstudio.run_filter("blur", PIXELS, strength=0.0), PIXELS)


def test_a_session_returns_its_last_frame():
    mask = np.zeros((40, 50), np.float32)
    mask[10:30, 10:30] = 1
    out = imgstudio.run_filter("diffusion-fill", PIXELS, mask=mask, iterations=50)
    assert out[15:25, 15:25].std() < 0.5 * PIXELS[15:25, 15:25].std()


def test_resize_returns_another_size():
    assert imgstudio.run_filter("resize", PIXELS, percent=200.0).shape == (80, 100, 3)


@pytest.mark.parametrize("pixels", [PIXELS[..., 0], (PIXELS * 255).astype(np.uint8), PIXELS * np.nan])
def test_bad_pixels_are_refused_in_words(pixels):
    with pytest.raises(UserError):
        imgstudio.run_filter("levels", pixels)


def test_unknown_names_are_refused_in_words():
    with pytest.raises(UserError, match="no filter"):
        imgstudio.run_filter("nonsense", PIXELS)
    with pytest.raises(UserError, match="no parameter"):
        imgstudio.run_filter("levels", PIXELS, nonsense=1)
