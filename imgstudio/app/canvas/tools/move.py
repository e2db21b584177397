"""The move tool: drag the active layer, together with the layers clipped to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from imgstudio.app.canvas.tools.base import Pointer, Tool, ToolState
from imgstudio.app.canvas.tools.painting_target import problem_of_layer
from imgstudio.core.blend import render_layer
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.params import Ui
from imgstudio.core.transforming import Held

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
    held: Held
    start: Point
    dx: int = 0
    dy: int = 0

    def put(self, dx: int, dy: int) -> None:
        """Show the layers moved; the history knows nothing yet."""
        self.dx, self.dy = dx, dy
        self.held.put(shifted(dx, dy))


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
            self._drag = _Drag(Held(document, layer), event.point)
            self._drag.held.begin_drag()

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
        if drag is None:
            return
        if (drag.dx, drag.dy) != (0, 0):
            drag.held.keep(shifted(drag.dx, drag.dy), "Move")
        drag.held.end_drag()

    def cancel(self) -> None:
        drag, self._drag = self._drag, None
        if drag is not None:
            drag.put(0, 0)
            drag.held.end_drag()

    def key_press(self, key: str) -> bool:
        if self.cancels(key):
            return True
        *modifiers, name = key.split("+")
        if name not in _ARROWS or self.document is None or self.is_busy:
            return False
        layer = self._movable(self.document)
        if layer is not None:
            step = _FAR if "Shift" in modifiers else 1
            dx, dy = _ARROWS[name]
            Held(self.document, layer).keep(shifted(dx * step, dy * step), "Nudge", merge=True)
        return True

    def _movable(self, document: Document) -> Layer | None:
        problem = problem_of_layer(document, document.active)
        if problem:
            self.state.say(problem)
            return None
        return document.active


def layer_under(document: Document, point: Point) -> Layer | None:
    """The topmost visible top-level layer that shows something there; a clipped one gives its base."""
    x, y = int(point.x // 1), int(point.y // 1)
    for layer in reversed(document.layers.root):
        if layer.visible and layer.opacity > 0:
            pixel = render_layer(layer, Rect(x, y, 1, 1), document.dtype)
            if pixel[0, 0, 3] > 0:
                return document.layers.base_of(layer) or layer if layer.clip else layer
    return None


def shifted(dx: float, dy: float) -> Transform:
    return Transform(e=float(dx), f=float(dy))
