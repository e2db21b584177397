"""The measures of the field on maps whose scores are known."""

import numpy as np
import pytest

from imgstudio.learn.saliency_scores import SaliencyScores, boundary_f


def square(at=20, side=30):
    mask = np.zeros((80, 80), bool)
    mask[at : at + side, at : at + side] = True
    return mask


def test_a_perfect_map_scores_one_and_nought():
    scores = SaliencyScores()

    assert scores.add(square().astype(np.float32), square()) == 0
    assert scores.max_f == pytest.approx(1)
    assert scores.mae == 0


def test_the_best_threshold_counts():
    scores = SaliencyScores()
    found = np.where(square(), 0.3, 0.2).astype(np.float32)
    scores.add(found, square())

    assert scores.max_f == pytest.approx(1)
    assert scores.mae == pytest.approx(0.2 + (0.7 - 0.2) * square().mean(), abs=1e-6)


def test_precision_counts_more_than_recall():
    half, double = SaliencyScores(), SaliencyScores()
    found = square().copy()
    found[:, 35:] = False
    half.add(found.astype(np.float32), square())
    more = square().copy()
    more[20:50, 50:80] = True
    double.add(more.astype(np.float32), square())

    assert half.max_f == pytest.approx(1.3 * 0.5 / (0.3 + 0.5))
    assert double.max_f == pytest.approx(1.3 * 0.5 / (0.3 * 0.5 + 1))


def test_outlines_within_three_pixels_agree_and_farther_ones_do_not():
    assert boundary_f(square(), square()) == 1
    assert boundary_f(square(22), square()) == 1
    assert boundary_f(square(30), square()) < 0.5


def test_no_outline_agrees_only_with_none():
    nothing = np.zeros((80, 80), bool)

    assert boundary_f(nothing, nothing) == 1
    assert boundary_f(nothing, square()) == 0
