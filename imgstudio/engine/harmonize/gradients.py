"""Closes the step between an object and what is round it: a smooth correction that fades into the object."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats

COARSEST: Final = 8
"""Longer side of the first level (pixels)."""
ROUNDS: Final = 60
"""Of Jacobi's method on levels up to `SMALL`; every doubling beyond halves them, down to `LEAST`."""
SMALL: Final = 64
LEAST: Final = 6
CROSS: Final = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)


def membrane(
    wanted: Floats, weights: Floats, inside: Floats, reach: float, progress: Progress | None = None
) -> Floats:
    """Spread values smoothly over a region, dying away from where they were asked for.

    The screened Poisson equation with mixed boundary conditions: on `inside` (h, w; 1 = belongs to the region) minimise
    |grad c|^2 + c^2 / reach^2 + weights (c - wanted)^2; nothing crosses the region's border, which is free where no
    weight holds it. `wanted` and the result are (h, w, n), the result 0 outside; `reach` is in pixels, at which a
    correction has fallen to 1/e of itself. Cascadic multigrid: each level starts from the one below it. A multigrid
    cousin of Poisson editing (Pérez 2003) that cannot carry a background's colour all through an object.
    """
    planes = np.zeros((1, 1, wanted.shape[2]), np.float32)
    for size, part in _levels(inside.shape):
        if progress is not None:
            progress.token.check()
        region = _reduced(inside, size)
        share = _reduced(weights * inside, size)
        pulled = _reduced(wanted * (weights * inside)[..., None], size)
        pulled /= np.maximum(share, 1e-6)[..., None]
        # Ring pixels thin out as levels get coarser, while each stands for a stretch of the border as long as itself.
        held = np.asarray(share / np.maximum(region, 1e-3) / part, np.float32)
        planes = _enlarged(planes, size)
        planes = _relaxed(planes, pulled, held, region, (1 / (reach * part)) ** 2, _rounds(size))
    return np.asarray(planes * (inside > 0)[..., None], np.float32)


def _levels(shape: tuple[int, ...]) -> list[tuple[tuple[int, int], float]]:
    """Height, width and scale of each level, coarse to fine."""
    height, width = shape[:2]
    levels = [((height, width), 1.0)]
    while max(levels[-1][0]) > COARSEST:
        part = levels[-1][1] / 2
        levels.append(((max(1, round(height * part)), max(1, round(width * part))), part))
    return levels[::-1]


def _rounds(size: tuple[int, int]) -> int:
    return max(LEAST, round(ROUNDS * min(1.0, SMALL / max(size))))


def _relaxed(
    planes: Floats, pulled: Floats, held: Floats, region: Floats, screen: float, rounds: int
) -> Floats:
    present = (region > 0.25).astype(np.float32)
    neighbours = _summed(present)
    scale = (present / np.maximum(neighbours + screen + held, 1e-6))[..., None]
    fixed = held[..., None] * pulled
    present = present[..., None]
    for _ in range(rounds):
        planes = (_summed(planes * present) + fixed) * scale
    return planes


def _summed(values: Floats) -> Floats:
    """Sum of the four neighbours; nothing beyond the border."""
    summed = cv2.filter2D(values, cv2.CV_32F, CROSS, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(summed, np.float32).reshape(values.shape)


def _reduced(values: Floats, size: tuple[int, int]) -> Floats:
    if values.shape[:2] == size:
        return values
    reduced = cv2.resize(values, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.float32).reshape(*size, *values.shape[2:])


def _enlarged(values: Floats, size: tuple[int, int]) -> Floats:
    if values.shape[:2] == size:
        return values
    enlarged = cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, np.float32).reshape(*size, *values.shape[2:])
