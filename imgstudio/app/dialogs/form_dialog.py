"""A small dialog around a generated form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr

Adjust = Callable[[Any, Any], Any]
"""(before, after an edit) -> what to show instead, such as the other side of a fixed proportion."""


class FormDialog(QDialog):
    """Shows `params`; `value` is what the person made of them."""

    def __init__(
        self,
        title: str,
        params: Any,
        *,
        note: str = "",
        accept: str = "",
        adjust: Adjust | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("form_dialog")
        self.setWindowTitle(title)
        self.setMinimumWidth(380)
        self._adjust, self._shown = adjust, params
        self.form = ParamForm(type(params))
        start_from(self.form, params)
        self.form.changed.connect(self._on_changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        if note:
            words = QLabel(note)
            words.setWordWrap(True)
            words.setProperty("role", "dim")
            column.addWidget(words)
        column.addWidget(self.form)
        column.addStretch(1)
        column.addWidget(dialog_buttons(self, accept or tr("OK")))

    @property
    def value(self) -> Any:
        return self.form.value()

    def _on_changed(self, value: Any) -> None:
        if self._adjust is not None:
            adjusted = self._adjust(self._shown, value)
            if adjusted != value:
                self.form.set_value(adjusted)
            value = adjusted
        self._shown = value


def start_from(form: ParamForm, params: Any) -> None:
    """Fill a form; its arrows lead back to these values instead of the defaults of the class."""
    for name, editor in form.editors.items():
        editor.param = replace(editor.param, default=getattr(params, name))
    form.set_value(params)


def dialog_buttons(dialog: QDialog, accept: str) -> QDialogButtonBox:
    """Cancel, and the one primary button."""
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, dialog)
    primary = QPushButton(accept)
    primary.setObjectName("dialog.accept")
    primary.setProperty("primary", "true")
    box.addButton(primary, QDialogButtonBox.ButtonRole.AcceptRole)
    primary.setDefault(True)  # within the dialog: before, Qt would take Cancel
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box


def dim_label(text: str) -> QLabel:
    """What a field is called."""
    label = QLabel(text)
    label.setProperty("role", "dim")
    return label


def row_of(label: QLabel, *parts: QWidget) -> QHBoxLayout:
    """A label and its field, which takes the room there is, and what stands beside it."""
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(label)
    for number, part in enumerate(parts):
        row.addWidget(part, 0 if number else 1)
    return row
