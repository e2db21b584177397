import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from imgstudio.core.commands import ReplaceTiles
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.history import History
from imgstudio.core.tiles import TILE, TileStore, exclusive_bytes

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


def test_restore_tells_what_changed():
    store = TileStore(1)
    store.write(Rect(0, 0, 10, 10), plain(Rect(0, 0, 10, 10), 1))
    before = store.snapshot()
    assert store.restore(before) == EMPTY
    store.write(Rect(300, 0, 5, 5), plain(Rect(300, 0, 5, 5), 1))
    assert store.restore(before) == Rect(TILE, 0, TILE, TILE)


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
