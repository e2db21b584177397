"""Multigrid for equations between neighbouring pixels whose links differ by orders of magnitude.

Dendy's "Black box multigrid" (1982): a grid of every second pixel, interpolated by the equations themselves, so that
what lies on two sides of an edge stays apart on coarse grids too; the coarse equations are Galerkin's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imgstudio.core.pixels import Floats

_DIRECT: Final = 24
"""Longest side of the grid on which the equations are solved at once."""
_DAMPING: Final = np.float32(0.8)
"""Of Jacobi's steps."""
_VISITS: Final = 2
"""Of the next grid each time, but for the finest, where it would cost more than it brings.

Thin strips along an edge are not well told by every second pixel.
"""
_TINY: Final = np.float32(1e-20)


class Links(NamedTuple):
    """How strongly pixels are tied to their neighbours; both sides of the grid are odd, (h, w)."""

    across: Floats
    """(h, w - 1): to the pixel on the right."""
    down: Floats
    """(h - 1, w): to the pixel below."""
    falling: Floats
    """(h - 1, w - 1): from the upper left to the lower right of four pixels."""
    rising: Floats
    """(h - 1, w - 1): from the lower left to the upper right."""

    def without(self, gone: npt.NDArray[np.bool_]) -> Links:
        """The same with every link of some pixels cut."""
        kept = np.asarray(~gone, np.float32)
        return Links(
            self.across * kept[:, :-1] * kept[:, 1:],
            self.down * kept[:-1] * kept[1:],
            self.falling * kept[:-1, :-1] * kept[1:, 1:],
            self.rising * kept[1:, :-1] * kept[:-1, 1:],
        )

    def sums(self) -> Floats:
        """(h, w): of all links of each pixel."""
        total = np.zeros((self.across.shape[0], self.down.shape[1]), np.float32)
        for link, (here, there) in zip(self, ENDS, strict=True):
            total[here] += link
            total[there] += link
        return total


ENDS: Final = (
    (np.s_[:, :-1], np.s_[:, 1:]),
    (np.s_[:-1, :], np.s_[1:, :]),
    (np.s_[:-1, :-1], np.s_[1:, 1:]),
    (np.s_[1:, :-1], np.s_[:-1, 1:]),
)
"""Of the links in their order: where they begin and where they end."""
_ROUND: Final = (
    np.s_[..., 0:-2:2, 0:-2:2],
    np.s_[..., 0:-2:2, 1:-1:2],
    np.s_[..., 0:-2:2, 2::2],
    np.s_[..., 1:-1:2, 0:-2:2],
    np.s_[..., 1:-1:2, 2::2],
    np.s_[..., 2::2, 0:-2:2],
    np.s_[..., 2::2, 1:-1:2],
    np.s_[..., 2::2, 2::2],
)
"""The eight neighbours of the pixels whose row and column are odd."""


class Equations(NamedTuple):
    """excess * U + sum of link * (U - neighbour) = right side, at each pixel; no excess and no links mean that U is 0.

    Differences are multiplied, not values: what is level stays so to the last digit, however weak a link may be.
    """

    excess: Floats
    """(h, w), from 0: how much the diagonal is more than the sum of the links."""
    links: Links

    def applied(self, values: Floats) -> Floats:
        """Left side for (n, h, w)."""
        left = values * self.excess
        for link, (here, there) in zip(self.links, ENDS, strict=True):
            flow = values[:, *here] - values[:, *there]
            flow *= link
            left[:, *here] += flow
            left[:, *there] -= flow
        return left

    def diagonal(self) -> Floats:
        return np.asarray(self.links.sums() + self.excess, np.float32)

    def bound(self) -> Floats:
        """What the diagonal is where no link is negative, as some on coarse grids are."""
        return np.asarray(Links(*map(np.abs, self.links)).sums() + self.excess, np.float32)


class Interpolation(NamedTuple):
    """From every second pixel to all; (h, w) odd, so that each pixel between has neighbours on both sides."""

    own: Floats
    """(h // 2 + 1, w // 2 + 1): 1 where the pixel itself takes part, else 0."""
    sides: tuple[Floats, Floats]
    """Weights of the pixels on the left and on the right of those between two in a row."""
    ends: tuple[Floats, Floats]
    """Weights of the pixels above and below those between two in a column."""
    middle: Floats
    """(8, h // 2, w // 2): weights of all neighbours of the pixels between four."""

    def prolonged(self, coarse: Floats) -> Floats:
        """(n, h, w) of (n, h // 2 + 1, w // 2 + 1)."""
        height, width = coarse.shape[-2:]
        fine = np.empty((len(coarse), 2 * height - 1, 2 * width - 1), np.float32)
        fine[:, ::2, ::2] = coarse * self.own
        fine[:, ::2, 1::2] = self.sides[0] * coarse[:, :, :-1] + self.sides[1] * coarse[:, :, 1:]
        fine[:, 1::2, ::2] = self.ends[0] * coarse[:, :-1] + self.ends[1] * coarse[:, 1:]
        middle = self.middle[0] * fine[_ROUND[0]]
        for weight, place in zip(self.middle[1:], _ROUND[1:], strict=True):
            middle += weight * fine[place]
        fine[:, 1::2, 1::2] = middle
        return fine

    def restricted(self, fine: Floats) -> Floats:
        """The transpose of `prolonged`; spoils what it is given."""
        middle = fine[:, 1::2, 1::2]
        for weight, place in zip(self.middle, _ROUND, strict=True):
            fine[place] += weight * middle
        coarse = fine[:, ::2, ::2] * self.own
        between = fine[:, ::2, 1::2]
        coarse[:, :, :-1] += self.sides[0] * between
        coarse[:, :, 1:] += self.sides[1] * between
        between = fine[:, 1::2, ::2]
        coarse[:, :-1] += self.ends[0] * between
        coarse[:, 1:] += self.ends[1] * between
        return coarse


