"""Drives a filter that one watches: frames, pause, scrubbing back, brush strokes on the way."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from imgstudio.core import params as declared
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, from_float, to_float
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import FilterInput, FilterRun, FloatImage, Frame, SessionFilter, Steer
from imgstudio.filters.objects import ObjectSource, capture_object, seen_object
from imgstudio.filters.runner import FilterResult, RunSettings, refinish, step_of
from imgstudio.filters.source import Source, capture_source

FRAME_BUDGET: Final = 256 << 20
"""Bytes of kept frames; beyond it every second one is dropped."""
CONTEXT: Final = 64
"""Pixels around the selection that a session sees."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptFrame:
    """A frame that can be returned to."""

    iteration: int
    pixels: Array
    """(height, width, 3) in the document's depth."""


@dataclass(slots=True, eq=False)
class SessionJob:
    """A session as a job. The window calls the methods below from its own thread while `run` is busy."""

    title: str
    filter: SessionFilter[Any]
    params: Any
    source: Source | ObjectSource
    box: Rect
    """What the session sees and returns, document coordinates."""
    how: RunSettings
    on_frame: Callable[[Frame], None] = lambda frame: None
    """Called on the worker for every frame."""
    frames_kept: list[KeptFrame] = field(default_factory=list)
    looked_at: int | None = None
    """The kept frame that a person looks back at while it is paused."""
    alpha: FloatImage | None = None
    """(height, width) 0..1: how much of every frame shows; None: all of it."""
    _going: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _orders: queue.SimpleQueue[Steer | int] = field(default_factory=queue.SimpleQueue)
    _keep_every: int = 1

    def __post_init__(self) -> None:
        self._going.set()

    def pause(self) -> None:
        """Wait after the present frame."""
        self._going.clear()

    def resume(self) -> None:
        """Go on, from the frame that was looked back at if there is one."""
        if not self._stopped.is_set():
            self._go_on_from_there()
        self._going.set()

    @property
    def is_paused(self) -> bool:
        return not self._going.is_set()

    def stop(self) -> None:
        """End after the present frame and take it, or the one that was looked back at, as the result."""
        self._stopped.set()
        self._going.set()

    def steer(self, stroke: Steer) -> None:
        """Hand a stroke to the session; it counts from the next frame on. A paused one answers with one frame."""
        self._go_on_from_there()
        self._orders.put(stroke)

    def restart_from(self, index: int) -> None:
        """Go on from a kept frame: at once, or once it goes on if it is paused, so that one can look at several."""
        if self.is_paused:
            self.looked_at = index
        else:
            self._orders.put(index)

    def run(self, progress: Progress) -> FilterResult:
        """Run to the end, or to `stop`; raises Cancelled within a frame."""
        image = self._input()
        session = self.filter.start(image, self.params, progress)
        last: Frame | None = None
        for frame in session.frames():
            progress.update(frame.iteration / max(1, frame.total), frame.note)
            last, self.alpha = frame, frame.alpha
            self._keep(frame)
            self.on_frame(frame)
            self._wait(progress)
            if self._stopped.is_set():
                break
            self._obey(session)
        if last is None:
            raise UserError(f"{self.title} made no picture", "It ended before its first step", "Run it again")
        if self.looked_at is not None and self.looked_at < len(self.frames_kept):
            return self.result_of(self.frames_kept[self.looked_at].pixels)
        return self.result_of(from_float(last.pixels, self.source.dtype))

    def result_of(self, pixels: Array) -> FilterResult:
        """A result from a frame's (height, width, 3) pixels, for the end of a run or to keep a frame."""
        full = np.full(pixels.shape[:2], np.iinfo(pixels.dtype).max, pixels.dtype)
        alpha = full if self.alpha is None else from_float(self.alpha, pixels.dtype)
        raw = TileStore(4, self.source.dtype)
        inner = self.source.region.translated(-self.box.x, -self.box.y).slices()
        raw.write(self.source.region, np.dstack([pixels, alpha])[inner])
        step = step_of(self.filter, self.params, self.how.finish, self.how.seed, source=self.source)
        return refinish(FilterResult(raw, raw, self.source, self.source.region, step), self.how.finish)

    def _input(self) -> FilterInput:
        if isinstance(self.source, ObjectSource):
            return seen_object(self.source, self.box, seed=self.how.seed, device=self.how.device)
        rgba = to_float(self.source.read(self.box))
        coverage = self.source.mask(self.box)
        return FilterInput(
            pixels=np.ascontiguousarray(rgba[..., :3]),
            alpha=None if (rgba[..., 3] >= 1).all() else np.ascontiguousarray(rgba[..., 3]),
            mask=None if coverage is None else to_float(coverage),
            origin=self.box,
            whole=self.source.bounds,
            seed=self.how.seed,
            jpeg=self.source.jpeg,
            device=self.how.device,
        )

    def _keep(self, frame: Frame) -> None:
        if frame.iteration % self._keep_every:
            return
        kept = [*self.frames_kept, KeptFrame(frame.iteration, from_float(frame.pixels, self.source.dtype))]
        if sum(item.pixels.nbytes for item in kept) > FRAME_BUDGET and len(kept) > 2:
            self._keep_every *= 2
            kept = kept[::2]
        self.frames_kept = kept  # replaced whole: the window reads it from its own thread

    def _go_on_from_there(self) -> None:
        looked, self.looked_at = self.looked_at, None
        if looked is not None:
            self._orders.put(looked)

    def _wait(self, progress: Progress) -> None:
        while not self._going.wait(0.05):
            progress.token.check()
            if not self._orders.empty():
                return

    def _obey(self, session: FilterRun) -> None:
        while not self._orders.empty():
            order = self._orders.get()
            if isinstance(order, Steer):
                session.steer(order)
            elif 0 <= order < len(self.frames_kept):
                kept = self.frames_kept[order]
                session.restart_from(to_float(kept.pixels), kept.iteration)
                self.frames_kept = self.frames_kept[: order + 1]


def capture_session(
    document: Document,
    layer: Layer,
    item: SessionFilter[Any],
    params: Any,
    how: RunSettings | None = None,
) -> SessionJob:
    """Order a session on a layer; call it on the thread that owns the document. Raises UserError."""
    declared.check(params)
    chosen = None if how is None else how.selection
    if item.reads == "object":
        seen = capture_object(document, layer, chosen, around=item.around(params))
        return SessionJob(item.name, item, params, seen, seen.region, how or RunSettings())
    if item.needs_mask and (document.selection if chosen is None else chosen).is_empty:
        raise UserError(
            f"{item.name} needs a selection", "It works inside it", "Brush over the place first (key K)"
        )
    source = capture_source(document, layer, None, chosen)
    box = source.region.expanded(CONTEXT).intersect(source.bounds)
    return SessionJob(item.name, item, params, source, box, how or RunSettings())
