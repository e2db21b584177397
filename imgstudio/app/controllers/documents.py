"""The open documents: opening, saving and exporting as jobs, and which one is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from weakref import ref

from PySide6.QtCore import QObject, Signal

from imgstudio.app.context import OpenDocuments
from imgstudio.app.controllers.filejobs import ExportJob, OpenJob, SaveJob
from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.document import Document
from imgstudio.core.opening import is_project
from imgstudio.core.projectfile import KeptPictures
from imgstudio.core.settings import Settings

logger = logging.getLogger(__name__)

MEGABYTE: Final = 1 << 20


class Documents(OpenDocuments):
    """Guards: a document is clean only when a file holds it; saves of one document never overtake each other."""

    failed = Signal(object)
    """An exception that the user must see."""
    noted = Signal(str)
    settled = Signal(object)
    """A document whose save has ended, well or not, with no other one waiting."""

    def __init__(
        self,
        settings: Settings,
        jobs: JobService,
        source_types: Mapping[str, str] = MappingProxyType({}),
        parent: QObject | None = None,
    ) -> None:
        """`source_types`: filter id -> what kind of AI it is, for the claim that an export makes."""
        super().__init__(parent)
        self._settings, self._jobs, self._source_types = settings, jobs, source_types
        self.kept = KeptPictures()
        """What saves and autosaves have encoded."""
        self._saves: dict[int, JobHandle] = {}
        self._waiting: dict[int, Path] = {}
        self._places: dict[int, Path] = {}
        """Where saves that are under way write."""
        self._exports: dict[int, tuple[Path, Any]] = {}
        self._listeners: dict[int, Callable[[], None]] = {}
        settings.changed.connect(self._on_setting)

    def open_paths(self, paths: Sequence[Path]) -> None:
        for path in paths:
            already = self.at(path)
            if already is not None:
                self.show(already)
            else:
                self.read(path, self.add_opened)

    def read(self, path: Path, then: Callable[[Document], object]) -> JobHandle:
        """Read a file in the background and hand the document over."""
        handle = self._jobs.start(OpenJob(path.absolute(), self._settings.max_megapixels), "io")
        handle.succeeded.connect(then)
        handle.failed.connect(partial(self._on_open_failed, path))
        return handle

    def at(self, path: Path) -> Document | None:
        """The open document of a person that came from `path`."""
        wanted = path.absolute()
        return next((item for item in self.own if item.path == wanted), None)

    def add_opened(self, document: Document) -> None:
        """Show a document that was read from a file, with what the reader has to say about it."""
        if document.path is not None:
            self._settings.add_recent(document.path)
        self.add(document)
        if document.warnings:
            self.noted.emit(f"{document.name}: " + " ".join(document.warnings))

    def add(self, document: Document) -> None:
        self._take(document)
        self.opened.emit(document)
        self.show(document)

    def lend(self, document: Document) -> None:
        if document not in self.all:
            self.guests.append(document)
            self._take(document)
        self.show(document)

    def show(self, document: Document | None) -> None:
        if document is not self.current:
            self.current = document
            self.current_changed.emit(document)

    def close(self, document: Document) -> None:
        index = self.own.index(document) if document in self.own else 0
        self.all.remove(document)
        if document in self.guests:
            self.guests.remove(document)
        self._exports.pop(id(document), None)
        self._waiting.pop(id(document), None)
        listener = self._listeners.pop(id(document))
        document.history.changed.disconnect(listener)
        document.saved.disconnect(listener)
        self.closed.emit(document)
        if document is self.current:
            self.current = None
            if self.own:
                self.show(self.own[min(index, len(self.own) - 1)])
            else:
                self.current_changed.emit(None)

    def unsaved(self) -> list[Document]:
        return [document for document in self.own if not document.history.is_clean]

    def save(self, document: Document, path: Path | None = None) -> JobHandle | None:
        """Write the project file. None when an earlier save still runs: this one follows it."""
        target = (path or self._places.get(id(document)) or document.path or Path()).absolute()
        if not is_project(target):  # else a project would be written over a photo
            raise ValueError(f"not a project file: {target}")
        self._places[id(document)] = target
        if id(document) in self._saves:
            self._waiting[id(document)] = target
            return None
        handle = self._jobs.start(SaveJob.of(document, target, kept=self.kept), "io")
        self._saves[id(document)] = handle
        state = document.history.state
        handle.succeeded.connect(lambda _: self._on_saved(document, target, state))
        handle.failed.connect(self.failed)
        handle.finished.connect(partial(self._on_save_ended, document))
        return handle

    def is_saving(self, document: Document) -> bool:
        return id(document) in self._saves

    def export(self, document: Document, path: Path, options: Any) -> JobHandle:
        """Write a flat picture; the document stays as saved or unsaved as it was."""
        handle = self._jobs.start(ExportJob.of(document, path.absolute(), options, self._source_types), "io")
        handle.succeeded.connect(lambda _: self._on_exported(document, path.absolute(), options))
        handle.failed.connect(self.failed)
        return handle

    def last_export(self, document: Document) -> tuple[Path, Any] | None:
        """Where and how the document was exported before."""
        return self._exports.get(id(document))

    def _on_saved(self, document: Document, path: Path, state: int) -> None:
        document.path, document.name = path, path.name
        document.history.mark_clean(state)
        document.saved.emit()
        self._settings.add_recent(path)
        self.noted.emit(f"Saved {path.name}")

    def _on_save_ended(self, document: Document) -> None:
        self._saves.pop(id(document), None)
        following = self._waiting.pop(id(document), None)
        if following is not None and document in self.all:
            self.save(document, following)
        else:
            self._places.pop(id(document), None)
            self.settled.emit(document)

    def _on_exported(self, document: Document, path: Path, options: Any) -> None:
        self._exports[id(document)] = (path, options)
        self.noted.emit(f"Exported {path.name}")

    def _on_open_failed(self, path: Path, error: Exception) -> None:
        if not path.exists():
            self._settings.forget_recent(path)
        self.failed.emit(error)

    def _on_setting(self, name: str) -> None:
        if name == "undo_memory_mb":
            for document in self.all:
                document.history.budget = self._settings.undo_memory_mb * MEGABYTE

    def _take(self, document: Document) -> None:
        document.history.budget = self._settings.undo_memory_mb * MEGABYTE
        self.all.append(document)
        # A strong reference would stay with the connection, which goes only with the next garbage collection.
        self._listeners[id(document)] = listener = partial(self._announce, ref(document))
        document.history.changed.connect(listener)
        document.saved.connect(listener)

    def _announce(self, document: ref[Document]) -> None:
        changed = document()
        if changed is not None:
            self.changed.emit(changed)
