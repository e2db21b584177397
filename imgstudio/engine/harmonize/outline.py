"""The outline of a painted object: as soft as it takes for nobody to see a seam, and no softer."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Floats

SOFTEST: Final = (4.0, 5.5, 7.0, 8.5)
"""Widths (pixels of a composition of `STANDARD`) over which an object fades in, tried one after the other."""
STANDARD: Final = 700
BEYOND: Final = 2.0
"""How far outside its outline an object begins (pixels)."""
THIN: Final = 0.6
"""Of half the thickness of a part: no wider is its fade, so that thin parts are not lost."""
SEAMLESS: Final = 1.12
"""Gradient on the outline against that beside it from which on there is a seam."""
RING: Final = 1.5
"""Half the width of a ring (pixels)."""
OFF: Final = 8.0
"""Distance of the rings that an outline is compared with."""
TINY: Final = 1e-6


def blended(made: Floats, background: Floats, cover: Floats, scale: float) -> Floats:
    """`made` on the bare painting, (h, w, 3); its outline the hardest of `SOFTEST` that is seamless, else the softest.

    `cover` (h, w) is the object, `scale` the composition's longer side at this size / STANDARD.
    """
    mixed = made
    for width in SOFTEST:
        share = fading(cover, max(1.0, width * scale))[..., None]
        mixed = np.asarray(background + share * (made - background), np.float32)
        if seam(mixed, cover, scale) <= SEAMLESS:
            break
    return mixed


def fading(cover: Floats, width: float) -> Floats:
    """(h, w) in 0..1: from 0 just outside the object (h, w) to 1 `width` pixels inside it."""
    away = signed(cover)
    side = 2 * round(width) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    wide = np.clip(THIN * cv2.dilate(away, around), 1, width)
    share = np.clip((away + BEYOND) / (wide + BEYOND), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def seam(picture: Floats, cover: Floats, scale: float) -> float:
    """Mean gradient on an object's outline / on rings beside it; 1.0 where there are none."""
    light = grey(picture)
    gradient = np.hypot(cv2.Scharr(light, cv2.CV_32F, 1, 0), cv2.Scharr(light, cv2.CV_32F, 0, 1))
    away = np.abs(signed(cover))
    on, beside = away <= RING, np.abs(away - max(3.0, OFF * min(scale, 1.0))) <= RING
    if not on.any() or not beside.any():
        return 1.0
    return float(gradient[on].mean() / (gradient[beside].mean() + TINY))


def grey(picture: Floats) -> Floats:
    """(h, w) light of (h, w, 3)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def signed(cover: Floats) -> Floats:
    """Pixels from the outline, positive inside."""
    inside = (cover > 0.5 * float(cover.max())).astype(np.uint8)
    deep, beyond = (
        cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for part in (inside, 1 - inside)
    )
    return np.asarray(np.where(inside > 0, deep - 0.5, 0.5 - beyond), np.float32)
