"""From a coarse map of what stands out to a cut-out: where its edge may be, and what it is there."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.matting import Guess, matted
from imgstudio.engine.matting_fit import colour_fit, fitted

Booleans = npt.NDArray[np.bool_]

MATTED: Final = 1024
"""Longer side at which edges are worked out (pixels); larger pictures take over what is found there."""
REACH: Final = 0.02
"""Half the width of the band in which the edge is looked for, as a share of the longer side."""
LARGEST_BAND: Final = 160_000
"""Pixels of the band; more are worked out smaller."""
GUIDED: Final = 0.008
"""Radius in which the coarse map is fitted to the colours, as a share of the longer side."""
GUIDED_VARIANCE: Final = 1e-3
SURE: Final = 0.15
"""Distance of the coarse map from its threshold, below which a place belongs to the band wherever it lies."""
UNSURE_REACH: Final = 3.0
"""Such places count up to so many times the reach from the outline."""
TRUST: Final = 0.02
"""Weight of the coarse map inside the band, where it is sure."""
SPECK: Final = 0.02
"""Pieces smaller than this share of the largest one are taken for mistakes; so are holes of that size squared."""
FAINT: Final = 0.1
"""Pieces smaller than this must be surer than others somewhere."""
FAINT_SURE: Final = 0.5
"""How far from the threshold to 1."""
SUBJECT: Final = 0.5
"""How sure of something the network must be somewhere, unless the threshold asks for less."""
LEAST: Final = 5e-4
"""Share of the picture that must be sure."""
VARIANCE_UP: Final = 1e-4
"""Of colours, when coverage is carried to a larger picture: more lets fewer of its details in."""
CLEAN: Final = 0.03
"""Coverage this near to none or all is none or all."""


class Matte(NamedTuple):
    """A cut-out at the size at which edges are worked out; (h, w) each."""

    alpha: Floats
    """How much of each pixel stays, 0..1."""
    band: Booleans
    """Where its edge was looked for."""


def check_subject(salience: Floats, threshold: float = SUBJECT) -> None:
    """Raise UserError when nothing in the map, 0..1, stands out."""
    if float((salience > min(SUBJECT, threshold)).mean()) < LEAST:
        raise UserError(
            "Nothing stands out",
            "No clear subject was found in this picture",
            "Paint a selection instead, or lower the threshold",
        )


def matte(
    pixels: Floats,
    salience: Floats,
    progress: Progress,
    *,
    threshold: float = 0.5,
    reach: float | None = None,
) -> Matte:
    """Cut out of (h, w, 3) what a map of any size says, with the edge that the colours have.

    `threshold`, 0..1: a lower one takes in more. `reach` is half the width of the band in pixels, None: as suits the
    size, 0: as the map has it. Keep pictures to about `MATTED`: the time grows with them. Raises Cancelled.
    """
    progress.update(0.0, "Edge")
    outline = fitted_map(pixels, salience)
    progress.update(0.1)
    shape = _without_specks(outline > threshold, outline > threshold + FAINT_SURE * (1 - threshold))
    radius = REACH * max(shape.shape) if reach is None else reach
    if radius < 0.5:
        plain = np.where((outline > threshold) == shape, _steep(outline, threshold), shape)
        return Matte(np.asarray(plain, np.float32), np.zeros(shape.shape, np.bool_))
    coarse = cv2.resize(salience, shape.shape[::-1], interpolation=cv2.INTER_CUBIC)
    band = unsure_band(shape, np.abs(coarse - threshold) < SURE, radius)
    factor = math.sqrt(LARGEST_BAND / max(1, int(band.sum())))
    if factor < 1:
        return _matte_smaller(pixels, Matte(shape.astype(np.float32), band), outline, factor, progress)
    trust = TRUST * (2 * np.abs(outline - threshold)).clip(0, 1) ** 2
    start = np.where(band, _steep(outline, threshold), shape.astype(np.float32))
    guess = Guess(np.asarray(start, np.float32), np.asarray(trust, np.float32), band)
    return Matte(clean(matted(pixels, guess, progress.part(0.1, 1.0))), band)


def fitted_map(pixels: Floats, salience: Floats) -> Floats:
    """A coarse map at the size of the picture, (h, w, 3), moved to the edges of its colours."""
    height, width = pixels.shape[:2]
    large = cv2.resize(salience, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    radius = max(2, round(GUIDED * max(height, width)))
    return fitted(colour_fit(large, pixels, radius, GUIDED_VARIANCE), pixels)


def unsure_band(shape: Booleans, unsure: Booleans, radius: float) -> Booleans:
    """Pixels within `radius` of the outline, and the unsure ones that lie further off but not far."""
    inside = cv2.distanceTransform(shape.astype(np.uint8), cv2.DIST_L2, 5)
    outside = cv2.distanceTransform((~shape).astype(np.uint8), cv2.DIST_L2, 5)
    away = np.where(shape, inside, outside)
    if not shape.any() or shape.all():
        return np.zeros(shape.shape, np.bool_)
    return np.asarray((away <= radius) | (unsure & (away <= UNSURE_REACH * radius)))


def clean(alpha: Floats) -> Floats:
    """Coverage that is almost none or all made none or all; (h, w), 0..1."""
    return np.asarray(((alpha - CLEAN) / (1 - 2 * CLEAN)).clip(0, 1), np.float32)


def _matte_smaller(pixels: Floats, rough: Matte, outline: Floats, factor: float, progress: Progress) -> Matte:
    """The same with a reduced picture, carried over to the whole one."""
    height, width = rough.alpha.shape
    size = max(3, round(width * factor)), max(3, round(height * factor))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    shape = cv2.resize(rough.alpha, size, interpolation=cv2.INTER_AREA)
    band = cv2.resize(rough.band.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    start = np.where(band, cv2.resize(outline, size, interpolation=cv2.INTER_AREA), np.round(shape))
    trust = np.full(band.shape, TRUST, np.float32)
    alpha = clean(matted(small, Guess(np.asarray(start, np.float32), trust, band), progress))
    fit = colour_fit(alpha, small, 2, VARIANCE_UP)
    slope, level = (cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR) for part in fit)
    large = ((slope * pixels).sum(2) + level).clip(0, 1)
    return Matte(np.asarray(np.where(rough.band, large, rough.alpha), np.float32), rough.band)


def _steep(outline: Floats, threshold: float) -> Floats:
    """Coverage of a map that crosses the threshold slowly."""
    return np.asarray(((outline - threshold) * 4 + 0.5).clip(0, 1), np.float32)


def _without_specks(shape: Booleans, is_sure: Booleans) -> Booleans:
    """Without holes and pieces that are far smaller than the largest piece, and small ones that are nowhere sure."""
    count, labels, facts, _ = cv2.connectedComponentsWithStats(shape.astype(np.uint8), connectivity=4)
    if count < 2:
        return shape
    areas = facts[:, cv2.CC_STAT_AREA]
    largest = int(areas[1:].max())
    has_sure = np.bincount(labels[is_sure], minlength=count) > 0
    kept = (areas >= SPECK * largest) & (has_sure | (areas >= FAINT * largest))
    kept[0] = False
    shape = kept[labels]
    count, labels, facts, _ = cv2.connectedComponentsWithStats((~shape).astype(np.uint8), connectivity=4)
    small = facts[:, cv2.CC_STAT_AREA] < SPECK * SPECK * largest
    small[0] = False
    return np.asarray(shape | small[labels])
