"""Select with a line that clings to edges."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from functools import partial
from math import ceil, hypot
from typing import Annotated, Final, cast

import numpy as np

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Pointer, ToolState
from imgstudio.app.canvas.tools.outlining import NEAR, SAME, OutliningTool
from imgstudio.app.canvas.tools.sampling import sampled
from imgstudio.app.canvas.tools.selecting import SelectOptions, screen_distance
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point
from imgstudio.core.params import Number, Ui
from imgstudio.core.shapes import polygon_coverage
from imgstudio.engine.livewire import LARGEST_STEP, LiveWire, settled

_CALM: Final = 4
"""Moves of the pointer that must leave the line alone before it is fixed."""
_STRAYING: Final = 1.0
"""How far the line may lie from the way of the pointer, in edge widths."""
_LONGEST: Final = 200
"""Places of the pointer's way that are remembered."""
_SEEN: Final = 3
"""Every so many points of the line it is asked how far it lies from that way."""
_WINDOWS: Final = 4
"""Windows that one move of the pointer may cross; beyond them the line is straight."""

Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class MagneticOptions(SelectOptions):
    """Where edges are looked for."""

    width: Annotated[
        int,
        Number(0, 100, soft_max=40, unit="px"),
        Ui("Edge width", help="How far from the pointer an edge is looked for, on the screen"),
    ] = 10
    spacing: Annotated[
        int,
        Number(20, 1000, soft_max=300, unit="px"),
        Ui(
            "Anchor spacing",
            help="After how much line that stays an anchor is set by itself, on the screen",
            advanced=True,
        ),
    ] = 80
    all_layers: Annotated[bool, Ui("All layers", help="Look at the whole picture, not one layer")] = True


