"""A heading that opens and closes what is below it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons


class Fold(QWidget):
    """A titled part of a form, closed at first."""

    toggled = Signal(bool)

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.head = QToolButton(self)
        self.head.setObjectName(name)
        self.head.setText(title)
        self.head.setProperty("role", "link")
        self.head.setIconSize(QSize(16, 16))
        self.head.setStyleSheet("QToolButton { padding: 2px 4px 2px 0; }")
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.head.clicked.connect(self._on_clicked)
        self.body = QWidget(self)
        self.content = QVBoxLayout(self.body)
        self.content.setContentsMargins(0, 0, 0, 0)
        self.content.setSpacing(8)
        column.addWidget(self.head)
        column.addWidget(self.body)
        self.is_open = False
        self.set_open(False)

    def set_open(self, is_open: bool) -> None:
        self.is_open = is_open
        self.body.setVisible(is_open)
        self.head.setIcon(icons.icon("chevron-down" if is_open else "chevron-right", "dim"))

    def _on_clicked(self) -> None:
        self.set_open(not self.is_open)
        self.toggled.emit(self.is_open)
