"""Draws colour hints as discs: which pixels they cover, and the a and b of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imgstudio.core.colour_hints import Hint
from imgstudio.core.geometry import Rect
from imgstudio.core.lab import lab_of
from imgstudio.core.pixels import Floats

Booleans = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]


class Drawn(NamedTuple):
    """What hints say of each pixel."""

    known: Booleans
    """(h, w)"""
    ab: Floats
    """(h, w, 2); 0 where nothing is known."""


class Disc(NamedTuple):
    """A hint on a grid of cells."""

    rows: slice
    columns: slice
    """The cells it may reach."""
    away: Floats
    """Distance of each of these cells' centres from its edge in document pixels, below 0 inside."""
    hint: Hint


def drawn(hints: Iterable[Hint], place: Rect, scale: float, ab_there: Floats | None = None) -> Drawn:
    """Hints over the box `place` of the document, on cells of 1 / `scale` pixels; later ones lie over earlier ones.

    A cell is covered where its centre is; a hint that covers no centre marks the cell it lies in. Where a hint keeps
    what is there it has the colours `ab_there` (h, w, 2), or is grey. The size is that of `ab_there`, if given.
    """
    height, width = cells_of(place, scale) if ab_there is None else ab_there.shape[:2]
    known, ab = np.zeros((height, width), np.bool_), np.zeros((height, width, 2), np.float32)
    told = list(hints)
    colours = colours_of(told)
    for index, disc in discs(told, place, (height, width)):
        inside = disc.away <= 0
        if not inside.any():
            inside = _nearest(disc, place, (height, width))
        known[disc.rows, disc.columns] |= inside
        target = ab[disc.rows, disc.columns]
        if disc.hint.keeps:
            there = 0 if ab_there is None else ab_there[disc.rows, disc.columns][inside]
            target[inside] = there
        else:
            target[inside] = colours[index]
    return Drawn(known, ab)


def cells_of(place: Rect, scale: float) -> tuple[int, int]:
    """Rows and columns of a box at a scale."""
    return max(1, round(place.height * scale)), max(1, round(place.width * scale))


def colours_of(hints: list[Hint]) -> Floats:
    """(n, 2): a and b of each; those of hints that keep what is there mean nothing."""
    levels = np.array([hint[3:] for hint in hints], np.float32).reshape(1, -1, 3)
    return lab_of(np.asarray(levels.clip(0, 255) / 255, np.float32))[0, :, 1:]


def discs(
    hints: list[Hint], place: Rect, shape: tuple[int, int], reach: float = 0.0
) -> Iterator[tuple[int, Disc]]:
    """Those hints that come within `reach` document pixels of the box, by number, on its (rows, columns) of cells."""
    height, width = shape
    down, right = place.height / height, place.width / width
    circles = np.array([hint[:3] for hint in hints], np.float64).reshape(-1, 3)
    rows = _spans((circles[:, 1] - place.y) / down, (circles[:, 2] + reach) / down, height)
    columns = _spans((circles[:, 0] - place.x) / right, (circles[:, 2] + reach) / right, width)
    for index in np.flatnonzero((rows[:, 0] < rows[:, 1]) & (columns[:, 0] < columns[:, 1])).tolist():
        (top, bottom), (left, beyond), hint = rows[index], columns[index], hints[index]
        y = (np.arange(top, bottom) + 0.5) * down + (place.y - hint.y)
        x = (np.arange(left, beyond) + 0.5) * right + (place.x - hint.x)
        away = np.sqrt((y * y)[:, None] + x * x) - hint.radius
        yield index, Disc(slice(top, bottom), slice(left, beyond), away.astype(np.float32), hint)


def _spans(middle: Doubles, reach: Doubles, count: int) -> npt.NDArray[np.int64]:
    """(n, 2): cells from which something within `reach` of `middle` may be; the one it lies in is always there."""
    ends = np.stack([np.floor(middle - reach), np.floor(middle + reach) + 1], -1)
    return ends.clip(0, count).astype(np.int64)


def _nearest(disc: Disc, place: Rect, shape: tuple[int, int]) -> Booleans:
    """The cell in which the middle of a disc lies, if it lies in the box."""
    row = int(np.floor((disc.hint.y - place.y) / place.height * shape[0])) - disc.rows.start
    column = int(np.floor((disc.hint.x - place.x) / place.width * shape[1])) - disc.columns.start
    inside = np.zeros(disc.away.shape, np.bool_)
    height, width = disc.away.shape[:2]
    if 0 <= row < height and 0 <= column < width:
        inside[row, column] = True
    return inside
