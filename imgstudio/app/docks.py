"""The panels around the picture: they dock, tab, float and come back where they were, a set for each workspace."""

from __future__ import annotations

import binascii
from typing import Final

from PySide6.QtCore import QByteArray, QObject, QRect, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QTabWidget, QWidget

from imgstudio.app.i18n import tr

STATE_VERSION: Final = 1
PANEL_WIDTH: Final = 300
SEPARATOR: Final = ":"
FIRST_SET: Final = "edit"
_DIRECT: Final = Qt.FindChildOption.FindDirectChildrenOnly


class Docks(QObject):
    """Guards: at most one set of panels is on the screen, where it was when it was left.

    A dock in a stack of tabs has no second title; a damaged stored layout changes nothing.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        self._set_of: dict[str, str] = {}
        """Name of a panel -> the set that it belongs to."""
        self._fresh: dict[str, QByteArray] = {}
        self._left: dict[str, QByteArray] = {}
        """How each set was laid out when it was left, or stored."""
        self.current = FIRST_SET
        """The set that is on the screen, "" for none."""
        window.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
        )
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._show_titles)

    def add(self, name: str, title: str, panel: QWidget, *, beside: str = "", of: str = FIRST_SET) -> None:
        """Dock a panel on the right, or in one stack with another; `of` is its set."""
        dock = QDockWidget(tr(title), self._window)
        dock.setObjectName(f"dock.{name}")
        dock.setWidget(panel)
        dock.setMinimumWidth(220)
        self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        if beside:
            self._window.tabifyDockWidget(self._docks[beside], dock)
            self._docks[beside].raise_()
        self._docks[name], self._set_of[name] = dock, of
        dock.show()  # of itself only one that is there before the window is
        for changed in (dock.topLevelChanged, dock.dockLocationChanged, dock.visibilityChanged):
            changed.connect(self._on_moved)

    def settle(self, heights: dict[str, int]) -> None:
        """Give the first layout of the set on the screen its sizes and remember it for `reset`."""
        docks = [self._docks[name] for name in heights]
        self._window.resizeDocks(docks, list(heights.values()), Qt.Orientation.Vertical)
        self._window.resizeDocks(docks, [PANEL_WIDTH] * len(docks), Qt.Orientation.Horizontal)
        self._fresh[self.current] = self._window.saveState(STATE_VERSION)
        self._later.start()

    def has_set(self, name: str) -> bool:
        """Whether there are panels of a set yet."""
        return name in self._set_of.values()

    def has(self, name: str) -> bool:
        """Whether there is a panel of that name yet."""
        return name in self._docks

    def set_of(self, name: str) -> str:
        """The set that a panel belongs to."""
        return self._set_of[name]

    def show(self, name: str) -> None:
        """Bring a panel to the front, with its set."""
        self.show_set(self._set_of[name])
        dock = self._docks[name]
        dock.show()
        dock.raise_()

    def show_set(self, name: str) -> None:
        """Put a set of panels in the place of the one on the screen; "": no panels."""
        if name == self.current:
            return
        if self.current:
            self._left[self.current] = self._window.saveState(STATE_VERSION)
        self.current = name
        self._hide_others()
        if name in self._left:
            self._lay_out(self._left[name])

    def begin_set(self, name: str) -> None:
        """Clear the screen for a set whose panels are about to be added; `settle` ends it."""
        stored = self._left.get(name)
        self.show_set("")
        self.current = name
        if stored is not None:
            self._left[name] = stored

    def restore_set(self) -> None:
        """Lay the set on the screen out as it was stored, if it was."""
        stored = self._left.get(self.current)
        if stored is not None:
            self._lay_out(stored)

    def reset(self) -> None:
        """All sets as they were in the beginning."""
        for dock in self._docks.values():
            dock.setFloating(False)
        self._left = dict(self._fresh)
        self.restore_set()

    def layout_text(self) -> str:
        """Size of the window and places of the panels of all sets, as text for the settings."""
        states = {**self._left}
        if self.current:
            states[self.current] = self._window.saveState(STATE_VERSION)
        first = states.pop(FIRST_SET, QByteArray())
        parts = [_code(self._window.saveGeometry()), _code(first)]
        return SEPARATOR.join([*parts, *(f"{name}={_code(state)}" for name, state in states.items())])

    def restore(self, text: str) -> bool:
        """Put everything back; False when there is nothing usable stored."""
        try:
            geometry, first, *others = text.split(SEPARATOR)
            states = {FIRST_SET: _decoded(first)}
            for other in others:
                name, _, code = other.partition("=")
                states[name] = _decoded(code)
            restored = self._window.restoreGeometry(_decoded(geometry))
        except (ValueError, binascii.Error):
            return False
        self._left |= states
        self.restore_set()
        return restored

    def _lay_out(self, state: QByteArray) -> None:
        self._window.restoreState(state, STATE_VERSION)
        self._hide_others()  # a state that is older than a panel says nothing of it
        self._later.start()

    def _hide_others(self) -> None:
        for panel, owner in self._set_of.items():
            if owner != self.current:
                self._docks[panel].hide()

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


def _code(state: QByteArray) -> str:
    return binascii.b2a_base64(state.data(), newline=False).decode()


def _decoded(code: str) -> QByteArray:
    return QByteArray(binascii.a2b_base64(code))


def _names(bar: QTabBar) -> list[str]:
    return [bar.tabText(index) for index in range(bar.count())]


def lies_on(bar: QRect, dock: QRect) -> bool:
    """Whether a tab bar is the head of a panel."""
    return bar.left() == dock.left() and abs(bar.bottom() + 1 - dock.top()) <= 1
