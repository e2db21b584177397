"""A line of text that gives way: what does not fit is left out and can be read in its tooltip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget


class ShortLabel(QLabel):
    """Guards: a long text never makes the window wider."""

    def __init__(
        self, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._mode, self._told = mode, ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        least = self.fontMetrics().horizontalAdvance("…" * 4)
        return QSize(min(least, super().sizeHint().width()), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        room = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), self._mode, room.width())
        if shown == self.text():
            super().paintEvent(event)
            return
        self.style().drawItemText(
            QPainter(self),
            room,
            int(QStyle.visualAlignment(self.layoutDirection(), self.alignment())),
            self.palette(),
            self.isEnabled(),
            shown,
            QPalette.ColorRole.WindowText,
        )

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        super().setText(text)
        self._tell()

    def resizeEvent(self, event: object) -> None:
        self._tell()

    def _tell(self) -> None:
        """The tooltip tells the whole text, unless somebody gave another one."""
        if self.toolTip() not in ("", self._told):
            return
        is_short = self.fontMetrics().horizontalAdvance(self.text()) > self.contentsRect().width()
        self._told = self.text() if is_short else ""
        self.setToolTip(self._told)
