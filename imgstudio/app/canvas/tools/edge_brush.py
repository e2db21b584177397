"""The brush of the select-and-mask page: says where the edge is to be looked for anew, and what is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Protocol, cast

from imgstudio.app.canvas.tools.base import Circle, OverlayItem, Pointer, Swath, Tool, ToolState
from imgstudio.core.brush import LARGEST
from imgstudio.core.geometry import Point
from imgstudio.core.params import Number, Ui
from imgstudio.engine.refine_ground import EdgeStroke, Kind

WANTED: Final[dict[Kind, bool | None]] = {"refine": None, "add": True, "subtract": False}
"""How a stroke is tinted."""


@dataclass(frozen=True, slots=True)
class EdgeBrushOptions:
    """What strokes say."""

    does: Annotated[
        Literal["refine", "add", "subtract"],
        Ui(
            "Brush",
            help="Refine: look for hair and fur under the stroke. Add, Subtract: what is under it is known. "
            "Alt or the right button subtracts",
        ),
    ] = "refine"
    size: Annotated[
        float,
        Number(1, LARGEST, soft_max=400, unit="px", log=True, decimals=0),
        Ui(help="Width of the brush in pixels of the picture", bare=True),
    ] = 50.0


class TakesStrokes(Protocol):
    """Whoever the strokes are for."""

    def add_stroke(self, stroke: EdgeStroke) -> None: ...

    @property
    def has_strokes(self) -> bool: ...

    def take_stroke_back(self) -> None: ...


class EdgeBrushTool(Tool):
    """A drag is one stroke; Ctrl+Z takes the last one back. The document is never touched."""

    id = "edge_brush"
    name = "Edge brush"
    icon = "mdi6.feather"
    help = "Paint over hair and fur: the edge is looked for anew there. Alt subtracts."
    options_type = EdgeBrushOptions
    cursor = "none"
    takes_right = True

    def __init__(self, state: ToolState, taker: TakesStrokes, enter: Callable[[], None]) -> None:
        """`enter` is what the Enter key does."""
        super().__init__(state)
        self._taker, self._enter = taker, enter
        self._points: list[Point] = []
        self._kind: Kind = "refine"
        self._at: Point | None = None

    @property
    def settings(self) -> EdgeBrushOptions:
        return cast(EdgeBrushOptions, self.options)

    @property
    def is_busy(self) -> bool:
        return bool(self._points)

    def choose(self, kind: Kind) -> None:
        """Paint with another kind of stroke from now on."""
        self.state.options[self.id] = replace(self.settings, does=kind)
        self.state.options_changed(self.id)

    def press(self, event: Pointer) -> None:
        takes_away = event.alt or event.button == "right" or event.eraser
        self._kind = "subtract" if takes_away else self.settings.does
        if takes_away and self.settings.does == "subtract":
            self._kind = "add"
        self._points = [event.point]
        self.hover(event)

    def move(self, event: Pointer) -> None:
        if self._points and event.point != self._points[-1]:
            self._points.append(event.point)
        self.hover(event)

    def release(self, event: Pointer) -> None:
        self.move(event)
        points = self._points
        self.cancel()
        if points:
            self._taker.add_stroke(EdgeStroke(tuple(points), self.settings.size / 2, self._kind))

    def hover(self, event: Pointer) -> None:
        self._at = event.point
        self.state.redraw()

    def key_press(self, key: str) -> bool:
        if key in ("Return", "Enter"):
            self._enter()
            return True
        return False

    @property
    def can_take_back(self) -> bool:
        return self.is_busy or self._taker.has_strokes

    def take_back(self) -> bool:
        can = self.can_take_back
        if self._points:
            self.cancel()
        elif can:
            self._taker.take_stroke_back()
        return can

    def cancel(self) -> None:
        self._points = []
        self.state.redraw()

    def overlay(self) -> list[OverlayItem]:
        items: list[OverlayItem] = []
        if self._points:
            items.append(Swath(tuple(self._points), self.settings.size, WANTED[self._kind]))
        if self._at is not None:
            items.append(Circle(self._at, self.settings.size / 2))
        return items
