"""Layers taken in hand: moved, scaled, turned and put in perspective without touching a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, Literal, Protocol

import numpy as np

from imgstudio.core.blend import render_layer
from imgstudio.core.commands import Compound
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, IDENTITY, Point, Rect, Transform
from imgstudio.core.history import Command
from imgstudio.core.layering import bands
from imgstudio.core.layers import Layer
from imgstudio.core.masking import check_paintable, coverage_through
from imgstudio.core.pixels import Array, top
from imgstudio.core.reshaping import transformed_mask
from imgstudio.core.tiles import TILE, Index, TileStore, box_where

_QUARTERS: Final = {90: Transform(0, 1, -1, 0), 180: Transform(-1, 0, 0, -1), 270: Transform(0, -1, 1, 0)}


class Holds(Protocol):
    """Something that was taken in hand: a layer, or the selection."""

    @property
    def document(self) -> Document: ...

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Pixel layers that are moved."""
        ...

    @property
    def frame(self) -> tuple[Rect, Transform]:
        """Box of what is moved, and the map from there to the document, as they were taken."""
        ...

    @property
    def is_current(self) -> bool:
        """Whether the document still has it in its place."""
        ...

    @property
    def has_own_size(self) -> bool:
        """Whether it is stored at another size or place than it is shown at."""
        ...

    def begin_drag(self) -> None: ...

    def end_drag(self) -> None: ...

    def put(self, through: Transform) -> None:
        """Show it elsewhere; the history knows nothing yet."""
        ...

    def keep(self, through: Transform, label: str, *, merge: bool = False) -> None:
        """Make it one undo step, as seen from where it was taken."""
        ...


