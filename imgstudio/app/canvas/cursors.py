"""Shapes of the pointer over the picture."""

from __future__ import annotations

from functools import cache
from math import cos, radians, sin
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from imgstudio.app.canvas.tools.base import Cursor

_SHAPES: Final = {
    "arrow": Qt.CursorShape.ArrowCursor,
    "cross": Qt.CursorShape.CrossCursor,
    "none": Qt.CursorShape.CrossCursor,
    "open hand": Qt.CursorShape.OpenHandCursor,
    "text": Qt.CursorShape.IBeamCursor,
    "move": Qt.CursorShape.SizeAllCursor,
    "scale horizontal": Qt.CursorShape.SizeHorCursor,
    "scale vertical": Qt.CursorShape.SizeVerCursor,
    "scale falling": Qt.CursorShape.SizeFDiagCursor,
    "scale rising": Qt.CursorShape.SizeBDiagCursor,
}
_SIDE: Final = 24
_RADIUS: Final = 6.5
_ENDS: Final = (5.0, 175.0)
"""Of the arc, degrees anticlockwise from the right."""
_HEAD: Final = 3.3
_DARK, _LIGHT = QColor(30, 30, 30), QColor(255, 255, 255)


def cursor_of(name: Cursor, ratio: float) -> QCursor:
    """The shape of a name; `ratio` is device pixels to a logical one."""
    return _turning(ratio) if name == "turn" else QCursor(_SHAPES[name])


@cache
def _turning(ratio: float) -> QCursor:
    """An arc with an arrow at each end, dark with a light rim."""
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    circle = QRectF(-_RADIUS, -_RADIUS, 2 * _RADIUS, 2 * _RADIUS)
    arc = QPainterPath()
    arc.arcMoveTo(circle, _ENDS[0])
    arc.arcTo(circle, _ENDS[0], _ENDS[1] - _ENDS[0])
    heads = [_head(_ENDS[0], -1), _head(_ENDS[1], 1)]
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(_SIDE / 2, _SIDE / 2 + 2)
    for colour, rim in ((_LIGHT, 2.6), (_DARK, 0.0)):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.6 + rim))
        painter.drawPath(arc)
        painter.setBrush(colour)
        painter.setPen(QPen(colour, max(rim, 0.1)))
        for head in heads:
            painter.drawPolygon(head)
    painter.end()
    return QCursor(pixmap)


def _head(angle: float, way: int) -> QPolygonF:
    """The arrow at an end of the arc; `way` 1 goes on anticlockwise."""
    c, s = cos(radians(angle)), sin(radians(angle))
    x, y = _RADIUS * c, -_RADIUS * s
    along = QPointF(-s * way * _HEAD, -c * way * _HEAD)
    across = QPointF(c * _HEAD, -s * _HEAD)
    foot = QPointF(x, y) - along * 0.25
    return QPolygonF([foot + along * 1.25, foot + across, foot - across])
