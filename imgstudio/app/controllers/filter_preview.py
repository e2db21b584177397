"""The live preview of a filter: runs what can be seen, shows the newest answer, re-blends at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.controllers.canvas_port import PreviewScreen
from imgstudio.app.controllers.filter_commit import (
    Order,
    order_for,
    own_selection,
    preview_of,
    seen_selection,
    sees_less,
)
from imgstudio.app.controllers.pointer_memory import PointerMemory
from imgstudio.app.controllers.preview_plan import PreviewMode, PreviewPlan, can_preview, plan_preview
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.filters.base import Filter, Finish
from imgstudio.filters.runner import FilterResult, RunSettings, capture, refinish
from imgstudio.filters.source import SmallSource

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

DEBOUNCE_MS: Final = 150
"""Least time from one run to the next, however fast a slider is moved."""
PATIENCE_SECONDS: Final = 0.5
"""A run that is younger may end although a newer one is wanted, so that a slider shows what it does."""
WATCH_MS: Final = 250
"""How often it is looked whether the view, the layer or the picture is another."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Everything that decides what a filter makes."""

    document: Document
    item: Filter[Any]
    params: Any
    seed: int = 0
    finish: Finish = Finish()  # noqa: RUF009 - frozen
    again: Layer | None = None
    """The AI layer that is made anew."""
    device: str = "auto"
    threads: int = 0
    memory: int = 0
    """Bytes, as in `RunSettings`."""

    def order(self) -> Order:
        """Raises UserError when there is no layer to work on."""
        return order_for(self.document, self.item, self.again)

    def settings(self, plan: PreviewPlan | None = None) -> RunSettings:
        """For a preview (without strength and detail, which are blended later), or for the whole."""
        if plan is None:
            chosen = own_selection(self.document, self.again)
            how = RunSettings(self.finish, self.seed, self.device, selection=chosen)
        else:
            seen = seen_selection(self.document, self.again)
            how = RunSettings(Finish(), self.seed, self.device, plan.region, plan.reduce, seen)
        return replace(how, threads=self.threads, memory=self.memory)


@dataclass(frozen=True, slots=True)
class _Key:
    """Equal keys, equal answers."""

    params: Any
    seed: int
    region: Rect
    reduce: int
    state: int
    """State of the document's history: pixels, masks and the selection."""
    target: str
    again: str

    def has_pixels_of(self, other: _Key) -> bool:
        """Whether the filter reads the same pixels, at the same size."""
        same = ("reduce", "state", "target", "again")
        return all(getattr(self, name) == getattr(other, name) for name in same)


@dataclass(frozen=True, slots=True, eq=False)
class BlendJob:
    """Strength and detail over a model result that is there already."""

    title: str
    result: FilterResult
    finish: Finish

    def run(self, progress: Progress) -> FilterResult:
        return refinish(self.result, self.finish, progress)


