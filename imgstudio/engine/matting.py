"""Closed-form matting (Levin, Lischinski & Weiss 2008) of the narrow band in which a cut-out is unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Booleans = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

VARIANCE: Final = 3e-6
"""Of colours in a window, added for noise (0..1)."""
FIXED: Final = 100.0
"""Weight of what is known."""
ROUNDS: Final = 100
"""Most steps of the solver."""
PRECISE: Final = 2e-4
"""Length of the residual, relative to the right side, at which it stops."""
_CHUNK: Final = 32768
"""Windows that are worked on at a time."""
_WINDOW: Final = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
_STENCIL: Final = tuple((down, right) for down in range(-2, 3) for right in range(-2, 3))


class Guess(NamedTuple):
    """What is thought of each pixel before its colours are looked at; (h, w) each."""

    alpha: Floats
    """0..1."""
    trust: Floats
    """Weight of `alpha` where it is not known, from 0."""
    band: Booleans
    """Where it is not known."""


def matted(pixels: Floats, guess: Guess, progress: Progress) -> Floats:
    """Coverage (h, w), 0..1: as guessed outside the band, inside it as the colours of (h, w, 3) have it.

    In every 3 x 3 window alpha is a linear function of the colours as nearly as possible. The time is that of the
    pixels of the band. Raises Cancelled.
    """
    if not guess.band.any() or min(guess.band.shape) < 3:
        return guess.alpha
    rows, columns = _box(guess.band)
    inner = Guess(guess.alpha[rows, columns], guess.trust[rows, columns], guess.band[rows, columns])
    centres = _centres(inner.band)
    seen = cv2.dilate(centres, np.ones((3, 3), np.uint8)).astype(bool)
    system = laplacian(pixels[rows, columns], np.flatnonzero(centres), seen, progress.part(0.0, 0.4))
    weights = np.where(inner.band, inner.trust, np.float32(FIXED))[seen]
    start = inner.alpha[seen]
    solved = _solved(system, weights, start, progress.part(0.4, 1.0))
    alpha = inner.alpha.copy()
    alpha[seen] = solved.clip(0, 1)
    made = guess.alpha.copy()
    made[rows, columns] = np.where(inner.band, alpha, inner.alpha)
    return made


def laplacian(pixels: Floats, centres: Places, seen: Booleans, progress: Progress) -> csr_array:
    """The matting Laplacian of the windows around `centres` (flat indices), between the pixels that are `seen`.

    Symmetric, (n, n) for n seen pixels in the order of rows; each of its rows sums to 0.
    """
    from scipy.sparse import csr_array

    height, width = seen.shape
    number = np.full(height * width, -1, np.int64)
    places = np.flatnonzero(seen)
    number[places] = np.arange(len(places))
    colours = pixels.reshape(-1, 3)
    offsets = np.array([down * width + right for down, right in _WINDOW])
    stencil = np.zeros((len(places), len(_STENCIL)), np.float32)
    chunks = range(0, len(centres), _CHUNK)
    for start in progress.track(chunks, "Edge colours"):
        members = centres[start : start + _CHUNK, None] + offsets
        likeness = _likeness(colours[members])
        rows = number[members]
        for i, (down, right) in enumerate(_WINDOW):
            for j, (other_down, other_right) in enumerate(_WINDOW):
                place = (other_down - down + 2) * 5 + other_right - right + 2
                # Distinct windows have distinct pixels in the same corner: nothing is added twice at once.
                stencil[rows[:, i], place] += (i == j) - likeness[:, i, j]
    return _sparse(csr_array, stencil, places, number, (height, width))


def _likeness(colours: Floats) -> Floats:
    """(n, 9, 9): how much the pixels of each window (n, 9, 3) go together."""
    deviation = colours - colours.mean(1, keepdims=True)
    covariance = np.einsum("nic,nid->ncd", deviation, deviation) / 9
    covariance += np.eye(3, dtype=np.float32) * np.float32(VARIANCE / 9)
    inverse = _inverse(covariance.astype(np.float64)).astype(np.float32)
    return np.asarray((1 + np.einsum("nic,ncd,njd->nij", deviation, inverse, deviation, optimize=True)) / 9)


def _inverse(matrices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of symmetric (n, 3, 3), by cofactors."""
    a, b, c = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 0, 2]
    d, e, f = matrices[:, 1, 1], matrices[:, 1, 2], matrices[:, 2, 2]
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    scale = 1 / (a * first + b * second + c * third)
    rows = (
        (first, second, third),
        (second, a * f - c * c, b * c - a * e),
        (third, b * c - a * e, a * d - b * b),
    )
    return np.stack([np.stack([value * scale for value in row], -1) for row in rows], -2)


def _sparse(
    kind: type[csr_array],
    stencil: Floats,
    places: Places,
    number: Places,
    shape: tuple[int, int],
) -> csr_array:
    """The 5 x 5 neighbours of each pixel as a sparse matrix; those that are not there weigh nothing."""
    height, width = shape
    rows, columns = np.divmod(places, width)
    others = np.empty(stencil.shape, np.int32)
    for index, (down, right) in enumerate(_STENCIL):
        inside = (
            (rows + down >= 0) & (rows + down < height) & (columns + right >= 0) & (columns + right < width)
        )
        others[:, index] = number[np.where(inside, places + down * width + right, 0)]
        others[~inside, index] = -1
    kept = (others >= 0) & (stencil != 0)
    starts = np.concatenate([[0], np.cumsum(kept.sum(1))]).astype(np.int32)
    return kind((stencil[kept], others[kept], starts), shape=(len(places), len(places)))


def _solved(system: csr_array, weights: Floats, start: Floats, progress: Progress) -> Floats:
    """Conjugate gradients on (L + W) x = W start, preconditioned by the diagonal, from `start`."""
    diagonal = system.diagonal() + weights
    right = weights * start
    x = start.astype(np.float32).copy()
    residual = right - (system @ x + weights * x)
    step = residual / diagonal
    direction, power = step, float(residual @ step)
    enough = (PRECISE**2) * max(float(right @ (right / diagonal)), 1e-12)
    for _ in progress.track(range(ROUNDS), "Edge"):
        if power <= enough:
            break
        moved = system @ direction + weights * direction
        length = np.float32(power / max(float(direction @ moved), 1e-30))
        x += length * direction
        residual = residual - length * moved
        step = residual / diagonal
        before, power = power, float(residual @ step)
        direction = step + np.float32(power / before) * direction
    return x


def _centres(band: Booleans) -> npt.NDArray[np.uint8]:
    """1 where a window touches the band and lies in the picture."""
    centres = cv2.dilate(band.astype(np.uint8), np.ones((3, 3), np.uint8))
    centres[[0, -1]] = 0
    centres[:, [0, -1]] = 0
    return np.asarray(centres, np.uint8)


def _box(band: Booleans) -> tuple[slice, slice]:
    """The smallest part that holds the band and two pixels around it."""
    spans = []
    for axis in (1, 0):
        places = np.flatnonzero(band.any(axis))
        spans.append(slice(max(0, int(places[0]) - 2), int(places[-1]) + 3))
    return spans[0], spans[1]
