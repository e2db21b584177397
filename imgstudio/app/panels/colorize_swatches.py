"""Colours to choose from, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    qGray,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.forms.focus_shown import FocusShown
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font
from imgstudio.core.colour_text import code_of

CELL: Final = QSize(21, 22)
"""Least width, and height, of a cell."""
GAP: Final = 2
"""Between cells (logical pixels)."""
LIGHT: Final = 140
"""Grey from which on a dark number is read better than a light one."""


class SwatchGrid(FocusShown):
    """A click, Enter or Space chooses one; arrow keys go from one to the next, Delete wants one gone.

    Guards: cells fill the width evenly, and the height is what they need.
    """

    chosen = Signal(object)
    """The colour (red, green, blue)."""
    remove_wanted = Signal(int)
    menu_wanted = Signal(int, QPoint)

    def __init__(self, *, columns: int = 0, numbered: bool = False, parent: QWidget | None = None) -> None:
        """`columns`: so many in a row, empty ones too; 0: as many as there is room for."""
        super().__init__(parent)
        self.colours: tuple[Rgb, ...] = ()
        self._tips: tuple[str, ...] = ()
        self._columns, self._numbered = columns, numbered
        self._used: Rgb | None = None
        self._at, self._hovered = 0, -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(CELL.height())

    def show_colours(self, colours: Sequence[Rgb], tips: Sequence[str] = ()) -> None:
        """`tips` say more about each than its code."""
        self.colours, self._tips = tuple(colours), tuple(tips)
        self._at = max(0, min(self._at, len(self.colours) - 1))
        self._fit()
        self.update()

    def show_used(self, colour: Rgb) -> None:
        """Mark the colour that is painted with."""
        self._used = colour
        self.update()

    def cell(self, index: int) -> QRect:
        """Where a colour lies."""
        row, column = divmod(index, self._in_a_row())
        width = (self.width() + GAP) / self._in_a_row()
        left, right = round(column * width), round((column + 1) * width) - GAP
        return QRect(left, row * (CELL.height() + GAP), right - left, CELL.height())

    def index_at(self, at: QPoint) -> int:
        """The colour at a point; -1 for none."""
        return next((i for i in range(len(self.colours)) if self.cell(i).contains(at)), -1)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.index_at(event.pos())
            if index >= 0:
                QToolTip.showText(event.globalPos(), self._tip(index), self, self.cell(index))
                return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hovered = self.index_at(event.position().toPoint())
        if hovered != self._hovered:
            self._hovered = hovered
            self.setCursor(Qt.CursorShape.PointingHandCursor if hovered >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        if index < 0:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self._at = index
            self.chosen.emit(self.colours[index])
            self.update()
        elif event.button() == Qt.MouseButton.RightButton:
            self.menu_wanted.emit(index, event.globalPosition().toPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._in_a_row(),
            Qt.Key.Key_Down: self._in_a_row(),
        }
        key = Qt.Key(event.key())
        if not self.colours:
            super().keyPressEvent(event)
        elif key in steps and 0 <= self._at + steps[key] < len(self.colours):
            self._at += steps[key]
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.colours[self._at])
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_wanted.emit(self._at)
        else:
            super().keyPressEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = -1
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in range(max(len(self.colours), self._columns)):
            self._paint_cell(painter, index)

    def _paint_cell(self, painter: QPainter, index: int) -> None:
        look, box = current_tokens(), QRectF(self.cell(index)).adjusted(0.5, 0.5, -0.5, -0.5)
        if index >= len(self.colours):
            painter.setPen(QPen(QColor(look.line), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 3, 3)
            return
        colour = self.colours[index]
        is_in_hand = self.hasFocus() and index == self._at
        edge = look.accent if is_in_hand else look.text if index == self._hovered else look.line
        painter.setPen(QPen(QColor(edge), 2 if is_in_hand else 1))
        painter.setBrush(QColor(*colour))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5) if is_in_hand else box, 3, 3)
        ink = QColor(0, 0, 0, 200) if qGray(*colour) > LIGHT else QColor(255, 255, 255, 220)
        if self._numbered:
            painter.setPen(ink)
            painter.setFont(interface_font(SMALL_POINTS))
            painter.drawText(self.cell(index), Qt.AlignmentFlag.AlignCenter, str(index + 1))
        elif colour == self._used:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawEllipse(box.center(), 2.5, 2.5)

    def _in_a_row(self) -> int:
        return self._columns or max(1, (self.width() + GAP) // (CELL.width() + GAP))

    def _fit(self) -> None:
        rows = max(1, -(-len(self.colours) // self._in_a_row()))
        self.setFixedHeight(rows * (CELL.height() + GAP) - GAP)

    def _tip(self, index: int) -> str:
        code = code_of(self.colours[index])
        said = self._tips[index] if index < len(self._tips) else ""
        return f"<b>{code}</b><br>{said}" if said else code
