"""Superpixel paint: gives a class to small patches of one colour, which end at the picture's own edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, hypot
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

from imgstudio.app.canvas.tools.base import Circle, Outline, OverlayItem, Pointer, Tool, ToolState
from imgstudio.app.canvas.tools.label_target import (
    begin_label_stroke,
    class_colour_of,
    label_target,
    labels_in,
    take_class_at,
)
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point
from imgstudio.core.labelling.painting import LabelEdit, LabelPainter, put_all
from imgstudio.core.params import Number, Ui

if TYPE_CHECKING:
    from imgstudio.app.canvas.tools.superpixel_window import Cell, CutWindow, Grain, SuperpixelWindow

_Missing: TypeAlias = "tuple[Document, Point, Grain]"
"""Round which place of a document patches are to be cut."""


@dataclass(frozen=True, slots=True)
class SuperpixelOptions:
    """How large patches are."""

    size: Annotated[
        float,
        Number(6, 200, soft_max=80, unit="px", decimals=0),
        Ui(help="Width of a patch on the screen: zoom in for smaller ones"),
    ] = 24.0
    all_layers: Annotated[bool, Ui("All layers", help="Look at the whole picture, not one layer")] = True


@dataclass(slots=True, eq=False)
class _Stroke:
    """A drag under way, or one whose last patches are still being cut."""

    document: Document
    edit: LabelEdit
    painter: LabelPainter
    grain: Grain
    last: Point
    way: deque[Point] = field(default_factory=deque)
    """Where it went and nothing is painted yet."""
    cell: Cell | None = None
    """What was painted last."""
    has_ended: bool = False

    def go(self, to: Point) -> None:
        count = max(1, ceil(hypot(to.x - self.last.x, to.y - self.last.y) / self.grain.step))
        for n in range(1, count + 1):
            share = n / count
            x, y = self.last.x + share * (to.x - self.last.x), self.last.y + share * (to.y - self.last.y)
            if self.document.bounds.contains(x, y):
                self.way.append(Point(x, y))
        self.last = to

    def paint(self, cell: Cell) -> None:
        if cell is not self.cell:
            self.cell = cell
            self.edit.touch(put_all(self.painter, cell.rect, cell.inside))


class LabelSuperpixelsTool(Tool):
    """The patch under the pointer is outlined; a drag paints all that it crosses, as one undo step.

    Patches are cut on a worker. Guards: the pointer never waits for them, and no place of a stroke is left out:
    a stroke that was let go of before they came is finished when they do.
    """

    id = "label_superpixels"
    name = "Superpixel paint"
    icon = "mdi6.hexagon-multiple-outline"
    key = "U"
    help = (
        "Paint whole patches of one colour; they end at the picture's edges. Alt or the right button takes away, "
        "Ctrl-click takes the class that is there."
    )
    options_type = SuperpixelOptions
    works_on = ("labels",)

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._window: SuperpixelWindow | None = None
        self._stroke: _Stroke | None = None
        self._pointer: Pointer | None = None
        self._is_cutting = False
        self._give_up: Callable[[], None] = lambda: None

    def enter(self) -> None:
        _windows()  # so that the first patches do not wait for what cuts them

    @property
    def is_busy(self) -> bool:
        return self._stroke is not None

    def press(self, event: Pointer) -> None:
        self._finish()
        target = label_target(self.state)
        if target is None or self.is_busy:
            return
        if event.ctrl:
            take_class_at(self.state, event.point)
            return
        erases = (event.alt or event.eraser or event.button == "right") != self.state.erasing
        edit, painter = begin_label_stroke(target.document, self.name, event.point, erases=erases)
        self._stroke = _Stroke(target.document, edit, painter, self._grain(event), event.point)
        self.move(event)

    def move(self, event: Pointer) -> None:
        if self._stroke is not None:
            self._stroke.go(event.point)
        self.hover(event)

    def release(self, event: Pointer) -> None:
        if self._stroke is not None:
            self._stroke.go(event.point)
            self._stroke.has_ended = True
        self.hover(event)

    def hover(self, event: Pointer) -> None:
        self._pointer = event
        self._go_on()

    def key_press(self, key: str) -> bool:
        return self.cancels(key)

    def cancel(self) -> None:
        self._finish()
        self.take_back()

    def take_back(self) -> bool:
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            stroke.edit.abandon()
        self.state.redraw()
        return stroke is not None

    def leave(self) -> None:
        self.cancel()
        self._stop_cutting()
        self._window = self._pointer = None

    def overlay(self) -> list[OverlayItem]:
        document, event = self.document, self._pointer
        if document is None or event is None or labels_in(self.state) is None:
            return []
        window, at = self._window, event.point
        cell = None if window is None else window.cell_at(document, at, self._grain(event))
        if cell is not None:
            return [Outline(line, closed=True) for line in cell.outline]
        if not document.bounds.contains(at.x, at.y):
            return []
        radius = cast(SuperpixelOptions, self.options).size / 2 / event.scale
        return [Circle(at, radius, fill=class_colour_of(self.state, erases=self.state.erasing))]

    def _go_on(self) -> None:
        """Paint as far as there are patches, and have more cut where they are wanted next."""
        stroke, document, event = self._stroke, self.document, self._pointer
        missing: _Missing | None = None
        if stroke is not None:
            missing = self._paint(stroke)
            if missing is None and stroke.has_ended:
                self._stroke = None
                stroke.edit.commit()
        if (
            missing is None
            and document is not None
            and event is not None
            and labels_in(self.state) is not None
        ):
            missing = self._missing(document, event.point, self._grain(event))
        if missing is not None and not self._is_cutting:
            self._is_cutting = True
            self._give_up = self.state.work(self.name, _windows().round(*missing), self._on_cut)
        self.state.redraw()

    def _paint(self, stroke: _Stroke) -> _Missing | None:
        """Paint what there are patches for; where there are none."""
        while stroke.way:
            missing = self._missing(stroke.document, stroke.way[0], stroke.grain)
            if missing is not None:
                return missing
            assert self._window is not None
            cell = self._window.cell_at(stroke.document, stroke.way.popleft(), stroke.grain)
            if cell is not None:
                stroke.paint(cell)
        return None

    def _missing(self, document: Document, at: Point, grain: Grain) -> _Missing | None:
        """The place if there are no patches yet; None where there are, and outside."""
        window = self._window
        if not document.bounds.contains(at.x, at.y):
            return None
        if window is not None and window.serves(document, at, grain):
            return None
        return document, at, grain

    def _on_cut(self, window: SuperpixelWindow | None) -> None:
        self._is_cutting = False
        if window is not None:  # else it was not to be, and is tried again when the pointer moves
            self._window = window
            self._go_on()

    def _finish(self) -> None:
        """Finish a stroke that was let go of, without waiting for a worker."""
        stroke = self._stroke
        if stroke is None or not stroke.has_ended:
            return
        self._stop_cutting()
        while (missing := self._paint(stroke)) is not None:
            self._window = _windows().round(*missing)()
        self._stroke = None
        stroke.edit.commit()

    def _stop_cutting(self) -> None:
        if self._is_cutting:
            self._is_cutting = False
            self._give_up()

    def _grain(self, event: Pointer) -> Grain:
        from imgstudio.app.canvas.tools.superpixel_window import Grain

        options = cast(SuperpixelOptions, self.options)
        step = max(1, round(1 / event.scale))
        return Grain(step, max(4, round(options.size / event.scale / step)), options.all_layers)


def _windows() -> type[CutWindow]:
    from imgstudio.app.canvas.tools.superpixel_window import CutWindow

    return CutWindow
