import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from imgstudio.core.commands import ReplaceTiles
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.history import History
from imgstudio.core.tiles import TILE, TileStore, changed_boxes, exclusive_bytes

rects = st.builds(
    Rect, st.integers(-300, 600), st.integers(-300, 600), st.integers(1, 400), st.integers(1, 400)
)
depths = st.sampled_from([np.uint8, np.uint16])
fills = st.sampled_from([0, 255])
WHOLE = Rect(-512, -512, 2048, 2048)


def plain(rect, value, dtype=np.uint8, channels=1):
    return np.full((rect.height, rect.width, channels), value, dtype)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(rects, st.integers(0, 255)), min_size=1, max_size=6), depths, fills)
def test_undo_all_then_redo_all_restores_every_pixel(edits, dtype, fill):
    store, history = TileStore(1, dtype, fill=fill), History()
    seen = [store.read(WHOLE)]
    for rect, value in edits:
        before = store.snapshot()
        store.write(rect, plain(rect, value, dtype))
        history.push(ReplaceTiles("Paint", store, before, store.snapshot()))
        seen.append(store.read(WHOLE))
    for expected in reversed(seen[:-1]):
        history.undo()
        assert np.array_equal(store.read(WHOLE), expected)
    for expected in seen[1:]:
        history.redo()
        assert np.array_equal(store.read(WHOLE), expected)


@given(rects, rects, depths)
@settings(max_examples=20, deadline=None)
def test_a_snapshot_never_sees_later_writes(first, second, dtype):
    store = TileStore(1, dtype)
    store.write(first, plain(first, 7, dtype))
    frozen, copy = store.snapshot(), store.copy()
    expected = frozen.read(WHOLE)
    store.write(second, plain(second, 9, dtype))
    assert np.array_equal(frozen.read(WHOLE), expected)
    assert np.array_equal(copy.read(WHOLE), expected)


@given(rects, rects)
@settings(max_examples=20, deadline=None)
def test_writing_to_a_copy_leaves_the_store_alone(first, second):
    store = TileStore(1)
    store.write(first, plain(first, 7))
    expected, copy = store.read(WHOLE), store.copy()
    copy.write(second, plain(second, 9))
    assert np.array_equal(store.read(WHOLE), expected)


@given(rects, rects, fills)
@settings(max_examples=20, deadline=None)
def test_a_read_sees_what_was_written_and_the_fill_elsewhere(rect, window, fill):
    store = TileStore(1, fill=fill)
    store.write(rect, plain(rect, 100))
    expected = np.full((window.height, window.width), fill, np.uint8)
    expected[rect.intersect(window).translated(-window.x, -window.y).slices()] = 100
    assert np.array_equal(store.read(window)[..., 0], expected)


@given(rects, depths)
@settings(max_examples=20, deadline=None)
def test_bounds_hold_the_content_tightly(rect, dtype):
    store = TileStore(4, dtype)
    assert store.content_bounds() == store.filled_bounds() == EMPTY
    pixels = plain(rect, 3, dtype, 4)
    store.write(rect, pixels)
    assert store.content_bounds() == store.filled_bounds() == rect
    pixels[..., 3] = 0
    store.write(rect, pixels)
    assert store.content_bounds() == EMPTY
    assert store.filled_bounds() == rect  # hidden colour
    around = store.bounds()
    assert around.intersect(rect) == rect
    assert all(edge % TILE == 0 for edge in around)


def test_plain_tiles_are_forgotten():
    store = TileStore(1, fill=255)
    store.write(Rect(0, 0, 300, 10), plain(Rect(0, 0, 300, 10), 255))
    assert not store.is_empty
    store.drop_plain_tiles()
    assert store.is_empty
    assert store.read(Rect(5, 5, 1, 1)).item() == 255


@given(st.lists(st.tuples(rects, st.integers(0, 255)), max_size=4), rects, depths, fills)
@settings(max_examples=20, deadline=None)
def test_changed_boxes_hold_all_that_differs_and_are_tight_for_one_write(earlier, rect, dtype, fill):
    store = TileStore(1, dtype, fill=fill)
    first = store.snapshot()
    for other, value in earlier:
        store.write(other, plain(other, value, dtype))
    before = store.snapshot()
    store.write(rect, store.read(rect) + np.array(1, dtype))
    after = store.snapshot()
    assert changed_boxes(after, after) == []
    assert changed_boxes(before, after) == changed_boxes(after, before) == [rect]
    differs = (first.read(WHOLE) != after.read(WHOLE))[..., 0]
    boxes = changed_boxes(first, after)
    assert len(boxes) == len({(box.y, box.bottom) for box in boxes})
    for box in boxes:
        differs[box.translated(-WHOLE.x, -WHOLE.y).slices()] = False
    assert not differs.any()


def test_a_slanted_stroke_changes_less_than_its_box():
    store = TileStore(4)
    before = store.snapshot()
    for step in range(40):
        spot = Rect(step * 50, step * 40, 100, 100)
        store.write(spot, plain(spot, 9, channels=4))
    boxes = changed_boxes(before, store.snapshot())
    assert sum(box.width * box.height for box in boxes) < 0.4 * 2050 * 1660


def test_tiles_written_anew_with_the_same_pixels_have_not_changed():
    store = TileStore(1)
    box = Rect(0, 0, 10, 10)
    store.write(box, plain(box, 1))
    before = store.snapshot()
    store.write(box, plain(box, 1))
    assert changed_boxes(before, store.snapshot()) == []


def test_shared_tiles_cost_nothing():
    store = TileStore(1)
    store.write(Rect(0, 0, TILE * 2, TILE), plain(Rect(0, 0, TILE * 2, TILE), 1))
    before = store.snapshot()
    store.write(Rect(0, 0, 1, 1), plain(Rect(0, 0, 1, 1), 2))
    assert exclusive_bytes(before, store.snapshot()) == TILE * TILE


@pytest.mark.parametrize("pixels", [np.zeros((3, 2, 1), np.uint8), np.zeros((2, 2, 1), np.uint16)])
def test_pixels_that_do_not_fit_are_refused(pixels):
    with pytest.raises(ValueError, match="expected"):
        TileStore(1).write(Rect(0, 0, 2, 2), pixels)
