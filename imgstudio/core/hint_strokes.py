"""Strokes of colour hints: laid along a way, told apart again, and taken away where a brush goes over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from math import ceil, hypot
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from imgstudio.core.colour_hints import Hint, Hints
from imgstudio.core.geometry import Point

Stroke: TypeAlias = Hints
"""Hints of one colour and radius, one after another, close enough for their discs to make one line."""
Strokes: TypeAlias = tuple[Stroke, ...]
Levels: TypeAlias = tuple[float, float, float]
"""Red, green and blue of a hint."""
_PLACES: Final = 2
"""Decimals of a coordinate that are kept, so that a recipe stays short."""
_SLACK: Final = 0.03
"""What rounding may add to the distance between two hints (pixels)."""


def spacing(radius: float) -> float:
    """Most pixels between the centres of two hints of one stroke."""
    return max(1.0, radius / 2)


def laid(way: Sequence[Point], radius: float, levels: Levels) -> Stroke:
    """Hints along a line of points, evenly spaced, its two ends among them; () for no points."""
    if not way:
        return ()
    lengths = np.array([hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(way)], np.float64)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(1, ceil(ends[-1] / spacing(radius))) + 1 if ends[-1] > 0 else 1
    at = np.linspace(0.0, ends[-1], count)
    xs, ys = (np.interp(at, ends, [point[axis] for point in way]) for axis in (0, 1))
    return tuple(
        Hint(round(float(x), _PLACES), round(float(y), _PLACES), radius, *levels)
        for x, y in zip(xs, ys, strict=True)
    )


def flat(strokes: Iterable[Stroke]) -> Hints:
    """All hints in the order they were painted."""
    return tuple(chain.from_iterable(strokes))


def strokes_of(hints: Hints) -> Strokes:
    """The strokes that hints were painted with."""
    found: list[list[Hint]] = []
    for hint in hints:
        if found and _goes_on(found[-1][-1], hint):
            found[-1].append(hint)
        else:
            found.append([hint])
    return tuple(tuple(stroke) for stroke in found)


def recoloured(stroke: Stroke, levels: Levels) -> Stroke:
    """The same stroke in another colour."""
    return tuple(Hint(*hint[:3], *levels) for hint in stroke)


def erased(strokes: Strokes, way: Sequence[Point], radius: float) -> Strokes:
    """What is left when a brush goes along `way`: no disc reaches under it, and a stroke may fall into parts."""
    left: list[Stroke] = []
    for stroke in strokes:
        is_hit = _touched(stroke, way, radius)
        left += [stroke] if not is_hit.any() else _parts(stroke, is_hit)
    return tuple(left)


def _goes_on(last: Hint, hint: Hint) -> bool:
    """Whether a hint belongs to the stroke that ends with `last`."""
    near = hypot(hint.x - last.x, hint.y - last.y) <= spacing(last.radius) + _SLACK
    return near and hint[2:] == last[2:]


def _touched(stroke: Stroke, way: Sequence[Point], radius: float) -> npt.NDArray[np.bool_]:
    """Which discs of a stroke a brush meets."""
    centres = np.array([hint[:2] for hint in stroke], np.float64)
    reach = radius + stroke[0].radius
    points = np.array(way, np.float64).reshape(-1, 2)
    low, high = points.min(0) - reach, points.max(0) + reach
    near = ((centres >= low) & (centres <= high)).all(1)
    touched = np.zeros(len(stroke), np.bool_)
    if near.any():
        touched[near] = _distances(centres[near], points) < reach
    return touched


def _distances(centres: npt.NDArray[np.float64], way: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """From points (n, 2) to a line through points (m, 2): (n,)."""
    nearest = np.hypot(*(centres - way[0]).T)
    for start, end in pairwise(way):
        along = end - start
        length = float(along @ along)
        if length > 0:
            share = ((centres - start) @ along / length).clip(0, 1)
            nearest = np.minimum(nearest, np.hypot(*(centres - start - share[:, None] * along).T))
    return np.asarray(nearest, np.float64)


def _parts(stroke: Stroke, is_hit: npt.NDArray[np.bool_]) -> list[Stroke]:
    """The runs of hints between those that go."""
    parts: list[Stroke] = []
    begins = 0
    for index in [*np.flatnonzero(is_hit).tolist(), len(stroke)]:
        if index > begins:
            parts.append(stroke[begins:index])
        begins = index + 1
    return parts
