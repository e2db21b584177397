"""What label masks hold and how far two of them agree, quick enough for pictures of many megapixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.labelformats.pieces import pieces_of
from imgstudio.core.labelproject.masks import value_counts
from imgstudio.core.labels import UNSEEN, IndexMask

Confusion = npt.NDArray[np.int64]
"""(256, 256) pixels that have one value in the first mask and another in the second."""

TINY: Final = 64
"""Pixels below which a piece of a class is an island, unless told otherwise."""
_EXACT: Final = 1 << 24
"""Pixels that OpenCV counts exactly: it tells them as 32-bit floats."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of one or several masks each value covers."""

    pixels: Mapping[int, int]
    """Of each value that occurs, also 0 and 255."""

    @property
    def total(self) -> int:
        return sum(self.pixels.values())

    @property
    def labelled(self) -> int:
        return self.total - self.pixels.get(UNSEEN, 0)

    @property
    def unlabelled(self) -> float:
        """Share of all pixels that nobody looked at, 0..1; 1 where there are none."""
        return self.pixels.get(UNSEEN, 0) / self.total if self.total else 1.0

    def share(self, value: int) -> float:
        """Share of the labelled pixels, 0..1."""
        return self.pixels.get(value, 0) / self.labelled if self.labelled else 0.0

    def __add__(self, other: Shares) -> Shares:
        both = sorted({*self.pixels, *other.pixels})
        return Shares({value: self.pixels.get(value, 0) + other.pixels.get(value, 0) for value in both})


def class_shares(mask: IndexMask) -> Shares:
    """Pixels of each value in a (h, w) mask."""
    counts = value_counts(mask)
    return Shares({int(value): int(counts[value]) for value in np.flatnonzero(counts)})


@dataclass(frozen=True, slots=True)
class Island:
    """A tiny piece of a class, background included."""

    value: int
    x: int
    y: int
    """A pixel of it."""
    area: int


def islands(mask: IndexMask, least: int = TINY) -> tuple[Island, ...]:
    """Pieces (pixels that meet at a corner are connected) of fewer than `least` pixels, the smallest first.

    What nobody looked at has no islands. In a mask that is all of one value there are none, however small it is.
    """
    pieces = pieces_of(mask)
    if len(pieces) < 2:
        return ()
    found = np.flatnonzero((pieces.areas < least) & (pieces.values != UNSEEN))
    ordered = found[np.argsort(pieces.areas[found], kind="stable")]
    return tuple(
        Island(
            int(pieces.values[n]), int(pieces.firsts[n, 0]), int(pieces.firsts[n, 1]), int(pieces.areas[n])
        )
        for n in ordered.tolist()
    )


def confusion(first: IndexMask, second: IndexMask) -> Confusion:
    """(256, 256) counts of two masks of the same size; add those of several pictures up."""
    if first.shape != second.shape:
        raise ValueError(f"not of one picture: {first.shape}, {second.shape}")
    one, other = (np.ascontiguousarray(mask).reshape(-1, 1) for mask in (first, second))
    total = np.zeros((256, 256), np.int64)
    for start in range(0, len(one), _EXACT):
        pair = [one[start : start + _EXACT], other[start : start + _EXACT]]
        total += cv2.calcHist(pair, [0, 1], None, [256, 256], [0, 256, 0, 256]).astype(np.int64)
    return total


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two labellings agree where both say something."""

    iou: Mapping[int, float]
    """Of each value that either has, background included: what both have of what either has, 0..1."""
    disagreeing: Mapping[int, float]
    """Of each value that the first has: share of its pixels that the second says otherwise, 0..1."""
    compared: int
    """Pixels where both say something (neither is 255)."""
    differing: int
    """Of these, where they say something else."""

    @property
    def share(self) -> float:
        """Share of compared pixels on which they differ, 0..1; 0 where nothing was compared."""
        return self.differing / self.compared if self.compared else 0.0

    @property
    def mean_iou(self) -> float | None:
        return float(np.mean(list(self.iou.values()))) if self.iou else None


def agreement(counts: Confusion) -> Agreement:
    """What the counts of `confusion` say: of two labellings, or of labels and a prediction."""
    both = counts[:UNSEEN, :UNSEEN]
    first, second, same = both.sum(1), both.sum(0), np.diagonal(both)
    either = first + second - same
    return Agreement(
        {int(n): float(same[n] / either[n]) for n in np.flatnonzero(either)},
        {int(n): float(1 - same[n] / first[n]) for n in np.flatnonzero(first)},
        int(both.sum()),
        int(both.sum() - same.sum()),
    )


def compared(first: IndexMask, second: IndexMask) -> Agreement:
    """How far two masks of one picture agree, or labels and what a model says of it."""
    return agreement(confusion(first, second))


def total_shares(shares: Iterable[Shares]) -> Shares:
    """Of several masks together."""
    out = Shares({})
    for part in shares:
        out += part
    return out
