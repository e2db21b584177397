"""What the benchmark of harmonization measures: that good is told from bad."""

import cv2
import numpy as np
import pytest
import torch

from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.nets.vgg import random_vgg
from training.benchmarks.harmonize_measures import (
    boundary_excess,
    edge_similarity,
    judge_of,
    radial_spectrum,
    signed_distance,
    spectrum_distance,
    sums_of_normalised,
)

SIZE = (96, 96)


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def noise(sigma, seed=0):
    """Grain of a size, mean 0.5, deviation 0.1."""
    random = np.random.default_rng(seed).standard_normal(SIZE).astype(np.float32)
    soft = cv2.GaussianBlur(random, (0, 0), sigma) if sigma else random
    return np.clip(0.5 + 0.1 * (soft / soft.std())[..., None].repeat(3, 2), 0, 1).astype(np.float32)


def disc(radius=26):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (np.hypot(y - 47.5, x - 47.5) <= radius).astype(np.float32)


def pasted(inside, outside, mask):
    return (outside * (1 - mask[..., None]) + inside * mask[..., None]).astype(np.float32)


@pytest.fixture(scope="module")
def judge():
    features = FeatureExtractor(random_vgg())
    naive = pasted(noise(3, 1), noise(0.7), disc())
    return judge_of(features, naive, noise(0.7), pasted(noise(0.7, 5), noise(0.7), disc()), disc()), naive


def test_a_piece_of_the_painting_is_nearer_in_style_than_the_naive_paste(judge):
    judging, naive = judge
    painted = pasted(noise(0.7, 9), noise(0.7), disc())
    assert judging.style_distance(painted) < 0.7 * judging.style_distance(naive)


def test_the_published_result_is_at_no_distance_from_itself(judge):
    judging, naive = judge
    published = pasted(noise(0.7, 5), noise(0.7), disc())
    assert judging.likeness_distance(published) == pytest.approx(0, abs=1e-6)
    assert judging.likeness_distance(naive) > 0.01


def test_equal_grain_inside_and_outside_is_a_small_distance():
    mask = disc(30)
    alike, other = pasted(noise(1, 1), noise(1), mask), pasted(noise(3, 1), noise(1), mask)
    apart = [spectrum_distance(picture, mask, 1 - mask) for picture in (alike, other)]
    assert apart[0] < 0.3 * apart[1]


def test_fine_grain_has_more_power_at_high_frequencies():
    everywhere = np.ones(SIZE, np.float32)
    fine, coarse = (radial_spectrum(255 * noise(sigma)[..., 0], everywhere) for sigma in (0, 3))
    assert fine[-1] > 10 * coarse[-1]
    assert fine[0] < coarse[0]


def test_a_place_too_small_for_a_spectrum_has_none():
    assert radial_spectrum(noise(1)[..., 0], np.zeros(SIZE, np.float32)) is None
    assert spectrum_distance(noise(1), np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32)) == 0


def test_a_hard_seam_is_told_from_none():
    mask = disc()
    seamless, hard = noise(1), np.clip(noise(1) + 0.3 * mask[..., None], 0, 1)
    assert boundary_excess(seamless, mask) == pytest.approx(1, abs=0.15)
    assert boundary_excess(hard, mask) > 1.3
    assert boundary_excess(seamless, 0 * mask) == 1


def test_distances_to_the_outline_are_negative_inside():
    away = signed_distance(disc(20))
    assert away[47, 47] == pytest.approx(-20, abs=1.5)
    assert away[47, 87] == pytest.approx(20, abs=1.5)


def test_content_is_kept_when_it_only_gets_paler_or_grainy():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    shapes = np.clip(np.sin(x / 9) * np.sin(y / 7) * 5, -1, 1)[..., None].repeat(3, 2)
    photo = (0.5 + 0.4 * shapes).astype(np.float32)
    other = (0.5 + 0.4 * shapes.transpose(1, 0, 2)).astype(np.float32)
    mask = np.ones(SIZE, np.float32)
    paler = 0.5 + 0.4 * (photo - 0.5)
    grainy = np.clip(photo + 0.3 * (noise(0, 3) - 0.5), 0, 1)
    assert edge_similarity(photo, photo, mask) == pytest.approx(1, abs=1e-4)
    assert edge_similarity(paler, photo, mask) > 0.95
    assert edge_similarity(grainy, photo, mask) > 0.8
    assert edge_similarity(other, photo, mask) < 0.4


def test_normalised_sums_weigh_all_measures_alike():
    sums = sums_of_normalised({"one": {"a": 1.0, "b": 300.0}, "two": {"a": 3.0, "b": 100.0}})
    assert sums["one"] == pytest.approx(sums["two"])
