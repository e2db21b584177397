"""The picture being edited: layers, selection, history. No Qt, one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from imgstudio.core.commands import (
    AddLayer,
    Compound,
    MoveLayer,
    Rearrange,
    RemoveLayer,
    ReplaceTiles,
    SetProperty,
    Tree,
    tree_of,
)
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.history import Command, History
from imgstudio.core.imagefile import Metadata
from imgstudio.core.labelled import Labelling
from imgstudio.core.layers import Layer, LayerStack, Place
from imgstudio.core.selection import Selection
from imgstudio.core.tiles import TileStore, changed_boxes


class Edit:
    """Writes under way to one store; nothing is in the history until `commit`."""

    def __init__(self, document: Document, store: TileStore, label: str) -> None:
        self._document, self.store, self.label = document, store, label
        self.before = store.snapshot()
        """The store as it was when the edit began."""

    def touch(self, rect: Rect) -> None:
        """Say that `rect` of the store was just written, so that it is shown."""
        self._document.store_changed(self.store, rect)

    def commit(self) -> None:
        """Make what was written one undo step (none, if nothing changed)."""
        self.store.drop_plain_tiles()
        after = self.store.snapshot()
        if not after.shares_all_with(self.before):
            command = ReplaceTiles(self.label, self.store, self.before, after, self._document.store_changed)
            self._document.history.push(command)

    def abandon(self) -> None:
        """Take everything back."""
        changed = changed_boxes(self.store.snapshot(), self.before)
        self.store.restore(self.before)
        for box in changed:
            self._document.store_changed(self.store, box)


class Document:
    """Change it only through `history`, `begin_edit`/`editing` or the methods here.

    Guards: `bounds` starts at (0, 0); every layer's pixels have the document's dtype; a live active layer.
    """

    damaged = Signal(Rect)
    """Pixels inside the box look different now."""
    layers_changed = Signal()
    """Layers were added, removed, moved or renamed, or a property changed."""
    selection_changed = Signal(Rect)
    labels_changed = Signal(Rect)
    """Label values or objects inside the box; whoever sets `labels` emits it for all of the picture."""
    active_changed = Signal()
    resized = Signal()
    """`bounds` changed."""
    saved = Signal()
    """`path` or the clean state changed."""
    held_changed = Signal()
    """`held` changed: a drag of layers begins or ends."""

    def __init__(self, width: int, height: int, dtype: npt.DTypeLike = np.uint8) -> None:
        self.bounds = Rect(0, 0, width, height)
        self.dtype = np.dtype(dtype)
        """uint8 or uint16, for every layer; masks and the selection are uint8."""
        self.layers = LayerStack()
        self.selection = Selection()
        self.labels: Labelling | None = None
        """Only of a picture that is labelled."""
        self.history = History()
        self.metadata = Metadata(None, None, None, None, None)
        self.path: Path | None = None
        """Project or picture file it was opened from or saved to."""
        self.source: Path | None = None
        """The picture file it was opened from, which is never overwritten without asking."""
        self.name = "Untitled"
        self.had_alpha = False
        """Whether the opened file had an alpha channel."""
        self.warnings: tuple[str, ...] = ()
        self.original: TileStore | None = None
        """The flattened picture as it was opened, for before/after; follows crop, turn and resize."""
        self.held: tuple[Layer, ...] = ()
        """Layers that a pointer drags about now: the one taken first, then all that go with it."""
        self._active = ""

    @classmethod
    def from_pixels(cls, pixels: npt.NDArray[Any], name: str = "Background") -> Document:
        """A document of one layer from (height, width, 4) uint8 or uint16 straight RGBA."""
        document = cls(pixels.shape[1], pixels.shape[0], pixels.dtype)
        layer = Layer(name, TileStore.from_array(pixels))
        document.layers.root.append(layer)
        document.active = layer
        return document

    @property
    def active(self) -> Layer | None:
        """The layer that tools and filters act on."""
        layer = self.layers.find(self._active)
        return layer or next(reversed(self.layers.root), None)

    @active.setter
    def active(self, layer: Layer | None) -> None:
        if layer is not None and layer.id != self._active:
            self._active = layer.id
            self.active_changed.emit()

    def begin_edit(self, store: TileStore, label: str) -> Edit:
        """Start recording writes to `store`; commit or abandon the returned edit."""
        return Edit(self, store, label)

    @contextmanager
    def editing(self, store: TileStore, label: str) -> Iterator[Edit]:
        """Record the block as one undo step; an exception takes it all back."""
        edit = self.begin_edit(store, label)
        try:
            yield edit
        except BaseException:
            edit.abandon()
            raise
        edit.commit()

    def store_changed(self, store: TileStore, rect: Rect) -> None:
        """Tell listeners that `rect` of a store (in its own coordinates) changed."""
        if store is self.selection.store:
            self.selection.touched()
            self.selection_changed.emit(rect)
            return
        if self.labels is not None and (store is self.labels.store or store is self.labels.objects):
            self.labels_changed.emit(rect)
            return
        owner = self.layers.owner_of(store)
        if owner is not None and not rect.is_empty:
            self.damaged.emit(owner.transform.reach_of(rect))

    def new_store(self) -> TileStore:
        """An empty pixel store of this document's depth."""
        return TileStore(4, self.dtype)

    def do(self, command: Command, *, merge: bool = False) -> None:
        """Carry out a command as one undo step."""
        self.history.push(command, merge=merge)

    def place_above(self, layer: Layer | None, *, free: bool = False) -> Place:
        """Where a new layer goes: above `layer` (and what is clipped to it), else on top.

        One that is `free`, not clipped to it, also goes above what was made of it as an object.
        """
        if layer is None:
            return Place("", len(self.layers))
        place = self.layers.place_of(layer)
        siblings, index = self.layers.siblings(place.group), place.index + 1
        while index < len(siblings) and (
            siblings[index].clip or (free and siblings[index].object_id == layer.id)
        ):
            index += 1
        return Place(place.group, index)

    def add_layer(self, layer: Layer, place: Place | None = None, label: str = "Add layer") -> None:
        self.do(self.adding(layer, place, label))
        self.active = layer

    def remove_layer(self, layer: Layer, label: str = "Delete layer") -> None:
        """Take a layer out; its neighbour becomes active."""
        neighbour = _neighbour_of(self.layers, layer)
        self.do(self.removing(layer, label))
        self.active = neighbour

    def move_layer(self, layer: Layer, place: Place) -> None:
        """Put the layer at `place`, whose index counts with the layer taken out."""
        before = self.layers.place_of(layer)
        if place != before:
            self.do(MoveLayer(self.layers, layer, before, place, self._layers_dirty))

    def set_layer(self, layer: Layer, label: str, *, merge: bool = False, **values: Any) -> None:
        """Set attributes of a layer as one undo step; `merge` joins a run of slider moves."""
        self.do(self.setting(layer, label, **values), merge=merge)

    def adding(self, layer: Layer, place: Place | None = None, label: str = "Add layer") -> AddLayer:
        place = place or self.place_above(self.active, free=not layer.clip)
        return AddLayer(self.layers, layer, place, self._layers_dirty, label)

    def removing(self, layer: Layer, label: str = "Delete layer") -> RemoveLayer:
        return RemoveLayer(self.layers, layer, self.layers.place_of(layer), self._layers_dirty, label)

    def setting(self, layer: Layer, label: str, **values: Any) -> SetProperty:
        before = {name: getattr(layer, name) for name in values}
        invisible = set(values) <= {"name", "locked", "recipe", "jpeg"}
        area = (lambda: EMPTY) if invisible else (lambda: self._area_of(layer))
        return SetProperty(label, layer, before, values, area, self._layers_dirty)

    def replacing(self, store: TileStore, label: str, after: TileStore) -> ReplaceTiles:
        """A command that makes `store` hold the pixels of `after`."""
        return ReplaceTiles(label, store, store.snapshot(), after.snapshot(), self.store_changed)

    def rearranging(self, label: str, after: Tree) -> Rearrange:
        """A command that gives the layers another shape; start from `tree_of(document.layers.root)`."""
        before = tree_of(self.layers.root)
        return Rearrange(label, self.layers, before, after, lambda: self._layers_dirty(self.bounds))

    def setting_own(self, label: str, **values: Any) -> SetProperty:
        """A command that sets attributes of the document itself: metadata, depth, original."""
        before = {name: getattr(self, name) for name in values}
        return SetProperty(label, self, before, values, lambda: self.bounds, self._layers_dirty)

    def resizing(self, width: int, height: int) -> SetProperty:
        """A command that changes the document's size and nothing else. Raises UserError where there are labels."""
        if self.labels is not None:
            raise UserError(
                "A picture with labels keeps its size and direction",
                "Its labels would no longer lie where they were painted",
                "Export a copy of the picture and change that",
            )
        before, after = {"bounds": self.bounds}, {"bounds": Rect(0, 0, width, height)}
        return SetProperty("Canvas size", self, before, after, lambda: self.bounds, self._resized)

    def compound(self, label: str, *commands: Command) -> None:
        """Carry out several commands as one undo step."""
        self.do(Compound(label, commands))

    def _area_of(self, layer: Layer) -> Rect:
        """What a change of the layer may repaint, clipped followers included."""
        return layer.bounds().intersect(self.bounds)

    def _layers_dirty(self, rect: Rect) -> None:
        self.layers_changed.emit()
        if not rect.is_empty:
            self.damaged.emit(rect)

    def _resized(self, rect: Rect) -> None:
        self.resized.emit()
        self.damaged.emit(rect)


def _neighbour_of(layers: LayerStack, layer: Layer) -> Layer | None:
    """What becomes active when the layer goes: the one below, else above, else its group."""
    place = layers.place_of(layer)
    siblings = layers.siblings(place.group)
    if len(siblings) > 1:
        return siblings[place.index - 1] if place.index else siblings[1]
    return layers.find(place.group)
