import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from imgstudio.core.blend import flatten
from imgstudio.core.commands import tree_of
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import Layer, Place
from imgstudio.core.snapshot import freeze
from imgstudio.core.tiles import TileStore

AREA = Rect(-20, -20, 90, 90)


def document_of(count=2, dtype=np.uint8):
    document = Document.from_pixels(np.full((30, 40, 4), 255, dtype))
    for index in range(1, count):
        pixels = np.full((10, 10, 4), 40 * index, dtype)
        document.layers.root.append(Layer(f"L{index}", TileStore.from_array(pixels, index * 3, 2)))
    return document


def state(document):
    def of(layers):
        return [
            (x.id, x.name, x.opacity, x.visible, x.blend, x.transform, x.pixels.read(AREA).tobytes(),
             None if x.children is None else of(x.children))
            for x in layers
        ]  # fmt: skip

    return (
        document.bounds,
        of(document.layers.root),
        document.selection.read(AREA).tobytes(),
        document.selection.bounds(),
    )


def edit(document, kind, number):
    layers = list(document.layers.all())
    layer = layers[number % len(layers)] if layers else None
    rect = Rect(number % 40 - 10, number % 30 - 5, 1 + number % 20, 1 + number % 15)
    if kind == "select":
        with document.editing(document.selection.store, "Select") as editing:
            editing.store.write(rect, np.full((rect.height, rect.width, 1), number % 256, np.uint8))
            editing.touch(rect)
    elif kind == "add" or layer is None:
        document.add_layer(Layer(f"N{number}", document.new_store()))
    elif kind == "paint":
        with document.editing(layer.pixels, "Paint") as editing:
            editing.store.write(rect, np.full((rect.height, rect.width, 4), number % 256, document.dtype))
            editing.touch(rect)
    elif kind == "remove":
        document.remove_layer(layer)
    elif kind == "move":
        document.move_layer(layer, Place("", number % max(1, len(document.layers))))
    elif kind == "set":
        document.set_layer(
            layer, "Set", merge=bool(number % 2), opacity=number % 11 / 10, transform=Transform(e=number % 7)
        )
    elif kind == "group":
        after = ((Layer("G", document.new_store(), children=[]), tree_of(document.layers.root)),)
        document.do(document.rearranging("Group", after))
    elif kind == "size":
        document.compound(
            "Size", document.resizing(20 + number % 50, 30), document.setting(layer, "Name", name=str(number))
        )


KINDS = ("paint", "select", "add", "remove", "move", "set", "group", "size")
edits = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 1000)), min_size=1, max_size=10)


@settings(max_examples=60, deadline=None)
@given(edits, st.sampled_from([np.uint8, np.uint16]))
def test_undo_all_then_redo_all_restores_everything(plan, dtype):
    document = document_of(3, dtype)
    seen = {0: state(document)}
    for kind, number in plan:
        edit(document, kind, number)
        seen[document.history.position] = state(document)
    last = document.history.position
    for position in reversed(range(last)):
        document.history.undo()
        assert state(document) == seen[position]
    for position in range(1, last + 1):
        document.history.redo()
        assert state(document) == seen[position]


def test_an_edit_that_fails_leaves_nothing_behind():
    document = document_of()
    before = state(document)
    layer = document.layers.root[0]

    def failing_stroke():
        with document.editing(layer.pixels, "Paint") as editing:
            editing.store.write(Rect(0, 0, 9, 9), np.zeros((9, 9, 4), np.uint8))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_stroke()
    assert state(document) == before
    assert not document.history.can_undo


def test_an_edit_that_changes_nothing_is_no_step():
    document = document_of()
    with document.editing(document.selection.store, "Select") as editing:
        editing.store.write(Rect(0, 0, 9, 9), np.zeros((9, 9, 1), np.uint8))
    assert document.history.position == 0
    assert document.selection.is_empty


def test_painting_a_moved_layer_damages_where_it_shows():
    document, boxes = document_of(), []
    layer = document.layers.root[1]
    layer.transform = Transform(e=5, f=-2)
    document.damaged.connect(boxes.append)
    with document.editing(layer.pixels, "Paint") as editing:
        editing.store.write(Rect(4, 4, 2, 2), np.zeros((2, 2, 4), np.uint8))
        editing.touch(Rect(4, 4, 2, 2))
    assert boxes[0] == Rect(9, 2, 2, 2)


def test_a_new_layer_goes_above_what_is_clipped_to_the_active_one():
    document = document_of(3)
    document.layers.root[1].clip = True
    document.active = document.layers.root[0]
    added = Layer("New", document.new_store())
    document.add_layer(added)
    assert document.layers.root.index(added) == 2
    assert document.active is added


def test_deleting_makes_the_neighbour_active():
    document = document_of(3)
    document.remove_layer(document.layers.root[1])
    assert document.active is document.layers.root[0]
    document.remove_layer(document.layers.root[0])
    document.remove_layer(document.layers.root[0])
    assert document.active is None


def test_slider_moves_join_into_one_step():
    document = document_of()
    layer = document.layers.root[0]
    for opacity in (0.9, 0.5, 0.2):
        document.set_layer(layer, "Opacity", merge=True, opacity=opacity)
    assert document.history.position == 1
    document.history.undo()
    assert layer.opacity == 1.0


def test_a_tree_holds_every_layer_once():
    document = document_of()
    layer = document.layers.root[0]
    with pytest.raises(ValueError, match="already"):
        document.layers.insert(layer, Place("", 0))
    with pytest.raises(KeyError):
        document.layers.place_of(Layer("Stranger"))
    with pytest.raises(KeyError):
        document.layers.siblings("no such group")


def test_the_base_of_a_clipped_layer_is_the_first_below_that_is_not_clipped():
    document = document_of(4)
    document.layers.root[2].clip = document.layers.root[3].clip = True
    assert document.layers.base_of(document.layers.root[3]) is document.layers.root[1]
    assert document.layers.base_of(document.layers.root[0]) is None


def test_a_duplicate_shares_nothing_that_can_be_changed():
    document = document_of()
    group = Layer(
        "G", document.new_store(), children=[document.layers.root.pop()], mask=TileStore(1, fill=255)
    )
    copy = group.duplicate()
    copy.children[0].pixels.write(Rect(3, 2, 1, 1), np.zeros((1, 1, 4), np.uint8))
    assert group.children[0].pixels.read(Rect(3, 2, 1, 1)).all()
    assert {copy.id, copy.children[0].id}.isdisjoint({group.id, group.children[0].id})


def test_a_frozen_document_does_not_follow_the_document():
    document = document_of()
    frozen, before = freeze(document), flatten(document)
    for kind, number in (("paint", 3), ("set", 4), ("size", 9), ("add", 1), ("remove", 0)):
        edit(document, kind, number)
    assert np.array_equal(flatten(frozen), before)
    assert [a.id for a in frozen.layers.all()] != [a.id for a in document.layers.all()]
