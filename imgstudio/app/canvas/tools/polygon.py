"""Select with straight lines from click to click."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Pointer, ToolState
from imgstudio.app.canvas.tools.selecting import SelectingTool
from imgstudio.core.geometry import Point
from imgstudio.core.shapes import polygon_coverage

_NEAR = 8.0
"""Screen pixels from the first corner at which a click closes the outline."""
_SAME = 3.0
"""Screen pixels within which a second click means the same corner, as in a double click."""


class PolygonTool(SelectingTool):
    """The outline stays open between clicks, until it is closed or dropped."""

    id = "polygon"
    name = "Polygon select"
    icon = "mdi6.vector-polygon"
    key = "Shift+L"
    help = "Click corners; double-click or Enter closes, Backspace takes the last one back, Esc drops it."

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._points: list[Point] = []
        self._pointer: Point | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self._points)

    def press(self, event: Pointer) -> None:
        if event.button != "left" or self.document is None:
            return
        if not self._points:
            self.remember_mode(event)
        elif len(self._points) >= 3 and _screen_distance(self._points[0], event) <= _NEAR:
            self._close()
            return
        if not self._points or _screen_distance(self._points[-1], event) > _SAME:
            self._points.append(event.point)
        self._pointer = event.point
        self.state.redraw()

    def move(self, event: Pointer) -> None:
        self.hover(event)

    def hover(self, event: Pointer) -> None:
        if self.is_busy:
            self._pointer = event.point
            self.state.redraw()

    def double_click(self, event: Pointer) -> None:
        self._close()

    def key_press(self, key: str) -> bool:
        if not self.is_busy:
            return False
        if key in ("Return", "Enter"):
            self._close()
        elif key == "Backspace":
            self._points.pop()
            self.state.redraw()
        elif key == "Escape":
            self.cancel()
        else:
            return False
        return True

    def cancel(self) -> None:
        self._points, self._pointer = [], None
        self.state.redraw()

    def overlay(self) -> list[OverlayItem]:
        if not self.is_busy:
            return []
        way = self._points if self._pointer is None else [*self._points, self._pointer]
        return [Outline(tuple(way), style="ants"), Outline(tuple(self._points), style="handle")]

    def _close(self) -> None:
        points, document = self._points, self.document
        self.cancel()
        if document is None or not points:
            return
        if len(points) < 3:
            self.state.say("A polygon needs three corners")
            return
        self.join(document, *polygon_coverage(points, document.bounds))


def _screen_distance(point: Point, event: Pointer) -> float:
    return max(abs(point.x - event.x), abs(point.y - event.y)) * event.scale
