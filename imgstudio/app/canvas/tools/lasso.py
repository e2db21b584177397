"""Select freehand."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Pointer, ToolState
from imgstudio.app.canvas.tools.label_target import fill_round
from imgstudio.app.canvas.tools.selecting import SelectingTool
from imgstudio.core.geometry import Point
from imgstudio.core.shapes import polygon_coverage


class LassoTool(SelectingTool):
    """Drag round what is wanted; the way back is straight."""

    id = "lasso"
    name = "Lasso"
    icon = "mdi6.lasso"
    key = "L"
    help = "Drag round what you want. Shift adds, Alt subtracts, both intersect."

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._points: list[Point] = []

    @property
    def is_busy(self) -> bool:
        return bool(self._points)

    def press(self, event: Pointer) -> None:
        if event.button == "left" and self.document is not None and not self.is_busy:
            self.remember_mode(event)
            self._points = [event.point]

    def move(self, event: Pointer) -> None:
        if self.is_busy and event.point != self._points[-1]:
            self._points.append(event.point)
            self.state.redraw()

    def release(self, event: Pointer) -> None:
        self.move(event)
        points, document = self._points, self.document
        self.cancel()
        if not points or document is None:
            return
        if len(points) >= 3:
            self.join(document, *polygon_coverage(points, document.bounds))
        else:
            self.select_nothing(document)

    def double_click(self, event: Pointer) -> None:
        """On labels: fill the outline round this place."""
        if self.state.target == "labels" and self._mode in ("new", "add"):
            self.cancel()
            fill_round(self.state, event.point)

    def cancel(self) -> None:
        self._points = []
        self.state.redraw()

    def key_press(self, key: str) -> bool:
        return self.cancels(key)

    def overlay(self) -> list[OverlayItem]:
        return [Outline(tuple(self._points), style="ants")] if self.is_busy else []
