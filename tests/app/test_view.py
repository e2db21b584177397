"""Zoom and pan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.app.canvas.view import HOLD, LARGEST, LEVELS, SMALLEST, STEPS, View
from imgstudio.core.geometry import Rect, Size

sizes = st.builds(Size, st.integers(1, 12000), st.integers(1, 12000))
windows = st.builds(Size, st.integers(100, 4000), st.integers(100, 3000))
shares = st.floats(0, 1)


def view_of(document, window, zoom=1.0):
    view = View(document=document, window=window)
    view.fit()
    view.zoom_to(zoom, window.width / 2, window.height / 2)
    return view


@given(sizes, windows, st.floats(SMALLEST, LARGEST), st.floats(0.1, 10), shares, shares)
def test_zooming_keeps_the_document_point_under_the_cursor(document, window, zoom, factor, sx, sy):
    view = view_of(document, window, zoom)
    x, y = HOLD + sx * (window.width - 2 * HOLD), HOLD + sy * (window.height - 2 * HOLD)
    point = view.to_document(x, y)
    inside = 0 <= point.x <= document.width and 0 <= point.y <= document.height
    view.zoom_at(factor, x, y)
    after = view.to_screen(*point)
    if inside:
        assert abs(after.x - x) <= 0.51 and abs(after.y - y) <= 0.51


@given(sizes, windows, st.floats(SMALLEST, LARGEST), shares, shares)
def test_screen_and_document_are_inverse(document, window, zoom, sx, sy):
    view = view_of(document, window, zoom)
    x, y = sx * window.width, sy * window.height
    assert view.to_screen(*view.to_document(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(sizes, windows)
def test_a_fitted_picture_is_seen_whole(document, window):
    view = View(document=document, window=window)
    view.fit()
    if view.zoom > SMALLEST:
        assert view.visible() == Rect(0, 0, *document)


@given(sizes, windows, st.floats(SMALLEST, LARGEST), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_picture_cannot_be_dragged_away(document, window, zoom, dx, dy):
    view = view_of(document, window, zoom)
    view.pan_by(dx, dy)
    box = view.screen_rect(Rect(0, 0, *document)).intersect(Rect(0, 0, *window))
    assert not box.is_empty


@given(st.floats(SMALLEST, LARGEST))
def test_the_level_is_drawn_at_half_to_full_size(zoom):
    view = View(zoom=zoom)
    scale = zoom * 2**view.level
    assert 0 <= view.level <= LEVELS
    assert scale > 0.499 or view.level == LEVELS
    if view.level:
        assert scale <= 1.001


def test_steps_lead_through_round_zooms_and_end_at_the_limits():
    view = view_of(Size(1000, 1000), Size(500, 500), SMALLEST)
    seen = [view.zoom]
    for _ in range(len(STEPS)):
        view.step(1, 250, 250)
        seen.append(view.zoom)
    assert tuple(seen[: len(STEPS)]) == pytest.approx(STEPS)
    assert view.zoom == LARGEST
    for _ in STEPS:
        view.step(-1, 250, 250)
    assert view.zoom == SMALLEST


def test_a_fitted_view_follows_the_window_and_another_keeps_its_middle():
    view = View(document=Size(2000, 1000), window=Size(1000, 1000))
    view.fit()
    before = view.zoom
    view.resize(Size(500, 500))
    assert view.zoom < before
    view.zoom_to(1.0, 250, 250)
    middle = view.to_document(250, 250)
    view.resize(Size(700, 300))
    assert view.to_document(350, 150) == pytest.approx(middle, abs=1)


def test_opening_a_small_picture_does_not_magnify_it_but_fit_does():
    view = View(window=Size(1000, 800))
    view.set_document(Size(64, 64))
    assert view.zoom == 1.0
    view.fit()
    assert view.zoom > 8


def test_pixels_are_squares_above_two_hundred_per_cent_and_plain_where_nothing_is_scaled():
    assert not View(zoom=2.5).is_smooth
    assert View(zoom=1.5).is_smooth
    assert not View(zoom=1.0).is_smooth
    assert not View(zoom=0.25).is_smooth
    assert View(zoom=0.3).is_smooth
