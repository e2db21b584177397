"""PSNR, SSIM and PSNR-B against their definitions and another implementation."""

import math

import numpy as np
import pytest
from skimage.data import astronaut
from skimage.metrics import structural_similarity

from imgstudio.engine.jpeg import standard_tables
from imgstudio.learn.crappify import compressed
from imgstudio.learn.scores import blocking, luma, psnr, psnr_b, psnr_y, ssim


@pytest.fixture(scope="module")
def clean():
    return astronaut()[:160, 60:260]


@pytest.fixture(scope="module")
def spoiled(clean):
    return compressed(clean, standard_tables(10))


def test_an_error_of_one_level_everywhere_is_48_13_decibels():
    truth = np.zeros((8, 8))

    assert psnr(truth + 1, truth) == pytest.approx(48.1308, abs=1e-4)
    assert psnr(truth, truth) == math.inf


def test_brightness_spans_16_to_235():
    ends = luma(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))

    assert ends.tolist() == [[16, pytest.approx(235, abs=1e-3)]]


def test_psnr_of_brightness_ignores_colour_that_has_none(clean):
    gray = np.repeat(clean[..., :1], 3, 2)

    assert psnr_y(gray, gray) == math.inf
    assert psnr_y(np.clip(gray.astype(int) + 3, 0, 255).astype(np.uint8), gray) < 41


def test_ssim_agrees_with_another_implementation(clean, spoiled):
    first, second = luma(spoiled), luma(clean)
    expected = structural_similarity(
        first, second, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )

    assert ssim(first, second) == pytest.approx(expected, abs=2e-4)
    assert ssim(second, second) == pytest.approx(1)


def test_blocks_lower_psnr_b_and_shifted_blocks_do_not_count(clean, spoiled):
    plane, truth = luma(spoiled), luma(clean)

    assert psnr_b(plane, truth) < psnr(plane, truth) - 0.5
    assert psnr_b(plane[3:, 3:], truth[3:, 3:]) > psnr_b(plane, truth) + 0.5


def test_the_blocking_effect_of_a_checkerboard_of_blocks_is_known():
    blocks = np.kron(np.indices((2, 4)).sum(0) % 2, np.ones((8, 8))) * 10.0
    at_edges = 100.0

    assert blocking(blocks) == pytest.approx(at_edges * 3 / 4)
    assert blocking(np.zeros((16, 32))) == 0
    assert blocking(np.zeros((8, 8))) == 0
