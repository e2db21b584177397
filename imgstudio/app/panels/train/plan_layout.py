"""Where everything of the painted plan lies, in widget pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from imgstudio.learn.plan import Plan

LEFT: Final = 48
"""Room for the numbers of the rate."""
RIGHT: Final = 40
"""Room for those of the momentum."""
TOP: Final = 4
HEAD: Final = 44
"""Of a block: name, size and batch."""
RULER: Final = 24
STRIPE: Final = 8
STRIPE_GAP: Final = 2
LANES: Final = 8
"""Padding round the stripes of the layer groups."""
GAP: Final = 3
"""Between two blocks."""
NARROWEST: Final = 14
GRAB: Final = 5
"""Pixels on either side of a boundary that take hold of it."""
MOST_STRIPES: Final = 6
FEWEST_STRIPES: Final = 3


@dataclass(frozen=True, slots=True)
class PlanLayout:
    """Guards: blocks lie side by side in the order of the phases, none narrower than can be pointed at."""

    edges: tuple[float, ...]
    """x of every boundary, one more than there are phases."""
    ends: tuple[float, ...]
    """Shares of the time at those boundaries, 0..1."""
    height: float
    stripes: int
    """Layer groups that are drawn; 0: all of them always learn alike."""

    def block(self, index: int) -> QRectF:
        left = self.edges[index] + (GAP / 2 if index else 0)
        right = self.edges[index + 1] - (GAP / 2 if index + 2 < len(self.edges) else 0)
        return QRectF(left, TOP, right - left, self.height - TOP - RULER)

    def head(self, index: int) -> QRectF:
        block = self.block(index)
        return QRectF(block.left(), block.top(), block.width(), HEAD)

    def curve(self, index: int) -> QRectF:
        """Where rate and momentum of a phase are drawn."""
        block = self.block(index)
        return block.adjusted(0, HEAD + 6, 0, -self._lanes_height - (0 if self.stripes else 6))

    def stripe(self, index: int, group: int) -> QRectF:
        """Of a layer group in a phase; group 0 is nearest to the input and lies at the bottom."""
        block = self.block(index)
        top = block.bottom() - LANES - STRIPE - group * (STRIPE + STRIPE_GAP)
        return QRectF(block.left() + 6, top, max(2.0, block.width() - 12), STRIPE)

    def x_of(self, share: float) -> float:
        """Where a share of the time, 0..1, lies."""
        return float(np.interp(share, self.ends, self.edges))

    def share_at(self, x: float) -> float:
        return float(np.interp(x, self.edges, self.ends))

    def phase_at(self, position: QPointF) -> int | None:
        for index in range(len(self.edges) - 1):
            if self.block(index).contains(position):
                return index
        return None

    def boundary_at(self, position: QPointF) -> int | None:
        """Index of the phase to the left of the boundary."""
        if not TOP <= position.y() <= self.height - RULER:
            return None
        near = [(abs(x - position.x()), index) for index, x in enumerate(self.edges[1:-1])]
        distance, index = min(near, default=(GRAB + 1.0, 0))
        return index if distance <= GRAB else None

    def slot_at(self, x: float) -> int:
        """Boundary, 0 .. number of phases, that is nearest to the middle of a block held there."""
        middles = [(a + b) / 2 for a, b in itertools.pairwise(self.edges)]
        return sum(x > middle for middle in middles)

    @property
    def _lanes_height(self) -> float:
        if not self.stripes:
            return 0
        return 2 * LANES + self.stripes * STRIPE + (self.stripes - 1) * STRIPE_GAP


def lay_out(plan: Plan, shares: Sequence[float], width: float, height: float) -> PlanLayout:
    """`shares` of the time, by phase."""
    room = max(width - LEFT - RIGHT, 1.0)
    edges = LEFT + np.concatenate([[0.0], np.cumsum(_widths(shares, room))])
    ends = np.concatenate([[0.0], np.cumsum(shares)])
    ends[-1] = 1.0
    return PlanLayout(tuple(map(float, edges)), tuple(map(float, ends)), height, stripes_of(plan))


def stripes_of(plan: Plan) -> int:
    """How many layer groups are worth drawing."""
    frozen = max(phase.frozen for phase in plan.phases)
    if frozen == 0 and all(phase.spread == 1 for phase in plan.phases):
        return 0
    return min(MOST_STRIPES, max(FEWEST_STRIPES, frozen + 1))


def _widths(shares: Sequence[float], room: float) -> list[float]:
    """By share, but none too narrow: what those get is taken from the others."""
    least = min(float(NARROWEST), room / len(shares))
    wide = [max(share * room - least, 0.0) for share in shares]
    spare = room - least * len(shares)
    return [least + spare * part / (sum(wide) or 1.0) for part in wide]
