"""What an object's colours should agree with: its surroundings, weighted, and robust statistics of both."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Floats, resized, to_linear
from imgstudio.engine.harmonize.masks import NOTHING, distance_to

SIDE: Final = 96
"""Longer side at which pictures are measured (pixels)."""
SHARES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the sorted values of a channel, at which they are told."""
NEAR: Final = 0.35
"""Distance at which the weight of the surroundings has fallen to 1/e / square root of the object's area."""
FLOOR: Final = 0.02
"""Weight of what is far away."""
BANDS: Final = 3
"""Of lightness: shadows and lights have casts of their own."""
BINS: Final = 512
"""Cells in which values are counted."""
LEAST: Final = 12.0
"""Weight, in pixels, below which there is nothing to be measured."""
DARK: Final = 2e-3
"""Linear light that is added before logarithms are taken."""


class Region(NamedTuple):
    """Robust statistics of weighted pixels."""

    shares: Floats
    """(3, len(SHARES)): sRGB-encoded values below which these shares of the weight lie."""
    light: Floats
    """(3,) mean logarithm of linear red, green and blue."""
    chroma: float
    """Mean distance from grey in CIE Lab."""
    contrast: float
    """Spread of CIE L between the shares 0.05 and 0.95, 0..100."""
    bands: Floats
    """(BANDS, 3): share of the weight that is dark, middling and light, and the mean a and b of CIE Lab there."""

    def vector(self) -> Floats:
        """(REGION,) for a network, all about -1..1."""
        tail = [*(self.light / 4), self.chroma / 50, self.contrast / 100]
        bands = self.bands / (1, 50, 50)
        return np.concatenate([self.shares.ravel(), tail, bands.ravel()]).astype(np.float32)


REGION: Final = 3 * len(SHARES) + 5 + 3 * BANDS
"""Numbers of a `Region.vector`."""


def small(composite: Floats, mask: Floats, side: int = SIDE) -> tuple[Floats, Floats]:
    """Both reduced to a longer side of at most `side` pixels."""
    height, width = mask.shape
    factor = min(1.0, side / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return resized(composite, *size), resized(mask, *size)


def nearness(mask: Floats) -> Floats:
    """Weights (h, w) of the surroundings: 0 on the object and its rim, most beside it, little far away."""
    away = distance_to(mask)
    if not np.isfinite(away).all():
        return np.ones_like(mask)
    reach = NEAR * np.sqrt(max(float(mask.sum()), 1.0)) + 2
    return np.where(mask > NOTHING, 0, FLOOR + np.exp(-away / reach)).astype(np.float32)


def region_of(pixels: Floats, weights: Floats) -> Region | None:
    """Measure (h, w, 3) sRGB-encoded pixels by (h, w) weights; None where too little weighs anything."""
    chosen = weights > 0
    strength = weights[chosen]
    if float(strength.sum()) < LEAST * min(1.0, pixels.shape[0] * pixels.shape[1] / 400):
        return None
    colours = pixels[chosen]
    lab = np.asarray(cv2.cvtColor(colours[None], cv2.COLOR_RGB2Lab), np.float32)[0]
    total = strength.sum()
    light = np.log(to_linear(colours) + DARK)
    ends = 100 * weighted_shares(lab[:, 0] / 100, strength, (SHARES[0], SHARES[-1]))
    return Region(
        np.stack([weighted_shares(colours[:, channel], strength, SHARES) for channel in range(3)]),
        np.asarray((light * strength[:, None]).sum(0) / total, np.float32),
        float((np.hypot(lab[:, 1], lab[:, 2]) * strength).sum() / total),
        float(ends[1] - ends[0]),
        _bands(lab, strength),
    )


def _bands(lab: Floats, strength: Floats) -> Floats:
    band = np.minimum((lab[:, 0] * (BANDS / 100)).astype(np.int32), BANDS - 1)
    counts = np.bincount(band, strength, minlength=BANDS)
    sums = [np.bincount(band, strength * lab[:, index], minlength=BANDS) for index in (1, 2)]
    total = counts.sum()
    # A few odd pixels say nothing: their mean is drawn towards grey.
    means = [part / (counts + 0.02 * total) for part in sums]
    return np.stack([counts / total, *means], -1).astype(np.float32)


def weighted_shares(values: Floats, weights: Floats, shares: tuple[float, ...]) -> Floats:
    """Values, 0..1, below which these shares of the weight lie; to within 1 / BINS."""
    cells = (values * BINS).astype(np.int32).clip(0, BINS - 1)
    heights = np.bincount(cells, weights, minlength=BINS)
    rising = np.concatenate([[0.0], np.cumsum(heights)])
    # Empty cells would make the inverse ambiguous.
    rising += np.arange(BINS + 1) * (1e-9 * rising[-1])
    found = np.interp(np.multiply(shares, rising[-1]), rising, np.arange(BINS + 1) / BINS)
    return np.asarray(found, np.float32)