class FilterPreview(QObject):
    """Guards: no older answer follows a newer one, the newest comes last, and nothing after `stop`."""

    changed = Signal()
    failed = Signal(object)
    """An exception that was not expected."""
    measured = Signal(object, float, float)
    """The question of a run at full size, its megapixels and its seconds."""

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.screen = PreviewScreen(context)
        self.pointer = PointerMemory(context, self)
        self.mode: PreviewMode = "off"
        self.note = ""
        """What a person should know about the preview shown."""
        self.problem: UserError | None = None
        """Why there is none."""
        self._question: Question | None = None
        self._seen: _Key | None = None
        self._answered: _Key | None = None
        self._result: FilterResult | None = None
        self._run: JobHandle | None = None
        self._blend: JobHandle | None = None
        self._began = 0.0
        """When the newest run was started."""
        self._debounce = QTimer(self, singleShot=True)
        self._debounce.timeout.connect(self._start)
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._on_watch)

    @property
    def is_busy(self) -> bool:
        return self._debounce.isActive() or _is_live(self._run) or _is_live(self._blend)

    def ask(self, question: Question) -> None:
        """Preview this at once, or in a moment if a run has just begun."""
        self._question = question
        if self.mode == "off" or not can_preview(question.item):
            return
        if not self._debounce.isActive():
            self._debounce.start(max(0, DEBOUNCE_MS - round(1000 * (monotonic() - self._began))))
        self._watch.start()
        self.changed.emit()

    def finish(self, question: Question) -> None:
        """Another strength or detail: the filter does not run again."""
        self._question = question
        if self._result is not None and self.mode != "off":
            self._start_blend()

    def set_mode(self, mode: PreviewMode) -> None:
        """Off, on the picture, at 100 %, or on one side of a line."""
        self.mode = mode
        document = None if self._question is None else self._question.document
        canvas = self.screen.canvas_of(document)
        if mode == "exact" and canvas is not None:
            at = self.pointer.place()
            if at is None:
                canvas.actual_size()
            else:
                canvas.actual_size_at(*at)
        self.screen.split(document, on=mode == "split")
        if mode == "off":
            self.clear()
        elif self._question is not None:
            self.ask(self._question)

    def stop(self) -> None:
        """Drop everything, the split view too."""
        self.clear()
        self.screen.split(None if self._question is None else self._question.document, on=False)
        self._question, self.mode = None, "off"

    def hold(self) -> None:
        """Start nothing more, but leave what is shown."""
        self._debounce.stop()
        self._watch.stop()
        if self._run is not None:
            self._run.cancel()

    def clear(self) -> None:
        """Take the preview off."""
        self.hold()
        if self._blend is not None:
            self._blend.cancel()
        self._run = self._blend = self._result = self._answered = self._seen = None
        self.note, self.problem = "", None
        self.screen.clear()
        self.changed.emit()

    def whole_result(self, question: Question, region: Rect) -> FilterResult | None:
        """The model's answer, if the preview happened to be the whole of it at full size."""
        if sees_less(question.again):
            return None
        key = _key_of(question, question.order(), PreviewPlan(region))
        return self._result if key == self._answered else None

    def _start(self) -> None:
        question = self._question
        canvas = self.screen.canvas_of(None if question is None else question.document)
        if question is None or canvas is None or self.mode == "off":
            return
        if self._run is not None and self._run.is_running and self._run.elapsed_seconds < PATIENCE_SECONDS:
            self._debounce.start(DEBOUNCE_MS)
            return
        self._began = monotonic()
        plan = plan_preview(canvas.visible_rect(), canvas.view.zoom)
        try:
            order = question.order()
            self._seen = _key_of(question, order, plan)
            job = capture(
                question.document, order.layer, question.item, question.params, question.settings(plan)
            )
        except UserError as error:
            self._on_failed(error)
            return
        key = _key_of(question, order, PreviewPlan(job.source.region, plan.reduce))
        if key == self._answered:
            self.changed.emit()
            return
        if self._result is not None and self._answered is not None and key.has_pixels_of(self._answered):
            small = self._result.source
            job.small = small if isinstance(small, SmallSource) else None
        handle = self._context.jobs.start(job, replaces=self._run)
        handle.is_told_elsewhere = True
        self._run = handle
        handle.succeeded.connect(partial(self._on_answer, handle, key, question, plan.note))
        handle.failed.connect(self._on_failed)
        handle.finished.connect(self.changed)

    def _on_answer(
        self, handle: JobHandle, key: _Key, question: Question, note: str, result: FilterResult
    ) -> None:
        if key.reduce == 1:
            megapixels = key.region.width * key.region.height / 1e6
            self.measured.emit(question, megapixels, handle.elapsed_seconds)
        if handle is self._run and self.mode != "off":
            self._answered, self._result = key, result
            self.note, self.problem = note, None
            self._start_blend()

    def _start_blend(self) -> None:
        question = self._question
        if question is None or self._result is None:
            return
        try:
            order = question.order()
        except UserError as error:
            self._on_failed(error)
            return
        job = BlendJob(question.item.name, self._result, question.finish)
        handle = self._context.jobs.start(job, "io", replaces=self._blend)
        self._blend = handle
        handle.succeeded.connect(partial(self._on_blended, handle, order))
        handle.finished.connect(self.changed)

    def _on_blended(self, handle: JobHandle, order: Order, result: FilterResult) -> None:
        if handle is self._blend and self.mode != "off":
            self.screen.show(order.document, preview_of(order, result), order.layer, order.again)

    def _on_failed(self, error: Exception) -> None:
        seen = self._seen
        self.clear()
        self._seen = seen
        self._watch.start()
        if isinstance(error, UserError):
            self.problem = error
        else:
            self.failed.emit(error)
        self.changed.emit()

    def _on_watch(self) -> None:
        """Follow the view, the active layer, the selection and other edits."""
        question = self._question
        canvas = self.screen.canvas_of(None if question is None else question.document)
        if question is None or canvas is None or self.mode == "off" or self.is_busy:
            return
        try:
            order = question.order()
        except UserError:
            return
        plan = plan_preview(canvas.visible_rect(), canvas.view.zoom)
        if _key_of(question, order, plan) != self._seen:
            self.ask(question)


def _key_of(question: Question, order: Order, plan: PreviewPlan) -> _Key:
    state = question.document.history.state
    again = "" if question.again is None else question.again.id
    return _Key(question.params, question.seed, plan.region, plan.reduce, state, order.layer.id, again)


def _is_live(handle: JobHandle | None) -> bool:
    return handle is not None and not handle.is_finished