class MagneticTool(OutliningTool):
    """Guards: the lines that are fixed hang together, and the wire's anchor is the end of the last one."""

    id = "magnetic"
    name = "Magnetic lasso"
    icon = "mdi6.magnet"
    key = "N"
    help = (
        "Click at an edge and follow it; a click sets an anchor, Ctrl draws straight. Double-click or Enter "
        "closes, Backspace takes the last anchor back, Esc drops it."
    )
    options_type = MagneticOptions

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._wire: LiveWire | None = None
        self._fixed: list[Line] = []
        self._live: Line = ()
        self._recent: deque[Line] = deque(maxlen=_CALM)
        self._trail: list[Point] = []
        """Where the pointer was since the anchor."""

    @property
    def is_busy(self) -> bool:
        return self._wire is not None

    def press(self, event: Pointer) -> None:
        document = self.document
        if event.button != "left" or document is None:
            return
        if self._wire is None:
            self._begin(document, event)
        elif self._fixed and screen_distance(self._fixed[0][0], event) <= NEAR:
            self.close_outline()
        elif screen_distance(self._wire.anchor, event) > SAME:
            self._follow(event)
            self._fix(self._live, event)
        self.state.redraw()

    def hover(self, event: Pointer) -> None:
        if self.is_busy:
            self._follow(event)
            self.state.redraw()

    def take_back(self) -> bool:
        if not self.is_busy:
            return False
        self.drop_last()
        return True

    def cancel(self) -> None:
        self._wire = None
        self._fixed, self._live, self._trail = [], (), []
        self._recent.clear()
        self.state.redraw()

    def overlay(self) -> list[OverlayItem]:
        if self._wire is None:
            return []
        anchors = [line[0] for line in self._fixed] + [self._wire.anchor]
        way = tuple(point for line in self._fixed for point in line) + self._live
        return [Outline(way, style="ants"), Outline(tuple(anchors), style="handle")]

    def _begin(self, document: Document, event: Pointer) -> None:
        if not document.bounds.contains(event.x, event.y):
            self.state.say("Begin inside the picture")
            return
        self.remember_mode(event)
        options = cast(MagneticOptions, self.options)
        wire = LiveWire(partial(sampled, document, merged=options.all_layers), document.bounds)
        wire.set_anchor(self._aimed(wire, event), _step_for(event))
        self._wire, self._live, self._trail = wire, (wire.anchor,), [wire.anchor]
        self.state.say("Follow the edge; Enter or a double-click closes")

    def _follow(self, event: Pointer) -> None:
        """Draw the line to the pointer, and fix what stays of it."""
        assert self._wire is not None
        wire = self._wire
        for _ in range(_WINDOWS):
            if event.ctrl or wire.box.contains(event.x, event.y) or not self._reaches_on(event):
                break
            self._fix(self._sure_part(wire.path(event.point)), event)
        if event.ctrl:
            self._recent.clear()
            self._live = (wire.anchor, _inside(self.document, event.point))
            return
        target, before = self._aimed(wire, event), self._live
        self._go_on(_inside(self.document, event.point), 3 / event.scale)
        self._live = self._line_to(target)
        options = cast(MagneticOptions, self.options)
        if self._strays(max(options.width, NEAR) * _STRAYING / event.scale) and len(before) > 1:
            # Another edge is cheaper to follow than the one the pointer went along: keep what was right.
            self._fix(before, event)
            self._go_on(_inside(self.document, event.point), 3 / event.scale)
            self._live = self._line_to(target)
        self._recent.append(self._live)
        calm = self._live[: min(settled(line, self._live) for line in self._recent)]
        if len(self._recent) == _CALM and _length(calm) >= options.spacing / event.scale:
            self._fix(calm, event)
            self._go_on(_inside(self.document, event.point), 3 / event.scale)
            self._live = self._line_to(target)

    def _go_on(self, target: Point, spacing: float) -> None:
        """Remember the way of the pointer from the anchor on, in places so close to each other."""
        last = self._trail[-1]
        count = min(max(1, ceil(hypot(target.x - last.x, target.y - last.y) / spacing)), _LONGEST)
        for step in range(1, count + 1):
            share = step / count
            self._trail.append(
                Point(last.x + share * (target.x - last.x), last.y + share * (target.y - last.y))
            )
        del self._trail[:-_LONGEST]

    def _strays(self, limit: float) -> bool:
        """Whether the line goes elsewhere than the pointer went."""
        line, trail = np.array(self._live[::_SEEN]), np.array(self._trail)
        apart = np.hypot(*(line[:, None] - trail[None]).transpose(2, 0, 1))
        return bool(apart.min(1).max() > limit)

    def _line_to(self, target: Point) -> Line:
        """Along edges as far as the window shows them, then straight."""
        assert self._wire is not None
        line = self._wire.path(target)
        return line if line[-1] == target else (*line, target)

    def _reaches_on(self, event: Pointer) -> bool:
        """Whether there is more picture towards the pointer than the window shows."""
        assert self._wire is not None
        target = _inside(self.document, event.point)
        return not self._wire.box.contains(target.x, target.y)

    def _sure_part(self, line: Line) -> Line:
        """What to keep of a line that was drawn to the border of the window: its end is no edge."""
        return line[: max(2, round(0.75 * len(line)))]

    def _fix(self, line: Line, event: Pointer) -> None:
        """Keep a line that begins at the anchor, and go on from its end."""
        assert self._wire is not None
        if len(line) < 2:
            return
        if event.ctrl and len(line) == 2:
            self._fixed.append(line)
        elif self._wire.box.contains(*line[-1]):
            self._fixed.append(self._wire.smooth_path(line[-1]))
        else:
            self._fixed.append((*self._wire.smooth_path(line[-2]), line[-1]))
        self._wire.set_anchor(line[-1], _step_for(event))
        self._live, self._trail = (self._wire.anchor,), [self._wire.anchor]
        self._recent.clear()

    def drop_last(self) -> None:
        assert self._wire is not None
        if not self._fixed:
            self.cancel()
            return
        self._wire.set_anchor(self._fixed.pop()[0])
        self._live, self._trail = (self._wire.anchor,), [self._wire.anchor]
        self._recent.clear()
        self.state.redraw()

    def _aimed(self, wire: LiveWire, event: Pointer) -> Point:
        if event.ctrl:
            return _inside(self.document, event.point)
        reach = cast(MagneticOptions, self.options).width / event.scale
        return wire.snapped(event.point, reach, _step_for(event))

    def close_outline(self) -> None:
        wire, document = self._wire, self.document
        if wire is None or document is None:
            return
        lines = list(self._fixed)
        if lines:
            start = lines[0][0]
            meets = wire.box.contains(start.x, start.y)
            lines.append(wire.smooth_path(start) if meets else (wire.anchor, start))
        self.cancel()
        self.state.say("")
        points = [point for line in lines for point in line[:-1]]
        if len(points) < 3:
            self.state.say("Follow an edge round something before you close the line")
            return
        self.join(document, *polygon_coverage(points, document.bounds))


def _step_for(event: Pointer) -> int:
    """No finer than the screen shows."""
    return min(max(round(1 / event.scale), 1), LARGEST_STEP)


def _inside(document: Document | None, point: Point) -> Point:
    assert document is not None
    bounds = document.bounds
    return Point(min(max(point.x, 0.0), bounds.width - 1e-3), min(max(point.y, 0.0), bounds.height - 1e-3))


def _length(line: Line) -> float:
    return sum(hypot(b.x - a.x, b.y - a.y) for a, b in itertools.pairwise(line))
