"""A session under way: frames on the canvas, pause, going back, steering, keeping."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from imgstudio.app.controllers.canvas_port import PreviewScreen
from imgstudio.app.controllers.filter_commit import (
    Order,
    commit,
    order_for,
    own_selection,
    preview_of,
    why_dropped,
)
from imgstudio.app.controllers.steering import SteeringHand, SteeringTool
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import from_float
from imgstudio.core.selection import Selection
from imgstudio.filters.base import Finish, Frame, SessionFilter, Steer
from imgstudio.filters.runner import FilterResult, RunSettings, refinish
from imgstudio.filters.session import KeptFrame, SessionJob, capture_session

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

FRAME_SECONDS: Final = 0.4
"""A new frame is shown at most this often."""


class FrameRelay(QObject):
    """Takes frames on the worker and hands the newest over, now and then, to the window's thread."""

    arrived = Signal(object)

    def __init__(self, job: SessionJob) -> None:
        super().__init__()
        self._job, self._last = job, 0.0

    def take(self, frame: Frame) -> None:
        """Called on the worker. One that stands still is shown as it stands."""
        now = time.monotonic()
        is_last = frame.iteration >= frame.total or self._job.is_paused
        if now - self._last >= FRAME_SECONDS or is_last:
            self._last = now
            self.arrived.emit(frame)


