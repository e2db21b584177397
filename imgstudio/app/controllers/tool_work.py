"""What a tool works out while the pointer goes on: on a worker, and handed over on the window's own thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject

from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.jobs import Progress


@dataclass(frozen=True, slots=True, eq=False)
class ToolJob:
    """Makes something out of copies."""

    title: str
    make: Callable[[], Any]
    quiet: bool = True

    def run(self, progress: Progress) -> Any:
        progress.update(0.0)
        return self.make()


class ToolWork(QObject):
    """Stands behind `ToolState.work`. Guards: what was given up is never handed over."""

    def __init__(self, jobs: JobService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._wanted: dict[JobHandle, Callable[[Any], None]] = {}

    def start(self, title: str, make: Callable[[], Any], take: Callable[[Any], None]) -> Callable[[], None]:
        # Beside files, not behind networks: it takes a tenth of a second and somebody looks at it.
        handle = self._jobs.start(ToolJob(title, make), "io")
        if handle.is_finished:  # the window is closing
            take(None)
            return lambda: None
        self._wanted[handle] = take
        handle.succeeded.connect(partial(self._hand_over, handle))
        handle.finished.connect(partial(self._hand_over, handle, None))
        return partial(self._give_up, handle)

    def _hand_over(self, handle: JobHandle, made: Any) -> None:
        take = self._wanted.pop(handle, None)
        if take is not None:
            take(made)

    def _give_up(self, handle: JobHandle) -> None:
        self._wanted.pop(handle, None)
        handle.cancel()
