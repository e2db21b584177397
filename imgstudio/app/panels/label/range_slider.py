"""A slider with two handles: from where to where."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from imgstudio.app.theme import current_tokens

GROOVE: Final = 4
HANDLE: Final = 12
TOP: Final = 255


class RangeSlider(QWidget):
    """Guards: the lower handle never stands right of the upper one. Both lie in 0..255."""

    changed = Signal(int, int)
    """By a person."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._values = [0, TOP]
        self._held = 1
        """Which handle the mouse drags and the arrow keys move."""

    @property
    def values(self) -> tuple[int, int]:
        return self._values[0], self._values[1]

    def set_values(self, least: int, most: int) -> None:
        self._values = [least, most]
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 24)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        distances = [abs(x - self._x_of(value)) for value in self._values]
        if distances[0] == distances[1]:
            self._held = 0 if x < self._x_of(self._values[0]) else 1
        else:
            self._held = distances.index(min(distances))
        self._move_to(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move_to(event.position().x())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.set_values(0, TOP)
        self.changed.emit(0, TOP)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self._put(self._values[self._held] + step)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._held = 1 - self._held
            self.update()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = current_tokens(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self.height() / 2
        painter.setBrush(QColor(look.line))
        groove = QRectF(0, middle - GROOVE / 2, self.width(), GROOVE)
        painter.drawRoundedRect(groove, GROOVE / 2, GROOVE / 2)
        left, right = (self._x_of(value) for value in self._values)
        painter.setBrush(QColor(look.accent))
        painter.drawRect(QRectF(left, middle - GROOVE / 2, right - left, GROOVE))
        for number, x in enumerate((left, right)):
            painter.setBrush(QColor(look.text))
            is_focus = self.hasFocus() and number == self._held
            painter.setPen(QPen(QColor(look.accent), 2) if is_focus else Qt.PenStyle.NoPen)
            radius = HANDLE / 2 - (1 if is_focus else 0)
            painter.drawEllipse(QPointF(x, middle), radius, radius)

    def _x_of(self, value: int) -> float:
        return HANDLE / 2 + (self.width() - HANDLE) * value / TOP

    def _move_to(self, x: float) -> None:
        self._put(round((x - HANDLE / 2) / max(1, self.width() - HANDLE) * TOP))

    def _put(self, value: int) -> None:
        low, high = (0, self._values[1]) if self._held == 0 else (self._values[0], TOP)
        value = min(max(value, low), high)
        if value != self._values[self._held]:
            self._values[self._held] = value
            self.update()
            self.changed.emit(*self._values)
