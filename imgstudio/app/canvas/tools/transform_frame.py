"""The frame round what is transformed: its handles, what lies under the pointer, and what a drag makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, pi, radians, sin
from typing import Final, Literal, NamedTuple

from imgstudio.app.canvas.tools.base import Cursor
from imgstudio.core.geometry import Point, Rect, Transform

REACH: Final = 8.0
"""Screen pixels round a handle."""
TURN_REACH: Final = 36.0
"""Screen pixels outside a corner where a drag turns."""
_SHORT: Final = 40.0
"""Screen pixels of a side that has no room for a handle in its middle."""
STEP: Final = 15
"""Degrees that turning snaps to."""
_LARGEST: Final = 400_000
"""Document pixels that a frame may reach out."""
_EPSILON: Final = 1e-9

Part = Literal["inside", "corner", "side", "outside"]
_CORNERS: Final = ((-1, -1), (1, -1), (1, 1), (-1, 1))
_SIDES: Final = ((0, -1), (1, 0), (0, 1), (-1, 0))


class Grip(NamedTuple):
    """What is grasped; `across` and `down` are -1, 0 or 1 for left or upper, middle, right or lower."""

    part: Part
    across: int = 0
    down: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """A box in its own coordinates, and the map from there to the document."""

    box: Rect
    to_document: Transform

    @property
    def corners(self) -> tuple[Point, ...]:
        """In the document, clockwise from the one that is the upper left of the box."""
        return tuple(self.at(*corner) for corner in _CORNERS)

    @property
    def middle(self) -> Point:
        """Where the middle of the box shows: the pivot."""
        return self.at(0, 0)

    @property
    def center(self) -> Point:
        """Middle of the upright box round it."""
        xs, ys = [x for x, _ in self.corners], [y for _, y in self.corners]
        return Point((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)

    @property
    def is_upright(self) -> bool:
        """Whether its sides are level and upright."""
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = self.corners
        steps = (x1 - x0, y1 - y0, x2 - x1, y2 - y1, x3 - x2, y3 - y2)
        level = max(abs(n) for n in (steps[1], steps[2], steps[5]))
        turned = max(abs(n) for n in (steps[0], steps[3], steps[4]))
        return min(level, turned) < 1e-6

    def local(self, across: float, down: float) -> Point:
        """A place of the box in its own coordinates: -1..1 from side to side."""
        return Point(
            self.box.x + self.box.width * (across + 1) / 2, self.box.y + self.box.height * (down + 1) / 2
        )

    def at(self, across: float, down: float) -> Point:
        """The same in the document."""
        return self.to_document.apply(*self.local(across, down))

    def handles(self, scale: float) -> tuple[Point, ...]:
        """Where handles are drawn: corners, and the middles of sides that are long enough on the screen."""
        return (*self.corners, *(self.at(*side) for side in self._roomy_sides(scale)))

    def grip_at(self, point: Point, scale: float) -> Grip | None:
        """What lies under a point; None far outside. `scale` is screen pixels to one of the document."""
        inside = _contains(self.corners, point)
        reach = REACH / scale
        if inside:  # a small object must leave room to be moved
            reach = min(reach, min(_lengths(self.corners)) / 4)
        for part, places in (("corner", _CORNERS), ("side", self._roomy_sides(scale))):
            found = min(places, key=lambda place: _distance(self.at(*place), point), default=None)
            if found is not None and _distance(self.at(*found), point) <= reach:
                return Grip("corner" if part == "corner" else "side", *found)
        if inside:
            return Grip("inside")
        near = min(_distance(corner, point) for corner in self.corners)
        return Grip("outside") if near <= TURN_REACH / scale else None

    def cursor_for(self, grip: Grip | None, *, bends: bool) -> Cursor:
        """The shape that says what a drag would do; `bends`: Ctrl is held."""
        if grip is None:
            return "arrow"
        if grip.part == "outside":
            return "turn"
        if grip.part == "inside":
            return "move"
        if bends and grip.part == "corner":
            return "cross"
        middle, there = self.middle, self.at(grip.across, grip.down)
        slope = degrees(atan2(there.y - middle.y, there.x - middle.x))
        if grip.part == "side":
            (x0, y0), (x1, y1) = self._ends_of(grip)
            slope = degrees(atan2(y1 - y0, x1 - x0)) + (0 if bends else 90)
        ways: tuple[Cursor, ...] = ("scale horizontal", "scale falling", "scale vertical", "scale rising")
        return ways[round(slope / 45) % 4]

    def is_sound(self) -> bool:
        """Whether it can be shown: not squeezed flat, not endless, not beyond the horizon."""
        moved = self.to_document.scaled_for(self.box)
        if moved.is_flat:
            return False
        try:
            Transform.from_corners(self.box, self.corners)
        except ValueError:
            return False
        corners = self.corners
        return _area(corners) >= 1 and max(abs(n) for point in corners for n in point) <= _LARGEST

    def _ends_of(self, grip: Grip) -> tuple[Point, Point]:
        if grip.across:
            return self.at(grip.across, -1), self.at(grip.across, 1)
        return self.at(-1, grip.down), self.at(1, grip.down)

    def _roomy_sides(self, scale: float) -> list[tuple[int, int]]:
        lengths = _lengths(self.corners)
        return [side for side, length in zip(_SIDES, lengths, strict=True) if length * scale >= _SHORT]


def turned_about(middle: Point, angle: float) -> Transform:
    """The map of the document that turns clockwise by degrees; exact at quarters."""
    c, s = cos(radians(angle)), sin(radians(angle))
    if abs(angle / 90 - round(angle / 90)) < _EPSILON:
        c, s = float(round(c)), float(round(s))
    return about(middle, Transform(c, s, -s, c))


def about(middle: Point, linear: Transform) -> Transform:
    """A linear map with another point that stays."""
    there = linear.apply(*middle)
    return linear._replace(e=linear.e + middle.x - there.x, f=linear.f + middle.y - there.y)


def turned(frame: Frame, start: Point, to: Point) -> float:
    """Degrees clockwise between two points, as seen from the middle."""
    middle = frame.middle
    before = atan2(start.y - middle.y, start.x - middle.x)
    after = atan2(to.y - middle.y, to.x - middle.x)
    return degrees((after - before + pi) % (2 * pi) - pi)


def scaled(frame: Frame, grip: Grip, to: Point, *, keeps_shape: bool, from_middle: bool) -> Transform:
    """The frame's map after a handle was dragged to a point; the other side stays, or the middle."""
    held, fixed = frame.local(grip.across, grip.down), frame.local(*_opposite(grip, from_middle))
    if grip.part == "corner" and keeps_shape:
        to = onto_line(frame.to_document.apply(*fixed), frame.to_document.apply(*held), to)
    there = frame.to_document.inverted().apply(*to)
    across = _ratio(there.x - fixed.x, held.x - fixed.x)
    down = _ratio(there.y - fixed.y, held.y - fixed.y)
    if grip.part == "corner" and keeps_shape:
        across = down = across if abs(held.x - fixed.x) >= abs(held.y - fixed.y) else down
    elif keeps_shape:  # a side drags the other direction along, evenly to both sides
        across, down = (across, across) if grip.across else (down, down)
    return about(fixed, Transform(a=across, d=down)).then(frame.to_document)


