"""The editors of choices, switches and texts, and the table from kind to editor."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from imgstudio.app import icons
from imgstudio.app.forms.colour_editor import ColourEditor
from imgstudio.app.forms.curve_editor import CurveEditor
from imgstudio.app.forms.editor import Editor
from imgstudio.app.forms.file_editor import FileEditor
from imgstudio.app.forms.hints_editor import HintsEditor
from imgstudio.app.forms.number_row import NumberEditor
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.core.params import Param

_PROPER: Final = {"mps": "Apple GPU", "cuda": "NVIDIA GPU"}
_INITIALS: Final = frozenset({"rgb", "hsl", "hsv", "lab", "cmyk", "cpu", "gpu", "ai"})
MOST_SEGMENTS: Final = 4
MOST_LETTERS: Final = 27
"""More letters, with room round each word, do not fit beside a label, so a list is shown instead."""
ROOM_LETTERS: Final = 3
COMPACT_LETTERS: Final = 40


class QuietCombo(QComboBox):
    """A list that turns with the wheel only while it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setStyleSheet("QComboBox::drop-down { border: 0; width: 20px; }")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        place = QRect(self.width() - 20, (self.height() - 16) // 2, 16, 16)
        icons.icon("chevron-down", "dim").paint(QPainter(self), place)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ChoiceEditor(Editor):
    """One of a few: buttons where they fit, else a list."""

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self._choices: list[Any] = [*([None] if param.optional else []), *param.choices]
        labels = [spoken(choice) for choice in self._choices]
        self.buttons: SegmentedButtons | None = None
        self.combo: QuietCombo | None = None
        letters = sum(len(label) + ROOM_LETTERS for label in labels)
        if len(labels) <= MOST_SEGMENTS and letters <= (COMPACT_LETTERS if compact else MOST_LETTERS):
            self.buttons = SegmentedButtons(labels, f"{param.name}.buttons", self)
            self.buttons.chosen.connect(self._on_chosen)
            self.row.addWidget(self.buttons, 0 if compact else 1)
            self.setFocusProxy(self.buttons)
        else:
            self.combo = QuietCombo(self)
            self.combo.setObjectName(f"{param.name}.combo")
            self.combo.addItems(labels)
            self.combo.activated.connect(self._on_chosen)
            self.row.addWidget(self.combo, 1)
            self.setFocusProxy(self.combo)
        self._value: Any = param.default
        self.set_value(param.default)

    def value(self) -> Any:
        return self._value

    def set_value(self, value: Any) -> None:
        self._value = value
        index = self._choices.index(value)
        if self.buttons is not None:
            self.buttons.set_index(index)
        if self.combo is not None:
            self.combo.setCurrentIndex(index)

    def _on_chosen(self, index: int) -> None:
        if self._choices[index] != self._value:
            self._value = self._choices[index]
            self.edited.emit()


class FlagEditor(Editor):
    """A check box with its sentence."""

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self.box = QCheckBox(param.label, self)
        self.box.setObjectName(f"{param.name}.box")
        self.box.setToolTip(param.help)
        self.box.clicked.connect(self.edited)
        self.row.addWidget(self.box)
        if not compact:
            self.row.addStretch(1)
        self.setFocusProxy(self.box)
        self.set_value(param.default)

    def value(self) -> bool:
        return self.box.isChecked()

    def set_value(self, value: Any) -> None:
        self.box.setChecked(bool(value))


class TextEditor(Editor):
    """A line of text."""

    def __init__(self, param: Param, *, compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(param, compact=compact, parent=parent)
        self.line = QLineEdit(self)
        self.line.setObjectName(f"{param.name}.line")
        if param.optional:
            self.line.setPlaceholderText("Auto")
        self.line.textEdited.connect(self.edited)
        self.row.addWidget(self.line, 1)
        self.setFocusProxy(self.line)
        self.set_value(param.default)

    def value(self) -> str | None:
        return self.line.text() or (None if self.param.optional else "")

    def set_value(self, value: Any) -> None:
        if value != self.line.text():
            self.line.setText(value or "")


def spoken(choice: Any) -> str:
    """A choice as a person reads it."""
    if choice is None:
        return "Auto"
    if isinstance(choice, bool):
        return "Yes" if choice else "No"
    text = str(choice.value) if isinstance(choice, enum.Enum) else str(choice)
    if text in _INITIALS:
        return text.upper()
    if text in _PROPER:
        return _PROPER[text]
    spaced = text.replace("_", " ").replace("-", " ") if text.islower() else text
    return spaced[:1].upper() + spaced[1:]


EDITORS: Final[dict[str, type[Editor]]] = {
    "number": NumberEditor,
    "choice": ChoiceEditor,
    "flag": FlagEditor,
    "text": TextEditor,
    "file": FileEditor,
    "colour": ColourEditor,
    "curve": CurveEditor,
    "hints": HintsEditor,
}


def make_editor(param: Param, *, compact: bool = False, parent: QWidget | None = None) -> Editor:
    """The editor for a parameter's kind."""
    if param.kind == "flag" and param.optional:
        three = replace(param, choices=(True, False))
        return ChoiceEditor(three, compact=compact, parent=parent)
    return EDITORS[param.kind](param, compact=compact, parent=parent)
