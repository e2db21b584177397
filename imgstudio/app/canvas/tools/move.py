"""The move tool: drag the active layer, together with the layers clipped to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

from imgstudio.app.canvas.tools.base import Pointer, Tool, ToolState
from imgstudio.app.canvas.tools.painting_target import problem_of_layer
from imgstudio.core.blend import render_layer
from imgstudio.core.commands import Compound
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Affine, Point, Rect
from imgstudio.core.layers import Layer
from imgstudio.core.params import Ui
from imgstudio.core.tiles import TileStore

_ARROWS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
_FAR = 10


@dataclass(frozen=True, slots=True)
class MoveOptions:
    """How the layer is found."""

    auto_select: Annotated[
        bool, Ui("Pick layer", help="Move the layer under the pointer. Ctrl does so at any time")
    ] = False


@dataclass(slots=True)
class _Drag:
    document: Document
    layer: Layer
    start: Point
    layers: list[tuple[Layer, Affine]]
    dx: int = 0
    dy: int = 0

    def put(self, dx: int, dy: int) -> None:
        """Show the layers moved; the history knows nothing yet."""
        self.dx, self.dy = dx, dy
        dirty = EMPTY
        for layer, transform in self.layers:
            dirty = dirty.united(layer.bounds())
            layer.transform = _moved(transform, dx, dy)
            dirty = dirty.united(layer.bounds())
        self.document.damaged.emit(dirty.intersect(self.document.bounds))


class MoveTool(Tool):
    """Moves by whole pixels, so that nothing is resampled."""

    id = "move"
    name = "Move"
    icon = "mdi6.cursor-move"
    key = "V"
    help = (
        "Drag the layer; Shift keeps to one direction, Ctrl takes the layer under the pointer, arrows nudge."
    )
    options_type = MoveOptions
    cursor = "move"

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._drag: _Drag | None = None

    @property
    def is_busy(self) -> bool:
        return self._drag is not None

    def press(self, event: Pointer) -> None:
        document = self.document
        if event.button != "left" or document is None or self.is_busy:
            return
        if event.ctrl or cast(MoveOptions, self.options).auto_select:
            document.active = layer_under(document, event.point) or document.active
        layer = self._movable(document)
        if layer is not None:
            moving = [(part, part.transform) for part in moved_with(document, layer) if not part.is_group]
            self._drag = _Drag(document, layer, event.point, moving)

    def move(self, event: Pointer) -> None:
        if self._drag is None:
            return
        dx, dy = round(event.x - self._drag.start.x), round(event.y - self._drag.start.y)
        if event.shift:
            dx, dy = (dx, 0) if abs(dx) >= abs(dy) else (0, dy)
        if (dx, dy) != (self._drag.dx, self._drag.dy):
            self._drag.put(dx, dy)

    def release(self, event: Pointer) -> None:
        self.move(event)
        drag, self._drag = self._drag, None
        if drag is None or (drag.dx, drag.dy) == (0, 0):
            return
        dx, dy = drag.dx, drag.dy
        drag.put(0, 0)
        _shift(drag.document, drag.layer, dx, dy, "Move")

    def cancel(self) -> None:
        drag, self._drag = self._drag, None
        if drag is not None:
            drag.put(0, 0)

    def key_press(self, key: str) -> bool:
        if key == "Escape" and self.is_busy:
            self.cancel()
            return True
        *modifiers, name = key.split("+")
        if name not in _ARROWS or self.document is None or self.is_busy:
            return False
        layer = self._movable(self.document)
        if layer is not None:
            step = _FAR if "Shift" in modifiers else 1
            dx, dy = _ARROWS[name]
            _shift(self.document, layer, dx * step, dy * step, "Nudge")
        return True

    def _movable(self, document: Document) -> Layer | None:
        problem = problem_of_layer(document, document.active)
        if problem:
            self.state.say(problem)
            return None
        return document.active


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


def layer_under(document: Document, point: Point) -> Layer | None:
    """The topmost visible top-level layer that shows something there; a clipped one gives its base."""
    x, y = int(point.x // 1), int(point.y // 1)
    for layer in reversed(document.layers.root):
        if layer.visible and layer.opacity > 0:
            pixel = render_layer(layer, Rect(x, y, 1, 1), document.dtype)
            if pixel[0, 0, 3] > 0:
                return document.layers.base_of(layer) or layer if layer.clip else layer
    return None


def _with_children(layer: Layer) -> Iterator[Layer]:
    for child in layer.children or ():
        yield from _with_children(child)
    yield layer


def _shift(document: Document, layer: Layer, dx: int, dy: int, label: str) -> None:
    """Move a layer and its followers as one undo step; a run of nudges is one step too."""
    commands = []
    for part in moved_with(document, layer):
        values: dict[str, Any] = {}
        if not part.is_group:
            values["transform"] = _moved(part.transform, dx, dy)
        elif part.mask is not None:
            values["mask"] = _moved_store(part.mask, dx, dy)
        if values:
            commands.append(document.setting(part, label, **values))
    if commands:
        document.do(Compound(label, commands), merge=label == "Nudge")


def _moved(transform: Affine, dx: int, dy: int) -> Affine:
    return transform.then(Affine(e=float(dx), f=float(dy)))


def _moved_store(store: TileStore, dx: int, dy: int) -> TileStore:
    """A group's mask lies in document coordinates, so its pixels themselves move."""
    bounds = store.bounds()
    moved = TileStore(store.channels, store.dtype, fill=store.fill)
    moved.write(bounds.translated(dx, dy), store.read(bounds))
    moved.drop_plain_tiles()
    return moved
