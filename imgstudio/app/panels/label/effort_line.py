"""What the picture in hand took so far, in the line at the bottom."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QWidget

from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.i18n import tr
from imgstudio.core.labelproject.entries import Effort, Entry

TICK_MS: Final = 1000


class EffortLine(QLabel):
    """Strokes and seconds, and how much of what the model said was kept."""

    def __init__(self, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status.effort")
        self.setProperty("role", "dim")
        font = self.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)
        self._session = session
        tick = QTimer(self, interval=TICK_MS)
        tick.timeout.connect(self.refresh)
        tick.start()
        for changed in (session.effort_changed, session.picture_changed, session.entries_changed):
            changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        entry = self._session.entry
        if entry is None or self._session.document is None:
            self.setText("")
            self.setToolTip("")
            return
        effort = self._session.meter.effort
        self.setText("  ·  ".join(effort_texts(effort, is_unwritten=bool(self._session.saver.unwritten))))
        self.setToolTip(effort_tip(entry, effort))


def effort_texts(effort: Effort, *, is_unwritten: bool = False) -> list[str]:
    """In few words, what there is to say."""
    strokes = tr("1 stroke") if effort.strokes == 1 else tr("{n} strokes").format(n=effort.strokes)
    texts = [strokes, seconds_text(effort.seconds)]
    if effort.iou is not None:
        texts.append(tr("IoU {iou:.2f} before correction").format(iou=effort.iou))
    elif effort.agreed is not None:
        texts.append(_kept_text(effort.agreed))
    if is_unwritten:
        texts.append(tr("Not saved yet"))
    return texts


def effort_tip(entry: Entry, effort: Effort) -> str:
    lines = [
        f"<b>{entry.name}</b>",
        tr("{n} clicks, {strokes} strokes, {time} with hands at work").format(
            n=effort.clicks, strokes=effort.strokes, time=seconds_text(effort.seconds)
        ),
    ]
    if effort.round:
        lines.append(tr("Labelled beforehand by the model of round {n}").format(n=effort.round))
    if effort.iou is not None and effort.agreed is not None:
        lines.append(_kept_text(effort.agreed))
    return "<br>".join(lines)


def _kept_text(share: float) -> str:
    return tr("{share:.0f} % of the prediction kept").format(share=100 * share)


def seconds_text(seconds: float) -> str:
    """Such as "0:07"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
