"""How an object's colours should change, by statistics alone: a share of what sets it apart from its surroundings."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from imgstudio.core.pixels import Floats
from imgstudio.engine.harmonize.colour_change import (
    KNOTS,
    ColourChange,
    mean_brightness,
    saturation_mix,
)
from imgstudio.engine.harmonize.surroundings import REGION, Region, nearness, region_of, small


class Share(NamedTuple):
    """How a difference is taken away: nothing of its first part, a share of the rest."""

    skip: float
    """Logarithm up to which objects differ from what surrounds them where nothing is wrong."""
    share: float
    """0..1; all of everything (skip 0, share 1) is what Reinhard 2001 does, which makes most objects worse."""

    def of(self, apart: float) -> float:
        """What is to be done about a difference of logarithms."""
        return float(np.sign(apart) * self.share * max(0.0, abs(apart) - self.skip))


class Shares(NamedTuple):
    """How each difference is taken away."""

    exposure: Share
    white: Share
    """By the largest difference of red, green and blue from their mean."""
    saturation: Share
    contrast: Share


FITTED: Final = Shares(Share(1.6, 0.25), Share(0.0, 0.2), Share(0.0, 0.1), Share(1.0, 0.1))
"""Those with the least error on recoloured objects: `training.defaults.harmonize --fit`.

But for the exposure: light and dark things lie side by side in all photos, and the fit leaves it alone. Pastes from
day into night are beyond what it was fitted to.
"""
MOST: Final = 2.0
"""Limit of each logarithm: differences beyond it are the objects' own."""
NUMBERS: Final = 2 * REGION + REGION + 5
"""Length of `Measured.vector`."""


class Measured(NamedTuple):
    """What statistics say of an object and its surroundings."""

    own: Region
    near: Region
    """Surroundings, those beside the object most."""
    whole: Region
    """Surroundings, evenly."""
    brightness: float
    """Mean of the object, sRGB-encoded."""

    def change(self, shares: Shares = FITTED) -> ColourChange:
        """Towards the surroundings by these shares, each logarithm limited to `MOST`."""
        apart = np.clip(self.near.light - self.own.light, -MOST, MOST)
        level = float(apart.mean())
        tinge = apart - level
        most = float(np.abs(tinge).max())
        gains = shares.exposure.of(level) + tinge * (shares.white.of(most) / max(most, 1e-6))
        saturation = shares.saturation.of(_ratio(self.near.chroma, self.own.chroma, least=4.0))
        contrast = shares.contrast.of(_ratio(self.near.contrast, self.own.contrast, least=8.0))
        return ColourChange(
            gains.astype(np.float32),
            saturation_mix(saturation),
            np.full((3, KNOTS), contrast, np.float32),
            self.brightness,
        )

    def vector(self) -> Floats:
        """(NUMBERS,) for a network, all about -1..1."""
        apart = np.clip(self.near.light - self.own.light, -MOST, MOST)
        rest = (
            _ratio(self.near.chroma, self.own.chroma, least=4.0),
            _ratio(self.near.contrast, self.own.contrast, least=8.0),
        )
        parts = (self.own.vector(), self.near.vector(), self.whole.vector(), apart, rest)
        return np.concatenate(parts).astype(np.float32)


def measured(composite: Floats, mask: Floats) -> Measured | None:
    """Measure an object (mask (h, w) in 0..1) in its picture (h, w, 3); None where there is too little of either."""
    composite, mask = small(composite, mask)
    weights = np.where(mask > 0.5 * mask.max(), mask, 0).astype(np.float32)
    near = nearness(mask)
    own, beside = region_of(composite, weights), region_of(composite, near)
    whole = region_of(composite, (near > 0).astype(np.float32))
    if own is None or beside is None or whole is None:
        return None
    return Measured(own, beside, whole, mean_brightness(composite, weights))


def _ratio(wanted: float, present: float, *, least: float) -> float:
    """Logarithm of the ratio, limited; `least` keeps nothing from becoming much."""
    return float(np.clip(np.log((wanted + least) / (present + least)), -MOST, MOST))
