"""Labels are written by themselves: after every stroke, on a worker, the newest state last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from PySide6.QtCore import QObject, Signal

from imgstudio.app.controllers.labelling.effort import with_hands
from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.labelled import Labelling
from imgstudio.core.labelproject.entries import Effort, Entry
from imgstudio.core.labelproject.folder import ProjectFolder

Change: TypeAlias = Callable[[Entry], Entry]


@dataclass(frozen=True, slots=True, eq=False)
class WriteLabels:
    """Writes what was labelled on one picture; returns its entry."""

    project: ProjectFolder
    name: str
    labels: Labelling
    """A copy of its own."""
    bounds: Rect
    effort: Effort
    quiet: bool = True

    @property
    def title(self) -> str:
        return f"Saving the labels of {self.name}"

    def run(self, progress: Progress) -> Entry:
        has_objects = self.project.has_objects or not self.labels.objects.is_empty
        objects = self.labels.object_mask(self.bounds) if has_objects else None
        entry = self.project.write(self.name, self.labels.mask(self.bounds), objects)
        self.project.keep(replace(entry, effort=with_hands(entry.effort, self.effort)))
        return self.project.entry(self.name)


class LabelSaver(QObject):
    """Guards: writes of one picture never overtake each other, and a newer one waits for no older waiting one.

    Changes of an entry wait for the write of its picture that is under way.
    """

    written = Signal(object)
    """The Entry of a picture whose labels, or whose entry, are on the disk now."""
    failed = Signal(object)
    """An exception; what could not be written is tried again at the next stroke and at `retry`."""
    rested = Signal()
    """Nothing is being written any more."""

    def __init__(self, jobs: JobService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._running: dict[str, JobHandle] = {}
        self._waiting: dict[str, WriteLabels] = {}
        self._changes: dict[str, list[tuple[ProjectFolder, Change]]] = {}
        self.unwritten: dict[str, WriteLabels] = {}
        """What could not be written."""

    @property
    def is_busy(self) -> bool:
        return bool(self._running)

    def is_needed(self, name: str) -> bool:
        """Whether the labels in memory are not on the disk yet."""
        return name in self._running or name in self.unwritten

    def save(self, project: ProjectFolder, name: str, document: Document, effort: Effort) -> None:
        """Write the labels as they are now; comes back at once."""
        assert document.labels is not None
        self._start(WriteLabels(project, name, document.labels.copy(), document.bounds, effort))

    def change(self, project: ProjectFolder, name: str, change: Change) -> None:
        """Change what the project knows of a picture, after what is being written of it."""
        self._changes.setdefault(name, []).append((project, change))
        if name not in self._running:
            self._carry_out(name)

    def retry(self) -> None:
        """Write again what could not be written."""
        for job in list(self.unwritten.values()):
            self._start(job)

    def _start(self, job: WriteLabels) -> None:
        if job.name in self._running:
            self._waiting[job.name] = job
            return
        handle = self._jobs.start(job, "io")
        if handle.is_finished:  # the program ends
            self.unwritten[job.name] = job
            return
        self._running[job.name] = handle
        handle.succeeded.connect(partial(self._on_written, job.name))
        handle.failed.connect(partial(self._on_failed, job))
        handle.cancelled.connect(partial(self._on_cancelled, job))
        handle.finished.connect(partial(self._on_ended, job.name))

    def _on_written(self, name: str, entry: Entry) -> None:
        self.unwritten.pop(name, None)
        self.written.emit(entry)

    def _on_failed(self, job: WriteLabels, error: Exception) -> None:
        self.unwritten[job.name] = job
        self.failed.emit(error)

    def _on_cancelled(self, job: WriteLabels) -> None:
        """Nobody means the labels when Escape stops what runs."""
        self._waiting.setdefault(job.name, job)

    def _on_ended(self, name: str) -> None:
        del self._running[name]
        self._carry_out(name)
        following = self._waiting.pop(name, None)
        if following is not None:
            self._start(following)
        elif not self._running:
            self.rested.emit()

    def _carry_out(self, name: str) -> None:
        changes = self._changes.pop(name, [])
        for project, change in changes:
            before = project.entry(name)
            after = change(before)
            if after == before:
                continue
            try:
                project.keep(after)
            except UserError as error:
                self.failed.emit(error)
                continue
            self.written.emit(after)
