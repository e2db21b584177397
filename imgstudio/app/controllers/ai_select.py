"""Works for the AI select tool: looks at pictures ahead of time, finds what is pointed at, shows and selects it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.canvas.tools.ai_select import AiSelectTool
from imgstudio.app.canvas.tools.ai_select_prompt import Prompt
from imgstudio.app.canvas.tools.label_target import class_colour_of, labels_in
from imgstudio.app.controllers.ai_screen import FoundScreen
from imgstudio.app.controllers.ai_sight import (
    BundledNetworks,
    FindJob,
    Found,
    LookJob,
    Networks,
    Seen,
    Sight,
    SubjectJob,
)
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Job
from imgstudio.core.snapshot import freeze
from imgstudio.core.tiles import TileStore

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

REST_MS: Final = 300
"""How long a picture must be left alone before it is looked at anew."""
MOST_KEPT: Final = 150_000_000
"""Bytes of a picture that stays in sight while another tool is in hand: 50 megapixels."""
_numbers: Final = count(1)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What is to be found, and where."""

    seen: Seen
    prompt: Prompt
    start: TileStore | None
    subject: bool = False
    """What stands out, instead of what was pointed at."""


@dataclass(slots=True, eq=False)
class _Thing:
    """What is being selected in one document."""

    number: int = field(default_factory=lambda: next(_numbers))
    changes: int = 0
    """How often the picture was seen to change."""
    prompt: Prompt = field(default_factory=Prompt)
    start: TileStore | None = None
    """What was begun with: the selection, or what stands out."""
    begins_with_subject: bool = False
    wants_subject: bool = False
    found: Found | None = None
    answered: _Question | None = None
    """What `found` is the answer to, or what could not be answered."""
    is_accepted: bool = False
    """Whether it is selected as soon as it is found."""

    def on_damaged(self, rect: Rect) -> None:
        self.changes += 1

    @property
    def seen(self) -> Seen:
        return Seen(self.number, self.changes)

    @property
    def is_asked(self) -> bool:
        return bool(self.prompt.steps) or self.wants_subject

    @property
    def is_answered(self) -> bool:
        done = self.answered
        return done is not None and (done.seen, done.prompt, done.start, done.subject) == (
            self.seen,
            self.prompt,
            self.start,
            self.wants_subject,
        )

    def question(self) -> _Question:
        return _Question(self.seen, self.prompt, self.start, self.wants_subject)

    def forget(self) -> None:
        self.prompt, self.start, self.found, self.answered = Prompt(), None, None, None
        self.wants_subject = self.begins_with_subject = self.is_accepted = False

    def rewind(self) -> None:
        """Nothing is pointed at any more; what stands out stays, where that was begun with."""
        start = self.start if self.begins_with_subject else None
        self.forget()
        if start is not None:
            self.start, self.begins_with_subject = start, True
            self.found = Found(start, start.content_bounds())


