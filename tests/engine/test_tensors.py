"""Pictures to tensors and back."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.engine.tensors import (
    NotFinite,
    check_finite,
    is_finite,
    padded_to_multiple,
    to_pixels,
    to_tensor,
)


def picture(height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).random((height, width, channels), np.float32)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
@settings(deadline=None)
def test_a_picture_survives_the_way_there_and_back(height, width, channels):
    pixels = picture(height, width, channels)
    tensor = to_tensor(pixels)
    assert tensor.shape == (1, channels, height, width)
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(to_pixels(tensor), pixels)


def test_channels_are_channels_and_rows_are_rows():
    pixels = np.zeros((2, 3, 3), np.float32)
    pixels[1, 2, 0] = 1
    assert to_tensor(pixels)[0, 0, 1, 2] == 1


def test_a_mask_becomes_one_channel():
    assert to_tensor(np.ones((4, 5), np.float32)).shape == (1, 1, 4, 5)


def test_read_only_and_turned_pictures_are_taken_without_a_warning():
    pixels = picture(4, 5, 3)
    pixels.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert to_tensor(pixels[::-1]).shape == (1, 3, 4, 5)
        to_tensor(pixels)[0, 0, 0, 0] = 9
    assert pixels[0, 0, 0] != 9


def test_the_cpu_shares_the_memory():
    pixels = picture(4, 5, 3)
    assert to_tensor(pixels, torch.device("cpu")).data_ptr() == pixels.ctypes.data


def test_pixels_come_back_as_contiguous_float32():
    pixels = to_pixels(torch.rand(1, 3, 4, 5, dtype=torch.bfloat16, requires_grad=True))
    assert pixels.dtype == np.float32
    assert pixels.flags.c_contiguous


def test_a_batch_is_no_picture():
    with pytest.raises(ValueError, match="1, c, h, w"):
        to_pixels(torch.zeros(2, 3, 4, 4))


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 4, 16]), st.integers(1, 40))
@settings(deadline=None, max_examples=50)
def test_padding_reaches_a_multiple_and_keeps_the_picture(height, width, multiple, minimum):
    tensor = to_tensor(picture(height, width, 3))
    padded = padded_to_multiple(tensor, multiple, minimum)
    for before, after in zip(tensor.shape[2:], padded.shape[2:], strict=True):
        assert after % multiple == 0
        assert max(before, minimum) <= after < max(before, minimum) + multiple
    assert torch.equal(padded[..., :height, :width], tensor)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_found(bad):
    pixels = picture(4, 4, 1)
    assert is_finite(pixels)
    assert is_finite(torch.from_numpy(pixels))
    pixels[0, 0], pixels[1, 1] = bad, -bad
    assert not is_finite(pixels)
    assert not is_finite(torch.from_numpy(pixels))
    with pytest.raises(NotFinite, match="colours"):
        check_finite(pixels, "colours")


def test_the_largest_finite_numbers_are_finite():
    assert is_finite(np.full((8, 8, 1), np.finfo(np.float32).max))
