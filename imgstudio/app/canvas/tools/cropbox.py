"""The box of the crop tool: which handle is grasped, and what dragging it makes of the box."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from imgstudio.core.geometry import Point, Rect

Ratio = Literal["free", "1:1", "3:2", "4:3", "16:9", "original"]

_REACH: Final = 8.0
"""Screen pixels round a handle."""
_SHAPES: Final = {"1:1": 1.0, "3:2": 1.5, "4:3": 4 / 3, "16:9": 16 / 9}


class Grip(NamedTuple):
    """What is grasped: -1, 0, 1 for the left or upper side, the middle, the right or lower side."""

    across: int
    down: int

    @property
    def is_inside(self) -> bool:
        return self.across == 0 and self.down == 0


def grip_at(box: Rect, point: Point, scale: float) -> Grip | None:
    """The handle under a point, the inside, or None outside."""
    reach = _REACH / scale
    across = _side(point.x, box.x, box.right, reach)
    down = _side(point.y, box.y, box.bottom, reach)
    return None if across is None or down is None else Grip(across, down)


def handles(box: Rect) -> tuple[Point, ...]:
    """Corners and middles of the sides."""
    xs = (box.x, box.x + box.width / 2, box.right)
    ys = (box.y, box.y + box.height / 2, box.bottom)
    return tuple(Point(x, y) for y in ys for x in xs if (x, y) != (xs[1], ys[1]))


def shape_of(ratio: Ratio, whole: Rect) -> float | None:
    """Width over height for the long side lying, None when free."""
    if ratio == "original":
        return whole.width / whole.height
    return _SHAPES.get(ratio)


def moved(box: Rect, dx: float, dy: float, limit: Rect) -> Rect:
    """The box shifted, staying inside."""
    x = min(max(round(box.x + dx), limit.x), limit.right - box.width)
    y = min(max(round(box.y + dy), limit.y), limit.bottom - box.height)
    return Rect(x, y, box.width, box.height)


def dragged(box: Rect, grip: Grip, point: Point, shape: float | None, limit: Rect) -> Rect:
    """The box after its grasped side or corner went to `point`; the other side stays."""
    x = min(max(point.x, limit.x), limit.right)
    y = min(max(point.y, limit.y), limit.bottom)
    left, right = _span(box.x, box.right, grip.across, x)
    upper, lower = _span(box.y, box.bottom, grip.down, y)
    made = Rect(round(left), round(upper), round(right) - round(left), round(lower) - round(upper))
    if shape is None:
        return made
    drawn = made if grip.across and grip.down else box
    if (drawn.height > drawn.width) == (shape > 1):
        shape = 1 / shape
    return _shaped(made, _anchor(box, grip, x, y), shape, limit)


class _Anchor(NamedTuple):
    """What stays while a box takes its shape: a point, and the way the box grows from it."""

    x: float
    y: float
    across: int
    down: int


def _anchor(box: Rect, grip: Grip, x: float, y: float) -> _Anchor:
    """The opposite corner; for a side its middle, from which the box grows both ways."""
    fixed_x = box.x + box.width / 2 if grip.across == 0 else box.right if grip.across < 0 else box.x
    fixed_y = box.y + box.height / 2 if grip.down == 0 else box.bottom if grip.down < 0 else box.y
    across = 0 if grip.across == 0 else 1 if x >= fixed_x else -1
    down = 0 if grip.down == 0 else 1 if y >= fixed_y else -1
    return _Anchor(fixed_x, fixed_y, across, down)


def _shaped(box: Rect, anchor: _Anchor, shape: float, limit: Rect) -> Rect:
    """Give the box a ratio, as large as the document allows."""
    if anchor.across == 0:
        width = box.height * shape
    elif anchor.down == 0:
        width = float(box.width)
    else:
        width = max(box.width, box.height * shape)
    most = min(
        _room(anchor.x, anchor.across, limit.x, limit.right),
        _room(anchor.y, anchor.down, limit.y, limit.bottom) * shape,
    )
    width = min(width, most)
    across, down = round(width), round(width / shape)
    x = round(anchor.x - across * (1 - anchor.across) / 2)
    y = round(anchor.y - down * (1 - anchor.down) / 2)
    return Rect(x, y, across, down).intersect(limit)


def _room(at: float, way: int, low: float, high: float) -> float:
    """Longest side that fits when growing from `at`; 0 grows to both sides."""
    if way == 0:
        return 2 * min(at - low, high - at)
    return high - at if way > 0 else at - low


def _span(low: float, high: float, grip: int, to: float) -> tuple[float, float]:
    if grip == 0:
        return low, high
    fixed = high if grip < 0 else low
    return min(fixed, to), max(fixed, to)


def _side(value: float, low: float, high: float, reach: float) -> int | None:
    """-1 or 1 near an end, 0 between, None beyond."""
    if not low - reach <= value <= high + reach:
        return None
    to_low, to_high = abs(value - low), abs(value - high)
    if min(to_low, to_high) > reach:
        return 0
    return -1 if to_low < to_high else 1
