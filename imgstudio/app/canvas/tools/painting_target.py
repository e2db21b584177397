"""Where paint goes: the active layer's pixels or mask, or the selection; or why it cannot go there."""

from __future__ import annotations

from dataclasses import dataclass

from imgstudio.app.canvas.tools.base import ToolState
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.layers import Layer
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TileStore


@dataclass(frozen=True, slots=True, eq=False)
class PaintTarget:
    """A store that may be painted on."""

    document: Document
    store: TileStore
    dx: int = 0
    """From the store's coordinates to the document's."""
    dy: int = 0
    heeds_selection: bool = True

    @property
    def limit(self) -> Rect:
        """The document's box in the store's coordinates."""
        return self.document.bounds.translated(-self.dx, -self.dy)

    def inside(self, point: Point) -> Point:
        """A document point in the store's coordinates."""
        return Point(point.x - self.dx, point.y - self.dy)

    def selected(self, rect: Rect) -> Coverage:
        """Selection in a box of the store's coordinates; ask only while something is selected."""
        return self.document.selection.read(rect.translated(self.dx, self.dy))

    @property
    def has_limits(self) -> bool:
        """Whether a selection bounds the painting."""
        return self.heeds_selection and not self.document.selection.is_empty


def selection_target(document: Document) -> PaintTarget:
    return PaintTarget(document, document.selection.store, heeds_selection=False)


def layer_target(state: ToolState) -> PaintTarget | None:
    """The active layer's pixels, or its mask where the state says so; None after telling why not."""
    document = state.document
    if document is None:
        state.say("Open a picture first")
        return None
    if state.target == "labels":
        state.say("Labels are painted here, not the picture")
        return None
    layer = document.active
    problem = _problem_of_mask(layer) if state.target == "mask" else _problem_of_pixels(layer)
    problem = problem or _problem_of_place(document, layer)
    if problem or layer is None:
        state.say(problem)
        return None
    store = layer.mask if state.target == "mask" else layer.pixels
    assert store is not None
    dx, dy = (0, 0) if layer.is_group else layer.transform.offset
    return PaintTarget(document, store, dx, dy)


def problem_of_layer(document: Document, layer: Layer | None) -> str:
    """Why the layer cannot be changed by hand, in a sentence; nothing when it can."""
    if layer is None:
        return "There is no layer: add one first"
    if layer.locked:
        return f"“{layer.name}” is locked: unlock it in the Layers panel first"
    if not _is_shown(document, layer):
        return f"“{layer.name}” is hidden: show it in the Layers panel first"
    return ""


def _problem_of_pixels(layer: Layer | None) -> str:
    if layer is not None and layer.is_group:
        return f"“{layer.name}” is a group: choose a layer inside it"
    return ""


def _problem_of_mask(layer: Layer | None) -> str:
    if layer is not None and layer.mask is None:
        return f"“{layer.name}” has no mask: add one in the Layers panel first"
    return ""


def _problem_of_place(document: Document, layer: Layer | None) -> str:
    problem = problem_of_layer(document, layer)
    if not problem and layer is not None and not layer.is_group and not layer.transform.is_translation:
        return f"“{layer.name}” is turned or scaled: choose Layer > Apply transform first"
    return problem


def _is_shown(document: Document, layer: Layer) -> bool:
    """Whether the layer and all groups round it are visible."""
    shown = layer
    while shown.visible:
        parent = document.layers.find(document.layers.place_of(shown).group)
        if parent is None:
            return True
        shown = parent
    return False
