"""The panels around the picture: they dock, tab, float and come back where they were."""

from __future__ import annotations

import binascii
from typing import Final

from PySide6.QtCore import QByteArray, QObject, QRect, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QTabWidget, QWidget

from imgstudio.app.i18n import tr

STATE_VERSION: Final = 1
PANEL_WIDTH: Final = 300
SEPARATOR: Final = ":"
_DIRECT: Final = Qt.FindChildOption.FindDirectChildrenOnly


class Docks(QObject):
    """Guards: a dock in a stack of tabs has no second title; a damaged stored layout changes nothing."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        self._fresh = QByteArray()
        self._before = QByteArray()
        self.is_hidden = False
        window.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
        )
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._show_titles)

    def add(self, name: str, title: str, panel: QWidget, *, beside: str = "") -> None:
        """Dock a panel on the right, or in one stack with another."""
        dock = QDockWidget(tr(title), self._window)
        dock.setObjectName(f"dock.{name}")
        dock.setWidget(panel)
        dock.setMinimumWidth(220)
        self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        if beside:
            self._window.tabifyDockWidget(self._docks[beside], dock)
            self._docks[beside].raise_()
        self._docks[name] = dock
        for changed in (dock.topLevelChanged, dock.dockLocationChanged, dock.visibilityChanged):
            changed.connect(self._on_moved)

    def settle(self, heights: dict[str, int]) -> None:
        """Give the first layout its sizes and remember it for `reset`."""
        docks = [self._docks[name] for name in heights]
        self._window.resizeDocks(docks, list(heights.values()), Qt.Orientation.Vertical)
        self._window.resizeDocks(docks, [PANEL_WIDTH] * len(docks), Qt.Orientation.Horizontal)
        self._fresh = self._window.saveState(STATE_VERSION)
        self._later.start()

    def show(self, name: str) -> None:
        self.set_hidden(False)
        dock = self._docks[name]
        dock.show()
        dock.raise_()

    def set_hidden(self, hidden: bool) -> None:
        """Hide all panels, or bring back those that were hidden."""
        if hidden == self.is_hidden:
            return
        self.is_hidden = hidden
        if hidden:
            self._before = self._window.saveState(STATE_VERSION)
            for dock in self._docks.values():
                dock.hide()
        else:
            self._window.restoreState(self._before, STATE_VERSION)
            self._later.start()

    def reset(self) -> None:
        self.is_hidden = False
        for dock in self._docks.values():
            dock.setFloating(False)
        self._window.restoreState(self._fresh, STATE_VERSION)
        self._later.start()

    def layout_text(self) -> str:
        """Size of the window and places of the panels, as text for the settings."""
        state = self._before if self.is_hidden else self._window.saveState(STATE_VERSION)
        parts = (self._window.saveGeometry(), state)
        return SEPARATOR.join(binascii.b2a_base64(part.data(), newline=False).decode() for part in parts)

    def restore(self, text: str) -> bool:
        """Put everything back; False when there is nothing usable stored."""
        try:
            geometry, state = (binascii.a2b_base64(part) for part in text.split(SEPARATOR))
        except (ValueError, binascii.Error):
            return False
        restored = self._window.restoreGeometry(QByteArray(geometry))
        if self.is_hidden:
            self._before = QByteArray(state)
        else:
            self._window.restoreState(QByteArray(state), STATE_VERSION)
        self._later.start()
        return restored

    def _on_moved(self, *_: object) -> None:
        self._later.start()

    def _hide_leftovers(self) -> None:
        """Qt forgets tab bars when a layout is restored, and leaves them where they were, behind the panels."""
        bars = [bar for bar in self._window.findChildren(QTabBar, options=_DIRECT) if bar.isVisible()]
        docks = [dock.geometry() for dock in self._docks.values() if dock.isVisible()]
        used = [bar for bar in bars if any(lies_on(bar.geometry(), dock) for dock in docks)]
        for bar in bars:
            if bar not in used and any(_names(bar) == _names(other) for other in used):
                bar.hide()

    def _show_titles(self) -> None:
        self._hide_leftovers()
        for dock in self._docks.values():
            stacked = bool(self._window.tabifiedDockWidgets(dock)) and not dock.isFloating()
            if stacked and dock.titleBarWidget() is None:
                dock.setTitleBarWidget(QWidget(dock))
            elif not stacked and dock.titleBarWidget() is not None:
                dock.setTitleBarWidget(None)  # type: ignore[arg-type]


def _names(bar: QTabBar) -> list[str]:
    return [bar.tabText(index) for index in range(bar.count())]


def lies_on(bar: QRect, dock: QRect) -> bool:
    """Whether a tab bar is the head of a panel."""
    return bar.left() == dock.left() and abs(bar.bottom() + 1 - dock.top()) <= 1
