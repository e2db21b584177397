"""What a person pointed at, checked: marks inside and outside, and a box."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect, Size

Click: TypeAlias = tuple[float, float, bool]
"""x, y (document pixels) and whether the pixel there belongs to the thing."""
Stroke: TypeAlias = tuple[Sequence[tuple[float, float]], float, bool]
"""Points (x, y), radius (document pixels) and whether what lies under it belongs to the thing."""
Corners: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1: two opposite corners (document pixels)."""


class Mark(NamedTuple):
    """A click or a stroke."""

    points: tuple[tuple[float, float], ...]
    """Document pixels; those of a click are the centre of the pixel."""
    radius: float
    """0: a click."""
    is_inside: bool

    def bounds(self) -> Rect:
        """The pixels that it touches."""
        reach = max(self.radius, 0.5)
        left, top = (math.floor(min(axis) - reach) for axis in zip(*self.points, strict=True))
        right, bottom = (math.ceil(max(axis) + reach) for axis in zip(*self.points, strict=True))
        return Rect(left, top, right - left, bottom - top)


class Question(NamedTuple):
    """What was given, each kind in its order."""

    box: Rect | None = None
    strokes: tuple[Mark, ...] = ()
    clicks: tuple[Mark, ...] = ()

    def begins_with(self, other: Question) -> bool:
        """Whether `other` is what was said before marks were added."""
        return (
            self.box == other.box
            and self.strokes[: len(other.strokes)] == other.strokes
            and self.clicks[: len(other.clicks)] == other.clicks
        )

    def after(self, other: Question) -> list[tuple[Mark, Question]]:
        """The marks added to `other`, strokes first, and the question with each."""
        strokes = [
            (mark, other._replace(strokes=self.strokes[: count + 1]))
            for count, mark in enumerate(self.strokes)
            if count >= len(other.strokes)
        ]
        clicks = [
            (mark, self._replace(clicks=self.clicks[: count + 1]))
            for count, mark in enumerate(self.clicks)
            if count >= len(other.clicks)
        ]
        return strokes + clicks


@dataclass(frozen=True, slots=True)
class Prompts:
    """All that was said about the thing so far; of two marks at one place the later one counts."""

    marks: tuple[Mark, ...] = ()
    box: Rect | None = None

    @property
    def has_inside(self) -> bool:
        """Whether anything says where the thing is."""
        return self.box is not None or any(mark.is_inside for mark in self.marks)

    @property
    def bounds(self) -> Rect:
        """Of everything that says where the thing is; empty without any."""
        found = self.box or EMPTY
        for mark in self.marks:
            if mark.is_inside:
                found = found.united(mark.bounds())
        return found


def question_of(
    size: Size, clicks: Iterable[Click], box: Corners | None, strokes: Iterable[Stroke] | None
) -> Question:
    """Check what was given for a picture of this size. Raises UserError."""
    return Question(
        None if box is None else _box(size, box),
        tuple(_stroke(size, *stroke) for stroke in strokes or ()),
        tuple(_click(size, *click) for click in clicks),
    )


def _click(size: Size, x: float, y: float, is_inside: bool) -> Mark:
    _check_finite((x, y))
    if not Rect(0, 0, *size).contains(x, y):
        raise UserError(
            f"The click at {x:g}, {y:g} lies outside of the picture",
            f"The picture is {size.width} x {size.height}",
            "Click on the picture",
        )
    return Mark(((math.floor(x) + 0.5, math.floor(y) + 0.5),), 0.0, bool(is_inside))


def _stroke(size: Size, points: Sequence[tuple[float, float]], radius: float, is_inside: bool) -> Mark:
    for place in (*points, (radius, 0.0)):
        _check_finite(place)
    if not points or radius < 0:
        raise UserError(
            "A stroke without points or with a radius below 0 means nothing", "", "Paint it again"
        )
    mark = Mark(tuple((float(x), float(y)) for x, y in points), max(0.5, float(radius)), bool(is_inside))
    if mark.bounds().intersect(Rect(0, 0, *size)).is_empty:
        raise UserError("The stroke lies outside of the picture", "", "Paint on the picture")
    return mark


def _box(size: Size, corners: Corners) -> Rect:
    """The part of it in the picture, in whole pixels."""
    _check_finite(corners)
    x0, y0, x1, y1 = corners
    left, top = math.floor(max(0, min(x0, x1))), math.floor(max(0, min(y0, y1)))
    right, bottom = math.ceil(min(size.width, max(x0, x1))), math.ceil(min(size.height, max(y0, y1)))
    if x0 == x1 or y0 == y1 or left >= right or top >= bottom:
        raise UserError(
            "The box holds nothing of the picture",
            f"It goes from {x0:g}, {y0:g} to {x1:g}, {y1:g}; the picture is {size.width} x {size.height}",
            "Draw a box around the thing",
        )
    return Rect(left, top, right - left, bottom - top)


def _check_finite(numbers: Iterable[float]) -> None:
    if not all(map(math.isfinite, numbers)):
        raise UserError("A place is not a number", "", "Give places in pixels of the picture")
