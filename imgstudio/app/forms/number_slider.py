"""A slider that is filled from where its value is nothing: from zero, wherever zero lies."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from imgstudio.app.theme import current_tokens

GROOVE: Final = 4
HANDLE: Final = 12
TICK: Final = 8
"""Height of the mark at zero where zero is not an end."""


class NumberSlider(QSlider):
    """Turns with the wheel only while it has the focus; a double click asks for the default."""

    double_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.origin: int | None = None
        """The position that stands for nothing; None: the left end."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = current_tokens(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self.height() / 2
        groove = QRectF(0, middle - GROOVE / 2, self.width(), GROOVE)
        painter.setBrush(QColor(look.line))
        painter.drawRoundedRect(groove, GROOVE / 2, GROOVE / 2)
        knob = self.knob()
        if self.isEnabled():
            painter.setBrush(QColor(look.accent))
            painter.drawRoundedRect(self.filled(), GROOVE / 2, GROOVE / 2)
        if self.origin is not None:
            painter.setBrush(QColor(look.dim if self.isEnabled() else look.off))
            painter.drawRect(QRectF(self._x_of(self.origin) - 0.5, middle - TICK / 2, 1, TICK))
        painter.setBrush(QColor(look.text if self.isEnabled() else look.off))
        if self.hasFocus():
            painter.setPen(QPen(QColor(look.accent), 2))
            painter.drawEllipse(knob, HANDLE / 2 - 1, HANDLE / 2 - 1)
        else:
            painter.drawEllipse(knob, HANDLE / 2, HANDLE / 2)

    def knob(self) -> QPointF:
        """The middle of the handle."""
        return QPointF(self._x_of(self.sliderPosition()), self.height() / 2)

    def filled(self) -> QRectF:
        """The part of the groove between nothing and the handle."""
        start = 0.0 if self.origin is None else self._x_of(self.origin)
        left, right = sorted((start, self.knob().x()))
        return QRectF(left, self.height() / 2 - GROOVE / 2, right - left, GROOVE)

    def _x_of(self, position: int) -> float:
        """Where the style, which also takes the mouse, puts the middle of the handle."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        option.sliderPosition = position
        part = QStyle.SubControl.SC_SliderHandle
        place = self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)
        return QRectF(place).center().x()