class SessionController(QObject):
    """One open session filter. Guards: the document changes only by `keep`, one undo step each."""

    changed = Signal()
    kept = Signal(object)
    """The layer that was added."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self.screen = PreviewScreen(context)
        self.document: Document | None = None
        self.item: SessionFilter[Any] | None = None
        self.params: Any = None
        self.seed, self.finish = 0, Finish()
        self.again: Layer | None = None
        self.frame: Frame | None = None
        """The newest one that was shown."""
        self.position = 0
        """Which of `frames` is shown."""
        self._is_looking_back = False
        """While it is paused: what is shown is not the newest."""
        self.hand: SteeringHand | None = None
        self._order: Order | None = None
        self._job: SessionJob | None = None
        self._handle: JobHandle | None = None
        self._relay: FrameRelay | None = None
        self._shown: FilterResult | None = None

    @property
    def is_running(self) -> bool:
        return self._handle is not None

    @property
    def is_paused(self) -> bool:
        return self._handle is not None and self._handle.paused

    @property
    def can_keep(self) -> bool:
        return self._shown is not None

    @property
    def frames(self) -> list[KeptFrame]:
        """Frames that can be gone back to, oldest first."""
        return self._job.frames_kept if self._job is not None else []

    def open(
        self, item: SessionFilter[Any], params: Any, document: Document | None, again: Layer | None = None
    ) -> None:
        self.close()
        self.item, self.params, self.document, self.again = item, params, document, again
        self.changed.emit()

    def close(self) -> None:
        """Stop, take the preview off, put the brush down."""
        if self._handle is not None:
            self._handle.cancel()
        self._forget()
        self.item, self.document, self.again = None, None, None
        self.seed, self.finish = 0, Finish()
        self.changed.emit()

    def run(self) -> None:
        """Start from the beginning with the present parameters."""
        if self.item is None or self.document is None or self.is_running:
            return
        try:
            how = self._settings(own_selection(self.document, self.again))
            order = order_for(self.document, self.item, self.again)
            job = capture_session(self.document, order.layer, self.item, self.params, how)
        except UserError as error:
            self._context.error.emit(error)
            return
        self._forget()
        self._order, self._job, self._relay = order, job, FrameRelay(job)
        self._relay.arrived.connect(self._on_frame)
        job.on_frame = self._relay.take
        handle = self._context.jobs.start(job)
        self._handle = handle
        handle.succeeded.connect(partial(self._on_result, handle))
        handle.pause_changed.connect(self._on_pause_changed)
        handle.finished.connect(partial(self._on_finished, handle))
        if self.item.steering:
            self.hand = SteeringHand(
                self._context.tools, SteeringTool(self._context.tool_state, job.box, self._steer)
            )
            self.hand.take(self.item.steering[0])
        self.changed.emit()

    def pause(self) -> None:
        if self._handle is not None:
            self._handle.pause()

    def resume(self) -> None:
        if self._handle is not None:
            self._handle.resume()

    def stop(self) -> None:
        """End after the present frame and keep showing it."""
        if self._job is not None and self._handle is not None:
            self._job.stop()
            self._handle.resume()

    def go_back(self, index: int) -> None:
        """Show a kept frame; a running session goes on from there, a paused one when it is resumed."""
        if self._job is None or not 0 <= index < len(self.frames):
            return
        self.position, self._is_looking_back = index, self.is_paused
        if self.is_running:
            self._job.restart_from(index)
        self._show(self._job.result_of(self.frames[index].pixels))

    def set_params(self, params: Any) -> None:
        """For the next run."""
        self.params = params

    def set_seed(self, seed: int) -> None:
        self.seed = seed

    def set_finish(self, finish: Finish) -> None:
        """Blend what is shown anew."""
        self.finish = finish
        if self._shown is not None:
            self._show(self._shown)

    def keep(self) -> bool:
        """Add what is shown as a layer; the session goes on. False when there is nothing to keep."""
        order, shown = self._order, self._shown
        if order is None or shown is None:
            return False
        why = why_dropped(order, self._context.documents.all)
        if why:
            self._context.message.emit(f"{order.item.name}: nothing was kept, {why}")
            return False
        if not self.is_running:
            self.screen.clear()
        layer = commit(order, refinish(shown, self.finish))
        self._context.done.emit(f"{order.item.name} applied")
        self.kept.emit(layer)
        return True

    def _settings(self, selection: Selection | None) -> RunSettings:
        own = self._context.settings
        return RunSettings(
            self.finish,
            self.seed,
            own.device,
            selection=selection,
            threads=own.threads,
            memory=own.memory_budget_mb << 20,
        )

    def _steer(self, stroke: Steer) -> None:
        if self._job is not None and self.is_running:
            self._is_looking_back = False
            self._job.steer(stroke)

    def _on_frame(self, frame: Frame) -> None:
        if self._job is None or self.sender() is not self._relay or not self.is_running:
            return
        if self._is_looking_back:
            return  # it was under way when the session was paused
        self.frame = frame
        kept = [item.iteration for item in self.frames]
        self.position = kept.index(frame.iteration) if frame.iteration in kept else len(kept) - 1
        self._show(self._job.result_of(from_float(frame.pixels, self._job.source.dtype)))

    def _on_result(self, handle: JobHandle, result: FilterResult) -> None:
        if handle is not self._handle or self._order is None or self._job is None:
            return
        looked = self._job.looked_at
        self.position = len(self.frames) - 1 if looked is None else looked
        why = why_dropped(self._order, self._context.documents.all)
        if why:
            self._context.message.emit(f"{self._order.item.name}: the result was dropped, {why}")
            self._forget()
        else:
            self._show(result)

    def _show(self, result: FilterResult) -> None:
        """`result` may have been blended before; its raw picture is blended anew."""
        self._shown = result
        order = self._order
        if order is not None:
            blended = refinish(result, self.finish)
            self.screen.show(order.document, preview_of(order, blended), order.layer, order.again)
        self.changed.emit()

    def _on_pause_changed(self, paused: bool) -> None:
        self._is_looking_back = False
        self.changed.emit()

    def _on_finished(self, handle: JobHandle) -> None:
        if handle is self._handle:
            self._handle = None
            self._put_down()
            self.changed.emit()

    def _put_down(self) -> None:
        if self.hand is not None:
            self.hand.put_down()
        self.hand = None

    def _forget(self) -> None:
        self._put_down()
        self.screen.clear()
        self._handle = self._job = self._relay = self._order = self._shown = self.frame = None
        self.position, self._is_looking_back = 0, False
