"""Painting labels: rules, objects, undo, and what a document with labels does not allow."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.brush import BrushSettings, Stroke
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Cancelled
from imgstudio.core.labelled import Labelling, PaintRules
from imgstudio.core.labelling.class_edit import ClassEdit
from imgstudio.core.labelling.painting import (
    LabelEdit,
    LabelPainter,
    join_labels,
    write_labels,
    write_values,
)
from imgstudio.core.labels import UNSEEN, classes_named
from imgstudio.core.operations import crop, flip, resize_image, rotate, straighten
from imgstudio.core.selecting import select_all, select_layer
from imgstudio.core.snapshot import freeze
from imgstudio.core.thawing import adopt, thaw
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 300, 270


def labelled(mask=None, numbers=None, **rules):
    grey = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    grey[..., :3] = np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :, None]
    document = Document.from_pixels(grey)
    document.labels = Labelling.from_masks(classes_named(["Car", "Road", "Sky"]), mask, numbers)
    document.labels.rules = PaintRules(**rules)
    return document


def plain(value):
    return np.full((HEIGHT, WIDTH), value, np.uint8)


def mask_of(document):
    return document.labels.mask(document.bounds)


def objects_of(document):
    return document.labels.object_mask(document.bounds)


def painted(document, value, *points, size=40.0, number=None):
    edit = LabelEdit(document, "Brush")
    painter = LabelPainter(document, edit, value, number=number)
    stroke = Stroke(painter, BrushSettings(size=size, hardness=1.0))
    stroke.begin(*points[0])
    for point in points[1:]:
        stroke.to(*point)
    stroke.end()
    edit.commit()


BOX = Rect(100, 90, 120, 100)
ALL = np.ones((BOX.height, BOX.width), bool)


def inside(rect):
    out = np.zeros((HEIGHT, WIDTH), bool)
    out[rect.slices()] = True
    return out


def test_a_new_labelling_is_unseen_everywhere_and_takes_no_memory():
    document = labelled()
    assert (mask_of(document) == UNSEEN).all()
    assert document.labels.store.is_empty
    assert document.labels.objects.is_empty


def test_a_stroke_has_a_hard_edge_and_is_one_undo_step():
    document = labelled()
    painted(document, 2, (150, 130), (200, 140))
    mask = mask_of(document)
    assert set(np.unique(mask)) == {2, UNSEEN}
    assert mask[130, 150] == 2
    assert len(document.history.labels) == 1
    document.history.undo()
    assert (mask_of(document) == UNSEEN).all()
    assert document.labels.store.is_empty
    document.history.redo()
    assert (mask_of(document) == mask).all()


@pytest.mark.parametrize("size", [1.0, 2.0, 5.0, 31.0, 90.0])
def test_a_dab_covers_what_is_covered_by_half_or_more(size):
    document = labelled()
    painted(document, 1, (150.5, 130.5), size=size)
    rows, columns = np.indices((HEIGHT, WIDTH))
    away = np.hypot(columns + 0.5 - 150.5, rows + 0.5 - 130.5)
    mine = mask_of(document) == 1
    assert mine[away <= size / 2 - 0.75].all()
    assert mine[130, 150]
    assert not mine[away > size / 2 + 0.75].any()


def test_painting_what_is_there_already_is_no_step():
    document = labelled(plain(1))
    painted(document, 1, (150, 130), (200, 140))
    write_labels(document, BOX, ALL, 1, "Box")
    assert document.history.labels == []


def test_erasing_all_of_it_leaves_no_tile():
    document = labelled()
    write_labels(document, BOX, ALL, 1, "Box")
    write_labels(document, BOX, ALL, UNSEEN, "Erase")
    assert document.labels.store.is_empty
    assert len(document.history.labels) == 2


def test_an_abandoned_stroke_leaves_nothing():
    document = labelled(plain(3))
    edit = LabelEdit(document, "Brush")
    stroke = Stroke(LabelPainter(document, edit, 1, number=7), BrushSettings(size=50, hardness=1.0))
    edit.touch(stroke.begin(100, 100))
    assert (mask_of(document) == 1).any()
    edit.abandon()
    assert (mask_of(document) == 3).all()
    assert document.labels.objects.is_empty
    assert document.history.labels == []


def test_locked_classes_are_not_painted_over_and_not_erased():
    mask = plain(UNSEEN)
    mask[:, 150:] = 2
    document = labelled(mask, locked=frozenset({2}))
    write_labels(document, BOX, ALL, 1, "Box")
    assert ((mask_of(document) == 1) == (inside(BOX) & (mask != 2))).all()
    write_labels(document, document.bounds, np.ones((HEIGHT, WIDTH), bool), UNSEEN, "Erase")
    assert ((mask_of(document) == 2) == (mask == 2)).all()
    assert not (mask_of(document) == 1).any()


def test_only_where_unlabelled_leaves_labels_but_lets_them_be_erased():
    mask = plain(UNSEEN)
    mask[:, 150:] = 2
    document = labelled(mask, where="unlabelled")
    write_labels(document, BOX, ALL, 1, "Box")
    assert ((mask_of(document) == 1) == (inside(BOX) & (mask == UNSEEN))).all()
    write_labels(document, BOX, ALL, UNSEEN, "Erase")
    assert (mask_of(document)[BOX.slices()] == UNSEEN).all()


@pytest.mark.parametrize("within", [0, 2, UNSEEN])
def test_only_inside_of_a_class(within):
    mask = plain(UNSEEN)
    mask[:, :150], mask[120:140] = 2, 0
    document = labelled(mask, where="inside", inside=within)
    write_labels(document, BOX, ALL, 1, "Box")
    assert ((mask_of(document) == 1) == (inside(BOX) & (mask == within))).all()


def test_a_range_of_lightness_of_the_picture():
    document = labelled(lightness=(100, 180))
    write_labels(document, BOX, ALL, 1, "Box")
    light = np.linspace(0, 255, WIDTH).astype(np.uint8)
    assert ((mask_of(document) == 1) == (inside(BOX) & (light >= 100) & (light <= 180))).all()


def test_the_selection_bounds_painting():
    document = labelled()
    part = Rect(0, 0, 150, 270)
    select_all(document)
    document.selection.store.write(Rect(150, 0, 150, 270), np.zeros((270, 150, 1), np.uint8))
    document.selection.touched()
    write_labels(document, BOX, ALL, 1, "Box")
    assert ((mask_of(document) == 1) == (inside(BOX) & inside(part))).all()


def test_each_shape_is_a_new_object_and_undo_takes_class_and_object_back():
    document = labelled(objects="new")
    write_labels(document, BOX, ALL, 1, "One")
    write_labels(document, BOX.translated(60, 0), ALL, 1, "Two")
    assert (objects_of(document)[BOX.translated(60, 0).slices()] == 2).all()
    assert (objects_of(document)[100, 100:160] == 1).all()
    assert len(document.history.labels) == 2
    document.history.undo()
    assert (objects_of(document) == inside(BOX)).all()
    document.history.undo()
    assert document.labels.objects.is_empty
    assert document.labels.store.is_empty


def test_a_shape_goes_on_with_the_object_that_it_lies_on():
    document = labelled(objects="add")
    write_labels(document, BOX, ALL, 1, "One")
    write_labels(document, BOX.translated(60, 0), ALL, 1, "More")
    assert set(np.unique(objects_of(document))) == {0, 1}
    write_labels(document, Rect(0, 0, 20, 20), np.ones((20, 20), bool), 1, "Elsewhere")
    assert set(np.unique(objects_of(document))) == {0, 1, 2}


def test_what_another_class_paints_over_leaves_its_object_and_the_same_class_does_not():
    objects = np.zeros((HEIGHT, WIDTH), np.uint16)
    objects[BOX.slices()] = 5
    mask = plain(0)
    mask[BOX.slices()] = 1
    document = labelled(mask, objects)
    left = Rect(100, 90, 40, 100)
    write_labels(document, left, np.ones((100, 40), bool), 1, "Same")
    assert (objects_of(document) == objects).all()
    write_labels(document, left, np.ones((100, 40), bool), 2, "Other")
    assert ((objects_of(document) == 5) == (inside(BOX) & ~inside(left))).all()


def test_free_objects_are_those_that_nothing_has():
    objects = np.zeros((HEIGHT, WIDTH), np.uint16)
    objects[0, 0], objects[0, 1] = 65535, 1
    document = labelled(plain(1), objects)
    assert document.labels.free_object() == 2


def test_too_many_objects_are_said():
    document = Document(300, 256)
    objects = np.arange(256 * 300).clip(0, 65535).astype(np.uint16).reshape(256, 300)
    document.labels = Labelling.from_masks((), np.ones((256, 300), np.uint8), objects)
    with pytest.raises(UserError, match="too many objects"):
        document.labels.free_object()


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("new", lambda mine, shape: mine | shape),
        ("add", lambda mine, shape: mine | shape),
        ("subtract", lambda mine, shape: mine & ~shape),
        ("intersect", lambda mine, shape: mine & shape),
    ],
)
def test_how_a_shape_joins_its_class(mode, wanted):
    mask = plain(UNSEEN)
    mask[:, :150], mask[:, 280:] = 1, 3
    document = labelled(mask)
    join_labels(document, np.full(ALL.shape, 130, np.uint8), BOX, mode, "Shape")
    assert ((mask_of(document) == 1) == wanted(mask == 1, inside(BOX))).all()
    assert (mask_of(document)[:, 280:] == 3).all()


def test_less_than_half_covered_is_not_painted():
    document = labelled()
    join_labels(document, np.full(ALL.shape, 127, np.uint8), BOX, "new", "Shape")
    assert document.labels.store.is_empty


def test_a_class_edited_as_coverage_grows_and_shrinks_and_is_one_step():
    mask = plain(3)
    mask[:, :150] = 1
    document = labelled(mask)
    edit = ClassEdit(document, "Grow")
    edit.store.write(BOX, np.full((*ALL.shape, 1), 255, np.uint8))
    edit.touch(BOX)
    assert (mask_of(document)[BOX.slices()] == 1).all()
    edit.store.write(BOX, np.zeros((*ALL.shape, 1), np.uint8))
    edit.touch(BOX)
    left = mask_of(document)[BOX.slices()]
    assert (left[:, :50] == UNSEEN).all()
    assert (left[:, 50:] == 3).all()
    edit.commit()
    assert len(document.history.labels) == 1
    document.history.undo()
    assert (mask_of(document) == mask).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda document: crop(document, Rect(0, 0, 50, 50)),
        lambda document: rotate(document, 90),
        lambda document: flip(document, horizontal=True),
        lambda document: resize_image(document, 100, 90),
        lambda document: straighten(document, 3.0),
    ],
)
def test_a_picture_with_labels_keeps_its_size_and_direction(change):
    document = labelled(plain(1))
    pixels = document.layers.root[0].pixels.read(document.bounds)
    with pytest.raises(UserError, match="labels"):
        change(document)
    assert document.bounds == Rect(0, 0, WIDTH, HEIGHT)
    assert (document.layers.root[0].pixels.read(document.bounds) == pixels).all()
    assert document.history.labels == []


def test_a_thawed_copy_paints_labels_for_its_document():
    document = labelled(objects="new")
    heard = []
    document.labels_changed.connect(heard.append)
    made = thaw(freeze(document))
    write_labels(made, BOX, ALL, 2, "Box")
    assert document.labels.store.is_empty
    assert adopt(document, made)
    assert ((mask_of(document) == 2) == inside(BOX)).all()
    assert ((objects_of(document) == 1) == inside(BOX)).all()
    assert document.history.labels == ["Box"]
    assert heard


def test_work_on_a_thawed_copy_ends_when_its_labels_are_read_and_nobody_wants_it():
    def check():
        raise Cancelled

    made = thaw(freeze(labelled(plain(1))), check)
    for read in (made.labels.mask, made.labels.object_mask):
        with pytest.raises(Cancelled):
            read(BOX)


def test_every_change_is_told_also_when_it_is_undone():
    document = labelled(objects="new")
    heard = []
    document.labels_changed.connect(heard.append)
    write_labels(document, BOX, ALL, 1, "Box")
    for step in (document.history.undo, document.history.redo):
        assert any(rect.intersect(BOX) == BOX for rect in heard)
        heard.clear()
        step()
    assert any(rect.intersect(BOX) == BOX for rect in heard)


def test_values_of_many_classes_are_written_at_once():
    document = labelled(locked=frozenset({2}))
    values = np.arange(ALL.size).reshape(ALL.shape).astype(np.uint8) % 4
    write_values(document, BOX, values, values != 3, "Values")
    assert (mask_of(document)[BOX.slices()] == np.where(values == 3, UNSEEN, values)).all()
    assert len(document.history.labels) == 1


@given(
    st.lists(
        st.tuples(st.integers(-30, 330), st.integers(-30, 300), st.sampled_from([0, 1, 2, UNSEEN])),
        max_size=6,
    )
)
def test_undoing_all_strokes_gives_the_labels_back(strokes):
    rng = np.random.default_rng(1)
    mask = np.where(rng.random((HEIGHT, WIDTH)) < 0.5, UNSEEN, 1).astype(np.uint8)
    objects = np.where(mask == 1, 9, 0).astype(np.uint16)
    document = labelled(mask, objects, objects="new")
    for x, y, value in strokes:
        painted(document, value, (x, y), (x + 20, y + 5), number=document.labels.free_object())
    while document.history.can_undo:
        document.history.undo()
    assert (mask_of(document) == mask).all()
    assert (objects_of(document) == objects).all()


def test_rules_and_classes_are_told_only_when_they_change():
    labels = Labelling(classes_named(["Car"]))
    heard = []
    labels.changed.connect(lambda: heard.append(1))
    labels.rules = replace(labels.rules, value=1)
    labels.rules = replace(labels.rules, value=0)
    labels.classes = labels.classes
    labels.classes = classes_named(["Car", "Road"])
    assert len(heard) == 2
    assert [labels.name(value) for value in (0, 2, 9, 255)] == [
        "Background",
        "Road",
        "Class 9",
        "Not labelled",
    ]


def test_a_prediction_is_told_where_it_lies():
    labels = Labelling()
    heard = []
    labels.prediction_changed.connect(heard.append)
    guess = TileStore(1, fill=UNSEEN)
    guess.write(Rect(0, 0, 10, 10), np.ones((10, 10, 1), np.uint8))
    labels.predict(guess, None)
    labels.predict(None, None)
    assert heard == [Rect(0, 0, 256, 256)] * 2


def test_selecting_a_layer_does_not_touch_labels():
    document = labelled(plain(1))
    select_layer(document, document.layers.root[0])
    assert (mask_of(document) == 1).all()
