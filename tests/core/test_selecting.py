"""The selection: joining, reshaping, files and outlines; each one undo step."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core import selecting
from imgstudio.core.coverage import feathered, grown, shrunk, without_holes
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.outline import outline
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 320, 300
seeds = st.integers(0, 10_000)


def document_with(rect=None, value=255):
    document = Document(WIDTH, HEIGHT)
    if rect is not None:
        selecting.combine(document, np.full((rect.height, rect.width), value, np.uint8), rect, "new")
    return document


def everything(document):
    return document.selection.read(document.bounds)


def soft(seed):
    """A box that may reach out of the document, and soft coverage for it."""
    rng = np.random.default_rng(seed)
    rect = Rect(
        *(int(v) for v in rng.integers(-60, 300, 2)), int(rng.integers(1, 200)), int(rng.integers(1, 200))
    )
    return rect, rng.integers(0, 256, (rect.height, rect.width)).astype(np.uint8)


def spread(rect, coverage):
    """The box's coverage over the whole document."""
    wide = np.zeros((HEIGHT + 600, WIDTH + 600), np.uint8)
    wide[rect.translated(300, 300).slices()] = coverage
    return wide[300 : 300 + HEIGHT, 300 : 300 + WIDTH]


@pytest.mark.parametrize(
    ("mode", "law"),
    [
        ("new", lambda old, new: new),
        ("add", np.maximum),
        ("intersect", np.minimum),
        ("subtract", lambda old, new: np.minimum(old, 255 - new)),
    ],
)
@given(seeds, seeds)
@settings(max_examples=15, deadline=None)
def test_joining_follows_its_law_at_every_pixel_and_can_be_undone(mode, law, first, second):
    document = document_with()
    selecting.combine(document, soft(first)[1], soft(first)[0], "new")
    before, steps = everything(document), document.history.position
    rect, coverage = soft(second)
    selecting.combine(document, coverage, rect, mode)
    assert (everything(document) == law(before, spread(rect, coverage))).all()
    assert document.history.position <= steps + 1
    document.history.go_to(steps)
    assert (everything(document) == before).all()


def test_subtracting_is_intersecting_with_the_inverse():
    one, other = document_with(), document_with()
    rect, coverage = soft(7)
    for document in (one, other):
        selecting.combine(document, soft(3)[1], soft(3)[0], "new")
    selecting.combine(one, coverage, rect, "subtract")
    selecting.combine(other, 255 - spread(rect, coverage), other.bounds, "intersect")
    assert (everything(one) == everything(other)).all()


def test_all_none_and_inverse():
    document = document_with(Rect(10, 20, 30, 40))
    selecting.invert(document)
    assert (everything(document) == 255 - spread(Rect(10, 20, 30, 40), 255)).all()
    selecting.invert(document)
    assert document.selection.bounds() == Rect(10, 20, 30, 40)
    selecting.deselect(document)
    assert document.selection.is_empty
    selecting.select_all(document)
    assert document.selection.bounds() == document.bounds
    selecting.invert(document)
    assert document.selection.is_empty
    labels = ["Select", "Invert selection", "Invert selection", "Deselect", "Select all", "Invert selection"]
    assert document.history.labels == labels


def test_deselecting_nothing_is_no_step():
    document = document_with()
    selecting.deselect(document)
    assert not document.history.can_undo


