"""The benchmark of hints: its hints, and the method that it holds ours against."""

import numpy as np

from imgstudio.core.lab import lab_of
from training.benchmarks.colour_hints import PATCH, given, hinted, levin, measured, ours, psnr
from training.benchmarks.colour_hints import _case as case_of


def picture():
    """A red and a blue half, with grain."""
    random = np.random.default_rng(1)
    pixels = np.empty((64, 64, 3), np.float32)
    pixels[:, :32], pixels[:, 32:] = (0.8, 0.5, 0.45), (0.2, 0.25, 0.45)
    return (255 * np.clip(pixels + random.normal(0, 0.01, pixels.shape), 0, 1)).astype(np.uint8)


def test_more_hints_are_the_fewer_and_others_with_the_mean_colour_below_them():
    lab = case_of(picture(), 0).lab
    few, more = hinted(lab, 3, 7), hinted(lab, 9, 7)
    assert not (few.known & ~more.known).any() and more.known.sum() > few.known.sum() >= PATCH**2
    one = hinted(lab, 1, 7)
    assert np.allclose(one.ab[one.known], lab[one.known][:, 1:].mean(0), atol=1e-3)


def test_the_filter_is_given_discs_of_the_same_colour_where_the_squares_are():
    case = case_of(picture(), 3)
    drawn, hints = given(case.lab, 6, 3)
    rows, columns = np.mgrid[:64, :64] + 0.5
    for hint in hints:
        disc = np.hypot(columns - hint.x, rows - hint.y) <= hint.radius
        assert 25 < disc.sum() <= PATCH**2
        assert drawn.known[disc].all()
        told = lab_of(np.array([[hint[3:]]], np.float32) / np.float32(255))[0, 0]
        assert np.abs(told[1:] - drawn.ab[disc].mean(0)).max() < 8, "two may overlap"


def test_levin_and_ours_fill_what_is_alike_and_cost_nothing_where_nothing_is_known():
    case = case_of(picture(), 3)
    lightness, marks = case.lab[..., 0], hinted(case.lab, 12, 3)
    for method in (levin, ours):
        none, found = method(lightness, [given(case.lab, 0, 3), given(case.lab, 12, 3)])
        assert not none.any()
        assert np.allclose(found[marks.known], marks.ab[marks.known], atol=1e-3)
        assert np.abs(found - case.lab[..., 1:]).mean() < 6
    figures = measured(ours, [case], (0, 12))
    assert figures["12"] > figures["0"] + 3


def test_the_ratio_of_a_picture_to_itself_is_the_most_that_is_said():
    assert psnr(np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 3), np.float32)) == 100