def skewed(frame: Frame, grip: Grip, to: Point, *, from_middle: bool) -> Transform:
    """The frame's map after a side was slid along itself."""
    held, fixed = frame.local(grip.across, grip.down), frame.local(*_opposite(grip, from_middle))
    there = frame.to_document.inverted().apply(*to)
    if grip.across:
        slope = Transform(b=_ratio(there.y - held.y, held.x - fixed.x, otherwise=0.0))
    else:
        slope = Transform(c=_ratio(there.x - held.x, held.y - fixed.y, otherwise=0.0))
    return about(fixed, slope).then(frame.to_document)


def bent(frame: Frame, grip: Grip, to: Point, *, evenly: bool) -> Transform:
    """The frame's map after one corner alone was dragged; raises ValueError where no such map is.

    `evenly` brings the neighbour along the way of the drag along as in a mirror: a plane that tilts.
    """
    corners = list(frame.corners)
    index = _CORNERS.index((grip.across, grip.down))
    before, corners[index] = corners[index], to
    if evenly:
        dx, dy = to.x - before.x, to.y - before.y
        mirrored = (-grip.across, grip.down) if abs(dx) >= abs(dy) else (grip.across, -grip.down)
        dx, dy = (dx, 0) if abs(dx) >= abs(dy) else (0, dy)
        other = _CORNERS.index(mirrored)
        corners[index] = Point(before.x + dx, before.y + dy)
        corners[other] = Point(corners[other].x - dx, corners[other].y - dy)
    return Transform.from_corners(frame.box, corners)


def _opposite(grip: Grip, from_middle: bool) -> tuple[int, int]:
    return (0, 0) if from_middle else (-grip.across, -grip.down)


def _ratio(part: float, whole: float, otherwise: float = 1.0) -> float:
    return part / whole if abs(whole) > _EPSILON else otherwise


def onto_line(start: Point, end: Point, point: Point) -> Point:
    """The nearest place on a line."""
    dx, dy = end.x - start.x, end.y - start.y
    length = dx * dx + dy * dy
    share = ((point.x - start.x) * dx + (point.y - start.y) * dy) / length if length else 1.0
    return Point(start.x + share * dx, start.y + share * dy)


def _distance(one: Point, two: Point) -> float:
    return hypot(one.x - two.x, one.y - two.y)


def _lengths(corners: Sequence[Point]) -> list[float]:
    """Of the sides: upper, right, lower, left."""
    return [_distance(one, two) for one, two in zip(corners, (*corners[1:], corners[0]), strict=True)]


def _area(corners: Sequence[Point]) -> float:
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return abs(sum(one.x * two.y - two.x * one.y for one, two in pairs)) / 2


def _contains(corners: Sequence[Point], point: Point) -> bool:
    """Whether a point lies in a convex shape, whichever way round it goes."""
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    sides = [(b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) for a, b in pairs]
    return all(side >= 0 for side in sides) or all(side <= 0 for side in sides)
