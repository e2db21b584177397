"""The run that is shown: its state, how far it is, how fast, and the buttons that steer it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.training import Training
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.curves import number_text
from imgstudio.app.panels.train.short_label import ShortLabel
from imgstudio.learn.runs.records import State, Status

STATES: Final[dict[State, str]] = {
    "preparing": "Starting …",
    "checking": "Looking at the data …",
    "finding rate": "Finding the learning rate",
    "running": "Training",
    "held": "Waiting for a filter",
    "paused": "Paused",
    "stopping": "Stopping …",
    "finished": "Finished",
    "stopped": "Stopped",
    "failed": "Failed",
}
MINUTE: Final = 60
HOUR: Final = 3600


class RunBar(QWidget):
    """Two lines above the plots; what cannot be done now is not offered."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training, self._watch = training, training.watch
        self.setObjectName("train.run_bar")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addLayout(self._first_line())
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        column.addWidget(self._bar)
        self.facts, self.note = ShortLabel(), QLabel()
        self.facts.setObjectName("train.facts")
        self.note.setObjectName("train.note")
        self.note.setWordWrap(True)
        for label in (self.facts, self.note):
            label.setProperty("role", "small")
            column.addWidget(label)
        self._error = _ErrorCard()
        column.addWidget(self._error)
        self._watch.status_changed.connect(self._show)
        self._watch.opened.connect(self._show)
        training.draft.changed.connect(self._show)
        self._show()

    def _first_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        self.name, self.state = ShortLabel(Qt.TextElideMode.ElideMiddle), QLabel()
        self.name.setObjectName("train.run_name")
        self.name.setProperty("role", "title")
        self.state.setObjectName("train.state")
        self.state.setProperty("role", "dim")
        line.addWidget(self.name)
        line.addWidget(self.state)
        line.addStretch(1)
        send = self._training.send
        self.pause = _button("pause", "Pause", "train.pause", lambda: send("pause"))
        self.go_on = _button("play", "Resume", "train.resume", self._on_go_on)
        self.stop = _button("stop", "Stop and keep the best", "train.stop", lambda: send("stop"))
        self.cancel = _button("close", "Cancel", "train.cancel", lambda: send("cancel"))
        self.cancel.setToolTip(tr("End at once; no model is made. Checkpoints stay"))
        for button in (self.pause, self.go_on, self.stop, self.cancel):
            line.addWidget(button)
        return line

    def _on_go_on(self) -> None:
        if self._watch.is_alive:
            self._training.send("resume")
        else:
            self._training.resume()

    def _show(self, *_: object) -> None:
        run, status = self._watch.run, self._watch.status
        self.setVisible(run is not None)
        if run is None:
            return
        name = run.facts().name
        self.name.setText(name)
        self.name.setToolTip(f"{name}\n{run.path}")
        alive = self._watch.is_alive
        self.state.setText(self._state_text(status))
        is_busy = alive and status.state not in ("stopping", "finding rate")
        self.pause.setVisible(is_busy and status.state != "paused")
        self.go_on.setVisible(status.state == "paused" if alive else self._can_go_on(status))
        self.stop.setVisible(alive and status.state != "finding rate")
        self.stop.setText(tr("Stop now") if status.state == "stopping" else tr("Stop and keep the best"))
        self.cancel.setVisible(alive)
        is_fresh = status.state == "preparing" and not alive
        self.go_on.setText(tr("Start") if is_fresh else tr("Resume"))
        self._bar.setValue(round(1000 * status.done))
        self.facts.setText(self._facts(status))
        self.facts.setVisible(bool(self.facts.text()))
        note = self._note_text(status)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self._error.tell(status)

    def _can_go_on(self, status: Status) -> bool:
        run = self._watch.run
        assert run is not None
        if status.state == "preparing" and status.pid == 0:
            return self._training.drafted() is None  # else it is the draft's button that starts it
        return status.state in ("failed", "stopped") or run.was_interrupted

    def _state_text(self, status: Status) -> str:
        run = self._watch.run
        if run is None or self._watch.is_alive:
            return tr(STATES[status.state])
        if run.was_interrupted:
            return tr("Interrupted")
        if status.state == "preparing":
            return tr("Not trained yet") if run.sweep() is None else tr("Its rate was looked for")
        return tr(STATES[status.state])

    def _note_text(self, status: Status) -> str:
        run = self._watch.run
        if run is not None and not self._watch.is_alive and run.was_interrupted:
            return tr("Its process was ended from outside. Resume goes on from the last checkpoint.")
        return "" if status.state == "finding rate" else status.note

    def _facts(self, status: Status) -> str:
        """What matters most first: the end gives way in a narrow window."""
        alive, parts = self._watch.is_alive, []
        if status.step:
            steps = tr("step {step} of {total}") if status.total_steps else tr("step {step}")
            parts.append(steps.format(step=f"{status.step:,}", total=f"{status.total_steps:,}"))
        if status.eta_seconds is not None and alive:
            parts.append(tr("{time} left").format(time=duration(status.eta_seconds)))
        if status.best is not None and status.goal is not None:
            best = tr("best {goal} {score} at step {step:,}")
            score = number_text(status.best.score)
            parts.append(best.format(goal=status.goal.name, score=score, step=status.best.step))
        if status.images_per_second and alive:
            parts.append(tr("{count:.1f} pictures/s").format(count=status.images_per_second))
        if status.step:
            parts.append(tr("epoch {epoch:.1f}").format(epoch=status.epoch))
        if status.elapsed_seconds >= 1:
            parts.append(tr("{time} at work").format(time=duration(status.elapsed_seconds)))
        if status.device:
            parts.append(device_text(status.device))
        return "  ·  ".join(parts)


class _ErrorCard(QFrame):
    """Why a run failed, what to do, and the details for a report."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        self._what, self._more = QLabel(), QLabel()
        self._what.setObjectName("train.error")
        for label in (self._what, self._more):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        self._more.setProperty("role", "dim")
        self.hide()

    def tell(self, status: Status) -> None:
        error = status.error if status.state == "failed" else None
        self.setVisible(error is not None)
        if error is not None:
            self._what.setText(error.what)
            self._more.setText(" ".join(part for part in (error.why, error.what_to_do) if part))
            self._more.setVisible(bool(self._more.text()))
            self.setToolTip(error.details)


def duration(seconds: float) -> str:
    """As in "45 s", "3 min 20 s" and "2 h 5 min"."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def device_text(device: str) -> str:
    return (
        tr("on the processor (CPU)") if device.startswith("cpu") else tr("on {device}").format(device=device)
    )


def _button(glyph: str, text: str, name: str, run: object) -> QPushButton:
    button = QPushButton(icons.icon(glyph), tr(text))
    button.setObjectName(name)
    button.clicked.connect(run)
    return button
