"""What all tools share that paint with a brush: strokes, straight lines, size by dragging, colour picking."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, cast

from imgstudio.app.canvas.tools.base import EVERY_TARGET, Circle, OverlayItem, Pointer, Tool, ToolState
from imgstudio.app.canvas.tools.label_target import (
    begin_label_stroke,
    class_colour_of,
    fill_round,
    label_target,
    say_why_nothing,
    take_class_at,
)
from imgstudio.app.canvas.tools.painting_target import PaintTarget
from imgstudio.app.canvas.tools.sampling import colour_at
from imgstudio.app.canvas.tools.selecting import screen_distance
from imgstudio.core.brush import LARGEST, BrushSettings, Mirror, Stroke
from imgstudio.core.dabs import DabCache
from imgstudio.core.document import Document, Edit
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.labelling.painting import LabelEdit, LabelPainter
from imgstudio.core.paint import Ink, TilePainter
from imgstudio.core.params import Ui

_CLICK = 4.0
"""Screen pixels a pointer may move and still count as a click."""


@dataclass(frozen=True, slots=True)
class PaintOptions(BrushSettings):
    """Options of every tool that paints with a brush; each tool remembers its own."""

    mirror: Annotated[
        Literal["off", "left-right", "top-bottom", "both"],
        Ui("Symmetry", help="Paint mirrored about the middle of the picture", advanced=True),
    ] = "off"


@dataclass(slots=True)
class _Drag:
    """A stroke under way."""

    target: PaintTarget
    edit: Edit | LabelEdit
    stroke: Stroke

    def begin(self, point: Point, pressure: float) -> None:
        inner = self.target.inside(point)
        self._touch(self.stroke.begin(inner.x, inner.y, pressure))

    def go(self, point: Point, pressure: float) -> None:
        inner = self.target.inside(point)
        self._touch(self.stroke.to(inner.x, inner.y, pressure))

    def commit(self) -> None:
        self._touch(self.stroke.end())
        self.edit.commit()

    def _touch(self, changed: Rect) -> None:
        if not changed.is_empty:
            self.edit.touch(changed)


class PaintTool(Tool):
    """Base of brush, eraser and mask brush: a subclass says where paint goes and with which ink.

    Press and drag paints; Shift-click draws a straight line from the last stroke; Shift-drag or
    Alt + right-drag changes the size; Alt- or Ctrl-click picks a colour where that makes sense. On labels
    paint is the class, with a hard edge: Ctrl-click takes the class that is there, Alt erases, and a
    double-click fills a closed outline.
    """

    options_type = PaintOptions
    cursor = "none"
    works_on = EVERY_TARGET
    idle_options: ClassVar = {"labels": {"hardness", "opacity", "flow", "pressure_opacity"}}
    picks_colour: ClassVar[bool] = False
    erases_on_right: ClassVar[bool] = False
    only_erases: ClassVar[bool] = False
    """Whether it takes away whatever is held, as far as labels go."""

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._dabs = DabCache()
        self._drag: _Drag | None = None
        self._shift_press: Pointer | None = None
        self._sizing: tuple[Pointer, float] | None = None
        self._is_picking = False
        self._pointer: Pointer | None = None
        self._last: tuple[weakref.ref[Document], Point] | None = None
        self._state_after = 0
        """The document's state after the last stroke on labels, which a double-click takes back."""

    def target(self) -> PaintTarget | None:
        """Where paint goes; None after saying why it cannot."""
        raise NotImplementedError

    def ink(self, target: PaintTarget, *, erasing: bool) -> Ink:
        raise NotImplementedError

    def begin_labels(
        self, document: Document, first: Point, *, erases: bool
    ) -> tuple[LabelEdit, LabelPainter] | None:
        """What a stroke on labels that begins at `first` writes with; None after telling why it cannot."""
        return begin_label_stroke(document, self.name, first, erases=erases)

    @property
    def settings(self) -> PaintOptions:
        return cast(PaintOptions, self.options)

    @property
    def is_busy(self) -> bool:
        return self._drag is not None or self._sizing is not None

    def press(self, event: Pointer) -> None:
        if self.is_busy:
            return
        self._pointer = event
        if event.button == "right" and event.alt:
            self._sizing = (event, self.settings.size)
        elif event.button == "right" and not (self.erases_on_right or self.state.target != "pixels"):
            return
        elif self._picks(event):
            self._is_picking = True
            self._pick(event)
        elif event.shift:
            self._shift_press = event
        else:
            self._start(event, event.point)

    def move(self, event: Pointer) -> None:
        self._pointer = event
        if self._drag is not None:
            self._drag.go(event.point, event.pressure)
        elif self._is_picking:
            self._pick(event)
        elif self._shift_press is not None and screen_distance(self._shift_press.point, event) > _CLICK:
            self._sizing, self._shift_press = (self._shift_press, self.settings.size), None
        if self._sizing is not None:
            self._resize(event)
        self.state.redraw()

    def release(self, event: Pointer) -> None:
        if self._shift_press is not None:
            self._line(event)
        if self._drag is not None:
            self._drag.go(event.point, event.pressure)
            history = self._drag.target.document.history
            before = history.state
            self._drag.commit()
            self._state_after = history.state
            if self._state_after == before:
                say_why_nothing(self.state)
            self._last = (weakref.ref(self._drag.target.document), event.point)
        self._forget()
        self.state.redraw()

    def hover(self, event: Pointer) -> None:
        self._pointer = event
        self.state.redraw()

    def double_click(self, event: Pointer) -> None:
        """On labels: fill the outline round this place, in the place of the dab of the first click."""
        document, drag = self.document, self._drag
        if self.state.target != "labels" or document is None or drag is None or self.only_erases:
            return
        self.cancel()
        dabbed = document.history.state == self._state_after
        if dabbed:
            document.history.undo()
        if not fill_round(self.state, event.point) and dabbed:
            document.history.redo()

    def key_press(self, key: str) -> bool:
        return self.cancels(key)

    def cancel(self) -> None:
        if self._drag is not None:
            self._drag.edit.abandon()
        if self._sizing is not None:
            self._set_size(self._sizing[1])
        self._forget()
        self.state.redraw()

    def leave(self) -> None:
        self.cancel()
        self._pointer = None

    def overlay(self) -> list[OverlayItem]:
        at = self._sizing[0] if self._sizing is not None else self._pointer
        if at is None:
            return []
        radius = self.settings.size / 2
        if self.state.target == "labels":
            erases = self.only_erases or self.state.erasing
            return [Circle(at.point, radius, fill=class_colour_of(self.state, erases=erases))]
        return [Circle(at.point, radius, radius * self.settings.hardness)]

    def _start(self, event: Pointer, first: Point) -> None:
        on_labels = self.state.target == "labels"
        erasing = (
            event.eraser or event.button == "right" or (event.alt and (on_labels or not self.picks_colour))
        )
        self._drag = (
            self._label_drag(first, erasing=erasing) if on_labels else self._paint_drag(erasing=erasing)
        )
        if self._drag is not None:
            self._drag.begin(first, event.pressure)

    def _label_drag(self, first: Point, *, erasing: bool) -> _Drag | None:
        target = label_target(self.state)
        if target is None:
            return None
        erases = self.only_erases or erasing != self.state.erasing
        begun = self.begin_labels(target.document, first, erases=erases)
        if begun is None:
            return None
        edit, painter = begun
        hard = replace(self.settings, hardness=1.0, opacity=1.0, flow=1.0, pressure_opacity=False)
        return _Drag(target, edit, Stroke(painter, hard, dabs=self._dabs, mirror=self._mirror(target)))

    def _paint_drag(self, *, erasing: bool) -> _Drag | None:
        target = self.target()
        if target is None:
            return None
        ink = self.ink(target, erasing=erasing)
        edit = target.document.begin_edit(target.store, self.name)
        selected = target.selected if target.has_limits else None
        painter = TilePainter(target.store, edit.before, ink, limit=target.limit, selected=selected)
        stroke = Stroke(painter, self.settings, dabs=self._dabs, mirror=self._mirror(target))
        return _Drag(target, edit, stroke)

    def _line(self, event: Pointer) -> None:
        """Begin a straight line where the last stroke on this document ended."""
        start = self._shift_press
        assert start is not None
        remembered = self._last is not None and self._last[0]() is self.document
        self._start(start, self._last[1] if self._last is not None and remembered else start.point)

    def _mirror(self, target: PaintTarget) -> Mirror:
        bounds, how = target.limit, self.settings.mirror
        return Mirror(
            bounds.x + bounds.width / 2 if how in ("left-right", "both") else None,
            bounds.y + bounds.height / 2 if how in ("top-bottom", "both") else None,
        )

    def _resize(self, event: Pointer) -> None:
        assert self._sizing is not None
        start, size = self._sizing
        self._set_size(min(max(round(size + 2 * (event.x - start.x)), 1), LARGEST))

    def _set_size(self, size: float) -> None:
        self.state.options[self.id] = replace(self.settings, size=float(size))
        self.state.options_changed(self.id)

    def _picks(self, event: Pointer) -> bool:
        """Whether a press takes a colour, or a class, instead of painting."""
        if self.state.target == "labels":
            return event.ctrl
        return self.picks_colour and (event.alt or event.ctrl)

    def _pick(self, event: Pointer) -> None:
        if self.document is None:
            return
        if self.state.target == "labels":
            take_class_at(self.state, event.point)
            return
        colour = colour_at(self.document, event.point, 1, merged=True)
        if colour is not None:
            self.state.foreground = colour
            self.state.colours_changed()

    def _forget(self) -> None:
        self._drag = self._shift_press = self._sizing = None
        self._is_picking = False
