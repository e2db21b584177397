"""Which class is taken for which: a table whose cells are the fuller the more pixels of a row they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.colours import TRAINING, VALIDATION, series
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font

EDGE: Final = 12
GAP: Final = 6
MOST_NAME: Final = 96
LEAST_CELL: Final = 12
MOST_CELL: Final = 44
ROOM_FOR_NUMBER: Final = 18
LEAST_TOLD: Final = 0.005
"""Shares below stay without a number."""
STRONGEST: Final = 0.75
Counts = npt.NDArray[np.int64]


class ConfusionView(QWidget):
    """Rows are what is there, columns what the network says; shares are of a row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.confusion")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.counts: Counts = np.zeros((0, 0), np.int64)
        self.names: Sequence[str] = ()
        self._hovered: tuple[int, int] | None = None

    def show_counts(self, counts: Counts | None, names: Sequence[str]) -> None:
        """(classes, classes) pixels, and as many names; other numbers of names are made up."""
        self.counts = np.zeros((0, 0), np.int64) if counts is None else counts
        classes = len(self.counts)
        self.names = names if len(names) == classes else [str(number) for number in range(classes)]
        self._hovered = None
        self._fit()
        self.update()

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """Of each row, 0..1; nan where a class does not occur."""
        sums = self.counts.sum(axis=1, keepdims=True)
        return np.where(sums > 0, self.counts / np.maximum(sums, 1), np.nan)

    def cell(self, row: int, column: int) -> QRectF:
        """Where a cell is."""
        table = self._table(self.width())
        side = table.width() / len(self.counts)
        return QRectF(table.left() + column * side, table.top() + row * side, side, side)

    def cell_at(self, place: QPoint) -> tuple[int, int] | None:
        table = self._table(self.width())
        if not len(self.counts) or not table.contains(QPointF(place)):
            return None
        side = table.width() / len(self.counts)
        return int((place.y() - table.top()) / side), int((place.x() - table.left()) / side)

    def told(self, row: int, column: int) -> str:
        """What a cell means, in words."""
        share, count = self.shares[row, column], int(self.counts[row, column])
        if not np.isfinite(share):
            return tr("{name} does not occur in these pictures").format(name=self.names[row])
        if row == column:
            text = tr("{share:.1f} % of {truth} are recognised ({count:,} pixels)")
        else:
            text = tr("{share:.1f} % of {truth} are taken for {said} ({count:,} pixels)")
        return text.format(share=100 * share, truth=self.names[row], said=self.names[column], count=count)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            QToolTip.showText(event.globalPos(), "" if cell is None else self.told(*cell), self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hovered = self.cell_at(event.position().toPoint())
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self.counts):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shares = self.shares
        for row in range(len(shares)):
            for column in range(len(shares)):
                self._paint_cell(painter, row, column, float(shares[row, column]))
        self._paint_names(painter)

    def _fit(self) -> None:
        """As high as the cells need to be squares."""
        self.setFixedHeight(round(self._table(self.width()).bottom()) + GAP if len(self.counts) else 0)

    def _paint_cell(self, painter: QPainter, row: int, column: int, share: float) -> None:
        look, box = current_tokens(), self.cell(row, column).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.fillRect(box, QColor(look.raised))
        if np.isfinite(share):
            fill = QColor(series(look, TRAINING if row == column else VALIDATION))
            fill.setAlphaF(STRONGEST * share**0.6)
            painter.fillRect(box, fill)
        if (row, column) == self._hovered:
            painter.setPen(QColor(look.text))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)
        if np.isfinite(share) and share >= LEAST_TOLD and box.width() >= ROOM_FOR_NUMBER:
            painter.setFont(_number_font(box.width()))
            painter.setPen(QColor(look.text if row == column or share > 0.02 else look.dim))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f}")

    def _paint_names(self, painter: QPainter) -> None:
        look, font = current_tokens(), interface_font(SMALL_POINTS)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        width = self._name_width(self.width())
        for number, name in enumerate(self.names):
            short = metrics.elidedText(name, Qt.TextElideMode.ElideRight, width)
            is_marked = self._hovered is not None
            row, column = self._hovered or (-1, -1)
            left = self.cell(number, 0)
            painter.setPen(QColor(look.text if is_marked and row == number else look.dim))
            box = QRectF(EDGE, left.top(), width, left.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, short)
            painter.setPen(QColor(look.text if is_marked and column == number else look.dim))
            top = self.cell(0, number)
            painter.save()
            painter.translate(top.center().x(), top.top() - GAP)
            painter.rotate(-90)
            box = QRectF(0, -metrics.height() / 2, width, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)
            painter.restore()

    def _name_width(self, width: int) -> int:
        metrics = QFontMetrics(interface_font(SMALL_POINTS))
        longest = max((metrics.horizontalAdvance(name) + 1 for name in self.names), default=0)
        return min(longest, MOST_NAME, round(0.28 * width))

    def _table(self, width: int) -> QRectF:
        """The cells alone, without the names."""
        names = self._name_width(width)
        left = EDGE + names + GAP
        classes = max(1, len(self.counts))
        side = min(max((width - left - EDGE) / classes, LEAST_CELL), MOST_CELL)
        return QRectF(left, GAP + names + GAP, side * classes, side * classes)


def most_mixed_up(counts: Counts) -> tuple[int, int, float] | None:
    """(truth, prediction, share of the truth) of the worst mistake; None when there is none."""
    if len(counts) < 2:
        return None
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.where(sums > 0, counts / np.maximum(sums, 1), 0.0)
    np.fill_diagonal(shares, 0.0)
    row, column = np.unravel_index(int(shares.argmax()), shares.shape)
    share = float(shares[row, column])
    return (int(row), int(column), share) if share > 0 else None


def _number_font(side: float) -> QFont:
    font = interface_font(SMALL_POINTS if side >= 26 else SMALL_POINTS - 1)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
