"""The middle of the window: the welcome, the picture, or what covers the picture for a while."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QWidget


class Middle(QStackedWidget):
    """Guards: another picture is never covered by what was laid over the one before."""

    def __init__(self, welcome: QWidget, canvas: QWidget) -> None:
        super().__init__()
        self._welcome = self._home = welcome
        self._canvas = canvas
        self._cover: QWidget | None = None
        for part in (welcome, canvas):
            self.addWidget(part)

    def set_home(self, widget: QWidget | None) -> None:
        """What is shown while there is no picture; None: the welcome."""
        was_home = self.currentWidget() is self._home
        self._home = widget or self._welcome
        if self.indexOf(self._home) < 0:
            self.addWidget(self._home)
        if was_home:
            self.setCurrentWidget(self._home)

    def show_picture(self, *, there: bool) -> None:
        """Show the canvas, or the home of the workspace while there is no picture."""
        self.setCurrentWidget(self._canvas if there else self._home)

    def cover(self, widget: QWidget | None) -> None:
        """Show a widget in place of the picture; None: the picture again. Whoever made it deletes it."""
        before, self._cover = self._cover, widget
        if before is not None:
            before.hide()
            self.removeWidget(before)
        if widget is not None:
            self.setCurrentIndex(self.addWidget(widget))
        elif self.currentWidget() is not self._home:
            self.setCurrentWidget(self._canvas)
