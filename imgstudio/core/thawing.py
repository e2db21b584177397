"""A private copy of a document for a worker to change, and its changes as one undo step of the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np

from imgstudio.core.commands import Tree, tree_of
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.history import Command
from imgstudio.core.labelled import Labelling
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array
from imgstudio.core.snapshot import DocumentSnapshot
from imgstudio.core.tiles import TileSnapshot, TileStore

_STORES: Final = ("pixels", "mask")
_PROPERTIES: Final = tuple(f.name for f in fields(Layer) if f.name not in ("id", "children", *_STORES))


class _WatchedStore(TileStore):
    """Asks at every read whether the work is still wanted."""

    __slots__ = ("_check",)

    def __init__(self, store: TileStore, check: Callable[[], None]) -> None:
        super().__init__(store.channels, store.dtype, fill=store.fill)
        self._check = check
        self.restore(store.snapshot())

    def read(self, rect: Rect) -> Array:
        self._check()
        return super().read(rect)

    def snapshot(self) -> TileSnapshot:
        check = getattr(self, "_check", None)
        if check is not None:
            check()
        return super().snapshot()


def thaw(snapshot: DocumentSnapshot, check: Callable[[], None] = lambda: None) -> Document:
    """A document that looks like the frozen one, with the same ids; `check` may raise to stop work on it."""
    document = Document(snapshot.bounds.width, snapshot.bounds.height, snapshot.dtype)
    document.layers.root = [_thawed(layer, check) for layer in snapshot.layers]
    document.selection.store = _WatchedStore(snapshot.selection, check)
    document.selection.touched()
    if snapshot.original is not None:
        document.original = _WatchedStore(snapshot.original, check)
    document.labels = None if snapshot.labels is None else _thawed_labels(snapshot.labels, check)
    document.metadata = snapshot.metadata
    document.had_alpha, document.name = snapshot.had_alpha, snapshot.name
    document.path, document.source = snapshot.path, snapshot.source
    document.active = document.layers.find(snapshot.active)
    return document


def adopt(document: Document, made: Document) -> bool:
    """Give a document what was done to its thawed copy, as one undo step; False when nothing was.

    The document must be as it was when the copy was frozen. Layers keep their identity, and what did not
    change keeps its tiles.
    """
    label = made.history.undo_label
    known = {layer.id for layer in document.layers.all()}
    commands = _changes(document, made, label)
    if commands:
        document.compound(label, *commands)
    if made.active is not None and made.active.id not in known:  # else the user's choice stands
        document.active = document.layers.find(made.active.id)
    return bool(commands)


def _thawed_labels(labels: Labelling, check: Callable[[], None]) -> Labelling:
    made = labels.copy()
    made.store, made.objects = _WatchedStore(made.store, check), _WatchedStore(made.objects, check)
    return made


def _thawed(layer: Layer, check: Callable[[], None]) -> Layer:
    return replace(
        layer,
        pixels=_WatchedStore(layer.pixels, check),
        mask=None if layer.mask is None else _WatchedStore(layer.mask, check),
        children=None if layer.children is None else [_thawed(child, check) for child in layer.children],
    )


def _changes(document: Document, made: Document, label: str) -> list[Command]:
    commands: list[Command] = []
    if made.bounds != document.bounds:
        commands.append(document.resizing(made.bounds.width, made.bounds.height))
    if made.dtype != document.dtype:
        commands.append(document.setting_own(label, dtype=made.dtype))
    present = {layer.id: layer for layer in document.layers.all()}
    for layer in made.layers.all():
        if layer.id in present:
            commands += _changes_of(document, present[layer.id], layer, label)
    shape = _with_present(tree_of(made.layers.root), present)
    if shape != tree_of(document.layers.root):
        commands.append(document.rearranging(label, shape))
    if not _is_same(document.selection.store, made.selection.store):
        commands.append(document.replacing(document.selection.store, label, made.selection.store))
    return [*commands, *_label_changes(document, made, label), *_own_changes(document, made, label)]


def _label_changes(document: Document, made: Document, label: str) -> list[Command]:
    before, after = document.labels, made.labels
    if before is None or after is None:
        return []
    pairs = ((before.store, after.store), (before.objects, after.objects))
    return [document.replacing(mine, label, other) for mine, other in pairs if not _is_same(mine, other)]


def _own_changes(document: Document, made: Document, label: str) -> list[Command]:
    commands: list[Command] = []
    if made.metadata is not document.metadata:
        commands.append(document.setting_own(label, metadata=made.metadata))
    before, after = document.original, made.original
    if before is not None and after is not None and before.dtype == after.dtype:
        if not _is_same(before, after):
            commands.append(document.replacing(before, label, after))
    elif before is not after:
        commands.append(document.setting_own(label, original=None if after is None else after.copy()))
    return commands


def _changes_of(document: Document, layer: Layer, made: Layer, label: str) -> list[Command]:
    commands: list[Command] = []
    values = {
        name: getattr(made, name) for name in _PROPERTIES if getattr(made, name) != getattr(layer, name)
    }
    cost = 0
    for name in _STORES:
        before, after = getattr(layer, name), getattr(made, name)
        if before is None and after is None:
            continue
        if before is None or after is None or before.dtype != after.dtype:
            values[name] = None if after is None else after.copy()
            cost += sum(store.nbytes for store in (before, after) if store is not None)
        elif not _is_same(before, after):
            commands.append(document.replacing(before, label, after))
    if values:
        commands.append(replace(document.setting(layer, label, **values), cost=cost))
    return commands


def _is_same(before: TileStore, after: TileStore) -> bool:
    return before.fill == after.fill and before.snapshot().shares_all_with(after.snapshot())


def _with_present(tree: Tree, present: dict[str, Layer]) -> Tree:
    """The made tree with the document's own layers in place of their copies."""
    return tuple(
        (
            present.get(layer.id) or _own(layer),
            None if inside is None else _with_present(inside, present),
        )
        for layer, inside in tree
    )


def _own(layer: Layer) -> Layer:
    """A new layer without watched stores, which would outlive the work they ask about."""
    stores: dict[str, Any] = {"pixels": layer.pixels.copy()}
    if layer.mask is not None:
        stores["mask"] = layer.mask.copy()
    return replace(layer, children=None if layer.children is None else [], **stores)


def bytes_at_stake(document: Document) -> int:
    """What work on the whole document has to read: its stores, or its area if that is more."""
    stores = [layer.pixels for layer in document.layers.all()]
    stores += [layer.mask for layer in document.layers.all() if layer.mask is not None]
    if document.original is not None:
        stores.append(document.original)
    area = document.bounds.width * document.bounds.height * 4 * np.dtype(document.dtype).itemsize
    return max(area, sum(store.nbytes for store in stores))