@given(seeds, st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_growing_takes_the_largest_value_in_a_disc(seed, radius):
    coverage = np.random.default_rng(seed).integers(0, 256, (30, 37)).astype(np.uint8)
    offsets = np.arange(-radius, radius + 1)
    reach = (np.sqrt(np.maximum(radius**2 - offsets**2, 0)) + 0.5).astype(int)
    disc = (np.abs(offsets)[None, :] <= reach[:, None]).astype(np.uint8)
    wanted = cv2.dilate(coverage, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    assert (grown(coverage, radius) == wanted).all()
    assert (shrunk(255 - coverage, radius) == 255 - wanted).all()


@pytest.mark.parametrize("radius", [12, 40, 41, 70])
def test_growing_a_box_moves_its_sides_by_the_radius_near_and_far(radius):
    document = document_with(Rect(120, 110, 80, 80))
    selecting.grow(document, radius)
    assert document.selection.bounds() == Rect(120, 110, 80, 80).expanded(radius)
    selecting.shrink(document, radius)
    assert document.selection.bounds() == Rect(120, 110, 80, 80)


def test_shrinking_does_not_eat_in_from_the_picture_border():
    document = document_with(Rect(0, 0, WIDTH, 100))
    selecting.shrink(document, 10)
    assert document.selection.bounds() == Rect(0, 0, WIDTH, 90)


@pytest.mark.parametrize("radius", [4.0, 30.0, 60.0])
def test_feathering_fades_from_the_half_and_keeps_the_border_whole(radius):
    step = np.zeros((40, 400), np.uint8)
    step[:, 200:] = 255
    row = feathered(step, radius)[20].astype(int)
    assert abs(row[199] + row[200] - 255) <= 3
    assert row[int(200 - radius)] < 12
    assert row[int(200 + radius)] > 243
    assert row[399] == 255
    assert (np.diff(row) >= 0).all()


def test_smoothing_rounds_a_corner_and_keeps_straight_edges():
    document = document_with(Rect(100, 100, 100, 100))
    selecting.smooth(document, 8)
    after = everything(document)
    assert after[101, 101] == 0
    assert after[150, 102] == 255
    assert after[150, 97] == 0


def test_a_border_is_a_band_along_the_edge():
    document = document_with(Rect(100, 100, 100, 100))
    selecting.border(document, 6)
    after = everything(document)
    assert after[150, 97] == 255
    assert after[150, 102] == 255
    assert after[150, 96] == 0
    assert after[150, 103] == 0


def test_holes_are_filled_but_bays_are_not():
    coverage = np.zeros((20, 20), np.uint8)
    coverage[2:12, 2:12] = 255
    coverage[5:8, 5:8] = 0
    coverage[2:6, 10] = 0
    filled = without_holes(coverage)
    assert (filled[5:8, 5:8] == 255).all()
    assert (filled[2:6, 10] == 0).all()


def test_small_islands_go_and_large_ones_stay_as_they_are():
    document = document_with(Rect(50, 50, 20, 20), 200)
    selecting.combine(document, np.full((3, 3), 255, np.uint8), Rect(200, 200, 3, 3), "add")
    selecting.remove_islands(document, 10)
    assert (everything(document) == spread(Rect(50, 50, 20, 20), 200)).all()


def test_a_layer_is_selected_where_it_shows():
    document = document_with()
    pixels = np.full((40, 50, 4), 255, np.uint8)
    pixels[:, 25:, 3] = 100
    layer = Layer("Thing", TileStore.from_array(pixels), transform=Transform(e=-10, f=30))
    document.add_layer(layer)
    selecting.select_layer(document, layer)
    after = everything(document)
    assert document.selection.bounds() == Rect(0, 30, 40, 40)
    assert after[31, 14] == 255
    assert after[31, 15] == 100


def test_a_saved_selection_comes_back_and_another_size_is_refused(tmp_path):
    document, path = document_with(), tmp_path / "selection.png"
    selecting.combine(document, soft(5)[1], soft(5)[0], "new")
    before = everything(document)
    selecting.save_selection(document, path)
    selecting.deselect(document)
    selecting.load_selection(document, path)
    assert (everything(document) == before).all()
    assert [item.name for item in tmp_path.iterdir()] == ["selection.png"]
    with pytest.raises(UserError, match="another size"):
        selecting.load_selection(Document(10, 10), path)


def test_a_file_that_is_no_picture_leaves_the_selection_alone(tmp_path):
    document, path = document_with(Rect(1, 1, 5, 5)), tmp_path / "notes.png"
    path.write_text("no picture")
    with pytest.raises(UserError, match="not a picture"):
        selecting.load_selection(document, path)
    assert document.selection.bounds() == Rect(1, 1, 5, 5)


@pytest.mark.parametrize("scale", [0.25, 1.0, 8.0])
def test_the_outline_runs_round_each_part_within_a_screen_pixel_or_two(scale):
    document = document_with(Rect(20, 30, 100, 80))
    selecting.combine(document, np.full((40, 60), 255, np.uint8), Rect(200, 200, 60, 40), "add")
    lines = outline(document.selection, scale)
    assert len(lines) == 2
    boxes = sorted(
        (
            min(p.x for p in line),
            min(p.y for p in line),
            max(p.x for p in line),
            max(p.y for p in line),
        )
        for line in lines
    )
    wanted = [(20, 30, 120, 110), (200, 200, 260, 240)]
    assert np.abs(np.array(boxes) - np.array(wanted)).max() * scale <= 1.5


def test_no_selection_has_no_outline():
    document = document_with()
    assert document.selection.bounds() == EMPTY
    assert outline(document.selection, 1.0) == []
