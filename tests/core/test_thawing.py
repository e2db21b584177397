"""Work on a thawed copy, adopted by the document, is the same as work on the document."""

from __future__ import annotations

import numpy as np
import pytest

from imgstudio.core import operations, selecting
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.jobs import Cancelled, CancelToken
from imgstudio.core.layers import Layer
from imgstudio.core.snapshot import freeze
from imgstudio.core.thawing import adopt, thaw
from imgstudio.core.tiles import TileStore


def picture(seed: int, height: int = 90, width: int = 120):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def full_document() -> Document:
    """Layers, a group, a clipped layer, masks, a transform, a selection, an original."""
    document = Document.from_pixels(picture(1))
    document.original = document.layers.root[0].pixels.copy()
    inner = Layer("inner", TileStore.from_array(picture(2)), transform=Transform(e=7, f=-5))
    mask = TileStore.from_array(picture(3)[..., :1], fill=255)
    group = Layer("group", document.new_store(), children=[inner], mask=mask)
    clipped = Layer("clipped", TileStore.from_array(picture(4)), clip=True, opacity=0.5, blend="screen")
    hidden = Layer("hidden", TileStore.from_array(picture(5)), visible=False)
    document.layers.root += [group, clipped, hidden]
    selecting.combine(document, picture(6, 40, 50)[..., 0], Rect(20, 10, 50, 40), "new")
    document.active = clipped
    document.history.clear()
    return document


def facts(document: Document):
    """Everything that a file of the document would hold."""
    layers = [
        (
            layer.name,
            layer.pixels.read(Rect(-20, -20, 300, 300)).tobytes(),
            None if layer.mask is None else layer.mask.read(Rect(-20, -20, 300, 300)).tobytes(),
            layer.transform,
            layer.opacity,
            layer.visible,
            layer.clip,
            layer.blend,
            layer.jpeg,
            None if layer.children is None else [child.name for child in layer.children],
        )
        for layer in document.layers.all()
    ]
    original = None if document.original is None else document.original.read(document.bounds).tobytes()
    selected = document.selection.read(document.bounds).tobytes()
    shown = flatten(document).tobytes()
    return (
        document.bounds,
        document.dtype,
        layers,
        original,
        selected,
        document.metadata.icc,
        document.metadata.xmp,
        shown,
    )


def through_a_copy(document: Document, change) -> bool:
    made = thaw(freeze(document))
    change(made)
    return adopt(document, made)


CHANGES = {
    "flatten": operations.flatten_image,
    "merge visible": operations.merge_visible,
    "merge down": lambda d: operations.merge_down(d, next(x for x in d.layers if x.name == "clipped")),
    "turn": lambda d: operations.rotate(d, 90),
    "flip": lambda d: operations.flip(d, horizontal=True),
    "resize": lambda d: operations.resize_image(d, 61, 47),
    "crop": lambda d: operations.crop(d, Rect(5, 6, 70, 60), delete_outside=True),
    "straighten": lambda d: operations.straighten(d, 9.0),
    "16 bit": lambda d: operations.convert_depth(d, np.uint16),
    "assign": lambda d: operations.assign_profile(d, None),
    "grow": lambda d: selecting.grow(d, 4),
    "feather": lambda d: selecting.feather(d, 3.0),
    "duplicate": lambda d: operations.duplicate_layer(d, d.layers.root[1]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_adopting_is_the_same_as_changing_and_can_be_undone(name):
    direct, document = full_document(), full_document()
    before = facts(document)
    layers_before = list(document.layers.all())
    CHANGES[name](direct)
    through_a_copy(document, CHANGES[name])
    assert facts(document) == facts(direct)
    assert document.history.labels == direct.history.labels
    assert (document.active and document.active.name) == (direct.active and direct.active.name)
    after = facts(document)
    document.history.undo()
    assert facts(document) == before
    assert list(document.layers.all()) == layers_before
    document.history.redo()
    assert facts(document) == after


def test_a_layer_that_did_not_change_keeps_its_tiles_and_its_identity():
    document = full_document()
    before = [(layer, layer.pixels, layer.pixels.snapshot()) for layer in document.layers.all()]
    assert through_a_copy(document, lambda made: selecting.grow(made, 3))
    for layer, store, snapshot in before:
        assert document.layers.find(layer.id) is layer
        assert layer.pixels is store
        assert store.snapshot().shares_all_with(snapshot)
    assert document.history.cost < 200_000


def test_doing_nothing_makes_no_step():
    document = full_document()
    assert not through_a_copy(document, lambda made: None)
    assert document.history.labels == []


def test_the_layer_chosen_meanwhile_stays_chosen():
    document = full_document()
    made = thaw(freeze(document))
    selecting.grow(made, 3)
    document.active = document.layers.root[0]
    adopt(document, made)
    assert document.active is document.layers.root[0]


@pytest.mark.parametrize("name", ["flatten", "turn", "resize", "16 bit", "grow"])
def test_a_cancelled_copy_stops_at_its_next_read(name):
    document = full_document()
    token = CancelToken()
    made = thaw(freeze(document), token.check)
    before = facts(document)
    token.cancel()
    with pytest.raises(Cancelled):
        CHANGES[name](made)
    assert facts(document) == before


def test_what_was_adopted_asks_nobody_any_more():
    document = full_document()
    token = CancelToken()
    made = thaw(freeze(document), token.check)
    operations.duplicate_layer(made, made.layers.root[1])
    operations.convert_depth(made, np.uint16)
    adopt(document, made)
    token.cancel()
    facts(document)
    document.history.undo()
    facts(document)
