"""Spreads colours over a grey picture: alike where lightness is alike (Levin, Lischinski & Weiss 2004)."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.colorize.multigrid import ENDS, Equations, Links, Multigrid, padded_sides

Booleans = npt.NDArray[np.bool_]

EVEN: Final = np.float32(1e-4)
"""Spread of lightness (0..1, squared) round a pixel up to which the place is even."""
SHARE: Final = np.float32(0.6)
"""Of the variance in the 3 x 3 pixels round a pixel: what its spread is."""
LEAST: Final = np.float32(0.01)
"""Likeness that a pixel has with the neighbour most like it, whatever their lightness."""
BUSY: Final = 1.0
"""How fast links weaken where a place is not even."""
WEAKEST: Final = np.float32(1e-6)
"""Likeness of pixels that are not alike at all: no place is cut off altogether."""
FADING: Final = np.float32(1e-7)
"""Pull towards grey where nothing else is asked, against a link of 1 between like pixels of an even place."""
ROUNDS: Final = 60
"""Most steps of the solver."""
PRECISE: Final = (0.01, 0.5)
"""Mean and largest change of a or b at which it stops."""


class Propagation:
    """The ties between the pixels of one grey picture; colours are spread along them."""

    def __init__(self, lightness: Floats) -> None:
        """Of (h, w), 0..100."""
        self._shape = lightness.shape
        self._sides = padded_sides(*lightness.shape)
        rows, columns = (side - own for side, own in zip(self._sides, self._shape, strict=True))
        self._links = Links(*(np.pad(link, ((0, rows), (0, columns))) for link in links_of(lightness)))

    def ties(self) -> Floats:
        """(h, w): the sum of the links of each pixel; with a trust of a 1/n² of it a hint reaches about n pixels."""
        height, width = self._shape
        return self._links.sums()[:height, :width]

    def solve(
        self,
        known: Booleans,
        ab: Floats,
        guess: Floats | None = None,
        trust: Floats | None = None,
        progress: Progress | None = None,
    ) -> Floats:
        """The smoothest (h, w, 2) that is `ab` (h, w, 2) exactly where `known` (h, w) and near `guess` elsewhere.

        Minimises sum link |U_r - U_s|² over neighbours + sum trust |U - guess|²; `trust` (h, w) from 0. Without
        trust anywhere, U fades to grey far away; without hints too it is 0. The solver starts from `guess`, never from
        an earlier answer, so that the same hints always give the same colours. Raises Cancelled.
        """
        if trust is None or guess is None or not trust.any():
            if not known.any():
                return np.zeros(ab.shape, np.float32)
            weights = np.full((1, *self._shape), FADING, np.float32)
            wanted = np.zeros(ab.shape, np.float32)
            likely = np.broadcast_to(ab[known].mean(0), ab.shape)
        else:
            weights, wanted, likely = trust[None], guess, guess
        fixed = self._planes(np.where(known[..., None], ab, 0))
        held = self._planes(known[..., None].astype(np.float32))[0] > 0
        links = self._links.without(held)
        pulls = self._padded(weights)[0]
        excess = np.where(held, 0, np.maximum(self._links.sums() - links.sums(), 0) + pulls)
        right = pulls * self._planes(wanted) - Equations(pulls, self._links).applied(fixed)
        right[:, held] = 0
        values = self._planes(np.where(known[..., None], 0, likely))
        solved(Equations(np.asarray(excess, np.float32), links), right, values, progress or Progress())
        height, width = self._shape
        values += fixed
        return np.ascontiguousarray(values[:, :height, :width].transpose(1, 2, 0))

    def _planes(self, maps: npt.NDArray[np.float32]) -> Floats:
        """(n, H, W) of (h, w, n)."""
        return self._padded(maps.transpose(2, 0, 1))

    def _padded(self, planes: Floats) -> Floats:
        height, width = self._shape
        padded = np.zeros((len(planes), *self._sides), np.float32)
        padded[:, :height, :width] = planes
        return padded


def solved(equations: Equations, right: Floats, values: Floats, progress: Progress) -> int:
    """Bring `values` (n, h, w) to the solution by conjugate gradients with multigrid; returns the steps it took."""
    grids = Multigrid(equations)
    residual = right - equations.applied(values)
    step = grids.solved(residual)
    direction, power = step, _dot(residual, step)
    for done in range(ROUNDS):
        progress.update(done / ROUNDS, "Colours")
        size = np.abs(step)
        if size.mean((1, 2)).max() < PRECISE[0] and size.max() < PRECISE[1]:
            return done
        moved = equations.applied(direction)
        length = _ratio(power, _dot(direction, moved))
        values += length * direction
        residual -= length * moved
        step = grids.solved(residual)
        before, power = power, _dot(residual, step)
        direction = step + _ratio(power, before) * direction
    return ROUNDS


def links_of(lightness: Floats) -> Links:
    """How much neighbouring pixels of (h, w), 0..100, are alike, 0..1; weaker the busier the place is.

    Likeness is that of Levin, Lischinski & Weiss (2004): exp(-difference² / spread), where the spread follows the
    variance round the pixel; here the mean of both pixels' exponents, so that links are the same both ways. In theirs
    colour flows out of even places more easily than out of busy ones; the second factor does that here.
    """
    grey = np.asarray(lightness / 100, np.float32)
    spread = np.maximum(_spread(grey), EVEN)
    sharpness = 1 / spread
    even = (EVEN / (spread + EVEN)) ** np.float32(BUSY / 2)
    links = []
    for here, there in ENDS:
        gap = grey[here] - grey[there]
        likeness = np.exp(gap * gap * (sharpness[here] + sharpness[there]) * np.float32(-0.5))
        links.append(np.maximum(likeness, WEAKEST) * even[here] * even[there])
    return Links(*links)


def _spread(grey: Floats) -> Floats:
    """Squared difference of lightness that counts as small, (h, w)."""
    mean = cv2.blur(grey, (3, 3), borderType=cv2.BORDER_REFLECT)
    variance = cv2.blur(grey * grey, (3, 3), borderType=cv2.BORDER_REFLECT) - mean * mean
    nearest = np.full(grey.shape, 1, np.float32)
    for here, there in ENDS:
        gap = np.abs(grey[here] - grey[there])
        np.minimum(nearest[here], gap, out=nearest[here])
        np.minimum(nearest[there], gap, out=nearest[there])
    return np.asarray(np.maximum(SHARE * variance, nearest * nearest / -np.log(LEAST)), np.float32)


def _dot(one: Floats, other: Floats) -> Floats:
    """Of each plane, (n, 1, 1)."""
    return np.asarray(np.einsum("nij,nij->n", one, other, dtype=np.float64)[:, None, None], np.float32)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
