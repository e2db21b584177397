"""Autosave of changed documents, and giving them back after a crash."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from imgstudio.app.controllers.documents import Documents
from imgstudio.app.controllers.filejobs import SaveJob
from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.paths import autosave_folder, ensured, write_atomically
from imgstudio.core.settings import Settings

logger = logging.getLogger(__name__)

IDLE_SECONDS: Final = 20
LOCK: Final = "lock"
NOTE: Final = ".json"
MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Rescued:
    """A document that a session which has died left behind."""

    file: Path
    """The autosaved project."""
    name: str
    path: str
    """Where the document was saved to, "" for nowhere."""
    saved_at: float
    """Seconds since 1970."""
    unfinished: dict[str, Any] = field(default_factory=dict)
    """What was in hand on it and no step of it yet."""


@dataclass(slots=True)
class _Kept:
    """What is known about the autosave of one document."""

    number: int
    state: tuple[int, str] | None = None
    """The history state that the file holds, and what was unfinished then."""
    handle: JobHandle | None = None


class HoldsUnfinished(Protocol):
    """What is in hand on documents and no step of them yet."""

    def unfinished(self, document: Document) -> dict[str, Any]:
        """As JSON values; {} for nothing."""
        ...

    def give_back(self, document: Document, values: dict[str, Any]) -> None:
        """Put it in hand again; raises UserError."""
        ...


class Recovery(QObject):
    """Guards: an unsaved document is in the session's folder at most a few minutes after it changed.

    The folder is locked in the name of this process as long as it lives (QLockFile), so another start
    knows whose documents need rescue.
    """

    failed = Signal(object)

    def __init__(
        self, documents: Documents, settings: Settings, jobs: JobService, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._documents, self._settings, self._jobs = documents, settings, jobs
        self._kept: dict[int, _Kept] = {}
        self._count = 0
        self._told = False
        self.holder: HoldsUnfinished | None = None
        self._folder: Path | None = None
        self._lock: QLockFile | None = None
        self._idle = QTimer(self, singleShot=True, interval=IDLE_SECONDS * 1000)
        self._regular = QTimer(self)
        for timer in (self._idle, self._regular):
            timer.timeout.connect(self.save_all)
        documents.changed.connect(self._on_changed)
        documents.closed.connect(self._on_closed)
        settings.changed.connect(self._on_setting)
        self._on_setting("autosave_minutes")

    def save_all(self) -> None:
        """Write every document that has changed since its last autosave."""
        for document in self._documents.own:
            if not document.history.is_clean or self._unfinished(document):
                self._save(document)

    def save_soon(self) -> None:
        """Something in hand has changed that is no step of a document yet."""
        if self._settings.autosave_minutes:
            self._idle.start()

    def close(self) -> None:
        """The end of a session that needs no rescue."""
        self._idle.stop()
        self._regular.stop()
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def rescuable(self) -> list[Rescued]:
        """What sessions that died have left, newest first."""
        found = [item for folder in self._dead_sessions() for item in _rescued_in(folder)]
        return sorted(found, key=lambda item: -item.saved_at)

    def rescue(self, items: list[Rescued]) -> None:
        """Open autosaved documents again, as unsaved ones."""
        for item in items:
            self._documents.read(item.file, partial(self._on_read, item))

    def forget(self, items: list[Rescued]) -> None:
        """Delete what nobody wants back."""
        for item in items:
            _remove(item.file)

    def _on_read(self, item: Rescued, document: Document) -> None:
        document.name = item.name
        document.path = Path(item.path) if item.path else None
        document.history.mark_dirty()
        self._documents.add(document)
        if item.unfinished and self.holder is not None:
            try:
                self.holder.give_back(document, item.unfinished)
            except UserError as error:
                self.failed.emit(error)
        self._save(document, then=partial(_remove, item.file))

    def _save(self, document: Document, then: Callable[[], None] = lambda: None) -> None:
        kept = self._kept.get(id(document))
        if kept is None:
            self._count += 1
            kept = self._kept[id(document)] = _Kept(self._count)
        unfinished = self._unfinished(document)
        state = (document.history.state, json.dumps(unfinished, sort_keys=True))
        if kept.state == state or (kept.handle is not None and not kept.handle.is_finished):
            return
        try:
            path = self._session_folder() / f"{kept.number}.ora"
            note = Rescued(path, document.name, str(document.path or ""), time.time(), unfinished)
            write_atomically(path.with_suffix(NOTE), json.dumps(asdict(note) | {"file": path.name}))
        except UserError as error:
            self._tell(error)
            return
        job = SaveJob.of(document, path, quiet=True, kept=self._documents.kept)
        kept.handle = self._jobs.start(job, "io")
        kept.handle.succeeded.connect(lambda: self._on_saved(document, state, then))
        kept.handle.failed.connect(self._tell)

    def _unfinished(self, document: Document) -> dict[str, Any]:
        return {} if self.holder is None else self.holder.unfinished(document)

    def _on_saved(self, document: Document, state: tuple[int, str], then: Callable[[], None]) -> None:
        kept = self._kept.get(id(document))
        if kept is not None:
            kept.state = state
        then()
        is_needed = not document.history.is_clean or bool(self._unfinished(document))
        if kept is None or not is_needed:  # closed or saved in the meantime
            self._drop(document)

    def _tell(self, error: Exception) -> None:
        logger.info("Autosave failed: %s", error)
        if not self._told:  # once a session is enough; the documents themselves are safe in memory
            self._told = True
            self.failed.emit(error)

    def _on_changed(self, document: Document) -> None:
        is_needed = not document.history.is_clean or bool(self._unfinished(document))
        if not is_needed or document in self._documents.guests:
            self._drop(document)
        elif self._settings.autosave_minutes:
            self._idle.start()

    def _on_closed(self, document: Document) -> None:
        self._drop(document)

    def _drop(self, document: Document) -> None:
        kept = self._kept.pop(id(document), None)
        if kept is None or self._folder is None:
            return
        path = self._folder / f"{kept.number}.ora"
        if kept.handle is not None and not kept.handle.is_finished:
            kept.handle.finished.connect(partial(_remove, path))
            kept.handle.cancel()
        _remove(path)

    def _on_setting(self, name: str) -> None:
        if name == "autosave_minutes":
            minutes = self._settings.autosave_minutes
            self._regular.setInterval(max(1, minutes) * MINUTE_MS)
            if minutes:
                self._regular.start()
            else:
                self._regular.stop()
                self._idle.stop()

    def _session_folder(self) -> Path:
        if self._folder is None:
            folder = ensured(autosave_folder() / f"{os.getpid()}-{time.time_ns()}")
            lock = QLockFile(str(folder / LOCK))
            lock.setStaleLockTime(0)
            lock.tryLock(0)
            self._folder, self._lock = folder, lock
        return self._folder

    def _dead_sessions(self) -> list[Path]:
        home = autosave_folder()
        folders = [folder for folder in home.iterdir() if folder.is_dir()] if home.is_dir() else []
        return [folder for folder in folders if folder != self._folder and _is_dead(folder)]


def _is_dead(folder: Path) -> bool:
    """Whether the process that owned the folder is gone: then its lock can be taken."""
    lock = QLockFile(str(folder / LOCK))
    lock.setStaleLockTime(0)
    if not lock.tryLock(0):
        return False
    lock.unlock()
    return True


def _rescued_in(folder: Path) -> list[Rescued]:
    found = []
    for note in folder.glob(f"*{NOTE}"):
        try:
            told = json.loads(note.read_text(encoding="utf-8"))
            unfinished = told.get("unfinished", {})
            item = Rescued(
                folder / told["file"], told["name"], told["path"], float(told["saved_at"]), dict(unfinished)
            )
        except (OSError, ValueError, KeyError, TypeError):
            logger.info("An autosave note is damaged: %s", note)
            continue
        if item.file.is_file():
            found.append(item)
    if not found:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _remove(file: Path) -> None:
    for path in (file, file.with_suffix(NOTE)):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            logger.info("An autosave could not be removed: %s", path)
    if not any(file.parent.glob("*.ora")) and not (file.parent / LOCK).exists():
        shutil.rmtree(file.parent, ignore_errors=True)
