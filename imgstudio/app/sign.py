"""An icon that stands by itself and follows the theme."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from imgstudio.app.icons import Role, icon


class Sign(QWidget):
    """Paints its icon anew each time, in the colours of now."""

    def __init__(self, name: str, size: int, role: Role = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(size, size)
        self._icon, self._role = icon(name, role), role

    def set_icon(self, name: str) -> None:
        self._icon = icon(name, self._role)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._icon.paint(QPainter(self), self.rect())
