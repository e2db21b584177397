"""An object's own fine detail, put back until it is as crisp as the painting round it."""

from __future__ import annotations

from math import sqrt
from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.harmonize.outline import fading, grey, signed

BANDS: Final = (0.7, 1.4, 2.8, 5.6)
"""Sigmas between which detail is compared (pixels)."""
NEARER: Final = 0.8
"""Part of the way, in decibels, to the painting's detail."""
MOST: Final = 0.8
"""Of the object's own detail that is put back, at most."""
DEEP: Final = 10.0
"""So far inside the outline detail is measured (pixels of a composition of `STANDARD`); half-way in where it is thin."""
BESIDE: Final = 12.0
"""And so far outside."""
INWARDS: Final = 12.0
"""Over so many pixels inwards from the outline it comes."""
LEAST: Final = 400
"""Pixels of the painting that tell how crisp it is, at least."""
TINY: Final = 1e-10


def crisp(made: Floats, composite: Floats, background: Floats, cover: Floats, scale: float) -> Floats:
    """`made` (h, w, 3) with light of the `composite` added, band by band, until its object has the painting's energy.

    All of one size; `cover` (h, w) is the object, `scale` the composition's longer side at this size / `STANDARD`.
    What has more detail than the painting stays as it is, and so does everything outside the object.
    """
    away = signed(cover)
    core, around = away > min(DEEP * scale, 0.4 * float(away.max())), away < -BESIDE * scale
    if np.count_nonzero(around) < LEAST:
        return made
    own, ground, photo = (grey(picture) for picture in (made, background, composite))
    lacking = np.zeros_like(own)
    for fine, coarse in zip((0.0, *BANDS), BANDS, strict=False):
        have, theirs, detail = (band(plane, fine, coarse) for plane in (own, ground, photo))
        lacking += detail * _gain(have[core], detail[core], float((theirs[around] ** 2).mean()))
    added = fading(cover, max(1.0, INWARDS * scale)) * lacking
    return np.clip(made + added[..., None], 0, 1)


def band(picture: Floats, fine: float, coarse: float) -> Floats:
    """What lies between two sigmas (pixels); `fine` 0 is all that is finer than `coarse`."""
    upper = picture if fine == 0 else cv2.GaussianBlur(picture, (0, 0), fine)
    return np.asarray(upper - cv2.GaussianBlur(picture, (0, 0), coarse), np.float32)


def _gain(have: Array, detail: Array, theirs: float) -> float:
    """How much of `detail` gives `have` the energy it lacks (a mean square), 0..`MOST`."""
    energy, more = float((have * have).mean()) + TINY, float((detail * detail).mean()) + TINY
    wanted = energy ** (1 - NEARER) * (theirs + TINY) ** NEARER
    if wanted <= energy:
        return 0.0
    shared = float((have * detail).mean())
    return min((sqrt(shared * shared + more * (wanted - energy)) - shared) / more, MOST)
