"""Named states of a document that one can come back to, whatever the history has forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from imgstudio.core.commands import AddLayer
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.history import Command
from imgstudio.core.layers import Layer, Place


@dataclass(frozen=True, slots=True, eq=False)
class SavedState:
    """Copies of the layers that share their tiles with the document, so that keeping them is cheap."""

    name: str
    layers: tuple[Layer, ...]
    bounds: Rect

    @property
    def cost(self) -> int:
        """Bytes it would hold if it shared nothing."""
        return sum(_bytes_of(layer) for layer in self.layers)


def save_state(document: Document, name: str) -> SavedState:
    return SavedState(name, tuple(layer.duplicate() for layer in document.layers), document.bounds)


def restore_state(document: Document, saved: SavedState) -> None:
    """Go back to a saved state as one undo step."""
    removals: list[Command] = [document.removing(layer) for layer in reversed(document.layers.root)]
    fresh = [layer.duplicate() for layer in saved.layers]
    on_change = document.adding(fresh[0], Place("", 0)).on_change if fresh else lambda rect: None
    additions = [
        AddLayer(document.layers, layer, Place("", index), on_change) for index, layer in enumerate(fresh)
    ]
    resize: list[Command] = []
    if saved.bounds != document.bounds:
        command = document.resizing(saved.bounds.width, saved.bounds.height)
        resize = [command]
    document.compound(f"Snapshot “{saved.name}”", *removals, *resize, *additions)
    if fresh:
        document.active = fresh[-1]


def _bytes_of(layer: Layer) -> int:
    own = layer.pixels.nbytes + (layer.mask.nbytes if layer.mask is not None else 0)
    return own + sum(_bytes_of(child) for child in layer.children or ())
