"""Integer geometry in document pixels: x to the right, y down, half-open."""

from __future__ import annotations

from math import ceil, floor, hypot
from typing import NamedTuple


class Rect(NamedTuple):
    """Half-open rectangle; empty when either side is not positive."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def is_empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    def intersect(self, other: Rect) -> Rect:
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Rect(
            x,
            y,
            max(0, min(self.right, other.right) - x),
            max(0, min(self.bottom, other.bottom) - y),
        )

    def united(self, other: Rect) -> Rect:
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(
            x,
            y,
            max(self.right, other.right) - x,
            max(self.bottom, other.bottom) - y,
        )

    def expanded(self, margin: int) -> Rect:
        return Rect(
            self.x - margin,
            self.y - margin,
            self.width + 2 * margin,
            self.height + 2 * margin,
        )

    def translated(self, dx: int, dy: int) -> Rect:
        return Rect(self.x + dx, self.y + dy, self.width, self.height)

    def covering_multiple(self, multiple: int) -> Rect:
        """Grow outwards until all four edges are multiples of `multiple`."""
        x, y = self.x // multiple * multiple, self.y // multiple * multiple
        return Rect(
            x, y, -(-self.right // multiple) * multiple - x, -(-self.bottom // multiple) * multiple - y
        )

    def contains(self, x: float, y: float) -> bool:
        return self.x <= x < self.right and self.y <= y < self.bottom

    def slices(self) -> tuple[slice, slice]:
        """Index an array whose [0, 0] is the origin of this rectangle's coordinates."""
        return slice(self.y, self.bottom), slice(self.x, self.right)


EMPTY = Rect(0, 0, 0, 0)


class Point(NamedTuple):
    """A position in document pixels; pixel centres lie at .5."""

    x: float
    y: float


class Size(NamedTuple):
    width: int
    height: int


class Affine(NamedTuple):
    """Maps (x, y) to (a x + c y + e, b x + d y + f), as SVG and QTransform order them."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    @property
    def is_translation(self) -> bool:
        """Whether it only moves, by whole pixels."""
        return self[:4] == (1.0, 0.0, 0.0, 1.0) and self.e == round(self.e) and self.f == round(self.f)

    @property
    def keeps_pixels(self) -> bool:
        """Whether it only moves by whole pixels, turns by quarters and mirrors: no resampling."""
        whole = self.e == round(self.e) and self.f == round(self.f)
        return whole and tuple(map(abs, self[:4])) in {(1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 1.0, 0.0)}

    @property
    def offset(self) -> tuple[int, int]:
        """Whole-pixel translation part."""
        return round(self.e), round(self.f)

    def apply(self, x: float, y: float) -> Point:
        return Point(self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)

    def then(self, after: Affine) -> Affine:
        """First this map, then `after`."""
        e, f = after.apply(self.e, self.f)
        return Affine(
            after.a * self.a + after.c * self.b,
            after.b * self.a + after.d * self.b,
            after.a * self.c + after.c * self.d,
            after.b * self.c + after.d * self.d,
            e,
            f,
        )

    def inverted(self) -> Affine:
        """Undo this map; raises ValueError when it flattens the plane."""
        det = self.a * self.d - self.b * self.c
        if abs(det) < 1e-12:
            raise ValueError("the map cannot be inverted")
        a, b, c, d = self.d / det, -self.b / det, -self.c / det, self.a / det
        return Affine(a, b, c, d, -(a * self.e + c * self.f), -(b * self.e + d * self.f))

    def bounds_of(self, rect: Rect) -> Rect:
        """Smallest integer rectangle that holds the mapped rectangle."""
        if rect.is_empty:
            return EMPTY
        corners = [self.apply(x, y) for x in (rect.x, rect.right) for y in (rect.y, rect.bottom)]
        x0, y0 = floor(min(p.x for p in corners) + 1e-6), floor(min(p.y for p in corners) + 1e-6)
        x1, y1 = ceil(max(p.x for p in corners) - 1e-6), ceil(max(p.y for p in corners) - 1e-6)
        return Rect(x0, y0, x1 - x0, y1 - y0)

    def reach_of(self, rect: Rect) -> Rect:
        """Box where pixels of `rect` may show: resampling spreads them beyond the mapped rectangle."""
        box = self.bounds_of(rect)
        if box.is_empty or self.keeps_pixels:
            return box
        return box.expanded(2 + ceil(hypot(self.a, self.b) + hypot(self.c, self.d)))


IDENTITY = Affine()
