"""Bicubic resampling as MATLAB's imresize does it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.learn.bicubic import cropped_to_multiple, imresize, resampling_matrix


def test_halving_has_the_known_eight_weights():
    row = resampling_matrix(32, 16, 0.5)[8]
    assert np.allclose(row[13:21] * 256, [-3, -9, 29, 111, 111, 29, -9, -3], atol=1e-4)
    assert np.count_nonzero(row) == 8


def test_doubling_has_the_known_four_weights():
    row = resampling_matrix(32, 64, 2)[20]
    assert np.allclose(row[8:12] * 128, [-3, 29, 111, -9], atol=1e-4)


def test_a_third_leaves_the_middle_pixel_the_heaviest():
    row = resampling_matrix(30, 10, 1 / 3)[5]
    assert row.argmax() == 16
    assert np.allclose(row[10:23], row[10:23][::-1], atol=1e-6)


def test_the_ends_are_mirrored():
    """Of the first of two halved pixels' eight taps three lie outside, at mirrored places."""
    row = resampling_matrix(32, 16, 0.5)[0] * 256
    assert np.allclose(row[:5], [111 + 29, 111 - 9, 29 - 3, -9, -3], atol=1e-4)


@given(st.integers(3, 40), st.sampled_from([0.25, 1 / 3, 0.5, 2, 3, 4]))
@settings(max_examples=30, deadline=None)
def test_a_flat_picture_stays_flat_and_gets_the_size_that_matlab_gives(side, scale):
    flat = np.full((side, side + 2, 3), 77, np.uint8)
    out = imresize(flat, scale)
    assert out.shape == (int(np.ceil(side * scale - 1e-9)), int(np.ceil((side + 2) * scale - 1e-9)), 3)
    assert (out == 77).all()


@given(st.integers(0, 7), st.sampled_from([2, 3, 4]))
@settings(max_examples=16, deadline=None)
def test_turning_and_resizing_can_be_swapped(way, scale):
    picture = np.random.default_rng(way).random((24, 24, 3)).astype(np.float32)

    def turned(pixels):
        pixels = np.rot90(pixels, way % 4)
        return pixels[:, ::-1] if way >= 4 else pixels

    assert np.allclose(imresize(turned(picture), 1 / scale), turned(imresize(picture, 1 / scale)), atol=1e-5)


def test_bytes_are_rounded_after_each_direction():
    picture = np.random.default_rng(0).integers(0, 256, (12, 16, 1), np.uint8)
    down = resampling_matrix(12, 6, 0.5) @ picture[..., 0].astype(np.float32)
    rounded = np.floor(np.clip(down, 0, 255) + 0.5)
    both = np.floor(np.clip(rounded @ resampling_matrix(16, 8, 0.5).T, 0, 255) + 0.5)
    assert np.array_equal(imresize(picture, 0.5)[..., 0], both)


def test_the_network_enlarges_as_imresize_does():
    torch = pytest.importorskip("torch")
    from imgstudio.engine.nets.edsr import UpscaleNet

    picture = np.random.default_rng(1).random((9, 11, 3)).astype(np.float32)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None]
    made = UpscaleNet(2, 8, 1).bicubic(tensor)[0].permute(1, 2, 0).numpy()
    inside = slice(4, -4)
    assert np.allclose(made[inside, inside], imresize(picture, 2)[inside, inside], atol=1e-5)


def test_cropping_keeps_whole_cells():
    assert cropped_to_multiple(np.zeros((17, 9, 3)), 4).shape == (16, 8, 3)
