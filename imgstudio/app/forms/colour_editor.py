"""The editor of a colour: a swatch that opens a picker, and its code."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QColorDialog, QLineEdit, QToolButton, QWidget

from imgstudio.app import icons
from imgstudio.app.forms.editor import Editor
from imgstudio.core.params import Param


class Swatch(QAbstractButton):
    """A filled rectangle in one colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(40, 24)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._colour = QColor("#000000")

    def set_colour(self, colour: QColor) -> None:
        self._colour = colour
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = self.palette().highlight().color() if self.hasFocus() else self.palette().mid().color()
        painter.setPen(QPen(edge, 2 if self.hasFocus() else 1))
        painter.setBrush(self._colour)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 3, 3)


class ColourEditor(Editor):
    """A "#rrggbb" colour."""

    pick_wanted = Signal(bool)
    """A person wants to take the colour from the picture, or does not any more."""

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self.swatch = Swatch(self)
        self.swatch.setObjectName(f"{param.name}.swatch")
        self.swatch.setToolTip("Choose a colour")
        self.swatch.clicked.connect(self._choose)
        self.line = QLineEdit(self)
        self.line.setObjectName(f"{param.name}.line")
        self.line.setFixedWidth(76)
        self.line.textEdited.connect(self._on_text)
        self.line.editingFinished.connect(self._show)
        self.row.addWidget(self.swatch)
        self.row.addWidget(self.line)
        self.pipette = self._pipette()
        self.row.addWidget(self.pipette)
        if not compact:
            self.row.addStretch(1)
        self.setFocusProxy(self.swatch)
        self._value: str | None = param.default
        self.set_value(param.default)

    def value(self) -> str | None:
        return self._value

    def set_value(self, value: Any) -> None:
        self._value = value
        self._show()

    def take(self, colour: QColor) -> None:
        """Use a colour that a person picked."""
        self.set_value(colour.name())
        self.edited.emit()

    def allow_picking(self) -> None:
        """Show the eyedropper: there is a picture to take a colour from."""
        self.pipette.show()

    def show_picking(self, on: bool) -> None:
        self.pipette.setChecked(on)

    def _pipette(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{self.param.name}.pipette")
        button.setAccessibleName("Take the colour from the picture")
        button.setToolTip("<b>Eyedropper</b><br>Click a colour in the picture; Esc ends.")
        button.setIcon(icons.icon("eyedropper"))
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(24, 24)
        button.setCheckable(True)
        button.clicked.connect(self.pick_wanted)
        button.hide()
        return button

    def _show(self) -> None:
        self.swatch.set_colour(QColor(self._value or "#000000"))
        self.line.setText(self._value or "")

    def _on_text(self, text: str) -> None:
        code = text if text.startswith("#") else f"#{text}"
        if len(code) == 7 and QColor.isValidColorName(code) and code.lower() != self._value:
            self._value = code.lower()
            self.swatch.set_colour(QColor(code))
            self.edited.emit()

    def _choose(self) -> None:
        dialog = QColorDialog(QColor(self._value or "#000000"), self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.param.label)
        dialog.colorSelected.connect(self.take)
        dialog.open()
