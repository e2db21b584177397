"""Draws what tools lay over the picture: lines, handles, brush outlines, crop shade. In device pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPen, QPolygonF

from imgstudio.app.canvas.painting import picture_box, qrect
from imgstudio.app.canvas.tools.base import (
    Circle,
    Edge,
    Mark,
    Outline,
    OverlayItem,
    Rgb,
    Shade,
    Spot,
    Swath,
)
from imgstudio.app.canvas.view import View
from imgstudio.core.geometry import EMPTY, Point, Rect

DASH: Final = 4
"""Length of an ant in logical pixels."""
_HANDLE: Final = 7
_CROSS: Final = 6
_RING: Final = 4.5
_SMALLEST_CIRCLE: Final = 3.0
_MARGIN: Final = 10
_DARK: Final = QColor(0, 0, 0, 200)
_LIGHT: Final = QColor(255, 255, 255, 230)
_GUIDE: Final = QColor(255, 255, 255, 120)
_SHADE: Final = QColor(0, 0, 0, 140)
_WANTED: Final = {True: QColor(46, 158, 82), False: QColor(207, 66, 56)}
"""What belongs to what is wanted, and what does not; both deep enough for white upon them."""
_SPOT: Final = 7.5
"""Radius of a place that was said to belong or not."""
_ARM: Final = 3.5
"""Half the length of its sign."""
_TINT: Final = 110
"""Alpha of what a brush has gone over."""
_PAINT: Final = 170
"""The same where it is painted in a colour."""
_FILL: Final = 70
"""Alpha of a brush that is filled with its colour."""
_MARK: Final = 4.5
"""Radius of a mark."""
_KEPT: Final = QColor(128, 128, 128)


_Placed: TypeAlias = Outline | Circle | Swath | Spot | Mark | Edge
"""All but what covers the whole window."""


def pen(colour: QColor, width: float) -> QPen:
    line = QPen(colour, width)
    line.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return line


def ants_pen(width: float, phase: int) -> QPen:
    """Dark dashes, `phase` logical pixels on their way, over a light line."""
    line = pen(QColor(0, 0, 0), width)
    line.setCapStyle(Qt.PenCapStyle.FlatCap)
    line.setDashPattern([DASH, DASH])
    line.setDashOffset(phase)
    return line


def paint_items(
    painter: QPainter,
    view: View,
    items: Iterable[OverlayItem],
    *,
    ratio: float,
    accent: QColor,
    phase: int = 0,
) -> None:
    """Draw overlay items; `ratio` is device pixels to a logical one."""
    artist = _Artist(painter, view, max(1.0, float(round(ratio))), accent, phase)
    for item in items:
        match item:
            case Shade():
                artist.shade(item)
            case Circle():
                artist.circle(item)
            case Outline():
                artist.outline(item)
            case Swath():
                artist.swath(item)
            case Spot():
                artist.spot(item)
            case Mark():
                artist.mark(item)
            case Edge():
                artist.edge(item)


def items_box(view: View, items: Sequence[OverlayItem], ratio: float) -> Rect:
    """Screen box of everything that `paint_items` would draw."""
    box = EMPTY
    for item in items:
        if isinstance(item, Shade):
            return Rect(0, 0, *view.window)
        box = box.united(_item_box(view, item))
    return box if box.is_empty else box.expanded(round(_MARGIN * ratio))


def _item_box(view: View, item: _Placed) -> Rect:
    middles, reach = _middles_of(item)
    corners = [Point(x + way * reach, y + way * reach) for x, y in middles for way in (-1, 1)]
    if not corners:
        return EMPTY
    spots = [view.to_screen(*corner) for corner in corners]
    x0, y0 = int(min(p.x for p in spots)), int(min(p.y for p in spots))
    return Rect(x0, y0, int(max(p.x for p in spots)) + 1 - x0, int(max(p.y for p in spots)) + 1 - y0)


def _middles_of(item: _Placed) -> tuple[tuple[Point, ...], float]:
    """Points, and how far an item reaches beyond them in document pixels."""
    match item:
        case Circle():
            return (item.center,), item.radius
        case Swath() | Edge():
            return item.points, item.width / 2
        case Spot() | Mark():
            return (item.at,), 0.0
        case Outline():
            return item.points, 0.0


class _Artist:
    """One paint of the overlay."""

    def __init__(self, painter: QPainter, view: View, line: float, accent: QColor, phase: int) -> None:
        self._painter, self._view, self._line = painter, view, line
        self._accent, self._phase = accent, phase
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def shade(self, item: Shade) -> None:
        dark = QPainterPath()
        dark.addRect(QRectF(qrect(picture_box(self._view))))
        kept = QPainterPath()
        kept.addRect(QRectF(qrect(self._view.screen_rect(item.keep))))
        self._painter.fillPath(dark.subtracted(kept), _SHADE)

    def circle(self, item: Circle) -> None:
        """Two lines of opposite lightness, so that one is seen on any background."""
        center = QPointF(*self._view.to_screen(*item.center))
        radius = item.radius * self._view.zoom
        if radius < _SMALLEST_CIRCLE * self._line:
            _cross(self._painter, center, _CROSS * self._line, self._line)
            return
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if item.fill is not None:
            self._painter.setBrush(_faint(item.fill, _FILL))
            self._painter.setPen(Qt.PenStyle.NoPen)
            self._painter.drawEllipse(center, radius, radius)
            self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._rings(center, radius, self._line)
        inner = item.inner * self._view.zoom
        if _SMALLEST_CIRCLE * self._line < inner < radius - 2 * self._line:
            faint = QColor(_LIGHT)
            faint.setAlpha(110)
            self._painter.setPen(pen(faint, self._line))
            self._painter.drawEllipse(center, inner, inner)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _rings(self, center: QPointF, radius: float, line: float) -> None:
        self._painter.setPen(pen(_DARK, line))
        self._painter.drawEllipse(center, radius, radius)
        self._painter.setPen(pen(_LIGHT, line))
        self._painter.drawEllipse(center, radius - line, radius - line)

    def outline(self, item: Outline) -> None:
        points = [QPointF(*self._view.to_screen(*point)) for point in item.points]
        if item.style in ("handle", "pivot"):
            for point in points:
                self._handle(point) if item.style == "handle" else self._pivot(point)
            return
        slants = item.style == "plain" and _slants(points)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=slants)
        shape = QPolygonF([*points, points[0]] if item.closed and points else points)
        for stroke in self._strokes(item):
            self._painter.setPen(stroke)
            self._painter.drawPolyline(shape)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def spot(self, item: Spot) -> None:
        """A disc with a plus or a minus, which is seen without its colour too."""
        at, line = QPointF(*self._view.to_screen(*item.at)), self._line
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._painter.setPen(pen(_DARK, 3.5 * line))
        self._painter.setBrush(_WANTED[item.wanted])
        self._painter.drawEllipse(at, _SPOT * line, _SPOT * line)
        self._painter.setPen(pen(QColor(255, 255, 255), 1.5 * line))
        self._painter.drawEllipse(at, _SPOT * line, _SPOT * line)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        arm = _ARM * line
        self._painter.setPen(pen(QColor(255, 255, 255), 2 * line))
        self._painter.drawLine(at - QPointF(arm, 0), at + QPointF(arm, 0))
        if item.wanted:
            self._painter.drawLine(at - QPointF(0, arm), at + QPointF(0, arm))
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def swath(self, item: Swath) -> None:
        tint = QColor(self._accent if item.wanted is None else _WANTED[item.wanted])
        tint.setAlpha(_TINT)
        if item.colour is not None:
            tint = _faint(item.colour, _PAINT)
        wide = QPen(tint, item.width * self._view.zoom)
        wide.setCapStyle(Qt.PenCapStyle.RoundCap)
        wide.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        points = [QPointF(*self._view.to_screen(*point)) for point in item.points]
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._painter.setPen(wide)
        if len(points) == 1:
            self._painter.drawPoint(points[0])
        else:
            self._painter.drawPolyline(QPolygonF(points))
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def mark(self, item: Mark) -> None:
        """Dark, light and its colour, so that it is seen on any ground and told from it."""
        at, line = QPointF(*self._view.to_screen(*item.at)), self._line
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._painter.setBrush(_KEPT if item.colour is None else QColor(*item.colour))
        for colour, width in ((_DARK, 3.5 * line), (_LIGHT, 1.5 * line)):
            self._painter.setPen(pen(colour, width))
            self._painter.drawEllipse(at, _MARK * line, _MARK * line)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        if item.colour is None:
            arm = QPointF(_MARK * line, -_MARK * line) * 0.7
            self._painter.drawLine(at - arm, at + arm)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def edge(self, item: Edge) -> None:
        way = QPainterPath(QPointF(*self._view.to_screen(*item.points[0])))
        for point in item.points[1:] or item.points:
            way.lineTo(QPointF(*self._view.to_screen(*point)))
        wide = QPainterPathStroker(QPen(_DARK, max(item.width * self._view.zoom, 2 * _MARK * self._line)))
        wide.setCapStyle(Qt.PenCapStyle.RoundCap)
        wide.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        outline = wide.createStroke(_longer(way)).simplified()
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((_DARK, 4 * self._line), (_LIGHT, 2 * self._line)):
            self._painter.setPen(pen(colour, width))
            self._painter.drawPath(outline)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _strokes(self, item: Outline) -> tuple[QPen, ...]:
        line = self._line
        if item.style == "guide":
            return (pen(QColor(0, 0, 0, 60), 2 * line), pen(_GUIDE, line))
        if item.style == "snap":
            return (pen(QColor(255, 255, 255, 170), 3 * line), pen(self._accent, line))
        if item.style == "ants":
            return (pen(QColor(255, 255, 255), line), ants_pen(line, self._phase))
        return (pen(QColor(0, 0, 0, 140), 3 * line), pen(_LIGHT, line))

    def _handle(self, at: QPointF) -> None:
        side = _HANDLE * self._line
        box = QRectF(at.x() - side / 2, at.y() - side / 2, side, side)
        self._painter.fillRect(box, QColor(255, 255, 255))
        self._painter.setPen(pen(self._accent, self._line))
        self._painter.drawRect(box)

    def _pivot(self, at: QPointF) -> None:
        """A small ring round a dot."""
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((_DARK, 3 * self._line), (_LIGHT, self._line)):
            self._painter.setPen(pen(colour, width))
            self._painter.drawEllipse(at, _RING * self._line, _RING * self._line)
            self._painter.drawEllipse(at, self._line / 2, self._line / 2)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _faint(colour: Rgb, alpha: int) -> QColor:
    return QColor(*colour, alpha)


def _longer(way: QPainterPath) -> QPainterPath:
    """A way that goes nowhere has no outline in Qt, so it goes a little way."""
    if way.length() > 0:
        return way
    longer, at = QPainterPath(way), way.currentPosition()
    longer.lineTo(at + QPointF(0.01, 0))
    return longer


def _slants(points: Sequence[QPointF]) -> bool:
    """Whether a line is neither level nor upright, so that it needs smoothing."""
    return any(min(abs(a.x() - b.x()), abs(a.y() - b.y())) > 0.01 for a, b in pairwise(points))


def _cross(painter: QPainter, at: QPointF, reach: float, line: float) -> None:
    for colour, width in ((_DARK, 3 * line), (_LIGHT, line)):
        painter.setPen(pen(colour, width))
        painter.drawLine(at - QPointF(reach, 0), at + QPointF(reach, 0))
        painter.drawLine(at - QPointF(0, reach), at + QPointF(0, reach))
