"""One class as a small button: its key, its colour, its name."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font

HEIGHT: Final = 26
SWATCH: Final = 12
LONGEST: Final = 132
EDGE: Final = 8
GAP: Final = 6


class ClassChip(QAbstractButton):
    """Marked with a frame while its class is painted."""

    def __init__(
        self, value: int, name: str, colour: QColor, key: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.value = value
        self._name, self._colour, self._key = name, colour, key
        self.setObjectName(f"label.chip.{value}")
        self.setAccessibleName(name)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setToolTip(f"<b>{name}</b>" + (f"&nbsp;&nbsp;{key}" if key else ""))

    def sizeHint(self) -> QSize:
        width = 2 * EDGE + SWATCH + GAP + min(LONGEST, self.fontMetrics().horizontalAdvance(self._name) + 1)
        return QSize(width + (self._key_width() + GAP if self._key else 0), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = current_tokens(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self.isChecked() or self.underMouse():
            painter.setPen(QPen(QColor(look.accent), 1) if self.isChecked() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.chosen if self.isChecked() else look.hover))
            painter.drawRoundedRect(box, 4, 4)
        left = EDGE
        if self._key:
            painter.setPen(QColor(look.text if self.isChecked() else look.dim))
            painter.setFont(interface_font(SMALL_POINTS))
            place = QRect(left, 0, self._key_width(), self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._key)
            left += self._key_width() + GAP
        paint_swatch(painter, QRect(left, (self.height() - SWATCH) // 2, SWATCH, SWATCH), self._colour)
        left += SWATCH + GAP
        painter.setFont(self.font())
        painter.setPen(QColor(look.text))
        room = QRect(left, 0, self.width() - left - EDGE + 1, self.height())
        name = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def _key_width(self) -> int:
        return max(7, self.fontMetrics().horizontalAdvance(self._key) - 1)


def paint_swatch(painter: QPainter, box: QRect, colour: QColor) -> None:
    """A colour, with an edge that keeps it apart from any ground."""
    painter.setPen(QPen(QColor(128, 128, 128, 150), 1))
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)


def paint_nothing(painter: QPainter, box: QRect) -> None:
    """The sign of what has no colour: a slash."""
    painter.setPen(QPen(QColor(128, 128, 128, 200), 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(inner, 2, 2)
    painter.drawLine(QPointF(inner.bottomLeft()), QPointF(inner.topRight()))
