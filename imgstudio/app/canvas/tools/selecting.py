"""What all selection tools share: how a new shape joins the selection, feathering, dragging a box."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Annotated, ClassVar, Literal, cast

import numpy as np

from imgstudio.app.canvas.tools.base import EVERY_TARGET, Outline, OverlayItem, Pointer, Tool, ToolState
from imgstudio.app.canvas.tools.label_target import label_mode
from imgstudio.core.coverage import feathered
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.labelling.painting import join_labels
from imgstudio.core.params import Number, Ui
from imgstudio.core.selecting import Mode, combine, deselect
from imgstudio.core.selection import Coverage

CLICK = 3.0
"""Screen pixels a pointer may move and still count as a click."""


@dataclass(frozen=True, slots=True)
class SelectOptions:
    """Options of every tool that selects."""

    mode: Annotated[
        Literal["new", "add", "subtract", "intersect"],
        Ui(help="How a new shape joins the selection. Shift adds, Alt subtracts, both intersect"),
    ] = "new"
    feather: Annotated[float, Number(0, 500, soft_max=50, unit="px"), Ui(help="Fade of the edge")] = 0.0


class SelectingTool(Tool):
    """Base of all tools that select; on labels what would be selected gets the class instead."""

    options_type = SelectOptions
    works_on = EVERY_TARGET
    idle_options: ClassVar = {"labels": {"feather"}}

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._mode: Mode = "new"

    def remember_mode(self, event: Pointer) -> None:
        """The keys held when a gesture begins decide how it joins."""
        keys: dict[tuple[bool, bool], Mode] = {
            (True, False): "add",
            (False, True): "subtract",
            (True, True): "intersect",
        }
        self._mode = keys.get((event.shift, event.alt), cast(SelectOptions, self.options).mode)

    def join(self, document: Document, rect: Rect, coverage: Coverage) -> None:
        """Join coverage with the selection, or the labels, as one undo step; an empty new shape deselects."""
        feather = cast(SelectOptions, self.options).feather
        join_selection(
            document,
            rect,
            coverage,
            self.joining_mode,
            feather=feather,
            label=self.name,
            on_labels=self.state.target == "labels",
        )

    @property
    def joining_mode(self) -> Mode:
        """How the gesture under way joins."""
        return label_mode(self.state, self._mode) if self.state.target == "labels" else self._mode

    def select_nothing(self, document: Document) -> None:
        """What a click does that makes no shape."""
        if self._mode == "new" and self.state.target != "labels":
            deselect(document)


def join_selection(
    document: Document,
    rect: Rect,
    coverage: Coverage,
    mode: Mode,
    *,
    feather: float,
    label: str,
    on_labels: bool = False,
) -> None:
    """Join (height, width) coverage lying at `rect` with the selection; an empty new shape deselects.

    `on_labels`: what would be selected gets the class instead, with a hard edge.
    """
    if on_labels:
        if document.labels is not None:
            join_labels(document, coverage, rect, mode, label)
        return
    if not coverage.any() and mode == "new":
        deselect(document)
        return
    rect, coverage = _feathered(document, rect, coverage, feather)
    combine(document, coverage, rect, mode, label)


class BoxTool(SelectingTool):
    """Base of rectangle and ellipse: drag from corner to corner.

    While dragging, Shift makes it square and Alt grows it from its middle; a key that was held at the
    press (to add or subtract) does so only after it was let go once.
    """

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._start: Pointer | None = None
        self._end: Pointer | None = None
        self._shift_free = self._alt_free = False

    def shape(self, corner: Point, opposite: Point, limit: Rect) -> tuple[Rect, Coverage]:
        """Coverage of the dragged box."""
        raise NotImplementedError

    def outline_of(self, corner: Point, opposite: Point) -> tuple[Point, ...]:
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        return self._start is not None

    def press(self, event: Pointer) -> None:
        if event.button == "left" and self.document is not None and not self.is_busy:
            self.remember_mode(event)
            self._start = self._end = event
            self._shift_free, self._alt_free = not event.shift, not event.alt

    def move(self, event: Pointer) -> None:
        if self.is_busy:
            self._shift_free |= not event.shift
            self._alt_free |= not event.alt
            self._end = event
            self.state.redraw()

    def release(self, event: Pointer) -> None:
        start, document = self._start, self.document
        if start is None:
            return
        self.move(event)
        corners = self._corners()
        self.cancel()
        if document is None:
            return
        if is_click(start, event):
            self.select_nothing(document)
            return
        self.join(document, *self.shape(*corners, document.bounds))

    def cancel(self) -> None:
        self._start = self._end = None
        self.state.redraw()

    def key_press(self, key: str) -> bool:
        return self.cancels(key)

    def overlay(self) -> list[OverlayItem]:
        if self._start is None:
            return []
        return [Outline(self.outline_of(*self._corners()), closed=True, style="ants")]

    def _corners(self) -> tuple[Point, Point]:
        """The box on whole pixels."""
        assert self._start is not None
        assert self._end is not None
        start, end = _rounded(self._start.point), _rounded(self._end.point)
        dx, dy = end.x - start.x, end.y - start.y
        if self._end.shift and self._shift_free:
            side = max(abs(dx), abs(dy))
            dx, dy = (side if dx >= 0 else -side), (side if dy >= 0 else -side)
        if self._end.alt and self._alt_free:
            return Point(start.x - dx, start.y - dy), Point(start.x + dx, start.y + dy)
        return start, Point(start.x + dx, start.y + dy)


def _rounded(point: Point) -> Point:
    return Point(float(round(point.x)), float(round(point.y)))


def screen_distance(point: Point, event: Pointer) -> float:
    """Screen pixels between a place and the pointer, the longer way of both."""
    return max(abs(point.x - event.x), abs(point.y - event.y)) * event.scale


def is_click(start: Pointer, end: Pointer) -> bool:
    """Whether the pointer stayed where it was pressed, as hands do."""
    return screen_distance(start.point, end) < CLICK


def _feathered(document: Document, rect: Rect, coverage: Coverage, radius: float) -> tuple[Rect, Coverage]:
    if radius <= 0 or rect.is_empty:
        return rect, coverage
    wide = rect.expanded(ceil(2 * radius)).intersect(document.bounds)
    padded = np.zeros((wide.height, wide.width), np.uint8)
    padded[rect.translated(-wide.x, -wide.y).slices()] = coverage
    return wide, feathered(padded, radius)
