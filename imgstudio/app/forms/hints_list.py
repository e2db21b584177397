"""The rows of a list of strokes: what they say, how they look, and what lies where in them."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from imgstudio.app import icons
from imgstudio.app.i18n import tr
from imgstudio.app.theme import current_tokens
from imgstudio.core.hint_strokes import Stroke, Strokes

ROW: Final = 24
SWATCH: Final = 16
PAD: Final = 4
STROKE: Final = Qt.ItemDataRole.UserRole
AnyIndex: TypeAlias = QModelIndex | QPersistentModelIndex


def part_at(row: QRect, at: QPoint) -> Literal["swatch", "remove", "row"]:
    """What of a row lies at a point."""
    if at.x() < row.left() + SWATCH + 2 * PAD:
        return "swatch"
    return "remove" if at.x() >= row.right() - ROW else "row"


class HintRows(QAbstractListModel):
    """Strokes, the newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strokes: Strokes = ()

    def show_strokes(self, strokes: Strokes) -> None:
        self.beginResetModel()
        self._strokes = strokes
        self.endResetModel()

    def stroke_at(self, index: AnyIndex) -> int | None:
        """Which stroke a row shows, counted from the oldest; None for no row."""
        return len(self._strokes) - 1 - index.row() if index.isValid() else None

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        return 0 if parent.isValid() else len(self._strokes)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        number = self.stroke_at(index)
        if number is None:
            return None
        stroke = self._strokes[number]
        if role == STROKE:
            return stroke
        if role == Qt.ItemDataRole.DisplayRole:
            return _said(stroke, number)
        return None


class RowPainter(QStyledItemDelegate):
    """Colour, words, and a cross in the row under the pointer."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(80, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        box: QRect = option.rect
        state: QStyle.StateFlag = option.state
        look, stroke = current_tokens(), index.data(STROKE)
        is_hot = bool(state & QStyle.StateFlag.State_MouseOver)
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_hot or is_chosen:
            painter.fillRect(box, QColor(look.chosen if is_chosen else look.hover))
        _paint_swatch(painter, QRect(box.left() + PAD, box.top() + PAD, SWATCH, SWATCH), stroke)
        words = box.adjusted(SWATCH + 3 * PAD, 0, -ROW - PAD, 0)
        painter.setPen(QColor(look.text))
        said = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)
        if is_hot or is_chosen:
            side = 14
            cross = QRect(0, 0, side, side)
            cross.moveCenter(QPoint(box.right() - ROW // 2, box.center().y() + 1))
            icons.icon("close", "dim").paint(painter, cross)
        painter.restore()


def _paint_swatch(painter: QPainter, box: QRect, stroke: Stroke) -> None:
    """A square in the colour; one that keeps what is there is crossed out."""
    look, hint = current_tokens(), stroke[0]
    painter.setPen(QPen(QColor(look.dim), 1))
    painter.setBrush(QColor(look.raised) if hint.keeps else QColor(*(round(level) for level in hint[3:])))
    inner = QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(inner, 3, 3)
    if hint.keeps:
        painter.drawLine(inner.bottomLeft(), inner.topRight())


def _said(stroke: Stroke, number: int) -> str:
    said = tr("Stroke {number} · {size:.0f} px").format(number=number + 1, size=2 * stroke[0].radius)
    return f"{said} · {tr('keep')}" if stroke[0].keeps else said
