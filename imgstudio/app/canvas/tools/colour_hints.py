"""The brush of the Colorize page: lays colours on a black-and-white photo, from where they spread."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Protocol, cast

from imgstudio.app.canvas.tools.base import Circle, OverlayItem, Pointer, Rgb, Swath, Tool, ToolState
from imgstudio.app.canvas.tools.selecting import screen_distance
from imgstudio.core.brush import LARGEST
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point
from imgstudio.core.params import Number, Ui

Does = Literal["colour", "keep", "erase"]
CLICK: Final = 4.0
"""Screen pixels a pointer may move and still count as a click."""
KEPT: Final[Rgb] = (128, 128, 128)
"""How a stroke is shown that keeps what is there."""


@dataclass(frozen=True, slots=True)
class HintOptions:
    """What strokes say."""

    does: Annotated[
        Does,
        Ui(
            "Brush",
            help="Colour: lay the colour on. Keep: what is there stays as it is, grey where it is grey. "
            "Erase: take hints away. X swaps painting and erasing",
        ),
    ] = "colour"
    size: Annotated[
        float,
        Number(1, LARGEST, soft_max=400, unit="px", log=True, decimals=0),
        Ui(help="Width of the brush in pixels of the picture", bare=True),
    ] = 40.0


class TakesHints(Protocol):
    """Whoever the strokes are for."""

    @property
    def is_open(self) -> bool:
        """Whether strokes can be taken."""
        ...

    def entered(self) -> None:
        """The brush was taken in hand."""

    def add_stroke(self, way: tuple[Point, ...], radius: float, does: Does) -> None: ...

    def pick(self, at: Point) -> None:
        """Go on with the colour that the picture shows there."""

    def pointed(self, at: Point, *, held: bool) -> None:
        """The pointer is somewhere; `held`: what is said about another place shall stay."""

    def take_likely(self, index: int) -> bool:
        """Go on with one of the colours that are likely; False where there is none."""
        ...

    def apply(self) -> None: ...


class ColourHintsTool(Tool):
    """A drag is one stroke; the document is never touched.

    Shift-click draws a straight line from the last stroke, Shift-drag or Alt + right-drag changes the size, Alt- or
    Ctrl-click picks a colour.
    """

    id = "colour_hints"
    name = "Colour hints"
    icon = "mdi6.palette-swatch-outline"
    key = "J"
    help = (
        "Paint colours onto a black-and-white photo: they spread along its edges. "
        "Alt-click picks a colour, keys 1 to 6 take a likely one, X swaps painting and erasing."
    )
    options_type = HintOptions
    cursor = "none"

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self.taker: TakesHints | None = None
        self._way: list[Point] = []
        self._does: Does = "colour"
        self._paints: Does = "colour"
        """What X goes back to from erasing."""
        self._shift_press: Pointer | None = None
        self._sizing: tuple[Pointer, float] | None = None
        self._is_picking = False
        self._at: Point | None = None
        self._last: tuple[weakref.ref[Document], Point] | None = None

    @property
    def settings(self) -> HintOptions:
        return cast(HintOptions, self.options)

    @property
    def is_busy(self) -> bool:
        return bool(self._way) or self._sizing is not None

    def enter(self) -> None:
        self.state.say("Paint a colour where you know it; Alt-click picks one, X erases")
        if self.taker is not None:
            self.taker.entered()

    def choose(self, does: Does) -> None:
        """Paint, keep or erase from now on."""
        self.state.options[self.id] = replace(self.settings, does=does)
        self.state.options_changed(self.id)
        self.state.redraw()

    def press(self, event: Pointer) -> None:
        if self.is_busy or self.document is None or self.taker is None:
            return
        if not self.taker.is_open:
            self.taker.entered()
        self._at = event.point
        if event.button == "right":
            self._sizing = (event, self.settings.size) if event.alt else None
        elif event.alt or event.ctrl:
            self._is_picking = True
            self.taker.pick(event.point)
        elif event.shift:
            self._shift_press = event
        elif self.taker.is_open:
            self._begin(event, event.point)

    def move(self, event: Pointer) -> None:
        self._at = event.point
        if self._way:
            if event.point != self._way[-1]:
                self._way.append(event.point)
        elif self._is_picking and self.taker is not None:
            self.taker.pick(event.point)
        elif self._shift_press is not None and screen_distance(self._shift_press.point, event) > CLICK:
            self._sizing, self._shift_press = (self._shift_press, self.settings.size), None
        if self._sizing is not None:
            self._resize(event)
        self.state.redraw()

    def release(self, event: Pointer) -> None:
        self.move(event)
        if self._shift_press is not None:
            self._begin(self._shift_press, self._line_start(self._shift_press))
            self._way.append(event.point)
        way, does = tuple(self._way), self._does
        self._forget()
        if way and self.taker is not None and self.document is not None:
            self._last = (weakref.ref(self.document), way[-1])
            self.taker.add_stroke(way, self.settings.size / 2, does)
        self.state.redraw()

    def hover(self, event: Pointer) -> None:
        self._at = event.point
        if self.taker is not None:
            self.taker.pointed(event.point, held=event.ctrl)
        self.state.redraw()

    def key_press(self, key: str) -> bool:
        if key in ("Return", "Enter") and not self.is_busy and self.taker is not None and self.taker.is_open:
            self.taker.apply()
            return True
        return self.cancels(key)

    def digit(self, digit: int) -> bool:
        return self.taker is not None and self.taker.take_likely(digit - 1)

    def swap(self) -> bool:
        if self.settings.does == "erase":
            self.choose(self._paints)
        else:
            self._paints = self.settings.does
            self.choose("erase")
        self.state.say({"colour": "Painting", "keep": "Keeping", "erase": "Erasing"}[self.settings.does])
        return True

    def cancel(self) -> None:
        if self._sizing is not None:
            self._set_size(self._sizing[1])
        self._forget()
        self.state.redraw()

    def leave(self) -> None:
        self.cancel()
        self._at = None

    def overlay(self) -> list[OverlayItem]:
        items: list[OverlayItem] = []
        does = self._does if self._way else self.settings.does
        colour = {"colour": self.state.foreground, "keep": KEPT, "erase": None}[does]
        if self._way:
            items.append(Swath(tuple(self._way), self.settings.size, wanted=False, colour=colour))
        at = self._at if self._sizing is None else self._sizing[0].point
        if at is not None:
            items.append(Circle(at, self.settings.size / 2, fill=None if self._way else colour))
        return items

    def _begin(self, event: Pointer, first: Point) -> None:
        self._does = "erase" if event.eraser else self.settings.does
        self._way = [first]
        self.state.redraw()

    def _line_start(self, press: Pointer) -> Point:
        """Where the last stroke on this document ended."""
        if self._last is not None and self._last[0]() is self.document:
            return self._last[1]
        return press.point

    def _resize(self, event: Pointer) -> None:
        assert self._sizing is not None
        start, size = self._sizing
        self._set_size(float(min(max(round(size + 2 * (event.x - start.x)), 1), LARGEST)))

    def _set_size(self, size: float) -> None:
        self.state.options[self.id] = replace(self.settings, size=size)
        self.state.options_changed(self.id)

    def _forget(self) -> None:
        self._way = []
        self._shift_press = self._sizing = None
        self._is_picking = False
