"""Strokes of colour hints: how they are laid, told apart, and erased."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.colour_hints import KEEP, Hint
from imgstudio.core.geometry import Point
from imgstudio.core.hint_strokes import erased, flat, laid, recoloured, spacing, strokes_of

RED = (200.0, 40.0, 30.0)
BLUE = (20.0, 60.0, 190.0)
PLACES = st.tuples(st.floats(-50, 500), st.floats(-50, 500)).map(lambda at: Point(*at))
WAYS = st.lists(PLACES, min_size=1, max_size=8)
RADII = st.floats(0.5, 120)


@given(WAYS, RADII)
def test_a_stroke_has_no_gap_and_both_ends(way, radius):
    stroke = laid(way, radius, RED)
    for a, b in pairwise(stroke):
        assert hypot(b.x - a.x, b.y - a.y) <= spacing(radius) + 0.03
    assert stroke[0][:2] == pytest.approx(way[0], abs=0.01)
    assert stroke[-1][:2] == pytest.approx(way[-1], abs=0.01)
    assert {hint[2:] for hint in stroke} == {(radius, *RED)}


def test_spacing_is_half_the_radius_and_a_pixel_at_least():
    assert (spacing(40), spacing(1)) == (20, 1)
    assert len(laid([Point(0, 0), Point(100, 0)], 40, RED)) == 6
    assert laid([Point(3, 4)], 40, RED) == (Hint(3, 4, 40, *RED),)
    assert laid([Point(3, 4), Point(3, 4)], 40, RED) == (Hint(3, 4, 40, *RED),)
    assert laid([], 40, RED) == ()


def test_a_bent_way_is_followed():
    stroke = laid([Point(0, 0), Point(30, 0), Point(30, 30)], 10, RED)
    assert Hint(30, 0, 10, *RED) in stroke
    assert all(hint.y == 0 or hint.x == 30 for hint in stroke)


@given(WAYS, RADII)
def test_what_was_painted_apart_is_told_apart(way, radius):
    first, second = laid(way, radius, RED), laid(way, radius, BLUE)
    assert strokes_of(flat((first, second))) == (first, second)


def test_another_size_or_a_gap_begins_another_stroke():
    thin, thick = laid([Point(0, 0), Point(9, 0)], 4, RED), laid([Point(9, 0), Point(20, 0)], 6, RED)
    far = laid([Point(60, 0)], 6, RED)
    assert strokes_of(flat((thin, thick, far))) == (thin, thick, far)


@given(WAYS, WAYS, RADII, RADII)
def test_after_erasing_nothing_reaches_under_the_brush(way, eraser, radius, size):
    strokes = (laid(way, radius, RED), laid(list(reversed(way)), radius, BLUE))
    left = erased(strokes, eraser, size)
    for hint in flat(left):
        assert all(hypot(hint.x - at.x, hint.y - at.y) >= radius + size for at in eraser)
    assert set(flat(left)) <= set(flat(strokes))
    assert all(left)


def test_erasing_the_middle_splits_a_stroke():
    (stroke,) = strokes = (laid([Point(0, 0), Point(200, 0)], 10, RED),)
    left = erased(strokes, [Point(100, -50), Point(100, 50)], 20)
    assert len(left) == 2
    assert left[0] == tuple(hint for hint in stroke if hint.x <= 70)
    assert left[1] == tuple(hint for hint in stroke if hint.x >= 130)
    assert strokes_of(flat(left)) == left


def test_what_is_not_touched_is_the_very_same():
    strokes = (laid([Point(0, 0)], 10, RED), laid([Point(300, 0), Point(330, 0)], 10, BLUE))
    assert erased(strokes, [Point(0, 0)], 5) == strokes[1:]
    assert erased(strokes, [Point(0, 0)], 5)[0] is strokes[1]
    assert erased(strokes, [Point(0, 200)], 50) == strokes


def test_a_stroke_may_keep_what_is_there():
    stroke = recoloured(laid([Point(0, 0), Point(20, 0)], 10, RED), (KEEP, KEEP, KEEP))
    assert all(hint.keeps for hint in stroke)
    assert recoloured(stroke, RED) == laid([Point(0, 0), Point(20, 0)], 10, RED)
