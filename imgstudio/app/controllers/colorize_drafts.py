"""Colour strokes that wait on documents until the Colorize page is opened there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from imgstudio.app.controllers.colorize_steps import StrokeSteps
from imgstudio.app.i18n import tr
from imgstudio.app.names import short
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer
from imgstudio.filters.base import Finish

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """What was set on the page of a document when it gave way to something else."""

    params: Any
    finish: Finish
    seed: int
    steps: StrokeSteps
    again: Layer | None
    """The AI layer that was being made anew."""
    is_dropped: bool = False
    """Whether it was cancelled, so that it comes back only when it is asked for."""

    @property
    def key(self) -> str:
        return key_of(self.again)


class Drafts:
    """Guards: nothing waits that would not be lost; what is on the open page counts as it is now."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._waiting: WeakKeyDictionary[Document, dict[str, Draft]] = WeakKeyDictionary()
        """By the id of the AI layer that was being made anew, "" for none; the latest last."""
        self.open_page: Callable[[Document], Draft | None] = lambda document: None
        """What is on the page of a document, while it is open for it."""

    def of(self, document: Document) -> dict[str, Draft]:
        """All that wait on a document; belongs to the caller too."""
        return self._waiting.setdefault(document, {})

    def latest(self, document: Document | None) -> Draft | None:
        """What was parked on a document last and not cancelled."""
        found = {} if document is None else self._waiting.get(document, {})
        return next((draft for draft in reversed(found.values()) if not draft.is_dropped), None)

    def waiting(self, document: Document) -> Draft | None:
        """What would be lost with a document, also what is on the open page."""
        now = self.open_page(document)
        if now is not None and not now.is_dropped:
            return now if now.steps.is_changed else None
        return self.latest(document)

    def park(self, document: Document, draft: Draft) -> None:
        """Let what is on a page that closes wait, if anything would be lost without it."""
        kept = self.of(document)
        if draft.steps.is_changed:
            kept.pop(draft.key, None)
            self.wait(document, draft)
        elif draft.key in kept and not kept[draft.key].is_dropped:
            del kept[draft.key]

    def wait(self, document: Document, draft: Draft) -> None:
        """Let strokes wait on a document, and say so."""
        self.of(document)[draft.key] = draft
        if not draft.is_dropped and document in self._context.documents.all:
            said = tr("Your strokes on “{name}” wait there: open Colorize to go on.")
            self._context.message.emit(said.format(name=short(document.name)))

    def clear(self) -> None:
        self._waiting.clear()


def key_of(again: Layer | None) -> str:
    return "" if again is None else again.id
