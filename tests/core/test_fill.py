"""Shapes by exact area, and what the wand takes."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imgstudio.core.fill import flood
from imgstudio.core.geometry import EMPTY, Point, Rect
from imgstudio.core.shapes import ellipse_coverage, polygon_coverage, rectangle_coverage

LIMIT = Rect(0, 0, 40, 30)
near = st.floats(-10, 50, width=32)
points = st.builds(Point, near, near)


def on_canvas(rect, coverage, limit=LIMIT):
    whole = np.zeros((limit.height, limit.width), int)
    whole[rect.slices()] = coverage
    return whole


def area_inside(corners):
    x, y = np.array([p.x for p in corners]), np.array([p.y for p in corners])
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


@given(points, points)
@settings(max_examples=60, deadline=None)
def test_a_rectangle_is_a_polygon(one, other):
    corners = [one, Point(other.x, one.y), other, Point(one.x, other.y)]
    exact = on_canvas(*rectangle_coverage(one, other, LIMIT))
    drawn = on_canvas(*polygon_coverage(corners, LIMIT))
    assert np.abs(exact - drawn).max() <= 1


inner = st.builds(Point, st.floats(0, 40), st.floats(0, 30))


@given(st.tuples(inner, inner, inner))
@example((Point(0, 0), Point(0, 2.2e-313), Point(1, 0)))
@settings(max_examples=60, deadline=None)
def test_a_triangle_covers_its_area_whichever_way_it_is_drawn(corners):
    drawn = on_canvas(*polygon_coverage(corners, LIMIT))
    assert drawn.sum() / 255 == pytest.approx(area_inside(corners), abs=0.002 * LIMIT.width * LIMIT.height)
    assert (drawn == on_canvas(*polygon_coverage(corners[::-1], LIMIT))).all()


@given(st.lists(points, min_size=3, max_size=9))
@settings(max_examples=60, deadline=None)
def test_what_the_border_cuts_off_does_not_change_the_rest(corners):
    wide = LIMIT.expanded(60)
    rect, coverage = polygon_coverage(corners, wide)
    whole = np.zeros((wide.height, wide.width), int)
    whole[rect.translated(-wide.x, -wide.y).slices()] = coverage
    cut = on_canvas(*polygon_coverage(corners, LIMIT))
    assert np.abs(cut - whole[60:90, 60:100]).max() <= 1


def test_a_loop_crossing_itself_selects_both_lobes():
    bow = [Point(5, 5), Point(35, 25), Point(35, 5), Point(5, 25)]
    drawn = on_canvas(*polygon_coverage(bow, LIMIT))
    assert drawn[15, 6] == 255
    assert drawn[15, 33] == 255


def test_an_ellipse_covers_its_area_symmetrically():
    drawn = on_canvas(*ellipse_coverage(Point(3, 4), Point(37, 26), LIMIT))
    assert drawn.sum() / 255 == pytest.approx(np.pi * 17 * 11, rel=0.001)
    assert np.abs(drawn - drawn[:, ::-1]).max() <= 1
    assert drawn[15, 20] == 255


def test_two_points_enclose_nothing():
    assert polygon_coverage([Point(1, 1), Point(9, 9)], LIMIT)[0] == EMPTY


def two_fields(dtype=np.uint8):
    """A grey picture with a darker square in the middle and its like, apart, in a corner."""
    scale = 257 if dtype == np.uint16 else 1
    pixels = np.full((30, 40, 4), 200, dtype) * dtype(scale)
    pixels[10:20, 10:20, :3] = 90 * scale
    pixels[:5, 35:, :3] = 95 * scale
    pixels[..., 3] = 255 * scale
    return pixels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_contiguous_flood_takes_only_what_is_joined(dtype):
    rect, coverage = flood(two_fields(dtype), 12, 12, tolerance=10, smooth=False)
    assert rect == Rect(10, 10, 10, 10)
    assert (coverage == 255).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_flood_of_all_that_is_similar_takes_the_corner_too(dtype):
    taken = on_canvas(*flood(two_fields(dtype), 12, 12, tolerance=10, contiguous=False, smooth=False))
    assert taken[2, 37] == 255
    assert (taken > 0).sum() == 125


def test_tolerance_is_a_limit_in_levels():
    pixels = two_fields()
    narrow = on_canvas(*flood(pixels, 12, 12, tolerance=4, contiguous=False, smooth=False))
    exact = on_canvas(*flood(pixels, 12, 12, tolerance=5, contiguous=False, smooth=False))
    assert narrow[2, 37] == 0
    assert exact[2, 37] == 255


def test_a_smooth_flood_softens_its_edge_but_not_the_picture_border():
    taken = on_canvas(*flood(two_fields(), 37, 2, tolerance=2))
    assert 0 < taken[2, 34] < 128
    assert 128 < taken[2, 35] < 255
    assert taken[0, 39] == 255


def test_transparent_places_are_alike_whatever_colour_they_hide():
    pixels = two_fields()
    pixels[..., 3] = 0
    assert (on_canvas(*flood(pixels, 0, 29, tolerance=0, smooth=False)) == 255).all()


def test_a_flood_outside_the_picture_takes_nothing():
    assert flood(two_fields(), 40, 3, tolerance=255)[0] == EMPTY
