"""An instant blend of a pasted object with a painting: colours, rim and texture, without a network."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.harmonize.gradients import membrane
from imgstudio.engine.harmonize.grain import laid_over, stroke_size, texture_for
from imgstudio.engine.harmonize.masks import ObjectMasks, blurred, distance_to, own_colours, tight_and_loose
from imgstudio.engine.harmonize.surroundings import small

MEASURED: Final = 256
"""Longer side at which colours are measured (pixels)."""
NEAR: Final = 0.5
"""Distance at which the weight of the painting has fallen to 1/e / square root of the object's area."""
FLOOR: Final = 0.05
LEVELS: Final = 24
"""Of lightness, by which like is compared with like."""
OFTEN: Final = 8.0
HARDLY: Final = 1e-3
"""Limits of the factor by which a lightness of the painting counts for more or less than it is common."""
SPREADS: Final = (0.4, 1.8)
"""Limits of how a spread of colours may change."""
ORDINARY: Final = 1.3
GRAIN: Final = 2.0
"""Variance in Lab that is added before spreads are compared."""
AT_HOME: Final = 0.7
"""Share of an object's own hue that it keeps where the painting has such colours too."""
ALIKE: Final = 18.0
"""Step in CIE Lab between object and painting that is half closed: larger ones are contours and stay."""
REACH: Final = 0.1
"""How far the rim's correction goes / square root of the object's area."""
RING: Final = 0.4
"""Sigma with which the step is smoothed along the rim, in strokes."""
EDGE: Final = 0.16
"""Sigma of the object's outline, in strokes: paint has no edges as sharp as scissors'."""
HOLD: Final = 2.0
"""Weight of the rim's step where it is closed."""


class _Part(NamedTuple):
    """What the blend looks at: the object's box with a margin."""

    window: tuple[slice, slice]
    own: Floats
    """(h, w, 3) the object's colours, also a little beyond it, in CIE Lab."""
    painting: Floats
    """(h, w, 3) in CIE Lab."""
    mask: Floats
    masks: ObjectMasks


def instant(
    composite: Floats,
    background: Floats,
    mask: Floats,
    *,
    strength: float = 1.0,
    grain: bool = True,
    progress: Progress | None = None,
) -> Floats:
    """Blend an object (mask (h, w)) pasted on a painting into it; pictures (h, w, 3), all 0..1.

    Its colours are moved by the linear map that carries mean and covariance (Pitié 2007) to those of the painting
    near by, like lightness compared with like; the rim's step is closed by a membrane; the painting's texture is laid
    over. `strength` 0..1 is the share of the change. Outside the feathered loose mask nothing changes by a bit.
    Raises Cancelled.
    """
    progress = progress or Progress()
    masks = tight_and_loose(mask)
    if strength <= 0 or float(masks.feather.max()) <= 0:
        return composite.copy()
    progress.update(0.0, "Colours")
    part = _part_of(composite, background, mask, masks)
    progress.update(0.15, "Colours")
    lab = _recoloured(part.own, _colour_map(composite, background, mask))
    progress.update(0.3, "Rim")
    lab = lab + _rim(lab, part, stroke_size(mask.shape), progress)
    progress.update(0.5, "Texture")
    if grain:
        lab = _textured(lab, part, background, progress.part(0.5, 0.9))
    return _put_back(composite, background, lab, part, strength)


def _part_of(composite: Floats, background: Floats, mask: Floats, masks: ObjectMasks) -> _Part:
    height, width = mask.shape
    rows, columns = (np.flatnonzero(masks.loose.any(axis)) for axis in (1, 0))
    margin = round(3 * stroke_size(mask.shape)) + 2
    window = (
        slice(max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + margin + 1)),
        slice(max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + margin + 1)),
    )
    seen, below, cover = composite[window], background[window], mask[window]
    own = own_colours(seen, below, cover)
    return _Part(window, _lab(own), _lab(below), cover, ObjectMasks(*(part[window] for part in masks)))


class _ColourMap(NamedTuple):
    """Lab colours c become matrix @ (c - before) + after."""

    before: Floats
    matrix: Floats
    after: Floats
    spread: Floats
    """(3, 3) covariance of the painting's colours."""


def _colour_map(composite: Floats, background: Floats, mask: Floats) -> _ColourMap:
    reduced, cover = small(composite, mask, MEASURED)
    own = _lab(reduced)[cover > 0.5 * cover.max()]
    painting = _lab(small(background, mask, MEASURED)[0])
    reach = NEAR * np.sqrt(max(float(cover.sum()), 1.0)) + 2
    near = (FLOOR + np.exp(-distance_to(cover) / reach)).ravel()
    painting = painting.reshape(-1, 3)
    weights = near * _likeness(painting[:, 0], near, own[:, 0])
    before, spread = _moments(own, np.ones(len(own), np.float32))
    after, wanted = _moments(painting, weights.astype(np.float32))
    after[1:] = before[1:] + _foreignness(before, painting) * (after[1:] - before[1:])
    return _ColourMap(before, _carrying(spread, wanted), after, wanted)


