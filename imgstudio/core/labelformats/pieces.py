"""Connected pieces of equal value in a mask, of all values at once: from runs along the rows, not from pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.labels import Bools

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """Pieces of a (height, width) mask; pixels that meet at a corner are connected."""

    width: int
    values: npt.NDArray[Any]
    """(pieces,) value of each."""
    areas: Whole
    """(pieces,) pixels of each."""
    boxes: Whole
    """(pieces, 4): left, top, right, bottom of each."""
    firsts: Whole
    """(pieces, 2): x, y of the middle of the first run of each, which lies on it."""
    _starts: Whole
    """(runs,) first pixel of each run, counted along the rows; runs sorted by piece."""
    _lengths: Whole
    _bounds: Whole
    """(pieces + 1,) where the runs of each piece begin."""

    def __len__(self) -> int:
        return len(self.values)

    def box(self, piece: int) -> Rect:
        left, top, right, bottom = (int(n) for n in self.boxes[piece])
        return Rect(left, top, right - left, bottom - top)

    def pixels(self, piece: int) -> Bools:
        """(height, width) of its box."""
        box = self.box(piece)
        own = slice(int(self._bounds[piece]), int(self._bounds[piece + 1]))
        rows, columns = np.divmod(self._starts[own], self.width)
        changes = np.zeros((box.height, box.width + 1), np.int8)
        np.add.at(changes, (rows - box.y, columns - box.x), 1)
        np.add.at(changes, (rows - box.y, columns - box.x + self._lengths[own]), -1)
        return np.cumsum(changes[:, :-1], axis=1, dtype=np.int8).view(np.bool_)


def pieces_of(mask: npt.NDArray[Any]) -> Pieces:
    """Pieces of a (height, width) mask of whole numbers, in the order of their first pixels.

    Needs time and memory for the runs: some milliseconds for each million pixels of a usual mask.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    height, width = mask.shape
    is_start = np.empty((height, width), np.bool_)
    is_start[:, 0] = True
    np.not_equal(mask[:, 1:], mask[:, :-1], out=is_start[:, 1:])
    starts = np.flatnonzero(is_start)
    lengths = np.diff(np.append(starts, height * width))
    values = mask.reshape(-1)[starts]
    upper, lower = _meetings(starts, lengths, values, height, width)
    links = coo_array((np.ones(len(upper), np.int8), (upper, lower)), shape=(len(starts), len(starts)))
    count, found = connected_components(links, directed=False)
    owner = _by_first(np.asarray(found, np.int64), int(count))
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(int(count) + 1))
    rows, columns = np.divmod(starts, width)
    ends = columns + lengths
    opening = bounds[:-1]
    lefts, rights = np.minimum.reduceat(columns[order], opening), np.maximum.reduceat(ends[order], opening)
    tops, bottoms = np.minimum.reduceat(rows[order], opening), np.maximum.reduceat(rows[order], opening) + 1
    first = order[opening]
    return Pieces(
        width,
        values[first],
        np.add.reduceat(lengths[order], opening),
        np.stack([lefts, tops, rights, bottoms], 1),
        np.stack([columns[first] + lengths[first] // 2, rows[first]], 1),
        starts[order],
        lengths[order],
        bounds,
    )


def _by_first(owner: Whole, count: int) -> Whole:
    """The same pieces, numbered in the order in which their first runs come."""
    _, first = np.unique(owner, return_index=True)
    place = np.empty(count, np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(count)
    renumbered: Whole = place[owner]
    return renumbered


def _meetings(
    starts: Whole, lengths: Whole, values: npt.NDArray[Any], height: int, width: int
) -> tuple[Whole, Whole]:
    """Pairs of runs of one value in neighbouring rows that touch, also at a corner."""
    rows, columns = np.divmod(starts, width)
    is_upper = rows < height - 1
    upper = np.flatnonzero(is_upper)
    below = (rows[upper] + 1) * width
    left = np.maximum(columns[upper] - 1, 0)
    right = np.minimum(columns[upper] + lengths[upper], width - 1)
    first = np.searchsorted(starts, below + left, side="right") - 1
    last = np.searchsorted(starts, below + right, side="right") - 1
    counts = last - first + 1
    many = np.repeat(upper, counts)
    step = np.arange(len(many)) - np.repeat(np.cumsum(counts) - counts, counts)
    lower = np.repeat(first, counts) + step
    is_same = values[many] == values[lower]
    return many[is_same], lower[is_same]