class Held:
    """A layer and all that goes with it, as they were when they were taken.

    Guards: `put` shows them elsewhere behind the history's back, and `put(IDENTITY)` gives all back; only
    `keep` makes it a step.
    """

    def __init__(self, document: Document, layer: Layer) -> None:
        self.document, self.layer = document, layer
        parts = moved_with(document, layer)
        self._starts = [(part, part.transform) for part in parts if not part.is_group]
        self._masks = [(part, part.mask) for part in parts if part.is_group and part.mask is not None]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Pixel layers that are moved, the one taken or its lowest child first."""
        return tuple(part for part, _ in self._starts)

    @property
    def is_current(self) -> bool:
        """Whether it is still the active layer."""
        return self.layer is self.document.active

    @property
    def has_own_size(self) -> bool:
        """Whether it has pixels of its own, unlike a group."""
        return not self.layer.is_group

    @cached_property
    def frame(self) -> tuple[Rect, Transform]:
        """Box of what is seen of the layer, and the map from there to the document.

        In the layer's own coordinates, so that a turned layer keeps its turned box; of a group in those of
        the document. The box is empty when nothing is seen.
        """
        if not self.layer.is_group:
            return shown_box(self.layer), self.layer.transform
        return shown_bounds(self.layer), IDENTITY

    def begin_drag(self) -> None:
        """Tell the document that a pointer has the layers."""
        self.document.held = (self.layer, *(part for part in self.layers if part is not self.layer))
        self.document.held_changed.emit()

    def end_drag(self) -> None:
        """Tell the document that the pointer has let them go."""
        if self.document.held:
            self.document.held = ()
            self.document.held_changed.emit()

    def put(self, through: Transform) -> None:
        """Show the layers through a map of the document; the history knows nothing yet."""
        dirty = EMPTY
        for part, start in self._starts:
            dirty = dirty.united(part.bounds())
            part.transform = self._moved(part, start, through)
            dirty = dirty.united(part.bounds())
        self.document.damaged.emit(dirty.intersect(self.document.bounds))

    def keep(self, through: Transform, label: str, *, merge: bool = False) -> None:
        """Make it one undo step, as seen from where the layers were taken; `merge` joins a run of them."""
        self.put(IDENTITY)
        document = self.document
        commands: list[Command] = [
            document.setting(part, label, transform=self._moved(part, start, through))
            for part, start in self._starts
        ]
        for group, mask in self._masks:
            made = transformed_mask(mask, through, document.bounds)
            commands.append(replace(document.setting(group, label, mask=made), cost=mask.nbytes))
        if commands:
            document.do(Compound(label, commands), merge=merge)

    def _moved(self, part: Layer, start: Transform, through: Transform) -> Transform:
        if through == IDENTITY:
            return start
        made = start.then(through).rounded()
        return made if made.is_affine else made.scaled_for(self._boxes[part.id])

    @cached_property
    def _boxes(self) -> dict[str, Rect]:
        return {part.id: part.pixels.content_bounds() for part, _ in self._starts}


def moved_with(document: Document, layer: Layer) -> list[Layer]:
    """The layer, what is clipped to it, and all that groups among them hold."""
    place = document.layers.place_of(layer)
    siblings = document.layers.siblings(place.group)
    run = [layer]
    if not layer.clip:
        for follower in siblings[place.index + 1 :]:
            if not follower.clip:
                break
            run.append(follower)
    return [part for top in run for part in _with_children(top)]


def shown_box(layer: Layer, least: float = 0.0) -> Rect:
    """Box of the pixels of a layer that its alpha and its mask let be seen, in its own coordinates.

    Alpha and mask below `least` (0..1), each, do not count.
    """
    mask = layer.mask if layer.mask_enabled else None

    def seen(index: Index, tile: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        there = tile[..., 3] >= max(1, least * top(tile.dtype))
        if mask is not None:
            cover = mask.read(Rect(index[0] * TILE, index[1] * TILE, TILE, TILE))[..., 0]
            there &= cover >= max(1, least * top(cover.dtype))
        return np.asarray(there)

    return box_where(layer.pixels.snapshot().tiles, seen)


def shown_bounds(layer: Layer) -> Rect:
    """The same of a layer or all layers of a group, in the document."""
    if layer.children is None:
        return layer.transform.bounds_of(shown_box(layer))
    box = EMPTY
    for child in layer.children:
        if child.visible:
            box = box.united(shown_bounds(child))
    return box


def flip_layer(document: Document, layer: Layer, *, horizontal: bool) -> None:
    """Mirror a layer, with what goes with it, in its place: left and right, or top and bottom."""
    held = Held(document, layer)
    label = "Flip layer horizontally" if horizontal else "Flip layer vertically"
    held.keep(mirrored(_box_in_document(held), horizontal=horizontal), label)


def turn_layer(document: Document, layer: Layer, degrees: Literal[90, 180, 270]) -> None:
    """Turn a layer, with what goes with it, clockwise round its middle."""
    held = Held(document, layer)
    held.keep(quarter_turned(_box_in_document(held), degrees), f"Turn layer {degrees}°")


def apply_transform(document: Document, layer: Layer) -> None:
    """Resample a layer into the picture's own pixels, so that it can be painted on; it looks the same.

    What lies farther outside than the picture is large is lost. Raises UserError for a group or a locked
    layer.
    """
    check_paintable(layer)
    if layer.transform == IDENTITY:
        return
    bounds, label = document.bounds, "Apply transform"
    around = bounds.expanded(max(bounds.width, bounds.height))
    alone = replace(layer, mask=None)
    pixels = document.new_store()
    for rect in bands(layer.transform.reach_of(layer.pixels.filled_bounds()).intersect(around)):
        pixels.write(rect, render_layer(alone, rect, document.dtype))
    pixels.drop_plain_tiles()
    values: dict[str, Any] = {"transform": IDENTITY, "jpeg": None}
    if layer.mask is not None:
        mask = TileStore(1, fill=layer.mask.fill)
        for rect in bands(layer.transform.reach_of(layer.mask.filled_bounds()).intersect(around)):
            mask.write(rect, coverage_through(layer.mask, layer.transform, rect)[..., None])
        mask.drop_plain_tiles()
        values["mask"] = mask
    setting = replace(
        document.setting(layer, label, **values), cost=0 if layer.mask is None else layer.mask.nbytes
    )
    document.compound(label, document.replacing(layer.pixels, label, pixels), setting)


def mirrored(box: Rect, *, horizontal: bool) -> Transform:
    """The map of the document that mirrors a box in its place."""
    if horizontal:
        return Transform(a=-1.0, e=float(box.x + box.right))
    return Transform(d=-1.0, f=float(box.y + box.bottom))


def quarter_turned(box: Rect, degrees: Literal[90, 180, 270]) -> Transform:
    """The map that turns a box clockwise round its middle, to whole pixels."""
    turn = _QUARTERS[degrees]
    middle = Point(box.x + box.width / 2, box.y + box.height / 2)
    there = turn.apply(*middle)
    return turn._replace(e=float(round(middle.x - there.x)), f=float(round(middle.y - there.y)))


def _box_in_document(held: Held) -> Rect:
    box, to_document = held.frame
    return to_document.bounds_of(box)


def _with_children(layer: Layer) -> Iterator[Layer]:
    for child in layer.children or ():
        yield from _with_children(child)
    yield layer