def _foreignness(own: Floats, painting: Floats) -> float:
    """0..1: how little a mean colour is at home among the colours of the whole painting."""
    mean, spread = _moments(painting, np.ones(len(painting), np.float32))
    apart = (own - mean)[1:]
    distance = float(apart @ np.linalg.solve(spread[1:, 1:], apart))
    return 1 - AT_HOME * float(np.exp(-distance / 4))


def _likeness(painting: Floats, near: Floats, own: Floats) -> Floats:
    """Weights that make the lightness of the painting as common as it is in the object, as far as there is any."""
    edges = np.linspace(0, 100.001, LEVELS + 1)
    there = _softened(np.histogram(painting, edges, weights=near)[0])
    here = _softened(np.histogram(own, edges)[0])
    factor = np.clip(here / np.maximum(there, 1e-4), HARDLY, OFTEN)
    return np.asarray(factor[np.clip(np.digitize(painting, edges) - 1, 0, LEVELS - 1)], np.float32)


def _softened(counts: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Floats:
    shares = np.convolve(counts, [0.25, 0.5, 0.25], "same")
    return np.asarray(shares / max(float(shares.sum()), 1e-9), np.float32)


def _moments(colours: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean (3,) and covariance (3, 3); the farthest twentieth of lightness at either end does not count."""
    low, high = np.percentile(colours[:, 0], (2.5, 97.5))
    weights = weights * ((colours[:, 0] >= low) & (colours[:, 0] <= high))
    total = float(weights.sum())
    mean = (colours * weights[:, None]).sum(0) / total
    apart = colours - mean
    spread = (apart * weights[:, None]).T @ apart / total + GRAIN * np.eye(3)
    return np.asarray(mean, np.float32), np.asarray(spread, np.float32)


def _carrying(spread: Floats, wanted: Floats) -> Floats:
    """The symmetric matrix that turns one covariance into the other (Pitié 2007), its stretches limited."""
    root, back = _power(spread, 0.5), _power(spread, -0.5)
    middle = _power(np.linalg.multi_dot([root, wanted, root]), 0.5)
    matrix = np.linalg.multi_dot([back, middle, back])
    stretches, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((axes * np.clip(stretches, *SPREADS)) @ axes.T, np.float32)


def _power(matrix: Floats, exponent: float) -> Floats:
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((axes * np.maximum(values, 1e-6) ** exponent) @ axes.T, np.float32)


def _recoloured(lab: Floats, move: _ColourMap) -> Floats:
    moved = np.asarray(cv2.transform(lab - move.before, move.matrix), np.float32)
    # Colours that the painting does not have would glow: from ORDINARY deviations on, they are drawn in.
    white = _power(move.spread[1:, 1:], -0.5)
    apart = np.sqrt((cv2.transform(moved[..., 1:], white) ** 2).sum(2))
    over = np.maximum(apart / ORDINARY, 1)
    moved[..., 1:] *= ((1 + np.log(over)) / over)[..., None]
    return np.asarray(moved + move.after, np.float32)


def _rim(lab: Floats, part: _Part, stroke: float, progress: Progress) -> Floats:
    """What closes the step at the rim where object and painting are alike there, fading into the object."""
    inside = (part.mask > 0.5 * part.mask.max()).astype(np.float32)
    ring = inside - cv2.erode(
        inside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1
    )
    step = blurred(part.painting - lab, max(1.0, RING * stroke))
    apart = np.sqrt((step * step).sum(2))
    weights = HOLD * ring / (1 + (apart / ALIKE) ** 4)
    reach = max(2.0, REACH * float(np.sqrt(inside.sum())))
    return membrane(np.asarray(step, np.float32), np.asarray(weights, np.float32), inside, reach, progress)


def _textured(lab: Floats, part: _Part, background: Floats, progress: Progress) -> Floats:
    sigma = stroke_size(background.shape)
    calm = blurred(lab, sigma)
    place = (part.window[0].start, part.window[1].start)
    texture = texture_for(_lab(background), calm, place, part.masks.loose, progress)
    return laid_over(calm, lab - calm, texture, sigma)


def _put_back(composite: Floats, background: Floats, lab: Floats, part: _Part, strength: float) -> Floats:
    made = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32).clip(0, 1)
    soft = blurred(part.mask, max(0.5, EDGE * stroke_size(composite.shape)))
    cover = (soft * (part.masks.feather > 0))[..., None]
    seen, below = composite[part.window], background[part.window]
    blended = below + cover * (made - below)
    out = composite.copy()
    changed = (part.masks.feather > 0)[..., None]
    out[part.window] = np.where(changed, seen + strength * (blended - seen), seen)
    return out


def _lab(pixels: Floats) -> Floats:
    """CIE Lab: L 0..100, a and b about -100..100."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2Lab), np.float32)
