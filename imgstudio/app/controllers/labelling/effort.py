"""What labelling a picture takes: strokes, clicks, and the seconds in which hands were at work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from imgstudio.core.labelproject.entries import Effort

IDLE_SECONDS: Final = 30.0
"""A longer rest does not count."""
_SIGNS_OF_LIFE: Final = frozenset(
    {
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.TabletMove,
        QEvent.Type.TabletPress,
        QEvent.Type.TabletRelease,
        QEvent.Type.Wheel,
        QEvent.Type.KeyPress,
    }
)
_CLICKS: Final = frozenset({QEvent.Type.MouseButtonPress, QEvent.Type.TabletPress})


def with_hands(known: Effort, counted: Effort) -> Effort:
    """What is known of a picture, with what was counted: strokes, clicks, seconds."""
    return replace(known, strokes=counted.strokes, clicks=counted.clicks, seconds=counted.seconds)


class EffortMeter(QObject):
    """Counts while it is `running`; on top of what was counted of the picture before."""

    def __init__(
        self,
        canvas: QWidget,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._clock = canvas, clock
        self._effort = Effort()
        self._last: float | None = None
        self.is_running = False

    @property
    def effort(self) -> Effort:
        return self._effort

    def begin(self, effort: Effort) -> None:
        """Go on from what was counted of another picture."""
        self._effort, self._last = effort, None

    def set_running(self, running: bool) -> None:
        if running == self.is_running:
            return
        self.is_running, self._last = running, None
        application = QApplication.instance()
        if application is not None and running:
            application.installEventFilter(self)
        elif application is not None:
            application.removeEventFilter(self)

    def add_stroke(self) -> None:
        self._effort = replace(self._effort, strokes=self._effort.strokes + 1)

    def note(self, *, click: bool = False) -> None:
        """Something was done with the hands just now."""
        now, before = self._clock(), self._last
        self._last = now
        spent = now - before if before is not None and now - before <= IDLE_SECONDS else 0.0
        clicks = self._effort.clicks + click
        self._effort = replace(self._effort, seconds=self._effort.seconds + spent, clicks=clicks)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        kind = event.type()
        if kind in _SIGNS_OF_LIFE and isinstance(watched, QWidget):
            self.note(click=kind in _CLICKS and watched is self._canvas)
        return False
