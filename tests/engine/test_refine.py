"""The edge of a selection: found by matting in a band, smoothed, moved, and freed of the background's colour."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from imgstudio.core.geometry import Point, Rect
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.tiles import TileStore
from imgstudio.engine import refine, refine_finish
from imgstudio.engine.refine import EdgeParams, Refiner
from imgstudio.engine.refine_finish import Cleaner, finished, tone
from imgstudio.engine.refine_ground import EdgeStroke, distance_to_edge, ground_of, smart_reach

OWN, BEHIND = np.float32([0.9, 0.5, 0.1]), np.float32([0.1, 0.3, 0.7])


def disc(side, centre, radius, soft=0.0):
    """Coverage 0..1 of a disc whose edge fades over `soft` pixels each way."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    away = radius - np.hypot(columns - centre[0], rows - centre[1])
    return (0.5 + away / (2 * max(soft, 0.5))).clip(0, 1).astype(np.float32)


def scene(alpha, noise=0.01, seed=3):
    """OWN over BEHIND by coverage, a little noisy."""
    random = np.random.default_rng(seed)
    picture = alpha[..., None] * OWN + (1 - alpha[..., None]) * BEHIND
    return (picture + random.normal(0, noise, picture.shape)).clip(0, 1).astype(np.float32)


def refiner(picture, mask):
    """For (h, w, 3) and what is selected, (h, w) booleans or bytes."""
    shape = mask if mask.dtype == np.uint8 else mask.astype(np.uint8) * np.uint8(255)
    store = TileStore.from_array(np.ascontiguousarray(shape)[..., None])
    store.drop_plain_tiles()
    bounds = Rect(0, 0, shape.shape[1], shape.shape[0])
    return Refiner(bounds, store, lambda rect: picture[rect.slices()])


def edge(made, params, strokes=(), exact=True):
    found = made.edge(params, tuple(strokes), Progress(), exact=exact)
    return found.coverage.read(made.bounds)[..., 0].astype(int)


@pytest.mark.parametrize("smart", [False, True])
@pytest.mark.parametrize("side", [200, 1600])
def test_the_true_edge_is_found_where_the_selection_is_rough(smart, side):
    middle = side / 2
    alpha = disc(side, (middle, middle), 0.3 * side, soft=6)
    rough = disc(side, (middle + 3, middle - 2), 0.3 * side + 1) > 0.5
    found = edge(refiner(scene(alpha), rough), EdgeParams(radius=14, smart=smart))
    before = np.abs(rough - alpha).mean()
    assert np.abs(found / 255 - alpha).mean() < (0.5 if smart else 0.2) * before


def test_without_a_radius_and_strokes_nothing_changes():
    soft = (disc(90, (45, 45), 30, soft=8) * 255).astype(np.uint8)
    found = edge(refiner(scene(disc(90, (45, 45), 25)), soft), EdgeParams(radius=0))
    assert (found == soft).all()


def test_beyond_the_radius_the_selection_stays_as_it_was():
    mask = disc(160, (80, 80), 50) > 0.5
    found = edge(refiner(scene(disc(160, (80, 80), 40)), mask), EdgeParams(radius=5, smart=False))
    away = distance_to_edge(mask.astype(np.uint8) * np.uint8(255))
    assert (found[away > 5] == 255 * mask[away > 5]).all()
    assert (found != 255 * mask).any()


@pytest.mark.parametrize("mask", [np.zeros((40, 50), bool), np.ones((40, 50), bool)])
def test_nothing_and_all_have_no_edge(mask):
    found = edge(refiner(scene(disc(50, (20, 20), 10))[:40], mask), EdgeParams(radius=20))
    assert (found == 255 * mask).all()


def test_a_picture_of_one_pixel_survives():
    found = edge(refiner(np.zeros((1, 1, 3), np.float32), np.ones((1, 1), bool)), EdgeParams(radius=50))
    assert found.tolist() == [[255]]