class AiSelect(QObject):
    """Guards: what is shown answers the newest question about the picture as it is; late answers are dropped."""

    changed = Signal()
    """Something was found, or is being looked for."""

    def __init__(
        self,
        context: AppContext,
        networks: Networks | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        tool = context.tools.tools[AiSelectTool.id]
        assert isinstance(tool, AiSelectTool)
        self._context, self._tool = context, tool
        self.sight = Sight(networks or BundledNetworks(lambda: context.settings.device))
        self._things: WeakKeyDictionary[Document, _Thing] = WeakKeyDictionary()
        self._is_in_hand = False
        self._screen = FoundScreen(context)
        self._looking: JobHandle | None = None
        self._looked_for: Seen | None = None
        self._finding: JobHandle | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._go_on)
        context.documents.current_changed.connect(self._on_document)
        context.documents.closed.connect(self._on_closed)
        tool.finder = self

    @property
    def is_busy(self) -> bool:
        """Whether something is being looked at or for."""
        return any(run is not None for run in (self._looking, self._finding))

    def entered(self) -> None:
        self._is_in_hand = True
        self._show()
        self._go_on()

    def left(self) -> None:
        self._is_in_hand = False
        self._rest.stop()
        self._show()
        if self._finding is None and self.sight.nbytes > MOST_KEPT:
            self.sight.forget()

    def asked(self, document: Document, prompt: Prompt) -> None:
        thing = self._thing_of(document)
        refines = self._tool.settings.refine and self._context.tool_state.target != "labels"
        if not thing.is_asked and thing.start is None and refines:
            thing.start = None if document.selection.is_empty else document.selection.store.copy()
        thing.prompt, thing.is_accepted = prompt, False
        if not prompt.steps and not thing.wants_subject:
            thing.rewind()
            self._show()
        self._go_on()

    def subject(self, document: Document) -> None:
        thing = self._thing_of(document)
        self._tool.forget(document)
        thing.forget()
        thing.wants_subject = True
        self._go_on()

    def cleared(self, document: Document) -> None:
        self._thing_of(document).forget()
        if self._finding is not None:
            self._stop()
        self._show()

    def accepted(self, document: Document) -> None:
        thing = self._thing_of(document)
        if thing.is_answered or not thing.is_asked:
            if thing.found is not None:  # else it failed, and what was pointed at stays
                self._select(document, thing)
        else:
            thing.is_accepted = True
            self._go_on()

    def has_found(self, document: Document) -> bool:
        thing = self._things.get(document)
        return thing is not None and (thing.is_asked or thing.found is not None)

    def _thing_of(self, document: Document) -> _Thing:
        thing = self._things.get(document)
        if thing is None:
            thing = self._things[document] = _Thing()
            document.damaged.connect(thing.on_damaged)
            document.damaged.connect(self._on_damaged)
            document.resized.connect(self._on_resized)
            if document.labels is not None:
                document.labels.changed.connect(self._show)  # it has the colour of the class
        return thing

    def _go_on(self) -> None:
        """Look at the picture that is shown if that is not done yet, then find what is asked for."""
        document = self._context.documents.current
        if document is None:
            return
        thing = self._thing_of(document)
        if not (self._is_in_hand or thing.is_accepted):
            return
        if self.sight.seen != thing.seen:
            self._look(document, thing)
        elif thing.is_asked and not thing.is_answered:
            self._find(document, thing)

    def _look(self, document: Document, thing: _Thing) -> None:
        if self._looking is not None and self._looked_for == thing.seen:
            return
        self._stop()
        self._looked_for = thing.seen
        self._looking = handle = self._start(LookJob(self.sight, thing.seen, freeze(document)))
        handle.failed.connect(partial(self._on_failed, document, handle))
        handle.finished.connect(partial(self._on_looked, handle))

    def _find(self, document: Document, thing: _Thing) -> None:
        question = thing.question()
        self._stop()
        job: Job[Found]
        if question.subject:
            job = SubjectJob(self.sight, question.seen)
        else:
            job = FindJob(self.sight, question.seen, question.prompt, question.start, document.bounds)
        self._finding = handle = self._start(job)
        handle.succeeded.connect(partial(self._on_found, document, handle, question))
        handle.failed.connect(partial(self._on_failed, document, handle))
        handle.finished.connect(partial(self._on_finished, handle))

    def _start(self, job: Job[object]) -> JobHandle:
        handle = self._context.jobs.start(job)
        handle.is_told_elsewhere = True
        self.changed.emit()
        return handle

    def _on_looked(self, handle: JobHandle) -> None:
        if handle is self._looking:
            self._looking = None
            self.changed.emit()
            if self.sight.seen is not None and self.sight.seen == self._looked_for:
                self._go_on()

    def _on_found(self, document: Document, handle: JobHandle, question: _Question, found: Found) -> None:
        thing = self._things.get(document)
        if handle is not self._finding or thing is None or thing.seen != question.seen:
            return
        thing.answered, thing.found = question, found
        if question.subject:
            thing.wants_subject, thing.begins_with_subject, thing.start = False, True, found.coverage
            thing.answered = thing.question()
        if thing.is_answered and thing.is_accepted:
            self._select(document, thing)
        elif self._is_in_hand:
            self._context.tool_state.say(
                tr("Enter selects it, Backspace takes the last point back, Esc clears")
            )
        self._show()

    def _on_finished(self, handle: JobHandle) -> None:
        if handle is self._finding:
            self._finding = None
            self.changed.emit()
            self._go_on()

    def _on_failed(self, document: Document, handle: JobHandle, error: Exception) -> None:
        thing = self._things.get(document)
        if thing is None or handle not in (self._looking, self._finding):
            return
        thing.is_accepted = thing.wants_subject = False
        thing.answered = thing.question()  # asked again it would fail again
        self._context.error.emit(error)

    def _select(self, document: Document, thing: _Thing) -> None:
        """Join what was found with the selection: one undo step."""
        found = thing.found
        thing.forget()
        self._tool.forget(document)
        self._show()
        if found is None or document not in self._context.documents.all:
            return
        if found.box.is_empty:
            self._context.message.emit(tr("Nothing was found: the selection stays as it was"))
            return
        self._tool.select(document, found.coverage, found.box)
        if document is self._context.documents.current:
            labels = labels_in(self._context.tool_state)
            self._context.done.emit(tr("Selected") if labels is None else labels.name(labels.rules.value))

    def _show(self) -> None:
        """Lay what was found over the picture, while the tool is in hand."""
        document = self._context.documents.current
        thing = None if document is None else self._things.get(document)
        found = thing.found if thing is not None and self._is_in_hand else None
        colour = class_colour_of(self._context.tool_state)
        self._screen.show(found, as_selection=self._tool.begins_anew, colour=colour)
        self.changed.emit()

    def _on_damaged(self, rect: Rect) -> None:
        if self._is_in_hand:
            self._rest.start()

    def _on_resized(self) -> None:
        """Places and masks of a document that was cropped or turned mean nothing any more."""
        document = self._context.documents.current
        if document is not None and document in self._things:
            self._things[document].forget()
            self._tool.forget(document)
            self._screen.forget()

    def _on_document(self, document: Document | None) -> None:
        self._screen.forget()
        self._stop()
        self._show()
        self._rest.start()

    def _on_closed(self, document: Document) -> None:
        thing = self._things.pop(document, None)
        if thing is not None and self.sight.seen is not None and self.sight.seen.document == thing.number:
            self.sight.forget()

    def _stop(self) -> None:
        """Nobody waits any more for what is under way."""
        runs = (self._looking, self._finding)
        self._looking = self._finding = self._looked_for = None
        for run in runs:
            if run is not None:
                run.cancel()
