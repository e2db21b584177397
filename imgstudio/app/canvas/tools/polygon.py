"""Select with straight lines from click to click."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Pointer, ToolState
from imgstudio.app.canvas.tools.outlining import NEAR, SAME, OutliningTool
from imgstudio.app.canvas.tools.selecting import screen_distance
from imgstudio.core.geometry import Point
from imgstudio.core.shapes import polygon_coverage


class PolygonTool(OutliningTool):
    """Straight lines between the clicks."""

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
        elif len(self._points) >= 3 and screen_distance(self._points[0], event) <= NEAR:
            self.close_outline()
            return
        if not self._points or screen_distance(self._points[-1], event) > SAME:
            self._points.append(event.point)
        self._pointer = event.point
        self.state.redraw()

    def hover(self, event: Pointer) -> None:
        if self.is_busy:
            self._pointer = event.point
            self.state.redraw()

    def drop_last(self) -> None:
        self._points.pop()
        self.state.redraw()

    def cancel(self) -> None:
        self._points, self._pointer = [], None
        self.state.redraw()

    def overlay(self) -> list[OverlayItem]:
        if not self.is_busy:
            return []
        way = self._points if self._pointer is None else [*self._points, self._pointer]
        return [Outline(tuple(way), style="ants"), Outline(tuple(self._points), style="handle")]

    def close_outline(self) -> None:
        points, document = self._points, self.document
        self.cancel()
        if document is None or not points:
            return
        if len(points) < 3:
            self.state.say("A polygon needs three corners")
            return
        self.join(document, *polygon_coverage(points, document.bounds))
