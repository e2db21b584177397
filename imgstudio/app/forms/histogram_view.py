"""How often each level occurs in a picture, as a quiet shape; alone or behind a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

Counts: TypeAlias = npt.NDArray[np.float32]
Histograms: TypeAlias = Mapping[str, Counts]
"""Counts of levels from black to white: "red", "green", "blue", and "" for the brightness."""

HEIGHT: Final = 56
OPACITY: Final = 0.22


class HistogramView(QWidget):
    """A histogram with a mark for each number that stands below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("form.histogram")
        self.setAccessibleName("Histogram")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.counts: Counts | None = None
        self.marks: Sequence[float] = ()
        """0..1 from black to white."""

    def show_counts(self, counts: Counts | None) -> None:
        self.counts = counts
        self.update()

    def show_marks(self, marks: Sequence[float]) -> None:
        self.marks = marks
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.contentsRect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.fillRect(box, self.palette().base())
        paint_histogram(painter, box, self.counts, self.palette())
        painter.setPen(QPen(ink(self.palette(), 0.2), 1))
        painter.drawRect(box)
        painter.setPen(QPen(self.palette().highlight().color(), 1))
        for mark in self.marks:
            x = round(box.left() + mark * (box.width() - 1)) + 0.5
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))


def paint_histogram(painter: QPainter, box: QRectF, counts: Counts | None, palette: QPalette) -> None:
    """Fill the shape of the counts into a box."""
    if counts is None or counts.size < 2 or counts.max() <= 0:
        return
    # The square root keeps small counts visible beside a high peak.
    heights = np.sqrt(counts / counts.max()) * box.height()
    xs = np.linspace(box.left(), box.right(), heights.size)
    top = [QPointF(float(x), box.bottom() - float(y)) for x, y in zip(xs, heights, strict=True)]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink(palette, OPACITY))
    painter.drawPolygon(QPolygonF([box.bottomLeft(), *top, box.bottomRight()]))


def ink(palette: QPalette, opacity: float) -> QColor:
    """The text colour, thinned."""
    colour = QColor(palette.text().color())
    colour.setAlphaF(opacity)
    return colour
