"""Select an ellipse."""

from __future__ import annotations

from math import cos, pi, sin

from imgstudio.app.canvas.tools.selecting import BoxTool
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.selection import Coverage
from imgstudio.core.shapes import ellipse_coverage

_CORNERS = 96
"""Of the line shown while dragging."""


class EllipseTool(BoxTool):
    """The ellipse that fits the dragged box, with a smooth edge."""

    id = "ellipse"
    name = "Ellipse select"
    icon = "mdi6.ellipse-outline"
    key = "Shift+M"
    help = "Drag an ellipse. Shift adds, Alt subtracts, both intersect; Shift while dragging makes a circle."

    def shape(self, corner: Point, opposite: Point, limit: Rect) -> tuple[Rect, Coverage]:
        return ellipse_coverage(corner, opposite, limit)

    def outline_of(self, corner: Point, opposite: Point) -> tuple[Point, ...]:
        x, y = (corner.x + opposite.x) / 2, (corner.y + opposite.y) / 2
        across, down = (opposite.x - corner.x) / 2, (opposite.y - corner.y) / 2
        angles = [2 * pi * step / _CORNERS for step in range(_CORNERS)]
        return tuple(Point(x + across * cos(a), y + down * sin(a)) for a in angles)
