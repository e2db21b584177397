"""Strokes: spacing, flow and opacity, edges, ink and its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.brush import BrushSettings, Mirror, Stroke
from imgstudio.core.dabs import DabCache, make_stamp
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.paint import Ink, TilePainter, paint_coverage
from imgstudio.core.pixels import top
from imgstudio.core.tiles import TileStore

LIMIT = Rect(0, 0, 300, 280)
RED = Ink((1.0, 0.0, 0.0))
NO_MIRROR = Mirror()
places = st.tuples(st.integers(-20, 320), st.integers(-20, 300))


def stroke_on(store, ink, brush, *, limit=LIMIT, selected=None, mirror=NO_MIRROR):
    return Stroke(
        TilePainter(store, store.snapshot(), ink, limit=limit, selected=selected), brush, mirror=mirror
    )


def draw(store, ink, brush, points, **more):
    stroke = stroke_on(store, ink, brush, **more)
    changed = stroke.begin(*points[0])
    for point in points[1:]:
        changed = changed.united(stroke.to(*point))
    return changed.united(stroke.end())


def plain(value=(40, 90, 160, 255), dtype=np.uint8, limit=LIMIT):
    pixels = np.empty((limit.height, limit.width, 4), dtype)
    pixels[:] = np.array(value) * (top(dtype) // 255)
    return TileStore.from_array(pixels)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(places, min_size=2, max_size=8),
    st.floats(0.05, 1),
    st.floats(0.05, 1),
    st.sampled_from([1.0, 3.0, 17.5, 60.0]),
)
def test_a_stroke_never_covers_more_than_its_opacity(points, opacity, flow, size):
    mask = TileStore(1)
    brush = BrushSettings(size=size, hardness=0.5, opacity=opacity, flow=flow, spacing=0.1)
    draw(mask, Ink((1.0,)), brush, points + points[::-1])
    assert mask.read(LIMIT).max() <= np.ceil(opacity * 255)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_crossing_itself_at_full_flow_reaches_exactly_its_opacity(dtype):
    store = plain((0, 0, 0, 255), dtype)
    brush = BrushSettings(size=20, hardness=1, opacity=0.5)
    draw(store, Ink((1, 1, 1)), brush, [(50, 50), (100, 50), (50, 50)])
    assert abs(int(store.read(Rect(75, 50, 1, 1))[0, 0, 0]) - 0.5 * top(dtype)) <= 1


@settings(max_examples=40, deadline=None)
@given(
    places,
    places,
    st.lists(st.floats(0.01, 0.99), max_size=6),
    st.sampled_from([1.0, 2.0, 9.0, 40.0]),
    st.booleans(),
)
def test_how_events_split_a_line_does_not_matter(start, end, cuts, size, pressure_size):
    brush = BrushSettings(size=size, flow=0.6, spacing=0.25, pressure_size=pressure_size)
    at = [(*start, 0.2)]
    for cut in [*sorted(cuts), 1.0]:
        x, y = (a + (b - a) * cut for a, b in zip(start, end, strict=True))
        at.append((x, y, 0.2 + 0.8 * cut))
    whole, split = TileStore(1), TileStore(1)
    draw(whole, Ink((1.0,)), brush, [at[0], at[-1]])
    draw(split, Ink((1.0,)), brush, at)
    difference = np.abs(whole.read(LIMIT).astype(int) - split.read(LIMIT))
    assert difference.max() <= 1


def test_smoothing_rounds_a_corner_and_still_reaches_the_end():
    way = [(20, 20), (120, 20), (120, 120)]
    round_, sharp = TileStore(1), TileStore(1)
    draw(round_, Ink((1.0,)), BrushSettings(size=4, hardness=1), way)
    draw(sharp, Ink((1.0,)), BrushSettings(size=4, hardness=1, smoothing=False), way)
    assert sharp.read(Rect(119, 20, 1, 1)).item() == 255
    assert round_.read(Rect(119, 20, 1, 1)).item() == 0
    for mask in (round_, sharp):
        assert mask.read(Rect(119, 118, 1, 1)).item() == 255
        assert mask.read(Rect(40, 19, 1, 1)).item() == 255


def test_a_brush_of_one_pixel_is_crisp_and_leaves_no_gaps():
    mask = TileStore(1)
    draw(mask, Ink((1.0,)), BrushSettings(size=1, hardness=0), [(3.2, 4.9), (20.7, 11.1)])
    drawn = mask.read(LIMIT)[..., 0]
    assert set(np.unique(drawn)) == {0, 255}
    assert (drawn[:, 3:21].max(0) == 255).all()
    assert drawn[4, 3] == 255
    assert drawn[11, 20] == 255


@pytest.mark.parametrize("size", [1.5, 3.0, 5.25, 12.0, 64.0, 131.0, 300.0])
@pytest.mark.parametrize("where", [(150.0, 150.0), (150.5, 150.5), (150.25, 149.75)])
def test_a_hard_dab_has_the_area_of_its_disc_and_its_middle_where_it_was_put(size, where):
    rect, coverage = DabCache().dab(*where, size, 1.0)
    area = coverage.sum()
    xs = np.arange(rect.x, rect.right) + 0.5
    ys = np.arange(rect.y, rect.bottom) + 0.5
    assert area == pytest.approx(np.pi * size * size / 4, rel=0.02)
    nearest = 0.05 if size < 64 else 0.26 if size < 256 else 0.51
    assert (coverage.sum(0) * xs).sum() / area == pytest.approx(where[0], abs=nearest)
    assert (coverage.sum(1) * ys).sum() / area == pytest.approx(where[1], abs=nearest)


@given(st.floats(0.5, 120), st.floats(0, 1), st.floats(0, 0.99), st.floats(0, 0.99))
@settings(max_examples=40, deadline=None)
def test_a_stamp_holds_its_whole_dab_and_stays_in_range(diameter, hardness, across, down):
    stamp = make_stamp(diameter, hardness, across, down)
    assert stamp.min() >= 0
    assert stamp.max() <= 1
    rim = np.concatenate([stamp[0], stamp[-1], stamp[:, 0], stamp[:, -1]])
    assert rim.max() <= 0.5


def test_a_softer_dab_falls_off_steadily():
    middle = make_stamp(40, 0.0)[21]
    assert middle[21] > 0.99
    assert (np.diff(middle[21:]) <= 0).all()
    assert 0.4 < middle[31] < 0.6


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_painting_where_nothing_is_selected_changes_nothing_and_takes_no_memory(dtype):
    store = plain(dtype=dtype)
    before = store.snapshot()
    changed = draw(
        store,
        RED,
        BrushSettings(size=50),
        [(50, 50), (200, 200)],
        selected=lambda rect: np.zeros((rect.height, rect.width), np.uint8),
    )
    assert changed == EMPTY
    assert store.snapshot().shares_all_with(before)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("ink", [RED, Ink(erases=True)], ids=["paint", "erase"])
def test_outside_the_selection_every_bit_stays(dtype, ink):
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, top(dtype) + 1, (280, 300, 4)).astype(dtype)
    pixels[:140, :, 3] = 0
    store = TileStore.from_array(pixels)

    def right_half(rect):
        return np.where(np.arange(rect.x, rect.right) >= 150, 255, 0).astype(np.uint8) + np.zeros(
            (rect.height, 1), np.uint8
        )

    brush = BrushSettings(size=120, hardness=0.2, flow=0.7)
    changed = draw(store, ink, brush, [(100, 80), (200, 200)], selected=right_half)
    after = store.read(LIMIT)
    assert (after[:, :150] == pixels[:, :150]).all()
    assert (after[:, 150:] != pixels[:, 150:]).any()
    outside = np.ones((280, 300), bool)
    outside[changed.slices()] = False
    assert (after[outside] == pixels[outside]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_paint_over_half_transparent_pixels_follows_source_over(dtype):
    store = plain((200, 100, 50, 128), dtype)
    before = store.read(LIMIT)[0, 0].astype(float) / top(dtype)
    painter = TilePainter(store, store.snapshot(), RED, limit=LIMIT)
    paint_coverage(painter, Rect(0, 0, 10, 10), np.full((10, 10), 102, np.uint8))
    after = store.read(LIMIT)[5, 5].astype(float) / top(dtype)
    share, alpha = 102 / 255, before[3]
    total = share + alpha * (1 - share)
    colour = (np.array(RED.values) * share + before[:3] * alpha * (1 - share)) / total
    assert after == pytest.approx([*colour, total], abs=0.6 / top(dtype) if dtype == np.uint16 else 0.003)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_full_ink_on_nothing_gives_the_ink_itself(dtype):
    store = TileStore(4, dtype)
    draw(store, Ink((0.2, 0.4, 0.6)), BrushSettings(size=30, hardness=0), [(50, 50), (50.5, 50)])
    wanted = np.array([0.2, 0.4, 0.6]) * top(dtype)
    painted = store.read(LIMIT)
    seen = painted[painted[..., 3] > top(dtype) // 50]
    assert np.abs(seen[:, :3] - wanted).max() <= 1
    assert painted[50, 50, 3] >= 0.999 * top(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_painting_on_an_absent_tile_equals_painting_on_a_transparent_one(dtype):
    absent, present = TileStore(4, dtype), plain((0, 0, 0, 0), dtype)
    for store in (absent, present):
        draw(store, RED, BrushSettings(size=60, hardness=0, flow=0.3), [(40, 40), (120, 90)])
    assert np.abs(absent.read(LIMIT).astype(int) - present.read(LIMIT)).max() <= 1
    assert absent.read(Rect(200, 200, 1, 1)).max() == 0


def test_erasing_takes_alpha_and_leaves_colour():
    store = plain()
    draw(store, Ink(erases=True), BrushSettings(size=30, hardness=1, opacity=0.5), [(50, 50)])
    assert store.read(Rect(50, 50, 1, 1))[0, 0].tolist() == [40, 90, 160, 128]


def test_no_pressure_is_a_value_and_not_full_pressure():
    mask = TileStore(1)
    draw(mask, Ink((1.0,)), BrushSettings(size=40, pressure_size=True), [(50, 50, 0.0), (90, 50, 0.0)])
    assert mask.is_empty
    least = BrushSettings(size=40, hardness=1, pressure_size=True, pressure_minimum=0.25)
    draw(mask, Ink((1.0,)), least, [(50, 50, 0.0)])
    assert (mask.read(LIMIT)[..., 0] / 255).sum() == pytest.approx(np.pi * 25, rel=0.05)


def test_the_pressure_curve_shapes_opacity():
    mask = TileStore(1)
    brush = BrushSettings(
        size=20, hardness=1, pressure_opacity=True, pressure_curve=((0.0, 0.0), (0.5, 0.2), (1.0, 1.0))
    )
    draw(mask, Ink((1.0,)), brush, [(50, 50, 0.5), (70, 50, 0.5)])
    assert abs(int(mask.read(Rect(60, 50, 1, 1)).item()) - 0.2 * 255) <= 1


def test_symmetry_paints_the_mirror_image():
    mask = TileStore(1)
    mirror = Mirror(x=150.0, y=140.0)
    draw(mask, Ink((1.0,)), BrushSettings(size=9), [(20.3, 30.6), (60, 80)], mirror=mirror)
    drawn = mask.read(LIMIT)[..., 0]
    assert drawn.any()
    assert np.abs(drawn.astype(int) - drawn[:, ::-1]).max() <= 1
    assert np.abs(drawn.astype(int) - drawn[::-1]).max() <= 1


def test_a_stroke_is_one_step_that_undo_takes_back_and_costs_only_its_tiles():
    document = Document.from_pixels(np.full((1024, 2048, 4), 200, np.uint8))
    layer = document.active
    before = layer.pixels.read(document.bounds)
    with document.editing(layer.pixels, "Brush") as edit:
        stroke = Stroke(
            TilePainter(layer.pixels, edit.before, RED, limit=document.bounds), BrushSettings(size=40)
        )
        edit.touch(stroke.begin(100, 100))
        edit.touch(stroke.to(200, 120))
    assert document.history.labels == ["Brush"]
    assert document.history.cost == 256 * 256 * 4
    after = layer.pixels.read(document.bounds)
    document.history.undo()
    assert (layer.pixels.read(document.bounds) == before).all()
    document.history.redo()
    assert (layer.pixels.read(document.bounds) == after).all()
    assert (after != before).any()
