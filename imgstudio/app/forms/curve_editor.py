"""The editor of a tone curve: points to drag, add and remove over a histogram."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from imgstudio.app.forms.curve_points import CurvePoints
from imgstudio.app.forms.editor import Editor
from imgstudio.app.forms.focus_shown import FocusShown
from imgstudio.app.forms.histogram_view import Counts, Histograms, ink, paint_histogram
from imgstudio.core.params import Param
from imgstudio.core.tonecurve import Points, curve_values

HEIGHT: Final = 168
PADDING: Final = 8
GRAB: Final = 10
"""Pixels within which a press takes hold of a point."""
OFF: Final = 20
"""Pixels outside the box at which a dragged point is dropped."""
_STEPS: Final = {
    Qt.Key.Key_Left: (-0.01, 0.0),
    Qt.Key.Key_Right: (0.01, 0.0),
    Qt.Key.Key_Up: (0.0, 0.01),
    Qt.Key.Key_Down: (0.0, -0.01),
}


class CurveCanvas(FocusShown):
    """The drawing area; (0, 0) is bottom left."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points = CurvePoints()
        self.selected = 0
        self.histogram: Counts | None = None
        self._held: Points | None = None
        """The points as they were when the drag began, the held one included."""
        self._just_added = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Curve")

    def box(self) -> QRectF:
        return QRectF(self.rect()).adjusted(PADDING, PADDING, -PADDING, -PADDING)

    def position_of(self, x: float, y: float) -> QPointF:
        """Where a curve point lies in the widget."""
        box = self.box()
        return QPointF(box.left() + x * box.width(), box.bottom() - y * box.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        index = self._point_near(event.position())
        self._just_added = index is None
        if index is None:
            index = self.points.add(*self._curve_point(event.position()))
            if index is None:
                return
            self.changed.emit()
        self.selected, self._held = index, self.points.value
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            near = self._point_near(event.position()) is not None
            self.setCursor(Qt.CursorShape.OpenHandCursor if near else Qt.CursorShape.CrossCursor)
            return
        self.points.value = self._held
        room = QRectF(self.rect()).adjusted(-OFF, -OFF, OFF, OFF)
        if room.contains(event.position()) or not self.points.can_remove(self.selected):
            self.points.move(self.selected, *self._curve_point(event.position()))
        else:
            self.points.remove(self.selected)
        self.changed.emit()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        self.selected = min(self.selected, len(self.points.value) - 1)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self._point_near(event.position())
        if index is not None and not self._just_added:
            self._remove(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = Qt.Key(event.key()), len(self.points.value) - 1
        factor = 5 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        if key in _STEPS:
            x, y = self.points.value[self.selected]
            dx, dy = _STEPS[key]
            self.points.move(self.selected, x + dx * factor, y + dy * factor)
            self.changed.emit()
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            step = 1 if key == Qt.Key.Key_PageUp else -1
            self.selected = max(0, min(last, self.selected + step))
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._remove(self.selected)
        elif key == Qt.Key.Key_Insert:
            self._add_after_selected()
        else:
            super().keyPressEvent(event)
            return
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.box()
        painter.fillRect(box, self.palette().base())
        paint_histogram(painter, box, self.histogram, self.palette())
        self._paint_grid(painter, box)
        self._paint_curve(painter)
        self._paint_reading(painter, box)

    def _paint_grid(self, painter: QPainter, box: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink(self.palette(), 0.12), 1))
        for part in (0.25, 0.5, 0.75):
            painter.drawLine(self.position_of(part, 0), self.position_of(part, 1))
            painter.drawLine(self.position_of(0, part), self.position_of(1, part))
        painter.drawLine(self.position_of(0, 0), self.position_of(1, 1))
        edge = self.palette().highlight().color() if self.hasFocus() else ink(self.palette(), 0.2)
        painter.setPen(QPen(edge, 1))
        painter.drawRect(box)

    def _paint_curve(self, painter: QPainter) -> None:
        xs = np.linspace(0, 1, 129)
        ys = curve_values(self.points.value, xs)
        line = QPolygonF([self.position_of(float(x), float(y)) for x, y in zip(xs, ys, strict=True)])
        painter.setPen(QPen(self.palette().text().color(), 1.5))
        painter.drawPolyline(line)
        for index, (x, y) in enumerate(self.points.value):
            is_selected = index == self.selected
            fill = self.palette().highlight() if is_selected else self.palette().base()
            painter.setBrush(fill)
            painter.drawEllipse(
                self.position_of(x, y), 4.5 if is_selected else 3.5, 4.5 if is_selected else 3.5
            )

    def _paint_reading(self, painter: QPainter, box: QRectF) -> None:
        if not (self.hasFocus() or self._held) or self.selected >= len(self.points.value):
            return
        x, y = self.points.value[self.selected]
        painter.setPen(self.palette().placeholderText().color())
        place = box.adjusted(6, 4, -6, -4)
        text = f"{round(x * 255)} → {round(y * 255)}"
        painter.drawText(place, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, text)

    def _curve_point(self, position: QPointF) -> tuple[float, float]:
        box = self.box()
        return (position.x() - box.left()) / box.width(), (box.bottom() - position.y()) / box.height()

    def _point_near(self, position: QPointF) -> int | None:
        distances = [(self.position_of(x, y) - position).manhattanLength() for x, y in self.points.value]
        nearest = int(np.argmin(distances))
        return nearest if distances[nearest] <= GRAB else None

    def _remove(self, index: int) -> None:
        if self.points.can_remove(index):
            self.points.remove(index)
            self.selected = min(index, len(self.points.value) - 1)
            self.changed.emit()
            self.update()

    def _add_after_selected(self) -> None:
        points = self.points.value
        left = min(self.selected, len(points) - 2)
        x = (points[left][0] + points[left + 1][0]) / 2
        added = self.points.add(x, float(curve_values(points, np.array([x]))[0]))
        if added is not None:
            self.selected = added
            self.changed.emit()


class CurveEditor(Editor):
    """Points (x, y) in 0..1."""

    is_wide = True

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self.canvas = CurveCanvas(self)
        self.canvas.points.most = param.most_points
        self.canvas.setObjectName(f"{param.name}.canvas")
        self.canvas.setToolTip(
            "Click adds a point, dragging it off or a double click removes it. "
            "Arrow keys move it, Page Up and Page Down go to the next."
        )
        self.canvas.changed.connect(self.edited)
        self.row.addWidget(self.canvas, 1)
        self.setFocusProxy(self.canvas)
        self.set_value(param.default)

    def value(self) -> Points:
        return self.canvas.points.value

    def set_value(self, value: Any) -> None:
        self.canvas.points.value = tuple((float(x), float(y)) for x, y in value)
        self.canvas.selected = min(self.canvas.selected, len(self.canvas.points.value) - 1)
        self.canvas.update()

    def set_histogram(self, levels: Histograms | None) -> None:
        """Show how often each level occurs behind the curve: of its own channel if it is named after one."""
        self.canvas.histogram = None if levels is None else levels.get(self.param.name, levels[""])
        self.canvas.update()
