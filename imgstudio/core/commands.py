"""The reversible changes a document can undergo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.history import Command
from imgstudio.core.layers import Layer, LayerStack, Place
from imgstudio.core.tiles import TileSnapshot, TileStore, changed_boxes, exclusive_bytes

Tree: TypeAlias = tuple[tuple[Layer, "Tree | None"], ...]
"""Layers bottom first, each with the tree inside it (None: no group)."""


def tree_of(layers: Sequence[Layer]) -> Tree:
    """The present shape of a list of layers, to be changed and given to `Rearrange`."""
    return tuple((layer, None if layer.children is None else tree_of(layer.children)) for layer in layers)


@dataclass(frozen=True, slots=True, eq=False)
class ReplaceTiles:
    """Swap a store between two snapshots; used for strokes, fills and filters."""

    label: str
    store: TileStore
    before: TileSnapshot
    after: TileSnapshot
    on_dirty: Callable[[TileStore, Rect], None] = field(default=lambda store, rect: None)

    @property
    def cost(self) -> int:
        return exclusive_bytes(self.before, self.after)

    def redo(self) -> None:
        self._put(self.after)

    def undo(self) -> None:
        self._put(self.before)

    def merged(self, newer: Command) -> Command | None:
        return None

    def _put(self, state: TileSnapshot) -> None:
        changed = changed_boxes(self.store.snapshot(), state)
        self.store.restore(state)
        for box in changed or [EMPTY]:  # whoever remembers something of the store hears of it in any case
            self.on_dirty(self.store, box)


@dataclass(frozen=True, slots=True, eq=False)
class _OneLayer:
    """What putting a layer into the tree and taking it out share; out of the tree it lives on here."""

    layers: LayerStack
    layer: Layer
    place: Place
    on_change: Callable[[Rect], None]
    label: str

    @property
    def cost(self) -> int:
        return _bytes_of(self.layer)

    def merged(self, newer: Command) -> Command | None:
        return None

    def _put_in(self) -> None:
        self.layers.insert(self.layer, self.place)
        self.on_change(self.layer.bounds())

    def _take_out(self) -> None:
        self.layers.remove(self.layer)
        self.on_change(self.layer.bounds())


@dataclass(frozen=True, slots=True, eq=False)
class AddLayer(_OneLayer):
    """Put a layer into the tree."""

    label: str = "Add layer"

    def redo(self) -> None:
        self._put_in()

    def undo(self) -> None:
        self._take_out()


@dataclass(frozen=True, slots=True, eq=False)
class RemoveLayer(_OneLayer):
    """Take a layer out of the tree."""

    label: str = "Delete layer"

    def redo(self) -> None:
        self._take_out()

    def undo(self) -> None:
        self._put_in()


@dataclass(frozen=True, slots=True, eq=False)
class MoveLayer:
    """Give a layer another place in the tree; `after` counts with the layer taken out."""

    layers: LayerStack
    layer: Layer
    before: Place
    after: Place
    on_change: Callable[[Rect], None]
    label: str = "Reorder layers"
    cost: int = 0

    def redo(self) -> None:
        self._put(self.after)

    def undo(self) -> None:
        self._put(self.before)

    def merged(self, newer: Command) -> Command | None:
        return None

    def _put(self, place: Place) -> None:
        self.layers.remove(self.layer)
        self.layers.insert(self.layer, place)
        self.on_change(self.layer.bounds())


@dataclass(frozen=True, slots=True, eq=False)
class Rearrange:
    """Give the whole tree another shape: grouping, merging, flattening."""

    label: str
    layers: LayerStack
    before: Tree
    after: Tree
    on_change: Callable[[], None]

    @property
    def cost(self) -> int:
        before, after = _members(self.before), _members(self.after)
        return sum(_own_bytes(layer) for layer in before ^ after)

    def redo(self) -> None:
        self._put(self.after)

    def undo(self) -> None:
        self._put(self.before)

    def merged(self, newer: Command) -> Command | None:
        return None

    def _put(self, tree: Tree) -> None:
        self.layers.root = _planted(tree)
        self.on_change()


@dataclass(frozen=True, slots=True, eq=False)
class SetProperty:
    """Set attributes of one object: a layer's name, opacity, transform, mask; the document's bounds."""

    label: str
    target: Any
    before: dict[str, Any]
    after: dict[str, Any]
    area: Callable[[], Rect]
    """What is dirty, asked before and after the change."""
    on_change: Callable[[Rect], None]
    cost: int = 0

    def redo(self) -> None:
        self._set(self.after)

    def undo(self) -> None:
        self._set(self.before)

    def merged(self, newer: Command) -> Command | None:
        if isinstance(newer, SetProperty) and newer.target is self.target and newer.label == self.label:
            return SetProperty(
                self.label,
                self.target,
                newer.before | self.before,
                self.after | newer.after,
                self.area,
                self.on_change,
                self.cost + newer.cost,
            )
        return None

    def _set(self, values: dict[str, Any]) -> None:
        dirty = self.area()
        for name, value in values.items():
            setattr(self.target, name, value)
        self.on_change(dirty.united(self.area()))


@dataclass(frozen=True, slots=True, eq=False)
class Compound:
    """Several commands as one step."""

    label: str
    commands: Sequence[Command]

    @property
    def cost(self) -> int:
        return sum(command.cost for command in self.commands)

    def redo(self) -> None:
        for command in self.commands:
            command.redo()

    def undo(self) -> None:
        for command in reversed(self.commands):
            command.undo()

    def merged(self, newer: Command) -> Command | None:
        """Join part by part, when every part can (several layers nudged together)."""
        if not isinstance(newer, Compound) or newer.label != self.label:
            return None
        if len(newer.commands) != len(self.commands):
            return None
        joined = [mine.merged(other) for mine, other in zip(self.commands, newer.commands, strict=True)]
        parts = [command for command in joined if command is not None]
        return Compound(self.label, parts) if len(parts) == len(joined) else None


def nothing() -> Rect:
    """Dirty area of a change that cannot be seen."""
    return EMPTY


def _planted(tree: Tree) -> list[Layer]:
    for layer, inside in tree:
        layer.children = None if inside is None else _planted(inside)
    return [layer for layer, _ in tree]


def _members(tree: Tree) -> set[Layer]:
    return {item for layer, inside in tree for item in (layer, *_members(inside or ()))}


def _own_bytes(layer: Layer) -> int:
    return layer.pixels.nbytes + (layer.mask.nbytes if layer.mask is not None else 0)


def _bytes_of(layer: Layer) -> int:
    return _own_bytes(layer) + sum(_bytes_of(child) for child in layer.children or ())
