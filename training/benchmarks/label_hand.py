"""A made-up person who labels a picture with a brush: where the next stroke goes, and how many it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.labels import UNSEEN, IndexMask
from training.benchmarks.hands import Way, depth_of, stroke_inside

Booleans = npt.NDArray[np.bool_]

LONGEST: Final = 1 / 3
"""Length of a stroke, of the longer side of the picture."""
THINNEST: Final = 1.5
"""Radius of the brush (pixels)."""
_SNUG: Final = 0.8
"""Radius of the brush, of the depth of the region that is painted."""
_SMALL: Final = 0.005
"""Classes that are less of a picture are not taught on their own account."""


@dataclass(frozen=True, slots=True)
class Goal:
    """When a person is content."""

    share: float
    """Of the pixels that are right; or, `each`, of those of each class, on the mean of the classes."""
    each: bool = False

    def reached(self, shown: IndexMask, truth: IndexMask) -> float:
        """How much is right, 0..1; where `truth` is unseen nothing counts."""
        right = shown == truth
        if not self.each:
            return float(right[truth != UNSEEN].mean())
        return float(np.mean([right[truth == value].mean() for value in values_of(truth)]))


class Worked(NamedTuple):
    """How a person got on with a picture."""

    strokes: tuple[int, ...]
    """Until each goal; as many as were allowed where it was not reached."""
    begun: tuple[float, ...]
    """How much was right before the first stroke, in the sense of each goal."""
    painted: IndexMask
    """(h, w): what was painted, else 255."""


Guesses = Callable[[IndexMask], IndexMask | None]
"""What the picture is taken to show, from what is painted, both (h, w)."""


class Person:
    """Paints one picture until all goals are reached, each stroke in the largest region that is still wrong."""

    def __init__(self, brush: float, goals: Sequence[Goal], most: int) -> None:
        """`brush`: greatest diameter, of the longer side of a picture; `most`: strokes."""
        self._brush, self._goals, self._most = brush, tuple(goals), most

    def label(
        self,
        truth: IndexMask,
        guesses: Guesses | None,
        start: IndexMask | None = None,
        known: Sequence[int] = (),
    ) -> Worked:
        """`start`: what the picture is labelled as beforehand; `known`: classes that need not be shown to `guesses`.

        With `guesses` the pixels that nobody painted are what it says, and each class is shown to it once first.
        """
        painted = np.full(truth.shape, UNSEEN, np.uint8)
        begun = painted if start is None else start
        shown = self._shown(painted, guesses, begun)
        right = [self._right(shown, truth)]
        while len(right) <= self._most and not self._is_done(right):
            untold = () if guesses is None else _untold(truth, painted, known)
            stroke = self._next(truth, shown, painted, untold)
            if stroke is None:
                break
            painted[stroke] = truth[stroke]
            shown = self._shown(painted, guesses, begun)
            right.append(self._right(shown, truth))
        return Worked(tuple(self._counted(right)), right[0], painted)

    def _right(self, shown: IndexMask, truth: IndexMask) -> tuple[float, ...]:
        return tuple(goal.reached(shown, truth) for goal in self._goals)

    def _is_done(self, right: Sequence[tuple[float, ...]]) -> bool:
        """Whether each goal was reached at some time."""
        return all(
            count < self._most or right[-1][place] >= self._goals[place].share
            for place, count in enumerate(self._counted(right))
        )

    def _counted(self, right: Sequence[tuple[float, ...]]) -> list[int]:
        return [
            next((count for count, shares in enumerate(right) if shares[place] >= goal.share), self._most)
            for place, goal in enumerate(self._goals)
        ]

    def _shown(self, painted: IndexMask, guesses: Guesses | None, begun: IndexMask) -> IndexMask:
        guessed = None if guesses is None else guesses(painted)
        return np.where(painted != UNSEEN, painted, begun if guessed is None else guessed)

    def _next(
        self, truth: IndexMask, shown: IndexMask, painted: IndexMask, untold: Sequence[int]
    ) -> Booleans | None:
        region = largest_region(truth, (painted == UNSEEN) & np.isin(truth, untold)) if untold else None
        if region is None:
            region = largest_region(truth, shown != truth)
        return None if region is None else brushed(region, self._brush)


def values_of(truth: IndexMask) -> tuple[int, ...]:
    """Classes that occur, without unseen."""
    return tuple(int(value) for value in np.unique(truth) if value != UNSEEN)


def largest_region(truth: IndexMask, among: Booleans) -> Booleans | None:
    """The largest connected part, of one class, of (h, w) pixels; None where there are none."""
    best, size = None, 0
    for value in values_of(truth):
        place = (among & (truth == value)).astype(np.uint8)
        if int(place.sum()) <= size:
            continue
        _, parts, facts, _ = cv2.connectedComponentsWithStats(place, connectivity=8)
        areas = facts[1:, cv2.CC_STAT_AREA]
        if areas.max() > size:
            best, size = parts == 1 + int(areas.argmax()), int(areas.max())
    return best


def brushed(region: Booleans, brush: float) -> Booleans:
    """What one stroke through the middle of a region paints of it: as wide as fits and the brush allows."""
    side = max(region.shape)
    radius = max(THINNEST, min(brush * side / 2, _SNUG * depth_of(region)))
    way = _middle(stroke_inside(region), LONGEST * side)
    places = np.floor(np.array(way)).astype(np.int32)
    drawn = np.zeros(region.shape, np.uint8)
    cv2.polylines(drawn, [places.reshape(-1, 1, 2)], isClosed=False, color=1, thickness=round(2 * radius))
    for x, y in places[[0, -1]].tolist():
        cv2.circle(drawn, (x, y), round(radius), 1, cv2.FILLED)
    drawn[places[0, 1], places[0, 0]] = 1
    return np.asarray((drawn > 0) & region)


def _middle(way: Way, longest: float) -> Way:
    """The part of a way round its middle that is no longer than that."""
    places = np.array(way)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))))
    kept = np.abs(along - along[-1] / 2) <= max(longest / 2, float(np.abs(along - along[-1] / 2).min()))
    return [place for place, is_kept in zip(way, kept, strict=True) if is_kept]


def _untold(truth: IndexMask, painted: IndexMask, known: Sequence[int]) -> tuple[int, ...]:
    told = {*known, *values_of(painted)}
    return tuple(v for v in values_of(truth) if v not in told and float((truth == v).mean()) > _SMALL)
