"""Joined buttons of which one is down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QSizePolicy, QToolButton, QWidget

IN_A_ROW: Final = 4
"""More labels than these make rows of equal length."""


class SegmentedButtons(QWidget):
    """One of a few choices, all in sight; arrow keys move along."""

    chosen = Signal(int)
    """The index that a person chose."""

    def __init__(self, labels: Sequence[str], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        columns = math.ceil(len(labels) / max(1, math.ceil(len(labels) / IN_A_ROW)))
        for index, label in enumerate(labels):
            grid.addWidget(self._button(index, label), *divmod(index, columns))
        self._group.idClicked.connect(self.chosen)
        self.set_index(0)

    @property
    def index(self) -> int:
        return self._group.checkedId()

    def set_index(self, index: int) -> None:
        """Press a button without telling of a choice."""
        button = self._group.button(index)
        if button is not None:
            button.setChecked(True)
            self.setFocusProxy(button)

    def button(self, index: int) -> QToolButton:
        found = self._group.button(index)
        assert isinstance(found, QToolButton)
        return found

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        """Left and right choose the neighbour."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        target = self.index + step
        if step and 0 <= target < len(self._group.buttons()):
            self.button(target).setFocus(Qt.FocusReason.TabFocusReason)
            self.button(target).click()
        return bool(step)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().mid().color())
        painter.setBrush(self.palette().base())
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _button(self, index: int, label: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(label)
        button.setToolTip(label)
        button.setCheckable(True)
        button.setFixedHeight(24)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setMinimumWidth(min(button.sizeHint().width(), 32))
        button.setObjectName(f"{self.objectName()}.{index}")
        button.installEventFilter(self)
        self._group.addButton(button, index)
        return button
