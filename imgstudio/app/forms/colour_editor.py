"""The editor of a colour: a swatch that opens a picker, and its code."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QColorDialog, QLineEdit, QWidget

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
