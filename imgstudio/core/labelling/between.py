"""Labels between two pictures of a sequence."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.labelling.nearby import Check, at_ease, signed_distance, values_in
from imgstudio.core.labels import IndexMask

_MOST_KEPT: Final = 512 << 20
"""Bytes of distances that are kept for the next picture."""

_Distances = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


class Between:
    """Fills in any number of pictures between two that are labelled; only where the two differ anything is asked.

    Each value lies where the mix of its signed distances is greatest (shape-based interpolation, Raya and
    Udupa 1990), so outlines move evenly.
    """

    def __init__(self, first: IndexMask, last: IndexMask) -> None:
        """(h, w) each. Raises UserError for masks of different sizes."""
        if first.shape != last.shape:
            raise UserError(
                "The two pictures have different sizes", "", "Interpolate between pictures of one size"
            )
        self._first, self._last = first, last
        self._differs = first != last
        self._values = sorted({*values_in(first), *values_in(last)})
        self._count = int(np.count_nonzero(self._differs))
        self._keeps = 8 * self._count * len(self._values) <= _MOST_KEPT
        self._kept: dict[int, _Distances] = {}

    def at(self, share: float, check: Check = at_ease) -> IndexMask:
        """(h, w) labels; `share` 0 is the first picture, 1 the last."""
        out = self._first.copy()
        if not self._count:
            return out
        best = np.full(self._count, -np.inf, np.float32)
        won = np.zeros(self._count, np.uint8)
        for value in self._values:
            one, other = self._distances(value, check)
            mixed = (1 - share) * one + share * other
            won[mixed > best] = value
            np.maximum(best, mixed, out=best)
        out[self._differs] = won
        return out

    def _distances(self, value: int, check: Check) -> _Distances:
        """Signed distances to the outlines of a value in both pictures, where these differ."""
        kept = self._kept.get(value)
        if kept is None:
            check()
            one = signed_distance(self._first == value, self._differs)
            check()
            kept = one, signed_distance(self._last == value, self._differs)
            if self._keeps:
                self._kept[value] = kept
        return kept