def hairs(side=200):
    """A dark block with thin dark lines that stick out of it to the right, on light ground: its coverage."""
    alpha = np.zeros((side, side), np.uint8)
    alpha[20:-20, 20:80] = 255
    for row in range(30, side - 30, 12):
        cv2.line(alpha, (80, row), (120, row + 8), 255, 1, cv2.LINE_AA)
    return alpha.astype(np.float32) / 255


def test_the_refine_brush_finds_hairs_that_stick_out_of_the_selection():
    alpha = hairs()
    made = refiner(scene(alpha), np.pad(np.ones((160, 60), bool), ((20, 20), (20, 120))))
    before = edge(made, EdgeParams(radius=2))
    stroke = EdgeStroke((Point(100, 25), Point(100, 180)), 26, "refine")
    after = edge(made, EdgeParams(radius=2), [stroke])
    beyond = np.zeros(alpha.shape, bool)
    beyond[25:180, 84:118] = True
    thin, between = beyond & (alpha > 0.9), beyond & (alpha == 0)
    assert before[thin].max() == 0
    assert after[thin].mean() > 180
    assert after[between].mean() < 20


@pytest.mark.parametrize(("kind", "value"), [("add", 255), ("subtract", 0)])
def test_what_a_brush_says_is_known_whatever_the_colours_say(kind, value):
    made = refiner(scene(disc(160, (80, 80), 50)), disc(160, (80, 80), 50) > 0.5)
    stroke = EdgeStroke((Point(120, 80), Point(135, 80)), 8, kind)
    found = edge(made, EdgeParams(radius=12, smart=False), [stroke])
    assert (found[76:84, 122:133] == value).all()


def test_of_two_strokes_the_later_counts():
    strokes = [EdgeStroke((Point(20, 20),), 6, kind) for kind in ("add", "subtract")]
    place = Rect(0, 0, 40, 40)
    empty = np.zeros((40, 40), np.uint8)
    assert not ground_of(empty, place, strokes).shape[16:24, 16:24].any()
    assert (ground_of(empty, place, strokes[::-1]).shape[16:24, 16:24] == 255).all()
    refined = ground_of(empty, place, [*strokes, EdgeStroke((Point(20, 20),), 6, "refine")])
    assert refined.wanted[20, 20]
    assert not refined.known[20, 20]


@given(
    some.floats(0, 38),
    some.floats(0, 38),
    some.floats(0.5, 12),
    some.sampled_from([1, 2, 4]),
    some.integers(-9, 9),
)
def test_a_stroke_lies_within_its_box_wherever_it_is_painted(x, y, radius, scale, shift):
    stroke = EdgeStroke((Point(x, y), Point(y, x)), radius, "refine")
    place = Rect(shift, shift, 64, 64)
    size = 64 // scale
    wanted = ground_of(np.zeros((size, size), np.uint8), place, [stroke], scale).wanted
    rows, columns = np.nonzero(wanted)
    box = stroke.bounds().expanded(2 * scale)
    for axis, start, length in ((columns, box.x, box.width), (rows, box.y, box.height)):
        places = axis * scale + shift
        assert ((places >= start - scale) & (places <= start + length + scale)).all()


def test_the_smart_radius_is_small_at_hard_edges_and_large_at_soft_ones():
    mask = np.zeros((120, 120), np.uint8)
    mask[:, :60] = 255
    away = distance_to_edge(mask)
    hard = np.repeat(np.repeat((mask / 255)[..., None], 3, 2), 1, 0).astype(np.float32)
    soft = cv2.GaussianBlur(hard, (0, 0), 10)
    line = np.s_[40:80, 58:62]
    assert smart_reach(hard, away, 20)[line].mean() < 8
    assert smart_reach(soft, away, 20)[line].mean() > 16


def large():
    """A disc of 2,600 pixels with a soft edge, and a selection that is not quite it."""
    alpha = disc(2600, (1300, 1300), 900, soft=5)
    return scene(alpha), alpha, disc(2600, (1304, 1297), 902) > 0.5