class Grid(NamedTuple):
    """One level."""

    equations: Equations
    step: Floats
    """(h, w): damping over diagonal, 0 where there is no equation."""
    interpolation: Interpolation


class Multigrid:
    """Approximate inverse of equations: one W-cycle, symmetric and positive, for conjugate gradients."""

    def __init__(self, equations: Equations) -> None:
        self._grids: list[Grid] = []
        while max(equations.excess.shape) > _DIRECT:
            interpolation = _interpolation(equations.diagonal(), equations.links)
            self._grids.append(Grid(equations, _DAMPING * _inverse(equations.bound()), interpolation))
            equations = _coarser(equations, interpolation)
        self._last = _dense_inverse(equations)

    def solved(self, right: Floats) -> Floats:
        """About the solution, (n, h, w), for a right side (n, h, w)."""
        return self._cycled(0, right)

    def _cycled(self, level: int, right: Floats) -> Floats:
        if level == len(self._grids):
            flat = right.reshape(len(right), -1)
            return np.asarray((flat @ self._last).reshape(right.shape), np.float32)
        equations, step, interpolation = self._grids[level]
        values = step * right
        for _ in range(_VISITS if level else 1):
            residual = right - equations.applied(values)
            values += interpolation.prolonged(self._cycled(level + 1, interpolation.restricted(residual)))
        residual = right - equations.applied(values)
        residual *= step
        values += residual
        return values


def padded_sides(height: int, width: int) -> tuple[int, int]:
    """The smallest sides, at least these, that can be halved down to the last grid."""
    levels = 0
    while -(-(max(height, width) - 1) >> levels) >= _DIRECT:
        levels += 1
    unit = 1 << levels
    return -(-(height - 1) // unit) * unit + 1, -(-(width - 1) // unit) * unit + 1


def _inverse(diagonal: Floats) -> Floats:
    return np.divide(1, diagonal, out=np.zeros_like(diagonal), where=diagonal > _TINY)


def _interpolation(diagonal: Floats, links: Links) -> Interpolation:
    """Each pixel between solves its own equation, those beside it taken as alike along the line."""
    across, down, falling, rising = links
    height, width = diagonal.shape
    wide = np.pad(falling, 1), np.pad(rising, 1)
    falls, rises = wide
    # Even rows, odd columns: sums of the three neighbours on either side.
    left = across[::2, ::2] + falls[0:height:2, 1:width:2] + rises[1 : height + 1 : 2, 1:width:2]
    right = (
        across[::2, 1::2]
        + falls[1 : height + 1 : 2, 2 : width + 1 : 2]
        + rises[0:height:2, 2 : width + 1 : 2]
    )
    tall = np.pad(down, ((1, 1), (0, 0)))
    other = tall[0:height:2, 1::2] + tall[1 : height + 1 : 2, 1::2]
    sides = _shares(diagonal[::2, 1::2] - other, left, right)
    upper = down[::2, ::2] + falls[1:height:2, 0:width:2] + rises[1:height:2, 1 : width + 1 : 2]
    lower = (
        down[1::2, ::2] + falls[2 : height + 1 : 2, 1 : width + 1 : 2] + rises[2 : height + 1 : 2, 0:width:2]
    )
    broad = np.pad(across, ((0, 0), (1, 1)))
    other = broad[1::2, 0:width:2] + broad[1::2, 1 : width + 1 : 2]
    ends = _shares(diagonal[1::2, ::2] - other, upper, lower)
    middle = np.stack(
        [
            falling[::2, ::2],
            down[::2, 1::2],
            rising[::2, 1::2],
            across[1::2, ::2],
            across[1::2, 1::2],
            rising[1::2, ::2],
            down[1::2, 1::2],
            falling[1::2, 1::2],
        ]
    )
    return Interpolation(
        np.asarray(diagonal[::2, ::2] > _TINY, np.float32),
        (sides[0], sides[1]),
        (ends[0], ends[1]),
        _shares(diagonal[1::2, 1::2], *middle),
    )


def _shares(whole: Floats, *links: Floats) -> Floats:
    """Links over `whole`, or over their sum where rounding has made it smaller than that."""
    parts = np.stack(links)
    return np.asarray(parts * _inverse(np.maximum(whole, np.abs(parts).sum(0))), np.float32)


def _coarser(equations: Equations, interpolation: Interpolation) -> Equations:
    """Galerkin's equations for every second pixel: what nine patterns of single pixels give (they reach only one far)."""
    height, width = (side // 2 + 1 for side in equations.excess.shape)
    rows, columns = np.mgrid[:height, :width]
    pattern = 3 * (rows % 3) + columns % 3
    single = np.asarray(pattern == np.arange(9)[:, None, None], np.float32)
    seen = interpolation.restricted(equations.applied(interpolation.prolonged(single)))
    links = Links(*(-seen[pattern[there], rows[here], columns[here]] for here, there in ENDS))
    return Equations(np.maximum(seen.sum(0), 0), links)


def _dense_inverse(equations: Equations) -> Floats:
    """(n, n) for the n pixels of a small grid; 0 where there is no equation."""
    shape = equations.excess.shape
    count = equations.excess.size
    unit = np.eye(count, dtype=np.float32).reshape(count, *shape)
    matrix = equations.applied(unit).reshape(count, count).astype(np.float64)
    idle = matrix.diagonal() <= _TINY
    matrix[idle, idle] = 1
    inverse = np.linalg.inv(matrix)
    inverse[idle] = 0
    return np.asarray(inverse, np.float32)
