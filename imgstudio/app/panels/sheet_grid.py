"""The pictures of a contact sheet in as many columns as make them largest; arrow keys go among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from imgstudio.app.controllers.contact_sheet import Cell
from imgstudio.app.panels.sheet_cell import CAPTION, RING, SheetCell

GAP: Final = 12
LARGEST: Final = 420
"""Width of a picture: more would only enlarge its pixels."""
LEAST: Final = 48
FLATTEST, STEEPEST = 0.4, 2.0
"""Least and most height of the place for a picture, in its widths."""
EMPTY_COSTS: Final = 0.08
"""Share of their size that pictures may lose to spare one empty place."""


class SheetGrid(QWidget):
    """Guards: all pictures are in sight."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells: list[SheetCell] = []
        self._shape = 0.75
        self._columns = 1

    def show_cells(self, cells: Sequence[Cell], shape: float, *, exact: bool = False) -> None:
        """Other pictures, `shape` times as high as wide; `exact`: at full size, cut where there is less room."""
        for old in self.cells:
            old.hide()
            old.deleteLater()
        self._shape = min(max(shape, FLATTEST), STEEPEST)
        self.cells = [SheetCell(cell, f"sheet.cell.{index}", self) for index, cell in enumerate(cells)]
        for index, made in enumerate(self.cells):
            made.is_exact = exact
            made.clicked.connect(partial(self._on_clicked, index))
            made.installEventFilter(self)
            made.show()
        self._arrange()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        return QSize(2 * LEAST, 2 * LEAST)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        """Arrow keys go from picture to picture, Enter takes one."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        index = next((i for i, cell in enumerate(self.cells) if cell is watched), None)
        if index is None:
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.cells[index].click()
            return True
        return self._go(index, Qt.Key(event.key()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _go(self, index: int, key: Qt.Key) -> bool:
        """To the next picture that is there that way."""
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._columns,
            Qt.Key.Key_Down: self._columns,
        }
        step = steps.get(key, 0)
        target = index + step
        while step and 0 <= target < len(self.cells) and not self.cells[target].isEnabled():
            target += step
        if step and 0 <= target < len(self.cells):
            self.cells[target].setFocus(Qt.FocusReason.TabFocusReason)
        return bool(step)

    def _arrange(self) -> None:
        count = len(self.cells)
        if not count or self.height() < 1:
            return
        self._columns = max(range(1, count + 1), key=lambda columns: self._score(columns, count))
        width = max(LEAST, int(min(LARGEST, self._width(self._columns, count))))
        height = round(width * self._shape)
        across, down = width + 2 * RING + GAP, height + 2 * RING + CAPTION + GAP
        rows = -(-count // self._columns)
        left = max(0, (self.width() - self._columns * across + GAP) // 2)
        top = max(0, (self.height() - rows * down + GAP) // 2)
        for index, cell in enumerate(self.cells):
            row, column = divmod(index, self._columns)
            cell.setGeometry(left + column * across, top + row * down, across - GAP, down - GAP)

    def _score(self, columns: int, count: int) -> tuple[int, float]:
        """How large the pictures are; where they are equally large, how like the room their block is."""
        rows = -(-count // columns)
        size = min(LARGEST, self._width(columns, count)) * (1 - EMPTY_COSTS * (-count % columns))
        likeness = abs(math.log(columns / (rows * self._shape) * self.height() / max(1, self.width())))
        return round(size), -likeness

    def _width(self, columns: int, count: int) -> float:
        """How wide a picture can be in so many columns."""
        rows = -(-count // columns)
        across = (self.width() - GAP * (columns - 1)) / columns - 2 * RING
        down = (self.height() - GAP * (rows - 1)) / rows - 2 * RING - CAPTION
        return min(across, down / self._shape)

    def _on_clicked(self, index: int) -> None:
        self.chosen.emit(index)
