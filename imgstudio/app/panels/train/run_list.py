"""The list of runs: an eye that lays a run's curves over the shown one, two lines of text, the best score."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip, QWidget

from imgstudio.app import icons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.colours import TRAINING, RunColours, series
from imgstudio.app.panels.train.run_rows import ROW, Index, RunRow, RunRows
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font
from imgstudio.learn.runs.folder import RunFolder

HEIGHT: Final = 40
EYE: Final = 28
EDGE: Final = 12
LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunList(QListView):
    """Clicks are told apart: on the eye, or on the run."""

    compared = Signal(object)
    """The RunFolder whose eye was clicked."""
    chosen = Signal(object)
    """The RunFolder that shall be shown."""
    delete_asked = Signal(object)

    def __init__(self, rows: RunRows, colours: RunColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.runs.list")
        self.setAccessibleName(tr("Runs"))
        self.setModel(rows)
        self._painter = _RunPainter(colours, self)
        self.setItemDelegate(self._painter)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)

    def mark(self, run: RunFolder | None) -> None:
        """Mark the run that is shown."""
        rows = self.model()
        assert isinstance(rows, RunRows)
        self._painter.shown = None if run is None else run.path
        self.setCurrentIndex(rows.index_of(run))
        self.viewport().update()

    def run_at(self, place: QPoint) -> RunFolder | None:
        index = self.indexAt(place)
        return _row(index).run if index.isValid() else None

    def eye_of(self, run: RunFolder) -> QRect:
        """Where its eye is, in the viewport."""
        rows = self.model()
        assert isinstance(rows, RunRows)
        box = self.visualRect(rows.index_of(run))
        return QRect(box.left() + 4, box.top(), EYE, box.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        run = self.run_at(event.position().toPoint())
        if run is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self.eye_of(run).contains(event.position().toPoint()):
            self.compared.emit(run)
            return
        super().mousePressEvent(event)
        self.chosen.emit(run)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index, key = self.currentIndex(), event.key()
        signals = {
            Qt.Key.Key_Space: self.compared,
            Qt.Key.Key_Return: self.chosen,
            Qt.Key.Key_Enter: self.chosen,
            Qt.Key.Key_Delete: self.delete_asked,
        }
        signal = signals.get(Qt.Key(key))
        if index.isValid() and signal is not None:
            signal.emit(_row(index).run)
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            run = self.run_at(event.pos())
            if run is not None and self.eye_of(run).contains(event.pos()):
                QToolTip.showText(event.globalPos(), tr("Lay its curves over those of the shown run (Space)"))
                return True
        return super().viewportEvent(event)


class _RunPainter(QStyledItemDelegate):
    """Paints rows; clicks are the list's business."""

    def __init__(self, colours: RunColours, parent: QWidget) -> None:
        super().__init__(parent)
        self._colours = colours
        self.shown: Path | None = None
        """Folder of the run whose curves are drawn in the colours of a single one."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        flags: QStyle.StateFlag = option.state
        row, look = _row(index), current_tokens()
        chosen = bool(flags & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or flags & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(look.chosen if chosen else look.hover))
        if chosen and flags & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(QRect(box.topLeft(), QSize(2, box.height())), QColor(look.accent))
        eye = QRect(box.left() + 4, box.top(), EYE, box.height())
        self._paint_eye(painter, eye, row, hovered=bool(flags & QStyle.StateFlag.State_MouseOver))
        self._paint_texts(painter, box.adjusted(EYE + 8, 0, -EDGE, 0), row)
        painter.restore()

    def _paint_eye(self, painter: QPainter, box: QRect, row: RunRow, *, hovered: bool) -> None:
        look = current_tokens()
        number = TRAINING if row.run.path == self.shown else self._colours.number(row.run.path)
        place = QRect(0, 0, 16, 16)
        place.moveCenter(box.center())
        if number is None and hovered:
            icons.icon("eye-outline", "dim").paint(painter, place)
            return
        colour = QColor(look.off if number is None else series(look, number))
        painter.setPen(QPen(colour, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush if number is None else colour)
        painter.drawRoundedRect(QRectF(place).adjusted(3, 3, -3, -3), 2, 2)

    def _paint_texts(self, painter: QPainter, box: QRect, row: RunRow) -> None:
        look = current_tokens()
        upper, lower = box.adjusted(0, 4, 0, -HEIGHT // 2), box.adjusted(0, HEIGHT // 2, 0, -4)
        font = QFont(interface_font(strong=row.is_alive))
        font.setFeature(QFont.Tag("tnum"), 1)
        painter.setFont(font)
        painter.setPen(QColor(look.text))
        width = painter.fontMetrics().horizontalAdvance(row.score) + 8 if row.score else 0
        painter.drawText(upper, RIGHT, row.score)
        name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideMiddle, upper.width() - width)
        painter.drawText(upper, LEFT, name)
        painter.setFont(interface_font(SMALL_POINTS))
        painter.setPen(QColor(look.dim))
        metrics = painter.fontMetrics()
        goal = row.goal if row.score else ""
        width = metrics.horizontalAdvance(goal) + 8 if goal else 0
        painter.drawText(lower, RIGHT, goal)
        if row.has_failed:
            sign = QRect(lower.left(), lower.center().y() - 6, 13, 13)
            icons.icon("alert-circle-outline", "bad").paint(painter, sign)
            lower = lower.adjusted(17, 0, 0, 0)
        details = metrics.elidedText(row.details, Qt.TextElideMode.ElideRight, lower.width() - width)
        painter.drawText(lower, LEFT, details)


def _row(index: Index) -> RunRow:
    row: RunRow = index.data(ROW)
    return row
