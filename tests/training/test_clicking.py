"""The simulated person who selects: where clicks go, how masks are spoiled."""

import numpy as np
import pytest

from training.defaults.clicking import corrupted, next_click, overlap, stroke


def disk(side=120, radius=35, x=60, y=60):
    rows, columns = np.mgrid[:side, :side]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def test_the_first_click_is_in_the_middle_of_the_thing():
    assert next_click(np.zeros((120, 120), bool), disk()) == (60, 60, True)


def test_the_next_one_is_in_the_largest_error():
    found = disk() & ~disk(radius=6, x=50) | disk(radius=12, x=20, y=20)

    x, y, is_inside = next_click(found, disk())

    assert not is_inside
    assert max(abs(x - 20), abs(y - 20)) <= 1


def test_a_right_mask_needs_no_click():
    assert next_click(disk(), disk()) is None


def test_an_unsteady_hand_still_hits_the_error():
    random = np.random.default_rng(0)
    places = {next_click(np.zeros((120, 120), bool), disk(), random)[:2] for _ in range(20)}

    assert len(places) > 10
    assert all((x - 60) ** 2 + (y - 60) ** 2 <= 20**2 for x, y in places)


@pytest.mark.parametrize(("least", "most"), [(0.75, 0.85), (0.6, 0.95)])
def test_spoiled_masks_have_the_overlap_that_was_asked_for(least, most):
    random = np.random.default_rng(1)
    scores = [overlap(corrupted(disk(), random, least, most), disk()) for _ in range(20)]

    assert sum(least <= score <= most for score in scores) >= 18
    assert len({round(score, 4) for score in scores}) > 10


def test_a_stroke_stays_inside():
    random = np.random.default_rng(2)
    for _ in range(20):
        made = stroke(disk(), random)
        assert all((x - 60.5) ** 2 + (y - 60.5) ** 2 <= 36**2 for x, y in made.points)


def test_nothing_overlaps_with_nothing_wholly():
    nothing = np.zeros((4, 4), bool)

    assert overlap(nothing, nothing) == 1
    assert overlap(nothing, disk(4, 1, 2, 2)) == 0
