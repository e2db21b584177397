"""Learns while a person labels: what is on the screen is guessed after each stroke, and the next pictures beforehand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.live_ahead import WorkAhead
from imgstudio.app.controllers.labelling.live_parts import Part
from imgstudio.app.controllers.labelling.live_screen import PartOnScreen
from imgstudio.app.controllers.labelling.live_shown import ShownGuess
from imgstudio.app.controllers.labelling.live_sight import (
    Answer,
    GuessJob,
    Learned,
    Learns,
    LiveSight,
    LookJob,
    Question,
    Said,
    StudyJob,
)
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.labelling.operations import Accept, accept_prediction
from imgstudio.core.snapshot import freeze

REST_MS: Final = 250
"""How long others must leave the processor alone before something is done ahead of time."""
LOOK_SHARE: Final = 0.6
"""Of the whole work, where a part was not seen before."""

Phase = Literal["rest", "looking", "learning"]


class LiveLearning(QObject):
    """Guards: what is shown answers the newest labels; the old guess stays until the new one is there.

    Off, it does nothing by itself; `learn_now` asks once.
    """

    changed = Signal()
    """Anything that is shown of it."""

    def __init__(
        self,
        context: AppContext,
        session: LabelSession,
        make: Callable[[str], Learns] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """`make` gives what learns, for the name of a device; None: the bundled one."""
        super().__init__(parent)
        self._context, self._session = context, session
        self.sight, self.shown = LiveSight(lambda: context.settings.device, make), ShownGuess(self)
        self.screen = PartOnScreen(context.window.canvas, self)
        self._ahead = WorkAhead(session, self.sight, self.screen)
        self.is_live = False
        self.learned = Learned()
        self.answer: Answer | None = None
        """The last one, of the picture that is shown."""
        self._overview: Said | None = None
        """The last guess of all of it: seen near by it is only corrected."""
        self._is_asked = False
        """Whether something is to be guessed."""
        self._handle: JobHandle | None = None
        self._part: Part | None = None
        """What is looked at or guessed, or was last."""
        self._stale: set[Part] = set()
        self._document: Document | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._go_on)
        self.shown.changed.connect(self.changed)
        self.screen.moved.connect(self._on_moved)
        session.project_changed.connect(self._on_project)
        session.document_changed.connect(self._on_document)
        session.labels_edited.connect(self._on_labels)
        context.jobs.ended.connect(self._on_others)
        context.window.workspaces.changed.connect(self._watch_or_not)
        session.live = self
        self._on_document(session.document)

    @property
    def phase(self) -> Phase:
        """What is done for the picture that is shown."""
        job = None if self._handle is None else self._handle.job
        if self._part is None or self._part.name != self._session.shown:
            return "rest"
        return "looking" if isinstance(job, LookJob) else "learning" if isinstance(job, GuessJob) else "rest"

    @property
    def fraction(self) -> float:
        """How far that is, 0..1."""
        if self._handle is None or self.phase == "rest":
            return 0.0
        done = self._handle.fraction
        return LOOK_SHARE * done if self.phase == "looking" else LOOK_SHARE + (1 - LOOK_SHARE) * done

    @property
    def has_guess(self) -> bool:
        """Whether what is proposed on the picture comes from here."""
        return self.shown.is_mine

    def set_live(self, live: bool) -> None:
        """Guess after every stroke, or only when it is asked for."""
        if live == self.is_live:
            return
        self.is_live = live
        self._watch_or_not()
        if live:
            self.learn_now()
        else:
            self._stop()
        self.changed.emit()

    def learn_now(self) -> None:
        """Guess what is on the screen, from the labels as they are; what is at work on older ones is given up."""
        self._is_asked = True
        self._go_on()

    def accept(self, accept: Accept = "unlabelled") -> None:
        """Make what is guessed labels: one undo step."""
        if self._document is not None and self.has_guess:
            accept_prediction(self._document, accept)
            self._take_back()

    def discard(self) -> None:
        """Send the guess away until the next stroke; what a trained model said comes back."""
        self._stop()
        self._take_back()

    def _take_back(self) -> None:
        self.shown.take_back()
        self.answer = self.screen.answered = self._overview = None
        self.changed.emit()

    def _go_on(self) -> None:
        """What is next: a guess that is asked for; else, while nobody computes, work ahead."""
        document = self._document
        if document is None or document.labels is None or not self._session.is_active:
            return
        if not self._is_asked:
            is_busy = any(handle.lane == "compute" for handle in self._context.jobs.handles)
            if self.is_live and not is_busy:
                self._prepare()
        elif self._handle is not None:
            if not (self.phase == "looking" and self.screen.is_shown_by(self._part)):
                self._handle.cancel()  # when it has ended this is called again
        else:
            part = self.screen.part(document)
            self._guess(part, document) if part in self.screen.seen else self._look(part, document)

    def _look(self, part: Part, document: Document) -> None:
        handle = self._start(LookJob(self.sight, part, freeze(document)), part)
        handle.succeeded.connect(lambda _: self.screen.seen.keep(part))

    def _guess(self, part: Part, document: Document) -> None:
        assert document.labels is not None
        self._is_asked = False
        stale, self._stale = frozenset(self._stale - {part}), set()
        before = self.shown.said or (None if part.box == document.bounds else self._overview)
        question = Question(part, document.labels.store.copy(), before, *self.shown.copies(), stale)
        self.screen.seen.keep(part)
        handle = self._start(GuessJob(self.sight, question, freeze(document)), part)
        handle.succeeded.connect(partial(self._on_answer, document))

    def _prepare(self) -> None:
        job = self._ahead.next_job()
        if isinstance(job, LookJob):
            part = job.part
            self._start(job, part).succeeded.connect(lambda _: self.screen.seen.keep(part))
        elif job is not None:
            handle = self._start(job, None)
            handle.succeeded.connect(self._on_studied)
            handle.cancelled.connect(partial(self._ahead.put_back, job))

    def _start(self, job: LookJob | GuessJob | StudyJob, part: Part | None) -> JobHandle:
        self._part = part
        self._handle = handle = self._context.jobs.start(job)
        handle.is_told_elsewhere = True
        handle.failed.connect(self._on_failed)
        handle.progressed.connect(lambda *_: self.changed.emit())
        handle.finished.connect(partial(self._on_finished, handle))
        self.changed.emit()
        return handle

    def _stop(self) -> None:
        self._is_asked = False
        if self._handle is not None:
            self._handle.cancel()

    def _on_answer(self, document: Document, answer: Answer) -> None:
        self.learned = answer.learned
        if document is not self._document or answer.part.version != self.screen.version(document):
            return
        self.answer, self.screen.answered = answer, answer.part
        self.shown.put(document, answer)
        if answer.part.box == document.bounds and answer.prediction is not None:
            self._overview = Said(answer.prediction, answer.unsure)
        if answer.prediction is None and not answer.is_all_told:
            self.shown.take_back()  # a class was erased: there is nothing to tell apart any more

    def _on_studied(self, learned: Learned | None) -> None:
        if learned is not None:
            self.learned, self._is_asked = learned, True  # it may say more of the picture in hand

    def _on_finished(self, handle: JobHandle) -> None:
        if handle is self._handle:
            self._handle = None
        self.changed.emit()
        self._go_on()

    def _on_failed(self, error: Exception) -> None:
        self.is_live = self._is_asked = False  # it would fail again
        self._watch_or_not()
        self._context.error.emit(error)

    def _on_labels(self, rect: Rect) -> None:
        """A stroke has ended: other parts that show its place learned from what is no more."""
        mine = (part for part in self.sight.parts if part.name == self._session.shown)
        self._stale |= {part for part in mine if not part.box.intersect(rect).is_empty}
        if self.is_live:
            self.learn_now()

    def _on_document(self, document: Document | None) -> None:
        self._document, self.answer, self._overview = document, None, None
        self._is_asked = self.is_live
        self.shown.follow(document)
        self.screen.follow(self._session.shown, document)
        self.changed.emit()
        self._go_on()

    def _on_project(self, project: object) -> None:
        self._stop()
        self.sight.forget()
        self._ahead.clear()
        self.screen.seen.clear()
        self.learned, self._stale = Learned(), set()
        self._on_document(self._session.document)

    def _on_moved(self) -> None:
        if self._handle is None:
            self.learn_now()

    def _on_others(self, handle: JobHandle) -> None:
        self._rest.start()

    def _watch_or_not(self, *_: object) -> None:
        self.screen.set_watching(self.is_live and self._session.is_active)
        self._rest.start()
