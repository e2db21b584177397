"""One open filter: from parameters to a preview to one undo step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from imgstudio.app.controllers.filter_commit import Order, commit, why_dropped, worked_area
from imgstudio.app.controllers.filter_preview import BlendJob, FilterPreview, Question
from imgstudio.app.controllers.preview_plan import PreviewMode, can_preview
from imgstudio.app.controllers.run_rates import RunRates, process_megabytes
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.layers import Layer
from imgstudio.filters.base import Filter, Finish
from imgstudio.filters.resizing import SizeResult, capture_size
from imgstudio.filters.runner import FilterResult, capture

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class FilterController(QObject):
    """Guards: only the one undo step of a finished `apply` changes the document.

    A result whose picture or layer is gone by then is dropped.
    """

    changed = Signal()
    """What the panel shows is different: busy, note, estimate."""
    progressed = Signal(float, str)
    """How far `apply` is."""
    applied = Signal(object)
    """The layer that shows the result, None after a change of size."""

    def __init__(self, context: AppContext, rates: RunRates | None = None) -> None:
        super().__init__()
        self._context = context
        self.rates = rates or RunRates()
        self.preview = FilterPreview(context, self)
        self.preview.changed.connect(self.changed)
        self.preview.failed.connect(context.error)
        self.preview.measured.connect(self._on_measured)
        self.question: Question | None = None
        """What is asked now; None while no filter is open or no picture is shown."""
        self._run: JobHandle | None = None
        self._memory_before = 0.0
        self._memory_peak = 0.0

    @property
    def is_applying(self) -> bool:
        return self._run is not None

    def open(
        self, item: Filter[Any], params: Any, document: Document | None, again: Layer | None = None
    ) -> None:
        """Take a filter in hand; a live one shows its preview by itself."""
        self.close()
        if document is None:
            return
        self.question = self._as_set(Question(document, item, params, again=again))
        self.preview.mode = "picture" if item.preview == "live" and can_preview(item) else "off"
        self.preview.ask(self.question)
        self.changed.emit()

    def close(self) -> None:
        """Stop everything and take the preview off; the document stays as it was."""
        run, self._run = self._run, None
        if run is not None:
            run.cancel()
        self.preview.stop()
        self.question = None
        self.changed.emit()

    def set_params(self, params: Any) -> None:
        self._ask(params=params)

    def set_seed(self, seed: int) -> None:
        self._ask(seed=seed)

    def set_finish(self, finish: Finish) -> None:
        """Blend the present result anew; the filter does not run again."""
        if self.question is not None:
            self.question = replace(self.question, finish=finish)
            self.preview.finish(self.question)

    def set_mode(self, mode: PreviewMode) -> None:
        self.preview.set_mode(mode)
        self.changed.emit()

    def estimate(self) -> str:
        """Time and memory of a full run; "" while not measured."""
        area = self._megapixels()
        if self.question is None or area == 0:
            return ""
        return self.rates.estimate(self.question.item.id, self.question.device, area)

    def apply(self) -> None:
        """Run over the whole selection or picture; the result is one undo step."""
        if self.question is None or self.is_applying:
            return
        question = self.question = self._as_set(self.question)
        try:
            order = question.order()
            job = self._whole_job(question, order)
        except UserError as error:
            self._context.error.emit(error)
            return
        self.preview.hold()
        self._memory_before = self._memory_peak = process_megabytes() or 0.0
        handle = self._context.jobs.start(job)
        self._run = handle
        measured = not isinstance(job, BlendJob)
        area = self._megapixels() if measured else 0.0
        handle.progressed.connect(self._on_progressed)
        handle.succeeded.connect(partial(self._on_result, order, handle, question.device, area))
        handle.finished.connect(partial(self._on_finished, handle))
        self.changed.emit()

    def cancel_apply(self) -> None:
        """Stop the run; the filter stays open."""
        if self._run is not None:
            self._run.cancel()

    def _as_set(self, question: Question) -> Question:
        """With what the user has set in the preferences by now."""
        own = self._context.settings
        memory = own.memory_budget_mb << 20
        return replace(question, device=own.device, threads=own.threads, memory=memory)

    def _ask(self, **values: Any) -> None:
        if self.question is not None:
            self.question = self._as_set(replace(self.question, **values))
            if not self.is_applying:
                self.preview.ask(self.question)

    def _whole_job(self, question: Question, order: Order) -> Any:
        how = question.settings()
        if question.item.size is not None:
            return capture_size(question.document, question.item, question.params, how)
        job = capture(question.document, order.layer, question.item, question.params, how)
        ready = self.preview.whole_result(question, job.source.region)
        return job if ready is None else BlendJob(job.title, ready, question.finish)

    def _megapixels(self) -> float:
        question = self.question
        if question is None:
            return 0.0
        area = worked_area(question.document, question.again)
        return area.width * area.height / 1e6

    def _on_measured(self, question: Question, megapixels: float, seconds: float) -> None:
        """A preview at full size tells as much about the time as a run; its memory is not looked at."""
        self.rates.measured(question.item.id, question.device, megapixels=megapixels, seconds=seconds)

    def _on_progressed(self, fraction: float, message: str) -> None:
        self._memory_peak = max(self._memory_peak, process_megabytes() or 0.0)
        self.progressed.emit(fraction, message)

    def _on_result(
        self,
        order: Order,
        handle: JobHandle,
        device: str,
        megapixels: float,
        result: FilterResult | SizeResult,
    ) -> None:
        if megapixels:
            self.rates.measured(
                order.item.id,
                device,
                megapixels=megapixels,
                seconds=handle.elapsed_seconds,
                megabytes=self._memory_peak - self._memory_before,
            )
        why = why_dropped(order, self._context.documents.all)
        if why:
            self._context.message.emit(f"{order.item.name}: the result was dropped, {why}")
            return
        self.preview.stop()
        self.question = None
        layer = commit(order, result)
        warnings = result.warnings if isinstance(result, FilterResult) else ()
        said = ". ".join((f"{order.item.name} applied", *warnings))
        if order.document is self._context.documents.current:
            self._context.done.emit(said)
        else:
            self._context.message.emit(f"{said} to “{order.document.name}”")
        self.applied.emit(layer)

    def _on_finished(self, handle: JobHandle) -> None:
        if handle is not self._run:
            return
        self._run = None
        if self.question is not None:
            self.preview.ask(self.question)
        self.changed.emit()
