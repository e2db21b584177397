"""Coverage as a linear function of the colours around: it follows edges, at the size of the picture or a larger one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imgstudio.core.pixels import Floats
from imgstudio.engine.edges import box_mean


class ColourFit(NamedTuple):
    """Coverage = slope * colour + level, everywhere in a picture."""

    slope: Floats
    """(h, w, 3)."""
    level: Floats
    """(h, w)."""


def colour_fit(coverage: Floats, pixels: Floats, radius: int, variance: float) -> ColourFit:
    """Explain (h, w) by the colours, (h, w, 3) in 0..1, in windows of this radius (pixels).

    Guided filter with a colour guide (He, Sun & Tang 2013); differences of colour below `variance` (0..1, squared)
    are no edges.
    """
    mean = box_mean(pixels, radius)
    middle = box_mean(coverage, radius)
    shared = box_mean(pixels * coverage[..., None], radius) - mean * middle[..., None]
    slope = _times_inverse(shared, _covariance(pixels, mean, radius, variance))
    level = middle - (slope * mean).sum(2)
    return ColourFit(box_mean(slope, radius), box_mean(np.asarray(level, np.float32), radius))


def fitted(fit: ColourFit, pixels: Floats) -> Floats:
    """(h, w) coverage, 0..1, of the picture itself."""
    return np.asarray(((fit.slope * pixels).sum(2) + fit.level).clip(0, 1), np.float32)


def _covariance(pixels: Floats, mean: Floats, radius: int, variance: float) -> dict[tuple[int, int], Floats]:
    made = {}
    for i in range(3):
        for j in range(i, 3):
            product = np.ascontiguousarray(pixels[..., i] * pixels[..., j])
            made[i, j] = box_mean(product, radius) - mean[..., i] * mean[..., j]
        made[i, i] = made[i, i] + np.float32(variance)
    return made


def _times_inverse(vector: Floats, matrix: dict[tuple[int, int], Floats]) -> Floats:
    """Symmetric 3 x 3 systems, one a pixel, by cofactors."""
    a, b, c = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    d, e, f = matrix[1, 1], matrix[1, 2], matrix[2, 2]
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    scale = 1 / np.maximum(a * first + b * second + c * third, 1e-20)
    x, y, z = (vector[..., index] for index in range(3))
    fourth, fifth, sixth = a * f - c * c, b * c - a * e, a * d - b * b
    solved = (
        first * x + second * y + third * z,
        second * x + fourth * y + fifth * z,
        third * x + fifth * y + sixth * z,
    )
    return np.asarray(np.dstack([part * scale for part in solved]), np.float32)