def test_a_large_picture_is_worked_out_at_full_size_in_the_band():
    picture, alpha, mask = large()
    made = refiner(picture, mask)
    params = EdgeParams(radius=12, smart=False)
    first = made.edge(params, (), Progress(), exact=False)
    rough = first.coverage.read(made.bounds)[..., 0] / 255
    exact = edge(made, params) / 255
    assert not first.is_exact
    band = distance_to_edge(mask.astype(np.uint8) * np.uint8(255)) < 12
    before = np.abs(mask - alpha)[band].mean()
    assert np.abs(rough - alpha)[band].mean() < 0.3 * before
    assert np.abs(exact - alpha)[band].mean() < 0.15 * before


def test_tiles_leave_no_seams(monkeypatch):
    picture, _, mask = large()
    params = EdgeParams(radius=12, smart=False)
    small = edge(refiner(picture, mask), params)
    monkeypatch.setattr(refine, "TILE", 4096)
    whole = edge(refiner(picture, mask), params)
    assert np.abs(small - whole).max() <= 26
    assert np.abs(small - whole)[np.abs(small - whole) > 0].mean() < 3


def test_what_was_found_is_not_looked_for_again():
    looks = []
    made = refiner(scene(disc(90, (45, 45), 30)), disc(90, (45, 45), 30) > 0.5)
    look = made._look
    made._look = lambda rect: looks.append(rect) or look(rect)
    params = EdgeParams(radius=6)
    first = made.edge(params, (), Progress(), exact=True)
    count = len(looks)
    assert made.edge(EdgeParams(radius=6, feather=4), (), Progress(), exact=True) is first
    assert len(looks) == count


def test_it_can_be_cancelled():
    token = CancelToken()
    token.cancel()
    made = refiner(scene(disc(90, (45, 45), 30)), disc(90, (45, 45), 30) > 0.5)
    with pytest.raises(Cancelled):
        made.edge(EdgeParams(), (), Progress(token=token), exact=True)


@given(some.floats(0, 100), some.floats(-100, 100))
def test_more_coverage_never_becomes_less(contrast, shift):
    table = tone(contrast, shift).astype(int)
    assert (np.diff(table) >= 0).all()
    assert table[0] == 0
    assert table[255] == 255


@given(some.floats(1, 100))
def test_shifting_outwards_covers_more_and_inwards_less(shift):
    values = np.arange(256)
    assert (tone(0, shift) >= values).all()
    assert (tone(0, -shift) <= values).all()


def test_no_contrast_and_no_shift_change_nothing():
    assert (tone(0, 0) == np.arange(256)).all()


def test_strips_agree_with_the_whole(monkeypatch):
    made = refiner(scene(disc(300, (150, 150), 90, soft=4)), disc(300, (150, 150), 90) > 0.5)
    params = EdgeParams(smooth=3, feather=9, contrast=20, shift=-15)
    found = made.edge(params, (), Progress(), exact=True)
    whole = finished(found, params, made.bounds, Progress()).coverage.read(made.bounds)
    monkeypatch.setattr(refine_finish, "STRIP", 32)
    parts = finished(found, params, made.bounds, Progress()).coverage.read(made.bounds)
    assert (whole == parts).all()
    assert found.coverage.read(made.bounds)[150, 60] != whole[150, 60]


def test_cleaned_colours_are_those_of_the_object():
    alpha = disc(200, (100, 100), 60, soft=8)
    picture = scene(alpha, noise=0)
    made = refiner(picture, alpha > 0.5)
    found = made.edge(EdgeParams(radius=14, smart=False), (), Progress(), exact=True)
    cleaner = Cleaner(made, found, Progress())
    soft = cleaner.soft(made.bounds, found.coverage)
    cleaned = cleaner.clean(picture, made.bounds)
    mixed = soft & (alpha > 0.1) & (alpha < 0.9)
    assert mixed.sum() > 500
    assert np.abs(picture - OWN)[mixed].mean() > 0.15
    assert np.abs(cleaned - OWN)[mixed].mean() < 0.05
    assert not soft[alpha == 1].any()
