"""What a view says while it has nothing to show."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.sign import Sign


class Empty(QWidget):
    """An icon, one sentence, and at most one button."""

    def __init__(self, glyph: str, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel(tr(sentence))
        self._text.setProperty("role", "dim")
        self._text.setWordWrap(True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(24, 12, 24, 12)
        self._column.setSpacing(8)
        self._column.addStretch(1)
        self._column.addWidget(Sign(glyph, 32, "dim"), 0, Qt.AlignmentFlag.AlignHCenter)
        self._column.addWidget(self._text)
        self._column.addStretch(1)

    def add_button(self, text: str, name: str) -> QPushButton:
        button = QPushButton(tr(text))
        button.setObjectName(name)
        self._column.insertWidget(3, button, 0, Qt.AlignmentFlag.AlignHCenter)
        return button
