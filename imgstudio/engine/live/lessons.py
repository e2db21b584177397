"""What was taught: patches of known class from this picture and from earlier ones, within a bound on memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imgstudio.core.labels import UNSEEN, IndexMask
from imgstudio.core.pixels import Floats
from imgstudio.engine.live.view import View

FULL: Final = 400
"""Patches of a class that count in the picture in hand."""
KEPT: Final = 60
"""Patches of a class that are kept of other pictures."""
MOST_BYTES: Final = 64 << 20
"""Of all that is kept."""
NEAREST: Final = 12
"""Pictures that count for the one in hand: those that look most like it."""
_STEEP: Final = 3.0
_FAR: Final = 0.05
"""Weight of a picture that looks different, where it alone shows a class."""


class Lesson(NamedTuple):
    """Patches whose class a person told."""

    features: npt.NDArray[np.float16]
    """(n, numbers)."""
    values: npt.NDArray[np.uint8]
    """(n,)."""
    weights: Floats
    """(n,) 0..1: how much of each patch was told."""
    rows: npt.NDArray[np.int64]
    """(n,): which patches of their view they are."""
    style: Floats
    """Of the view."""
    pixels: Mapping[int, int]
    """How many were told, by value."""

    @property
    def classes(self) -> frozenset[int]:
        return frozenset(int(value) for value in np.unique(self.values))

    @property
    def nbytes(self) -> int:
        arrays = (self.features, self.values, self.weights, self.rows, self.style)
        return sum(part.nbytes for part in arrays)

    def thinned(self, most: int) -> Lesson:
        """At most so many patches of each class, evenly spread."""
        keep = _spread(self.values, most)
        if len(keep) == len(self.values):
            return self
        return self._replace(
            features=self.features[keep],
            values=self.values[keep],
            weights=self.weights[keep],
            rows=self.rows[keep],
        )


class Weighed(NamedTuple):
    """A lesson and how much it counts, 0..1."""

    lesson: Lesson
    share: float


class Bank:
    """Guards that what is kept stays within `limit` bytes; of the oldest it forgets those whose classes others show."""

    def __init__(self, limit: int = MOST_BYTES) -> None:
        self._limit = limit
        self._lessons: OrderedDict[Hashable, Lesson] = OrderedDict()

    def __len__(self) -> int:
        return len(self._lessons)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._lessons)

    def get(self, key: Hashable) -> Lesson | None:
        return self._lessons.get(key)

    def put(self, key: Hashable, lesson: Lesson) -> None:
        """It takes the place of what the same key taught; all others are thinned out."""
        for other in [other for other, held in self._lessons.items() if other != key and _is_full(held)]:
            self._lessons[other] = self._lessons[other].thinned(KEPT)
        self._lessons[key] = lesson
        self._lessons.move_to_end(key)
        self._shrink()

    def drop(self, key: Hashable) -> None:
        self._lessons.pop(key, None)

    def clear(self) -> None:
        self._lessons.clear()

    @property
    def nbytes(self) -> int:
        return sum(lesson.nbytes for lesson in self._lessons.values())

    def pixels(self) -> dict[int, int]:
        """How many pixels were told, by value."""
        total: dict[int, int] = {}
        for lesson in self._lessons.values():
            for value, count in lesson.pixels.items():
                total[value] = total.get(value, 0) + count
        return dict(sorted(total.items()))

    def near(self, style: Floats, besides: Hashable) -> list[Weighed]:
        """What pictures other than `besides` taught: those most like `style`, and one more for a class none shows."""
        others = [lesson for key, lesson in self._lessons.items() if key != besides]
        if not others:
            return []
        apart = np.array([float(np.linalg.norm(lesson.style - style)) for lesson in others])
        least = max(float(apart.min()), 0.3 * float(np.median(apart)), 1e-6)
        shares = np.exp(-_STEEP * np.maximum(apart / least - 1, 0))
        found: list[Weighed] = []
        shown: set[int] = set()
        for place in np.argsort(apart, kind="stable"):
            values = others[place].classes
            if len(found) < NEAREST or not values <= shown:
                found.append(Weighed(others[place], max(_FAR, float(shares[place]))))
                shown |= values
        return found

    def _shrink(self) -> None:
        size = self.nbytes
        for key in list(self._lessons)[:-1]:
            if size <= self._limit:
                return
            lesson = self._lessons[key]
            others = (held.classes for other, held in self._lessons.items() if other != key)
            if lesson.classes <= set().union(*others):
                size -= lesson.nbytes
                del self._lessons[key]


def lesson_of(view: View, labels: IndexMask) -> Lesson | None:
    """What labels of a view, (h, w), teach; None where all are unseen."""
    told = labels != UNSEEN
    if not told.any():
        return None
    pairs, counts = np.unique(view.patch[told].astype(np.int64) * 256 + labels[told], return_counts=True)
    order = np.lexsort((-counts, pairs // 256))
    rows, first = np.unique(pairs[order] // 256, return_index=True)
    chosen = order[first]
    values = (pairs[chosen] % 256).astype(np.uint8)
    weights = np.minimum(1, 2 * counts[chosen] / np.maximum(view.sizes[rows], 1)).astype(np.float32)
    keep = _spread(values, FULL)
    amounts = np.bincount(labels[told], minlength=256)
    pixels = {int(value): int(amounts[value]) for value in np.nonzero(amounts)[0]}
    rows = rows[keep]
    return Lesson(view.features[rows], values[keep], weights[keep], rows, view.style, pixels)


def _spread(values: npt.NDArray[np.uint8], most: int) -> npt.NDArray[np.int64]:
    """Places of at most so many of each value, in order."""
    kept = []
    for value in np.unique(values):
        found = np.nonzero(values == value)[0]
        if len(found) > most:
            found = found[np.linspace(0, len(found) - 1, most).round().astype(np.int64)]
        kept.append(found)
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)


def _is_full(lesson: Lesson) -> bool:
    return len(lesson.values) > KEPT and int(np.bincount(lesson.values).max()) > KEPT
