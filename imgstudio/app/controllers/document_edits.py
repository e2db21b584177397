"""Edits of whole documents: at once where that is quick, else on a worker while the window stays alive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from PySide6.QtCore import QObject

from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress
from imgstudio.core.snapshot import DocumentSnapshot, freeze
from imgstudio.core.thawing import adopt, bytes_at_stake, thaw

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

Change: TypeAlias = Callable[[Document, Progress], object]
"""Does exactly one undo step on the document it is given."""
AT_ONCE_BYTES: Final = 8_000_000
"""Two megapixels of one layer at 8 bits: what is done within a blink."""


@dataclass(frozen=True, slots=True, eq=False)
class DocumentJob:
    """Does to a private copy of a document what an action asked for, and returns the copy."""

    title: str
    snapshot: DocumentSnapshot
    change: Change

    def run(self, progress: Progress) -> Document:
        made = thaw(self.snapshot, progress.token.check)
        self.change(made, progress)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    title: str
    change: Change


class DocumentEdits(QObject):
    """Guards: edits of one document happen in the order they were asked for, each as one undo step.

    An edit whose document was changed meanwhile by other means is dropped, and said to be.
    """

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._context = context
        self._waiting: dict[Document, deque[_Wish]] = {}
        self._running: dict[Document, JobHandle] = {}
        context.documents.closed.connect(self._drop)

    def do(self, document: Document, title: str, change: Callable[[Document], object]) -> None:
        """Carry out an operation that is one undo step; see `do_long`."""
        self.do_long(document, title, lambda made, progress: change(made))

    def do_long(self, document: Document, title: str, change: Change, *, is_slow: bool = False) -> None:
        """Carry out `change`, on a small document before this returns: a UserError then comes out of it.

        `is_slow`: it takes long on a small document too, and is never done at once.
        """
        is_quick = not is_slow and bytes_at_stake(document) <= AT_ONCE_BYTES
        if document not in self._running and is_quick:
            change(document, Progress())
            return
        self._waiting.setdefault(document, deque()).append(_Wish(title, change))
        if document not in self._running:
            self._begin_next(document)

    def is_busy(self, document: Document) -> bool:
        return document in self._running

    def _begin_next(self, document: Document) -> None:
        waiting = self._waiting.get(document)
        if not waiting:
            self._waiting.pop(document, None)
            return
        wish = waiting.popleft()
        job = DocumentJob(wish.title, freeze(document), wish.change)
        handle = self._context.jobs.start(job, "edit")
        self._running[document] = handle
        handle.succeeded.connect(partial(self._on_made, document, wish.title, job.snapshot.state))
        handle.failed.connect(partial(self._on_failed, document))
        handle.cancelled.connect(partial(self._forget_waiting, document))
        handle.finished.connect(partial(self._on_finished, document, handle))

    def _on_made(self, document: Document, title: str, state: int, made: Document) -> None:
        if document not in self._context.documents.all:
            return
        if document.history.state != state:
            self._forget_waiting(document)
            said = tr("{title} was dropped, because “{name}” changed meanwhile")
            self._context.message.emit(said.format(title=title, name=document.name))
            return
        if adopt(document, made) and document is self._context.documents.current:
            self._context.done.emit(document.history.undo_label)

    def _on_failed(self, document: Document, error: Exception) -> None:
        self._forget_waiting(document)
        self._context.error.emit(error)

    def _on_finished(self, document: Document, handle: JobHandle) -> None:
        if self._running.get(document) is handle:
            del self._running[document]
            self._begin_next(document)

    def _forget_waiting(self, document: Document) -> None:
        self._waiting.pop(document, None)

    def _drop(self, document: Document) -> None:
        self._forget_waiting(document)
        if document in self._running:
            self._running[document].cancel()
