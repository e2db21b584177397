"""One line of a form: label, editor, and an arrow back to the default."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.forms.editor import Editor
from imgstudio.app.forms.number_row import NumberEditor

ROW_HEIGHT: Final = 24
LABEL_LEAST: Final = 56
LABEL_MOST: Final = 108
RESET_WIDTH: Final = 20


class RowLabel(QLabel):
    """A dim label, cut short where it must be; beside a number it is dragged to scrub."""

    scrub_began = Signal()
    scrubbed = Signal(float, bool)
    """Pixels since the press, and whether Shift asks for small steps."""
    double_clicked = Signal()

    def __init__(self, text: str, *, scrubs: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.full_text = text
        self._scrubs, self._press_x = scrubs, 0.0
        self.setProperty("role", "dim")
        self.setText(text)
        if scrubs:
            self.setCursor(Qt.CursorShape.SizeHorCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._scrubs:
            self._press_x = event.globalPosition().x()
            self.scrub_began.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._scrubs:
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.scrubbed.emit(event.globalPosition().x() - self._press_x, fine)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setText(
            self.fontMetrics().elidedText(self.full_text, Qt.TextElideMode.ElideRight, event.size().width())
        )


class FormRow(QWidget):
    """Shows one editor; the arrow is there whenever the value is not the default."""

    edited = Signal()

    def __init__(self, editor: Editor, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editor = editor
        param = editor.param
        self.setObjectName(f"{param.name}.row")
        self.setToolTip(_tip(param.label, param.help))
        is_flag = param.kind == "flag" and not param.optional  # else it is a choice of three
        self.label = RowLabel(
            "" if is_flag else param.label, scrubs=isinstance(editor, NumberEditor), parent=self
        )
        self.label.setObjectName(f"{param.name}.label")
        self.label.setBuddy(editor)
        self.label.double_clicked.connect(editor.reset_by_person)
        self.reset = self._reset_button()
        if editor.is_wide:
            self._stand_below()
        else:
            self._stand_beside(with_label=not is_flag)
        if isinstance(editor, NumberEditor):
            self.label.scrub_began.connect(editor.begin_scrub)
            self.label.scrubbed.connect(lambda dx, fine: editor.scrub(dx, fine=fine))
        editor.edited.connect(self._on_edited)
        self.refresh()

    def refresh(self) -> None:
        """Show the arrow if the value is not the default."""
        is_default = self.editor.value() == self.editor.param.default
        self.reset.setEnabled(not is_default)
        self.reset.setIcon(QIcon() if is_default else icons.icon("restore", "dim"))

    def wanted_label_width(self) -> int:
        """Room for the label, 0 where none stands beside the editor."""
        if self.editor.is_wide or not self.label.full_text:
            return 0
        needed = self.label.fontMetrics().horizontalAdvance(self.label.full_text) + 4
        return max(LABEL_LEAST, min(LABEL_MOST, needed))

    def set_label_width(self, width: int) -> None:
        """Give all rows of a form the same width, so that editors stand in one column."""
        if not self.editor.is_wide:
            self.label.setFixedWidth(width)

    def _stand_beside(self, *, with_label: bool) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        self.label.setVisible(with_label)
        if with_label:
            self.set_label_width(self.wanted_label_width())
            line.addWidget(self.label)
        line.addWidget(self.editor, 1)
        line.addWidget(self.reset)
        self.setMinimumHeight(ROW_HEIGHT)

    def _stand_below(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(4)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        head.addWidget(self.label, 1)
        head.addWidget(self.reset)
        column.addLayout(head)
        column.addWidget(self.editor)

    def _reset_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{self.editor.param.name}.reset")
        button.setFixedSize(RESET_WIDTH, RESET_WIDTH)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip("Back to the default")
        button.clicked.connect(self.editor.reset_by_person)
        return button

    def _on_edited(self) -> None:
        self.refresh()
        self.edited.emit()


def _tip(label: str, text: str) -> str:
    return f"<b>{label}</b><br>{text}" if text else ""
