"""Watches one run folder while its worker writes it, and lets filters pass in between."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.errors import UserError
from imgstudio.learn.runs.folder import LOG, RunFolder
from imgstudio.learn.runs.records import RunError, Status

LIVELY_MS: Final = 250
IDLE_MS: Final = 1500
"""Between looks at a run that nobody works at."""


class RunWatch(QObject):
    """Guards: what was told is told once; another run begins with everything that its folder holds."""

    opened = Signal(object)
    """The run that is watched from now on, or None."""
    status_changed = Signal(object)
    steps_added = Signal(list)
    """Rows that are new since the last time."""
    validated = Signal(list)
    """All validations, when there are more of them."""
    previews_changed = Signal(list)
    """All steps of which there are previews."""
    swept = Signal(object)
    """A RateSweep, also while it grows."""
    ended = Signal(object)
    """The status with which a run that was seen at work ended."""

    def __init__(self, jobs: JobService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.run: RunFolder | None = None
        self.status = Status()
        self.is_alive = False
        self._step = 0
        self._validations = 0
        self._previews: list[int] = []
        self._sweep_known: tuple[int, bool] | None = None
        self._is_holding = False
        self._worker: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        jobs.started.connect(self._on_jobs)
        jobs.ended.connect(self._on_jobs)

    def open(self, run: RunFolder | None, worker: subprocess.Popen[bytes] | None = None) -> None:
        """Show another run, or none; `worker` was started for it just now and has not spoken yet."""
        if self._is_holding:
            self._send_quietly("release")
        self.run, self.status, self.is_alive = run, Status(), False
        self._step = self._validations = 0
        self._previews, self._sweep_known, self._is_holding = [], None, False
        self._worker, self._began = worker, time.time()
        self.opened.emit(run)
        if run is None:
            self._timer.stop()
            return
        self._timer.start(LIVELY_MS)
        self.look()

    def look(self) -> None:
        """Read what is new."""
        run = self.run
        if run is None:
            return
        was_alive = self.is_alive
        # Asked before the status is read: what an ended run has said by then is its last word.
        self.is_alive = run.is_alive or (self._worker is not None and self._worker.poll() is None)
        status = self._spoken_for(run, run.status())
        if status != self.status or was_alive != self.is_alive:
            self.status = status
            self.status_changed.emit(status)
        self._read_rows(run)
        self._timer.setInterval(LIVELY_MS if self.is_alive else IDLE_MS)
        if was_alive and not self.is_alive:
            self.ended.emit(status)

    def _spoken_for(self, run: RunFolder, status: Status) -> Status:
        """Until a new worker speaks, what the last one said is not told any more."""
        worker = self._worker
        if worker is None or status.started >= self._began:
            self._worker = None
            return status
        if worker.poll() is None:
            return replace(status, state="preparing", note="", error=None)
        why = _last_line(run)
        error = RunError("The training could not start", why, "Its folder holds a log that says more.")
        return replace(status, state="failed", note="", error=error)

    def _read_rows(self, run: RunFolder) -> None:
        rows = run.steps(self._step)
        if rows:
            self._step = rows[-1].step
            self.steps_added.emit(rows)
        validations = run.validations()
        if len(validations) != self._validations:
            self._validations = len(validations)
            self.validated.emit(validations)
        previews = run.preview_steps()
        if previews != self._previews:
            self._previews = previews
            self.previews_changed.emit(previews)
        sweep = run.sweep_so_far() or run.sweep()
        known = None if sweep is None else (len(sweep.points), sweep.is_over)
        if sweep is not None and known != self._sweep_known:
            self._sweep_known = known
            self.swept.emit(sweep)

    def _on_jobs(self, handle: JobHandle) -> None:
        """While a filter computes, the training waits between two steps."""
        wanted = any(job.lane == "compute" and job.is_running for job in self._jobs.handles)
        if self.run is None or not self.is_alive or wanted == self._is_holding:
            return
        self._is_holding = wanted
        self._send_quietly("hold" if wanted else "release")

    def _send_quietly(self, command: str) -> None:
        assert self.run is not None
        try:
            self.run.send("hold" if command == "hold" else "release")
        except UserError:
            self._is_holding = False  # the disk is full: the filter and the training share the processor


def _last_line(run: RunFolder) -> str:
    try:
        lines = (run.path / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
