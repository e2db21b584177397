"""Shares of classes as bars under each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from imgstudio.app.panels.label.class_chip import paint_swatch
from imgstudio.app.theme import current_tokens

ROW: Final = 22
SWATCH: Final = 12
TEXT: Final = 52
BAR: Final = 6
MIDDLE: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Bar:
    """One row."""

    name: str
    colour: tuple[int, int, int]
    share: float
    """0..1."""
    text: str
    tip: str = ""


class ShareBars(QWidget):
    """A row for each: swatch, name, bar, number."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        font = self.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)
        self.bars: tuple[Bar, ...] = ()

    def show_bars(self, bars: Sequence[Bar]) -> None:
        self.bars = tuple(bars)
        self.setAccessibleDescription(", ".join(f"{bar.name} {bar.text}" for bar in self.bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, ROW * len(self.bars))

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = current_tokens(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = max((self.fontMetrics().horizontalAdvance(bar.name) for bar in self.bars), default=0)
        width = min(names, (self.width() - SWATCH - TEXT) // 2)
        for number, bar in enumerate(self.bars):
            top = number * ROW
            paint_swatch(painter, QRect(0, top + (ROW - SWATCH) // 2, SWATCH, SWATCH), QColor(*bar.colour))
            place = QRect(SWATCH + 8, top, width, ROW)
            painter.setPen(QColor(look.text))
            name = self.fontMetrics().elidedText(bar.name, Qt.TextElideMode.ElideMiddle, width)
            painter.drawText(place, MIDDLE | Qt.AlignmentFlag.AlignLeft, name)
            painter.setPen(QColor(look.dim))
            end = QRect(self.width() - TEXT, top, TEXT, ROW)
            painter.drawText(end, MIDDLE | Qt.AlignmentFlag.AlignRight, bar.text)
            left = place.right() + 9
            self._paint_bar(painter, QRectF(left, top + (ROW - BAR) / 2, end.left() - left - 4, BAR), bar)

    def _paint_bar(self, painter: QPainter, box: QRectF, bar: Bar) -> None:
        look = current_tokens()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.line))
        painter.drawRoundedRect(box, BAR / 2, BAR / 2)
        if bar.share > 0:
            box.setWidth(max(BAR, box.width() * min(1.0, bar.share)))
            painter.setBrush(QColor(look.dim))
            painter.drawRoundedRect(box, BAR / 2, BAR / 2)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = event.pos().y() // ROW
            if 0 <= row < len(self.bars):
                QToolTip.showText(event.globalPos(), self.bars[row].tip or self.bars[row].name, self)
            return True
        return super().event(event)
