"""A row that may be wider than its place: the wheel moves it, and an edge behind which there is more fades out."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

FADE: Final = 32
"""Pixels."""


class Sideways(QScrollArea):
    """What does not fit is reached with the wheel."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self._fades = Fade(self, is_left=True), Fade(self, is_left=False)
        bar = self.horizontalScrollBar()
        bar.valueChanged.connect(self._show_fades)
        bar.rangeChanged.connect(self._show_fades)
        self._show_fades()

    @property
    def hides(self) -> tuple[bool, bool]:
        """Whether there is more to the left, and to the right."""
        bar = self.horizontalScrollBar()
        return bar.value() > bar.minimum(), bar.value() < bar.maximum()

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - event.angleDelta().y() // 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        left, right = self._fades
        left.setGeometry(0, 0, FADE, self.height())
        right.setGeometry(self.width() - FADE, 0, FADE, self.height())

    def _show_fades(self, *_: object) -> None:
        for fade, is_needed in zip(self._fades, self.hides, strict=True):
            fade.setVisible(is_needed)
            fade.raise_()


class Fade(QWidget):
    """Lies over an edge; clicks go through it."""

    def __init__(self, parent: QWidget, *, is_left: bool) -> None:
        super().__init__(parent)
        self._is_left = is_left
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        solid = self.palette().window().color()
        clear = QColor(solid)
        clear.setAlpha(0)
        gradient = QLinearGradient(0, 0, self.width(), 0)
        gradient.setColorAt(0, solid if self._is_left else clear)
        gradient.setColorAt(1, clear if self._is_left else solid)
        QPainter(self).fillRect(self.rect(), gradient)
