"""What comes with the program and may be chosen instead of a file: small pictures in a popup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.forms.thumbnail import file_thumbnail
from imgstudio.core.params import Preset

COLUMNS: Final = 4
PICTURE: Final = 88
CELL: Final = QSize(124, 128)


class PresetGallery(QFrame):
    """A grid of presets, and a button that browses for a file; closes when something is chosen."""

    chosen = Signal(str)
    browse_wanted = Signal()

    def __init__(self, presets: Sequence[Preset], current: Preset | None, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("presetGallery")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        grid = QGridLayout()
        grid.setSpacing(4)
        column.addLayout(grid)
        self.buttons = [self._cell(preset, is_current=preset == current) for preset in presets]
        for index, button in enumerate(self.buttons):
            grid.addWidget(button, index // COLUMNS, index % COLUMNS)
        self.browse_button = QPushButton(icons.icon("folder-open-outline"), "A picture of yours…", self)
        self.browse_button.setToolTip("Take the style of any picture")
        self.browse_button.clicked.connect(self._on_browse)
        column.addWidget(self.browse_button)
        focused = next((b for b, p in zip(self.buttons, presets, strict=True) if p == current), None)
        (focused or self.buttons[0]).setFocus()

    def open_below(self, widget: QWidget) -> None:
        """Under `widget`, their right sides in line, moved so that all of it is on the screen."""
        self.adjustSize()
        place = widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 2))
        room = widget.screen().availableGeometry()
        x = max(room.left(), min(place.x(), room.right() - self.width()))
        y = place.y()
        if y + self.height() > room.bottom():
            y = max(room.top(), widget.mapToGlobal(QPoint(0, 0)).y() - self.height() - 2)
        self.move(x, y)
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -COLUMNS,
            Qt.Key.Key_Down: COLUMNS,
        }
        step = steps.get(Qt.Key(event.key()))
        focused = self.focusWidget()
        if step is None or focused not in self.buttons:
            super().keyPressEvent(event)
            return
        place = self.buttons.index(focused) + step
        if 0 <= place < len(self.buttons):
            self.buttons[place].setFocus()
        elif step > 0:
            self.browse_button.setFocus()

    def _cell(self, preset: Preset, *, is_current: bool) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"preset.{preset.id}")
        name, _, artist = preset.label.partition(" · ")
        metrics = button.fontMetrics()
        elided = metrics.elidedText(name, Qt.TextElideMode.ElideRight, CELL.width() - 12)
        button.setText(f"{elided}\n{artist}" if artist else elided)
        button.setToolTip(preset.label)
        button.setAccessibleName(preset.label)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        picture = file_thumbnail(preset.thumbnail, 2 * PICTURE) if preset.thumbnail else None
        button.setIcon(QIcon(picture) if picture is not None else icons.icon("palette-outline", "dim"))
        button.setIconSize(QSize(PICTURE, PICTURE))
        button.setFixedSize(CELL)
        button.setAutoRaise(True)
        button.setCheckable(True)
        button.setChecked(is_current)
        button.clicked.connect(lambda: self._on_chosen(preset.id))
        return button

    def _on_chosen(self, name: str) -> None:
        self.close()
        self.chosen.emit(name)

    def _on_browse(self) -> None:
        self.close()
        self.browse_wanted.emit()
