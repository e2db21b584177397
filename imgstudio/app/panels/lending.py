"""A panel that gives its place to another page for a while."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStackedWidget, QTabBar, QWidget

from imgstudio.app.docks import lies_on

_DIRECT: Final = Qt.FindChildOption.FindDirectChildrenOnly
OTHERS: Final = 170
"""Height that is left to the panels above and below (logical pixels)."""


class LendingPanel(QStackedWidget):
    """Guards: one page at most has the place, and the panel is there again, as high as it was, when it goes."""

    def __init__(self, panel: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._panel = panel
        self._heights: dict[QDockWidget, int] = {}
        """Of the docks in the column, before a page came."""
        self.addWidget(panel)

    def lend(self, page: QWidget, height: int) -> None:
        """Show a page in the place of the panel, `height` high where there is room."""
        self.take_back()
        self.addWidget(page)
        self.setCurrentWidget(page)
        self._heights = {dock: self._height_of(dock) for dock in self._column()}
        self._raise_to(height)

    def grow(self, height: int) -> None:
        """Give the panel itself such a height, where there is room."""
        if self.currentWidget() is self._panel and not self._heights:
            self._heights = {dock: self._height_of(dock) for dock in self._column()}
            self._raise_to(height)

    def shrink(self) -> None:
        """As high as it was before it grew."""
        if self.currentWidget() is self._panel:
            self._resize(self._heights)
            self._heights = {}

    def take_back(self) -> None:
        """Show the panel again; the page goes."""
        page = self.currentWidget()
        if page is None or page is self._panel:
            return
        self.setCurrentWidget(self._panel)
        self.removeWidget(page)
        page.deleteLater()
        self._resize(self._heights)
        self._heights = {}

    def _raise_to(self, height: int) -> None:
        own = self.parentWidget()
        if isinstance(own, QDockWidget) and own in self._heights:
            wanted = max(self._heights[own], min(height, sum(self._heights.values()) - OTHERS))
            self._resize({dock: wanted if dock is own else OTHERS for dock in self._heights})

    def _column(self) -> list[QDockWidget]:
        """The docks that share the height with this one; none while it floats."""
        own, window = self.parentWidget(), self.window()
        if not isinstance(own, QDockWidget) or own.isFloating() or not isinstance(window, QMainWindow):
            return []
        docks = [dock for dock in window.findChildren(QDockWidget) if dock.isVisible()]
        return [dock for dock in docks if not dock.isFloating() and dock.x() == own.x()]

    def _height_of(self, dock: QDockWidget) -> int:
        """With the tabs above it, which Qt counts too."""
        bars = [bar for bar in self.window().findChildren(QTabBar, options=_DIRECT) if bar.isVisible()]
        return dock.height() + sum(bar.height() for bar in bars if lies_on(bar.geometry(), dock.geometry()))

    def _resize(self, heights: dict[QDockWidget, int]) -> None:
        window = self.window()
        if isinstance(window, QMainWindow) and heights:
            window.resizeDocks(list(heights), list(heights.values()), Qt.Orientation.Vertical)
