"""What learns from the labels: live while one paints above, a network that is trained below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


class ModelPanel(QScrollArea):
    """The parts under each other; what does not fit is scrolled to."""

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        self.setObjectName("label.model")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for number, part in enumerate(parts):
            if number:
                line = QFrame()
                line.setProperty("role", "line")
                column.addWidget(line)
            column.addWidget(part)
        column.addStretch(1)
        self.setWidget(inner)
