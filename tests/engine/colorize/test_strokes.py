"""Hints as discs on cells: what they cover, which lies on top."""

import numpy as np
import pytest

from imgstudio.core.colour_hints import KEEP, Hint
from imgstudio.core.geometry import Rect
from imgstudio.core.lab import lab_of
from imgstudio.engine.colorize.strokes import drawn

WHOLE = Rect(0, 0, 60, 40)
RED, BLUE, KEPT = (200, 40, 30), (30, 60, 220), (KEEP, KEEP, KEEP)


def ab_of(colour):
    return lab_of(np.array(colour, np.float32).reshape(1, 1, 3) / 255)[0, 0, 1:]


def test_a_disc_is_every_pixel_whose_centre_lies_in_it():
    known, ab = drawn([Hint(20.3, 15.8, 6.2, *RED)], WHOLE, 1.0)
    rows, columns = np.mgrid[:40, :60] + 0.5
    assert np.array_equal(known, np.hypot(rows - 15.8, columns - 20.3) <= 6.2)
    assert np.abs(ab[known] - ab_of(RED)).max() < 1e-3
    assert not ab[~known].any()


def test_later_hints_lie_over_earlier_ones():
    known, ab = drawn([Hint(20, 15, 6, *RED), Hint(24, 15, 6, *BLUE)], WHOLE, 1.0)
    assert np.allclose(ab[15, 23], ab_of(BLUE), atol=1e-3)
    assert np.allclose(ab[15, 15], ab_of(RED), atol=1e-3)
    assert known[15, 14:30].all()


def test_a_hint_smaller_than_a_cell_marks_the_cell_it_lies_in():
    known, _ = drawn([Hint(20.9, 15.1, 0.2, *RED)], WHOLE, 0.1)
    assert known.shape == (4, 6)
    assert np.argwhere(known).tolist() == [[1, 2]]


@pytest.mark.parametrize(("x", "y"), [(-20, 10), (30, 60), (200, 200), (60, 10), (-0.1, 10)])
def test_small_hints_outside_the_picture_do_nothing(x, y):
    known, ab = drawn([Hint(x, y, 0.05, *RED)], WHOLE, 0.25)
    assert not known.any() and not ab.any()


def test_a_hint_that_reaches_in_counts_where_it_does():
    known, _ = drawn([Hint(-3, 10, 5, *RED)], WHOLE, 1.0)
    assert known[10, 0] and not known[10, 3]


def test_a_part_shows_what_the_whole_does():
    hints = [Hint(20, 15, 7, *RED), Hint(28.5, 22.5, 5, *BLUE), Hint(30, 10, 0.2, *RED)]
    whole = drawn(hints, WHOLE, 1.0)
    place = Rect(17, 9, 21, 19)
    part = drawn(hints, place, 1.0)
    assert np.array_equal(part.known, whole.known[place.slices()])
    assert np.array_equal(part.ab, whole.ab[place.slices()])


def test_keeping_hints_have_the_colours_that_are_there_or_none():
    there = np.full((40, 60, 2), (5, -9), np.float32)
    hints = [Hint(20, 15, 7, *RED), Hint(20, 15, 3, *KEPT)]
    known, ab = drawn(hints, WHOLE, 1.0, there)
    assert np.array_equal(ab[15, 20], (5, -9)) and np.allclose(ab[15, 15], ab_of(RED), atol=1e-3)
    known, ab = drawn(hints, WHOLE, 1.0)
    assert known[15, 20] and not ab[15, 20].any()


def test_no_hints_say_nothing():
    known, ab = drawn([], WHOLE, 0.5)
    assert known.shape == (20, 30) and not known.any() and ab.shape == (20, 30, 2)
