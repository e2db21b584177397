"""One line about a running job: title, bar, time, pause, cancel."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.jobs import JobHandle

BAR_WIDTH: Final = 96
TITLE_WIDTH: Final = 200
TICK_MS: Final = 250


class JobRow(QWidget):
    """Follows one job until it ends."""

    def __init__(self, handle: JobHandle, *, spread: bool = False, parent: QWidget | None = None) -> None:
        """`spread`: the title at the left end; else all of it at the right end."""
        super().__init__(parent)
        self.handle = handle
        self._title, self._times, self._bar = QLabel(), QLabel(), QProgressBar()
        self._pause, self._cancel = QToolButton(), QToolButton()
        self._times.setObjectName("job.times")
        self._bar.setObjectName("job.bar")
        self._pause.setObjectName("job.pause")
        self._cancel.setObjectName("job.cancel")
        self._arrange(spread=spread)
        self._pause.clicked.connect(self._on_pause)
        self._cancel.clicked.connect(handle.cancel)
        handle.progressed.connect(self._show)
        handle.pause_changed.connect(self._show)
        tick = QTimer(self, interval=TICK_MS)
        tick.timeout.connect(self._show)
        tick.start()
        self._show()

    def _arrange(self, *, spread: bool) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        title = self._title.fontMetrics().elidedText(
            self.handle.title, Qt.TextElideMode.ElideMiddle, TITLE_WIDTH
        )
        self._title.setText(title)
        self._title.setToolTip(self.handle.title)
        font = self._times.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self._times.setFont(font)
        self._times.setProperty("role", "dim")
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(BAR_WIDTH)
        self._pause.setVisible(self.handle.can_pause)
        self._cancel.setIcon(icon("close"))
        self._cancel.setToolTip(tr("Cancel this job"))
        row.addWidget(self._title)
        row.insertStretch(1 if spread else 0, 1)
        row.addWidget(self._bar)
        row.addWidget(self._times)
        row.addWidget(self._pause)
        row.addWidget(self._cancel)

    def _show(self) -> None:
        handle = self.handle
        known = handle.fraction > 0
        self._bar.setRange(0, 1000 if known or not handle.is_running else 0)
        self._bar.setValue(round(handle.fraction * 1000))
        self._times.setText(times(handle))
        self._times.setToolTip(handle.message)
        self._pause.setIcon(icon("play" if handle.paused else "pause"))
        self._pause.setToolTip(tr("Go on") if handle.paused else tr("Pause"))
        self._cancel.setEnabled(not handle.is_cancelling)

    def _on_pause(self) -> None:
        if self.handle.paused:
            self.handle.resume()
        else:
            self.handle.pause()


def times(handle: JobHandle) -> str:
    """As much as is known of: 62 % · 0:21 · 0:13 left."""
    if handle.is_cancelling:
        return tr("stopping…")
    if handle.started_at is None:
        return tr("waiting")
    parts = [f"{handle.fraction:.0%}".replace("%", " %")] if handle.fraction > 0 else []
    parts.append(clock(handle.elapsed_seconds))
    if handle.paused:
        parts.append(tr("paused"))
    elif handle.remaining_seconds is not None:
        parts.append(f"{clock(handle.remaining_seconds)} {tr('left')}")
    return " · ".join(parts)


def clock(seconds: float) -> str:
    """Seconds as 0:21, 12:05 or 1:02:03."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
