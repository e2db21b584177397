"""The contact sheet, in place of the picture: eight settings side by side; choosing one takes its settings."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.contact_sheet import SheetController
from imgstudio.app.i18n import tr
from imgstudio.app.panels.sheet_cell import RING
from imgstudio.app.panels.sheet_grid import SheetGrid
from imgstudio.app.theme import current_tokens


class SheetPage(QWidget):
    """Shows a SheetController; knows no document."""

    chosen = Signal(object)
    """The Variation that a person took."""
    left = Signal()
    """Back to the settings as they are."""
    again = Signal()
    """Make what is missing."""

    def __init__(self, sheet: SheetController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sheet")
        self._sheet = sheet
        self.grid = SheetGrid(self)
        self.grid.setObjectName("sheet.grid")
        self.title, self.note, self.problem = QLabel(self), QLabel(self), QLabel(self)
        self.note.setObjectName("sheet.note")
        self.problem.setObjectName("sheet.problem")
        self.button = QPushButton(self)
        self.button.setObjectName("sheet.button")
        self.button.clicked.connect(self._on_button)
        self.back = QToolButton(self)
        self.back.setObjectName("sheet.back")
        self.back.clicked.connect(self.left)
        self._lay_out()
        self.grid.chosen.connect(self._on_chosen)
        sheet.changed.connect(self.refresh)
        sheet.cell_changed.connect(self._on_cell)
        sheet.progressed.connect(self._on_progressed)

    def begin(self, name: str) -> None:
        """Show a new sheet, of the filter `name`."""
        self.title.setText(tr("{}: contact sheet").format(name))
        sheet = self._sheet
        self.grid.show_cells(sheet.cells, sheet.shape, exact=sheet.shows_detail)
        self.refresh()

    def take_focus(self) -> None:
        """To the first picture that is there, else to the way back."""
        there = [cell for cell in self.grid.cells if cell.isEnabled()]
        (there[0] if there else self.back).setFocus(Qt.FocusReason.TabFocusReason)

    def refresh(self) -> None:
        sheet = self._sheet
        for cell in self.grid.cells:
            cell.refresh()
        self.note.setText(self._said())
        self.button.setText(tr("Stop") if sheet.state == "running" else tr("Go on"))
        self.button.setVisible(sheet.state in ("running", "stopped"))
        problem = sheet.problem
        self.problem.setText("" if problem is None else str(problem))
        self.problem.setVisible(problem is not None)
        self.grid.setVisible(problem is None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(current_tokens().base))

    def _said(self) -> str:
        sheet = self._sheet
        done = tr("{} of {}").format(sheet.done, len(sheet.cells))
        said = {
            "running": tr("Waiting for another job") if sheet.is_waiting else done,
            "stopped": tr("Stopped after {}").format(done),
            "done": tr("Choose a picture to take its settings"),
        }
        return said.get(sheet.state, "")

    def _on_cell(self, index: int) -> None:
        is_first = self.back.hasFocus()
        self.refresh()
        if is_first:
            self.take_focus()

    def _on_progressed(self, index: int, fraction: float) -> None:
        if index < len(self.grid.cells):
            self.grid.cells[index].set_progress(fraction)
            self.note.setText(self._said())

    def _on_chosen(self, index: int) -> None:
        self.chosen.emit(self._sheet.cells[index].variation)

    def _on_button(self) -> None:
        if self._sheet.state == "running":
            self._sheet.stop()
        else:
            self.again.emit()

    def _lay_out(self) -> None:
        self.title.setProperty("role", "title")
        self.note.setProperty("role", "dim")
        self.problem.setProperty("role", "dim")
        self.problem.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.problem.setWordWrap(True)
        self.problem.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.back.setIcon(icons.icon("close"))
        self.back.setIconSize(QSize(18, 18))
        self.back.setFixedSize(28, 28)
        self.back.setToolTip(f"<b>{tr('Close')}</b>&nbsp;&nbsp;Esc<br>{tr('Keep the settings as they are')}")
        self.back.setAccessibleName(tr("Close the contact sheet"))
        self.button.setMinimumHeight(26)  # the line stays as high without it
        head = QHBoxLayout()
        head.setSpacing(8)
        head.setContentsMargins(RING, 0, 0, 0)  # in line with the pictures
        head.addWidget(self.title, 1)
        for part in (self.note, self.button, self.back):
            head.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 14)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self.grid, 1)
        column.addWidget(self.problem, 1)
