"""Closing documents without losing work: ask, save, and close only what a file holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.documents import Documents
from imgstudio.app.i18n import tr
from imgstudio.app.names import short
from imgstudio.core.document import Document
from imgstudio.core.opening import is_project

if TYPE_CHECKING:
    from imgstudio.app.controllers.labelling.session import LabelSession

_ONCE: Final = Qt.ConnectionType.SingleShotConnection
PROJECT_KIND: Final = "OpenRaster (*.ora)"


def project_path(context: AppContext, document: Document, *, anew: bool = False) -> Path | None:
    """Where a document is saved: its project file, or a place that the user chooses."""
    if document.path is not None and is_project(document.path) and not anew:
        return document.path
    if document.path is not None:
        suggestion = document.path.with_suffix(".ora")
    else:
        suggestion = Path.home() / f"{document.name}.ora"
    chosen = context.ask.file_to_save(tr("Save project as"), suggestion, PROJECT_KIND)
    return None if chosen is None else chosen.with_suffix(".ora")


def close_documents(
    context: AppContext,
    documents: Documents,
    wanted: Sequence[Document],
    then: Callable[[], object] = lambda: None,
) -> None:
    """Close documents, asking about unsaved ones first; `then` is called only when all are closed."""
    if not _may_drop_strokes(context, wanted):
        return
    unsaved = [document for document in wanted if not document.history.is_clean]
    answer = context.ask.unsaved([document.name for document in unsaved]) if unsaved else "discard"
    if answer == "cancel":
        return
    if answer == "discard":
        _close(documents, wanted)
        then()
        return
    places = []
    for document in unsaved:
        path = project_path(context, document)
        if path is None:
            return
        places.append((document, path))
    _SavedThenClosed(documents, wanted, then)
    for document, path in places:
        documents.save(document, path)


@dataclass(frozen=True, slots=True)
class Nothing:
    """A question without anything to fill in."""


class _SavedThenClosed(QObject):
    """Waits for saves to end. A failed save keeps everything open; the failure is told by then."""

    def __init__(self, documents: Documents, wanted: Sequence[Document], then: Callable[[], object]) -> None:
        super().__init__(documents)
        self._documents, self._wanted, self._then = documents, list(wanted), then
        documents.settled.connect(self._on_settled)

    def _on_settled(self, document: Document) -> None:
        if any(self._documents.is_saving(item) for item in self._wanted):
            return
        self._documents.settled.disconnect(self._on_settled)
        self.deleteLater()
        if all(item.history.is_clean for item in self._wanted):
            _close(self._documents, self._wanted)
            self._then()


def labels_may_close(context: AppContext, session: LabelSession, close: Callable[[], object]) -> bool:
    """Whether all labels are on the disk. Else they are written, and `close` is called when that has ended."""
    session.save_now()
    saver = session.saver
    if saver.is_busy:
        wait = Qt.ConnectionType(Qt.ConnectionType.QueuedConnection.value | _ONCE.value)
        saver.rested.connect(close, wait)
        return False
    if not saver.unwritten:
        return True
    names = "”, “".join(short(name) for name in saver.unwritten)
    note = tr("The labels of “{name}” could not be written. They are lost when the window closes.")
    answer = context.ask.form(
        tr("Labels"), Nothing(), note=note.format(name=names), accept=tr("Close anyway")
    )
    if answer is not None:
        saver.unwritten.clear()
    return answer is not None


def _may_drop_strokes(context: AppContext, wanted: Sequence[Document]) -> bool:
    """Ask about what was painted on documents and not applied yet."""
    names = [short(document.name) for document in wanted if context.filter_panel.own_steps.holds(document)]
    if not names:
        return True
    said = tr("What was painted on “{name}” is not applied yet. Apply it first to keep it.")
    note = said.format(name="”, “".join(names))
    return context.ask.form(tr("Colour strokes"), Nothing(), note=note, accept=tr("Close anyway")) is not None


def _close(documents: Documents, wanted: Sequence[Document]) -> None:
    for document in wanted:
        if document in documents.all:
            documents.close(document)
