"""Before and after side by side: a line across the window that can be moved and turned."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from typing import Final, Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from imgstudio.app.i18n import tr
from imgstudio.core.geometry import Point, Size

Mode = Literal["off", "original", "split"]
Part = Literal["middle", "line", "end"]
"""What of the line is held: the middle and the line itself move it, its ends turn it."""

_GRAB: Final = 7
"""Logical pixels from the line within which it can be held."""
_HANDLE: Final = 13
"""Radius of the round handle."""
_END: Final = 0.3
"""Share of each half of the line that turns it."""
_SNAP: Final = pi / 36
"""The line is attracted by upright, level and diagonal."""
_GAP: Final = 12


@dataclass(slots=True)
class Split:
    """The dividing line. Its middle is kept as a share of the window, so it survives a resize.

    `angle` is that of the line's direction, radians; pi / 2 is upright. "Before" lies to the left of an
    upright line. Positions are device pixels.
    """

    x: float = 0.5
    y: float = 0.5
    angle: float = pi / 2

    def middle(self, window: Size) -> Point:
        return Point(self.x * window.width, self.y * window.height)

    @property
    def direction(self) -> tuple[float, float]:
        return cos(self.angle), sin(self.angle)

    @property
    def before_side(self) -> tuple[float, float]:
        """Unit vector from the line into the half that shows what was before."""
        return -sin(self.angle), cos(self.angle)

    def ends(self, window: Size) -> tuple[Point, Point]:
        """Where the line leaves the window."""
        (mx, my), (dx, dy) = self.middle(window), self.direction
        ahead, back = _reach(mx, my, dx, dy, window), _reach(mx, my, -dx, -dy, window)
        return Point(mx + dx * ahead, my + dy * ahead), Point(mx - dx * back, my - dy * back)

    def part_at(self, at: Point, window: Size, ratio: float) -> Part | None:
        """What is held by a press at a screen position; None beside the line."""
        (mx, my), (dx, dy) = self.middle(window), self.direction
        along = (at.x - mx) * dx + (at.y - my) * dy
        across = abs((at.y - my) * dx - (at.x - mx) * dy)
        if hypot(along, across) <= _HANDLE * ratio:
            return "middle"
        if across > _GRAB * ratio:
            return None
        half = _reach(mx, my, dx, dy, window) if along > 0 else _reach(mx, my, -dx, -dy, window)
        return "end" if abs(along) > (1 - _END) * half else "line"

    def moved(self, dx: float, dy: float, window: Size) -> Split:
        """The same line with its middle elsewhere, inside the window."""
        x, y = self.x + dx / window.width, self.y + dy / window.height
        return Split(min(0.98, max(0.02, x)), min(0.98, max(0.02, y)), self.angle)

    def turned(self, before: Point, after: Point, window: Size) -> Split:
        """Turned as if it were held at `before` and dragged to `after`."""
        mx, my = self.middle(window)
        turn = atan2(after.y - my, after.x - mx) - atan2(before.y - my, before.x - mx)
        return Split(self.x, self.y, self.angle + turn)

    def snapped(self) -> Split:
        """On the next eighth of a turn when it is close to one."""
        nearest = round(self.angle / (pi / 4)) * (pi / 4)
        return Split(self.x, self.y, nearest) if abs(nearest - self.angle) < _SNAP else self

    def before_polygon(self, window: Size) -> QPolygonF:
        """The half of the window that shows what was before."""
        (mx, my), (dx, dy), (nx, ny) = self.middle(window), self.direction, self.before_side
        far = 2.0 * (window.width + window.height)
        near = [QPointF(mx + dx * far, my + dy * far), QPointF(mx - dx * far, my - dy * far)]
        away = QPointF(nx * far, ny * far)
        return QPolygonF([near[0], near[1], near[1] + away, near[0] + away])


def paint_split(painter: QPainter, split: Split, window: Size, ratio: float) -> None:
    """The line, its handle, and which side is which."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    start, end = (QPointF(*point) for point in split.ends(window))
    for colour, width in ((QColor(0, 0, 0, 150), 3 * ratio), (QColor(255, 255, 255), ratio)):
        painter.setPen(QPen(colour, width))
        painter.drawLine(start, end)
    _paint_handle(painter, split, window, ratio)
    painter.restore()
    middle, (nx, ny) = split.middle(window), split.before_side
    for text, side in ((tr("Before"), 1), (tr("After"), -1)):
        paint_label(painter, text, middle, (nx * side, ny * side), ratio)


def paint_label(painter: QPainter, text: str, middle: Point, side: tuple[float, float], ratio: float) -> None:
    """A word on a dark pill, on one side of a point."""
    painter.save()
    font = painter.font()
    font.setPixelSize(round(12 * ratio))
    painter.setFont(font)
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 16 * ratio, metrics.height() + 6 * ratio
    reach = (_HANDLE + _GAP) * ratio + abs(side[0]) * width / 2 + abs(side[1]) * height / 2
    box = QRectF(0, 0, width, height)
    box.moveCenter(QPointF(middle.x + side[0] * reach, middle.y + side[1] * reach))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pill = QPainterPath()
    pill.addRoundedRect(box, height / 2, height / 2)
    painter.fillPath(pill, QColor(0, 0, 0, 170))
    painter.setPen(QColor(240, 240, 240))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def _paint_handle(painter: QPainter, split: Split, window: Size, ratio: float) -> None:
    """A disc with an arrow to each side."""
    center, (nx, ny), (dx, dy) = QPointF(*split.middle(window)), split.before_side, split.direction
    painter.setPen(QPen(QColor(0, 0, 0, 150), ratio))
    painter.setBrush(QColor(255, 255, 255))
    painter.drawEllipse(center, (_HANDLE - 2) * ratio, (_HANDLE - 2) * ratio)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(60, 60, 60))
    for side in (1, -1):
        away, along = QPointF(nx, ny) * (side * ratio), QPointF(dx, dy) * ratio
        painter.drawPolygon([center + away * 8, center + away * 3 + along * 4, center + away * 3 - along * 4])


def _reach(x: float, y: float, dx: float, dy: float, window: Size) -> float:
    """How far one can go from (x, y) before leaving the window."""
    ways = []
    for at, step, side in ((x, dx, window.width), (y, dy, window.height)):
        if abs(step) > 1e-9:
            ways.append(((side if step > 0 else 0) - at) / step)
    return min(ways, default=0.0)
