"""Integer geometry in document pixels: x to the right, y down, half-open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor, hypot, isfinite
from typing import Final, NamedTuple


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

    def pieces(self, width: int, height: int) -> Iterator[Rect]:
        """Boxes of this size, smaller at the right and at the bottom, that together are this one."""
        for y in range(self.y, self.bottom, height):
            for x in range(self.x, self.right, width):
                yield Rect(x, y, width, height).intersect(self)

    def on_grid(self, side: int) -> Iterator[Rect]:
        """The same cut at multiples of `side` whatever the box, so that every run cuts alike."""
        for cell in self.covering_multiple(side).pieces(side, side):
            yield cell.intersect(self)

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


NEAREST: Final = 1 / 64
"""What a map brings nearer than this to its horizon is not shown: it would be magnified without end."""
_FARTHEST: Final = 1 << 26
"""Boxes end here, so that geometry stays finite whatever a map says."""


class Transform(NamedTuple):
    """A projective map of the plane: affine while g and h are 0, else a picture put in perspective.

    (x, y) goes to ((a x + c y + e) / w, (b x + d y + f) / w) with w = g x + h y + i, as QTransform has it.
    An affine map has i = 1. In perspective w is 1 where the picture is farthest and grows smaller towards
    the eye; only what has w of at least `NEAREST` is shown.
    """

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0
    g: float = 0.0
    h: float = 0.0
    i: float = 1.0

    @classmethod
    def from_corners(cls, rect: Rect, corners: Sequence[Point]) -> Transform:
        """The map of a rectangle's corners, clockwise from the upper left, to four points.

        Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989), section 2.2.3. Raises
        ValueError unless the four points are corners of a convex shape, in order, and none lies much
        nearer to the eye than the others.
        """
        if rect.is_empty or len(corners) != 4:
            raise ValueError("four corners of a rectangle that is not empty are needed")
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
        size = max(max(x0, x1, x2, x3) - min(x0, x1, x2, x3), max(y0, y1, y2, y3) - min(y0, y1, y2, y3))
        across, down = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
        g = h = 0.0
        if max(abs(across), abs(down)) > 1e-9 * size:
            det = (x1 - x2) * (y3 - y2) - (x3 - x2) * (y1 - y2)
            if det == 0:
                raise ValueError("three corners lie on a line")
            g = (across * (y3 - y2) - down * (x3 - x2)) / det
            h = (down * (x1 - x2) - across * (y1 - y2)) / det
        to_points = cls(
            *(x1 - x0 + g * x1, y1 - y0 + g * y1, x3 - x0 + h * x3, y3 - y0 + h * y3, x0, y0, g, h)
        )
        to_unit = cls(1 / rect.width, 0, 0, 1 / rect.height, -rect.x / rect.width, -rect.y / rect.height)
        made = to_unit.then(to_points).scaled_for(rect)
        if made.is_flat or min(made.nearness(*corner) for corner in _corners(rect)) < 2 * NEAREST:
            raise ValueError("the corners make no shape that can be seen")
        return made

    @property
    def is_affine(self) -> bool:
        """Whether parallel lines stay parallel."""
        return self.g == 0 and self.h == 0

    @property
    def is_flat(self) -> bool:
        """Whether it squeezes the plane to a line or a point, or is no map at all."""
        size = max(map(abs, self[:4]))
        return not all(map(isfinite, self)) or abs(self._determinant) <= 1e-12 * max(size * size, 1e-12)

    @property
    def is_translation(self) -> bool:
        """Whether it only moves, by whole pixels."""
        return self[:4] == (1.0, 0.0, 0.0, 1.0) and self._is_whole

    @property
    def keeps_pixels(self) -> bool:
        """Whether it only moves by whole pixels, turns by quarters and mirrors: no resampling."""
        return self._is_whole and tuple(map(abs, self[:4])) in {(1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 1.0, 0.0)}

    @property
    def offset(self) -> tuple[int, int]:
        """Whole-pixel translation part."""
        return round(self.e), round(self.f)

    def apply(self, x: float, y: float) -> Point:
        """Raises ValueError for a point on the horizon."""
        w = self.nearness(x, y)
        if w == 0:
            raise ValueError("the point lies on the horizon")
        return Point((self.a * x + self.c * y + self.e) / w, (self.b * x + self.d * y + self.f) / w)

    def nearness(self, x: float, y: float) -> float:
        """The divisor w at a point: smaller is nearer to the eye and larger on the picture."""
        return self.g * x + self.h * y + self.i

    def around(self, x: float, y: float) -> Transform:
        """The affine map that does the same close to a point."""
        w = self.nearness(x, y)
        to = self.apply(x, y)
        a, b = (self.a - self.g * to.x) / w, (self.b - self.g * to.y) / w
        c, d = (self.c - self.h * to.x) / w, (self.d - self.h * to.y) / w
        return Transform(a, b, c, d, to.x - a * x - c * y, to.y - b * x - d * y)

    def then(self, after: Transform) -> Transform:
        """First this map, then `after`."""
        columns = ((self.a, self.b, self.g), (self.c, self.d, self.h), (self.e, self.f, self.i))
        (a, b), (c, d), (e, f) = (
            (after.a * x + after.c * y + after.e * w, after.b * x + after.d * y + after.f * w)
            for x, y, w in columns
        )
        if self.is_affine and after.is_affine:
            return Transform(a, b, c, d, e, f)
        g, h, i = (after.g * x + after.h * y + after.i * w for x, y, w in columns)
        if i != 0 and max(abs(g), abs(h)) <= 1e-15 * abs(i):  # the one has undone the other's perspective
            return Transform(a / i, b / i, c / i, d / i, e / i, f / i)
        return Transform(a, b, c, d, e, f, g, h, i)

    def inverted(self) -> Transform:
        """Undo this map; raises ValueError when it flattens the plane."""
        a, b, c, d, e, f, g, h, i = self
        det = self._determinant
        if not isfinite(det) or abs(det) < 1e-12:
            raise ValueError("the map cannot be inverted")
        if self.is_affine:
            a, b, c, d = d / det, -b / det, -c / det, a / det
            return Transform(a, b, c, d, -(a * e + c * f), -(b * e + d * f))
        return Transform(
            *((d * i - f * h) / det, (f * g - b * i) / det, (e * h - c * i) / det, (a * i - e * g) / det),
            *((c * f - e * d) / det, (e * b - a * f) / det),
            *((b * h - d * g) / det, (c * g - a * h) / det, (a * d - b * c) / det),
        )

    def rounded(self) -> Transform:
        """The same map without the rounding errors of the sums that made it, so that it may keep pixels."""
        if not self.is_affine:
            return self
        linear = [round(n) if abs(n - round(n)) < 1e-9 else n for n in self[:4]]
        shift = [round(n) if abs(n - round(n)) < 1e-6 else n for n in self[4:6]]
        return Transform(*map(float, (*linear, *shift)))

    def scaled_for(self, rect: Rect) -> Transform:
        """The same map with w = 1 where `rect` is farthest, as maps in perspective are kept."""
        if self.is_affine or rect.is_empty:
            return self
        farthest = max((self.nearness(*corner) for corner in _corners(rect)), key=abs)
        return self if farthest == 0 else Transform(*(number / farthest for number in self))

    def outline_of(self, rect: Rect) -> tuple[Point, ...]:
        """Corners of what is shown of the mapped rectangle, in order; none where all is too near."""
        if rect.is_empty:
            return ()
        corners = _corners(rect)
        if not self.is_affine:
            corners = self._in_sight(corners)
        return tuple(self.apply(*corner) for corner in corners)

    def bounds_of(self, rect: Rect) -> Rect:
        """Smallest integer rectangle that holds what is shown of the mapped rectangle."""
        corners = self.outline_of(rect)
        if not corners:
            return EMPTY
        (x0, x1), (y0, y1) = (_whole_span(p.x for p in corners), _whole_span(p.y for p in corners))
        return Rect(x0, y0, x1 - x0, y1 - y0)

    def reach_of(self, rect: Rect) -> Rect:
        """Box where pixels of `rect` may show: resampling spreads them beyond the mapped rectangle."""
        box = self.bounds_of(rect)
        if box.is_empty or self.keeps_pixels:
            return box
        if self.is_affine:
            return box.expanded(2 + ceil(_bounded(hypot(self.a, self.b) + hypot(self.c, self.d))))
        # A pixel near the edge shows as large as two pixels beyond it, where it is nearer to the eye.
        return self.bounds_of(rect.expanded(3)).united(box).expanded(3)

    @property
    def _is_whole(self) -> bool:
        return self.is_affine and self.e == round(self.e) and self.f == round(self.f)

    @property
    def _determinant(self) -> float:
        a, b, c, d, e, f, g, h, i = self
        if self.is_affine:
            return a * d - b * c
        return a * (d * i - f * h) - c * (b * i - f * g) + e * (b * h - d * g)

    def _in_sight(self, corners: Sequence[Point]) -> list[Point]:
        """A polygon without what is too near to be shown."""
        kept: list[Point] = []
        for one, two in zip(corners, (*corners[1:], corners[0]), strict=True):
            near, next_near = self.nearness(*one) - NEAREST, self.nearness(*two) - NEAREST
            if near >= 0:
                kept.append(one)
            if (near >= 0) != (next_near >= 0):
                share = near / (near - next_near)
                kept.append(Point(one.x + share * (two.x - one.x), one.y + share * (two.y - one.y)))
        return kept


def _corners(rect: Rect) -> list[Point]:
    """Clockwise from the upper left."""
    return [
        Point(rect.x, rect.y),
        Point(rect.right, rect.y),
        Point(rect.right, rect.bottom),
        Point(rect.x, rect.bottom),
    ]


def _whole_span(coordinates: Iterable[float]) -> tuple[int, int]:
    """The whole numbers round them."""
    near = [_bounded(number) for number in coordinates]
    return floor(min(near) + 1e-6), ceil(max(near) - 1e-6)


def _bounded(coordinate: float) -> float:
    return min(max(coordinate, -_FARTHEST), _FARTHEST)


IDENTITY = Transform()
