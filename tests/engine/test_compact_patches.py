"""Patches of even size that end at the edges of a picture."""

import cv2
import numpy as np
import pytest

from imgstudio.engine.compact_patches import compact_patches


def picture(height=130, width=170):
    rgb = np.full((height, width, 3), 200, np.uint8)
    rows, columns = np.indices((height, width))
    rgb[np.hypot(rows - 60, columns - 80) < 41] = (180, 40, 30)
    rng = np.random.default_rng(2)
    return (rgb + rng.integers(0, 9, rgb.shape)).astype(np.uint8)


@pytest.mark.parametrize("spacing", [4, 9, 24, 60])
def test_patches_are_numbered_without_a_gap_and_of_even_size(spacing):
    numbers = compact_patches(picture(), spacing)
    assert numbers.shape == (130, 170)
    sizes = np.bincount(numbers.ravel())
    assert sizes.min() >= spacing * spacing / 8
    assert sizes.max() <= 6 * spacing * spacing


def test_no_patch_crosses_a_strong_edge():
    rgb = picture()
    numbers = compact_patches(rgb, 16)
    red = (rgb[..., 1] < 100).astype(float)
    share = np.bincount(numbers.ravel(), red.ravel()) / np.bincount(numbers.ravel())
    mixed = (share > 0.05) & (share < 0.95)
    assert mixed[numbers].mean() < 0.02


def test_patches_hang_together():
    numbers = compact_patches(picture(), 16)
    parts = [
        cv2.connectedComponents((numbers == n).astype(np.uint8), connectivity=4)[0] - 1
        for n in range(numbers.max() + 1)
    ]
    assert np.mean(np.array(parts) == 1) > 0.95


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (50, 3), (7, 7)])
def test_pictures_smaller_than_a_patch(shape):
    numbers = compact_patches(np.zeros((*shape, 3), np.uint8), 24)
    assert numbers.shape == shape
    assert numbers.min() == 0
