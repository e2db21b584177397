"""Run core jobs on worker threads and report back on the GUI thread."""

from __future__ import annotations

import logging
import time
from typing import Any, Final, Literal, Protocol, runtime_checkable

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Job, Progress

logger = logging.getLogger(__name__)

Lane = Literal["compute", "io", "edit"]
LANE_WIDTH: Final[dict[Lane, int]] = {"compute": 1, "io": 2, "edit": 1}
"""How many jobs of a lane run at once; the others wait their turn."""
REPORT_INTERVAL: Final = 1 / 30
PATIENCE_MS: Final = 350
"""How long a cancelled computation may take to stop before the window goes on without it."""
ESTIMATE_AFTER_SECONDS: Final = 0.5
ESTIMATE_AFTER_FRACTION: Final = 0.01

_WORKERS: Final[set[_Worker]] = set()
"""Losing the Python handle of a running QThread aborts the process: every worker stays here."""


@runtime_checkable
class Pausable(Protocol):
    """A job that can stand still between two steps."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


def running_threads() -> list[QThread]:
    """Every worker thread that has not ended."""
    for worker in [worker for worker in _WORKERS if worker.isFinished()]:
        _WORKERS.discard(worker)
    return [worker for worker in _WORKERS if worker.isRunning()]


class _Worker(QThread):
    """One thread for one job. It is born on the GUI thread, so its signals arrive there."""

    progressed = Signal(float, str)

    def __init__(self, job: Job[Any], token: CancelToken) -> None:
        super().__init__()
        self._job, self._token, self._last = job, token, 0.0
        self.outcome: object = None

    def run(self) -> None:
        try:
            self.outcome = self._job.run(Progress(self._report, self._token))
        except (Cancelled, UserError) as expected:
            self.outcome = expected
        except Exception as error:
            logger.exception("Job failed: %s", self._job.title)
            self.outcome = error

    def _report(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        if fraction >= 1 or now - self._last >= REPORT_INTERVAL:
            self._last = now
            self.progressed.emit(fraction, message)


class JobHandle(QObject):
    """One job, waiting, running or ended. Lives on the GUI thread; so do its signals.

    Guards: exactly one of succeeded, failed and cancelled is emitted, then finished, then nothing.
    """

    progressed = Signal(float, str)
    succeeded = Signal(object)
    failed = Signal(object)
    """The exception."""
    cancelled = Signal()
    finished = Signal()
    """Always the last one."""
    pause_changed = Signal(bool)

    def __init__(self, job: Job[Any], lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job, self.lane, self.title = job, lane, job.title
        self.is_quiet = bool(getattr(job, "quiet", False))
        """Whether it works behind the scenes and is not worth a line in the window."""
        self.is_told_elsewhere = False
        """Whether whoever started it tells a failure, so that the jobs strip does not."""
        self.fraction, self.message = 0.0, ""
        self.started_at: float | None = None
        """time.monotonic() of the start; None while it waits."""
        self.paused = False
        self.is_finished = False
        self._paused_at, self._paused_for = 0.0, 0.0
        self._ended_at: float | None = None
        self._token = CancelToken()
        self._worker: _Worker | None = None

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and not self.is_finished

    @property
    def is_cancelling(self) -> bool:
        return self._token.is_cancelled and not self.is_finished

    @property
    def can_pause(self) -> bool:
        return isinstance(self.job, Pausable)

    @property
    def elapsed_seconds(self) -> float:
        """Time at work, pauses not counted."""
        if self.started_at is None:
            return 0.0
        now = self._ended_at or (self._paused_at if self.paused else time.monotonic())
        return max(0.0, now - self.started_at - self._paused_for)

    @property
    def remaining_seconds(self) -> float | None:
        """What is left at the speed so far; None while that cannot be told."""
        elapsed = self.elapsed_seconds
        if elapsed < ESTIMATE_AFTER_SECONDS or self.fraction < ESTIMATE_AFTER_FRACTION:
            return None
        return elapsed * (1 - self.fraction) / self.fraction

    def cancel(self) -> None:
        """Ask the job to stop at its next check; a waiting job ends at once.

        A computation that does not come to a check soon, such as the first import of torch, is left to end
        by itself: nobody waits for it and its result is dropped.
        """
        self._token.cancel()
        if self.started_at is None:
            self._end(Cancelled())
            return
        if self.paused:
            self.resume()
        if self.lane == "compute":
            QTimer.singleShot(PATIENCE_MS, self, lambda: self._end(Cancelled()))

    def pause(self) -> None:
        if isinstance(self.job, Pausable) and self.is_running and not self.paused:
            self._paused_at = time.monotonic()
            self.paused = True
            self.job.pause()
            self.pause_changed.emit(True)  # noqa: FBT003 - Qt signals take no keywords

    def resume(self) -> None:
        if isinstance(self.job, Pausable) and self.paused:
            self._paused_for += time.monotonic() - self._paused_at
            self.paused = False
            self.job.resume()
            self.pause_changed.emit(False)  # noqa: FBT003

    def wait(self, seconds: float) -> bool:
        """Block until the thread has ended; False when it has not by then."""
        return self._worker is None or self._worker.wait(int(seconds * 1000))

    def begin(self) -> None:
        """Start the thread; called once, by the service."""
        self.started_at = time.monotonic()
        self._worker = worker = _Worker(self.job, self._token)
        _WORKERS.add(worker)
        worker.progressed.connect(self._on_progressed)
        worker.finished.connect(self._on_ended)
        worker.start()

    def _on_progressed(self, fraction: float, message: str) -> None:
        if self.is_finished:
            return
        self.fraction = max(self.fraction, fraction)
        self.message = message or self.message
        self.progressed.emit(self.fraction, self.message)

    def _on_ended(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.wait()
        _WORKERS.discard(worker)
        self._end(worker.outcome)

    def _end(self, outcome: object) -> None:
        if self.is_finished:
            return
        self.is_finished = True
        self._ended_at = time.monotonic()
        if self._token.is_cancelled or isinstance(outcome, Cancelled):
            self.cancelled.emit()
        elif isinstance(outcome, Exception):
            self.failed.emit(outcome)
        else:
            self.fraction = 1.0
            self.succeeded.emit(outcome)
        self.finished.emit()


class JobService(QObject):
    """Owns every job of the window. Guards: no more than `LANE_WIDTH` jobs of a lane run at once."""

    started = Signal(object)
    """A handle whose job begins to run."""
    ended = Signal(object)
    """A handle that has finished, after its own signals."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.handles: list[JobHandle] = []
        """Waiting and running, oldest first."""
        self._closing = False

    def start(self, job: Job[Any], lane: Lane = "compute", *, replaces: JobHandle | None = None) -> JobHandle:
        """Queue a job; `replaces` is cancelled first (a newer preview)."""
        if replaces is not None and not replaces.is_finished:
            replaces.cancel()
        handle = JobHandle(job, lane, self)
        if self._closing:
            handle.cancel()
            return handle
        handle.finished.connect(self._on_finished)
        self.handles.append(handle)
        self._begin_next(lane)
        return handle

    def cancel_all(self) -> None:
        for handle in list(self.handles):
            handle.cancel()

    def shutdown(self, seconds: float = 30.0) -> bool:
        """Cancel everything and wait; False when a thread still runs after that time."""
        self._closing = True
        self.cancel_all()
        deadline = time.monotonic() + seconds
        for worker in running_threads():  # also those that were left to end by themselves
            worker.wait(max(0, round(1000 * (deadline - time.monotonic()))))
        return not running_threads()

    def _begin_next(self, lane: Lane) -> None:
        of_lane = [handle for handle in self.handles if handle.lane == lane and not handle.is_finished]
        free = LANE_WIDTH[lane] - sum(handle.is_running for handle in of_lane)
        for handle in [handle for handle in of_lane if not handle.is_running][: max(0, free)]:
            handle.begin()
            self.started.emit(handle)

    def _on_finished(self) -> None:
        for handle in [handle for handle in self.handles if handle.is_finished]:
            self.handles.remove(handle)
            handle.setParent(None)  # from now on it lives as long as someone holds it
            self.ended.emit(handle)
            if not self._closing:
                self._begin_next(handle.lane)
