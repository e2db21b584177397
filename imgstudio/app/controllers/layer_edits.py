"""What the layers panel does to a document: each function is one undo step."""

from __future__ import annotations

from dataclasses import replace

from imgstudio.core.commands import AddLayer, MoveLayer
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY
from imgstudio.core.layers import Layer, Place
from imgstudio.core.masking import coverage_in_layer
from imgstudio.core.tiles import TileStore


def add_empty_layer(document: Document) -> Layer:
    """A transparent layer above the active one."""
    numbers = {layer.name for layer in document.layers.all()}
    number = next(n for n in range(1, len(numbers) + 2) if f"Layer {n}" not in numbers)
    layer = Layer(f"Layer {number}", document.new_store())
    document.add_layer(layer)
    return layer


def group_layer(document: Document, layer: Layer) -> Layer:
    """Put a layer, with what is clipped to it, into a new group that stands in its place."""
    place = document.layers.place_of(layer)
    siblings = document.layers.siblings(place.group)
    first = place.index
    while siblings[first].clip and first > 0:
        first -= 1
    last = first + 1
    while last < len(siblings) and siblings[last].clip:
        last += 1
    group = Layer("Group", document.new_store(), children=[])
    moves = [
        MoveLayer(
            document.layers,
            member,
            Place(place.group, first),
            Place(group.id, index),
            document.adding(group).on_change,
        )
        for index, member in enumerate(siblings[first:last])
    ]
    at = Place(place.group, last)
    adding = AddLayer(document.layers, group, at, document.adding(group).on_change, "Group")
    document.compound("Group", adding, *moves)
    document.active = group
    return group


def ungroup(document: Document, group: Layer) -> None:
    """Put the layers of a group where the group was."""
    place = document.layers.place_of(group)
    children = list(group.children or ())
    removing = document.removing(group)
    moves = [
        MoveLayer(
            document.layers,
            child,
            Place(group.id, 0),
            Place(place.group, place.index + index),
            removing.on_change,
        )
        for index, child in enumerate(children)
    ]
    gone = replace(removing, place=Place(place.group, place.index + len(children)))
    document.compound("Ungroup", *moves, gone)
    if children:
        document.active = children[-1]


def add_mask(document: Document, layer: Layer) -> None:
    """Mask a layer with the selection; without one the mask shows everything."""
    document.set_layer(layer, "Add mask", mask=_mask_from_selection(document, layer), mask_enabled=True)


def remove_mask(document: Document, layer: Layer) -> None:
    document.set_layer(layer, "Delete mask", mask=None)


def duplicate_layer(document: Document, layer: Layer) -> Layer:
    copy = layer.duplicate()
    copy.name = f"{layer.name} copy"
    place = document.layers.place_of(layer)
    document.add_layer(copy, Place(place.group, place.index + 1), "Duplicate layer")
    return copy


def move_layer(document: Document, layer: Layer, group: str, gap: int) -> bool:
    """Drop a layer into the gap above `gap` layers of a group; False when it cannot go there."""
    target = document.layers.find(group) if group else None
    if target is not None and contains(layer, target):
        return False
    before = document.layers.place_of(layer)
    index = gap - 1 if before.group == group and before.index < gap else gap
    if Place(group, index) == before:
        return False
    document.move_layer(layer, Place(group, index))
    return True


def contains(layer: Layer, other: Layer) -> bool:
    """Whether `other` is `layer` or lies somewhere in it."""
    return layer is other or any(contains(child, other) for child in layer.children or ())


def _mask_from_selection(document: Document, layer: Layer) -> TileStore:
    if document.selection.is_empty:
        return TileStore(1, fill=255)
    mask = TileStore(1)
    box = layer.pixels.bounds() if not layer.is_group else document.bounds
    if layer.transform.is_translation or layer.is_group:
        dx, dy = (0, 0) if layer.is_group else layer.transform.offset
        if (dx, dy) == (0, 0):
            mask.restore(document.selection.store.snapshot())
        else:
            covered = document.selection.bounds()
            coverage = document.selection.read(covered)
            mask.write(covered.translated(-dx, -dy), coverage[..., None])
    elif box != EMPTY:
        mask.write(box, coverage_in_layer(document.selection.store, layer, box)[..., None])
    return mask
