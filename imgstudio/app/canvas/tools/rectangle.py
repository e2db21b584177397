"""Select a rectangle."""

from __future__ import annotations

from imgstudio.app.canvas.tools.selecting import BoxTool
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.selection import Coverage
from imgstudio.core.shapes import rectangle_coverage


class RectangleTool(BoxTool):
    """Whole pixels, so that the edge is sharp unless feathered."""

    id = "rectangle"
    name = "Rectangle select"
    icon = "mdi6.select"
    key = "M"
    help = "Drag a rectangle. Shift adds, Alt subtracts, both intersect; Shift while dragging makes a square."

    def shape(self, corner: Point, opposite: Point, limit: Rect) -> tuple[Rect, Coverage]:
        return rectangle_coverage(corner, opposite, limit)

    def outline_of(self, corner: Point, opposite: Point) -> tuple[Point, ...]:
        return corner, Point(opposite.x, corner.y), opposite, Point(corner.x, opposite.y)
