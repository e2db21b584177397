"""A contact sheet under way: eight settings on a small copy of the picture, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from PySide6.QtCore import QObject, Signal

from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.controllers.filter_commit import order_for, own_selection
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array
from imgstudio.filters.base import AnyFilter, Finish
from imgstudio.filters.runner import RunSettings
from imgstudio.filters.sheet import Answer, SheetJob, capture_sheet
from imgstudio.filters.variations import Variation, quick, shows_detail, side_of, variations

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

REMEMBERED: Final = 48
"""Pictures kept, so that a sheet round a picture of the one before has some at once."""

State = Literal["none", "running", "done", "stopped", "failed"]


@dataclass(eq=False, slots=True)
class Cell:
    """One picture of a sheet."""

    variation: Variation
    picture: Array | None = None
    """(height, width, 4) straight RGBA of 8 bits; None while it is not made."""
    problem: str = ""
    """Why it cannot be made."""

    @property
    def is_done(self) -> bool:
        return self.picture is not None or bool(self.problem)


@dataclass(frozen=True, slots=True, eq=False)
class SheetOrder:
    """What a sheet is of."""

    document: Document
    item: AnyFilter
    params: Any
    seed: int = 0
    finish: Finish = field(default_factory=Finish)
    again: Layer | None = None
    """The AI layer that is made anew."""


class CellRelay(QObject):
    """Takes answers on the worker and hands them to the window's thread."""

    arrived = Signal(int, object)

    def take(self, index: int, answer: Answer) -> None:
        """Called on the worker."""
        self.arrived.emit(index, answer)


class SheetController(QObject):
    """Guards: what is shown belongs to the newest order, and nothing of it runs on after `stop`."""

    changed = Signal()
    """Other cells, or another state."""
    cell_changed = Signal(int)
    """A cell has its picture."""
    progressed = Signal(int, float)
    """The cell that is made now, and how far it is."""

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.cells: list[Cell] = []
        self.state: State = "none"
        self.problem: UserError | None = None
        """Why there is no sheet."""
        self.shape = 0.75
        """Height of the pictures for a width of 1."""
        self.shows_detail = False
        """Whether they show a place at full size."""
        self._handle: JobHandle | None = None
        self._relay: CellRelay | None = None
        self._wanted: list[int] = []
        """Cells that the job makes."""
        self._side = 0
        self._known: list[tuple[object, Array]] = []
        self._known_of: object = None

    @property
    def done(self) -> int:
        return sum(cell.is_done for cell in self.cells)

    def make(self, order: SheetOrder) -> None:
        """Compute a sheet; what is known of an earlier one is there at once."""
        self.stop()
        item, own = order.item, self._context.settings
        side = self._side = side_of(item)
        self.shows_detail = shows_detail(item, order.params)
        self.cells = [Cell(one) for one in variations(item, order.params, order.seed, side=side)]
        self.problem = None
        try:
            target = order_for(order.document, item, order.again)
            how = RunSettings(
                order.finish,
                order.seed,
                own.device,
                selection=own_selection(order.document, order.again),
                threads=own.threads,
                memory=own.memory_budget_mb << 20,
            )
            self._recall(order, target.layer)
            wanted = [self.cells[index].variation for index in self._wanted]
            job = wanted and capture_sheet(
                order.document, target.layer, item, wanted, how, side=side, look_at=self._middle()
            )
        except UserError as error:
            self._end("failed", error)
            return
        self.state = "running" if job else "done"
        if job:
            self.shape = job.box.height / job.box.width
            self._start(job)
        self.changed.emit()

    def stop(self) -> None:
        """End at once; what is there stays."""
        handle, self._handle, self._relay = self._handle, None, None
        if handle is not None:
            handle.cancel()
            self._end("stopped")

    def close(self) -> None:
        """Forget everything."""
        self.stop()
        self.cells, self.state, self.problem = [], "none", None
        self._known, self._known_of = [], None

    @property
    def is_waiting(self) -> bool:
        """Whether another job must end first."""
        return self._handle is not None and self._handle.started_at is None

    def _start(self, job: SheetJob) -> None:
        self._relay = relay = CellRelay()
        relay.arrived.connect(self._on_cell)
        job.on_cell = relay.take
        self._handle = handle = self._context.jobs.start(job)
        handle.is_told_elsewhere = True
        handle.progressed.connect(self._on_progressed)
        handle.failed.connect(partial(self._on_failed, handle))
        handle.succeeded.connect(partial(self._on_ended, handle, "done"))
        handle.cancelled.connect(partial(self._on_ended, handle, "stopped"))

    def _middle(self) -> Point | None:
        """The place that a person looks at."""
        canvas = canvas_in(self._context)
        if canvas is None:
            return None
        seen = canvas.visible_rect()
        return Point(seen.x + seen.width / 2, seen.y + seen.height / 2)

    def _recall(self, order: SheetOrder, layer: Layer) -> None:
        """Fill in what was made of the same pixels before."""
        item = order.item
        place = self._middle() if self.shows_detail else None
        source = (order.document, order.document.history.state, layer.id, item.id, order.finish, place)
        if source != self._known_of:
            self._known, self._known_of = [], source
        for cell in self.cells:
            key = self._key(cell)
            cell.picture = next((picture for known, picture in self._known if known == key), None)
        self._wanted = [index for index, cell in enumerate(self.cells) if not cell.is_done]

    def _key(self, cell: Cell) -> object:
        return quick(cell.variation.params, self._side), cell.variation.seed

    def _on_cell(self, place: int, answer: Answer) -> None:
        if self._relay is None or self.sender() is not self._relay:
            return
        cell = self.cells[self._wanted[place]]
        if isinstance(answer, UserError):
            cell.problem = answer.what
        else:
            cell.picture = answer
            self._known = [*self._known, (self._key(cell), answer)][-REMEMBERED:]
        self.cell_changed.emit(self._wanted[place])

    def _on_progressed(self, fraction: float, message: str) -> None:
        if self._handle is not None and self.sender() is self._handle:
            place, part = divmod(fraction * len(self._wanted), 1)
            if place < len(self._wanted):
                self.progressed.emit(self._wanted[int(place)], part)

    def _on_failed(self, handle: JobHandle, error: Exception) -> None:
        if handle is not self._handle:
            return
        if not isinstance(error, UserError):
            self._context.error.emit(error)
            error = UserError("The contact sheet could not be made")
        self._end("failed", error)

    def _on_ended(self, handle: JobHandle, state: State, *_: object) -> None:
        if handle is self._handle:
            self._end(state)

    def _end(self, state: State, problem: UserError | None = None) -> None:
        self._handle = self._relay = None
        self.state, self.problem = state, problem
        self.changed.emit()
