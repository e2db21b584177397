"""Masks of a pasted object, and its colours freed of the background it was cut from."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Floats

STANDARD: Final = 700
"""Longer side for which the radii below are meant (pixels)."""
SOFTNESS: Final = 3.0
"""Sigma of the tight mask; its kernel is 7 px wide (Luan 2018)."""
KERNEL: Final = 3
"""Radius of that kernel."""
REACH: Final = 12.0
"""How far the loose mask goes beyond the object."""
FADE: Final = 8.0
"""How far beyond the object a result fades out: less than `REACH`, so that what fades was still worked on."""
PRESENT: Final = 0.5
"""Part of the highest coverage from which on a pixel is the object's."""
NOTHING: Final = 1 / 512
"""Coverage below which there is no object."""
SMALL: Final = 32
"""Side of a level up to which colours are estimated by many rounds (pixels)."""
MANY: Final = 12
FEW: Final = 4
CLEAR: Final = 0.75
"""Coverage from which on an object's colour is told from what it covers."""
FAINT_SIDE: Final = 1000
"""Longer side at which the colours of what is hardly there are estimated (pixels)."""
WIDE: Final = 4.0
"""Sigma of a blur at its reduced size (pixels)."""
SMOOTH: Final = 1e-5
"""Weight of colours being smooth where alpha is."""
STEEP: Final = 1.0
"""How much more smooth they must be along an edge of alpha."""


class ObjectMasks(NamedTuple):
    """Where a pasted object is, all (h, w) float32 in 0..1."""

    tight: Floats
    """Its coverage, softened."""
    loose: Floats
    """1 on the object and round it, 0 elsewhere: where a result may differ."""
    feather: Floats
    """Weight of a result when it is put back: 1 on the object, fading to 0 within the loose mask."""


def tight_and_loose(mask: Floats, *, longest: int = 0) -> ObjectMasks:
    """Derive the masks of Luan 2018 (Deep Painterly Harmonization) from an object's coverage, (h, w) in 0..1.

    Their radii grow with the picture; of a part that was cut out, `longest` is the longer side of the whole. An empty
    mask gives empty ones.
    """
    scale = max(longest, *mask.shape) / STANDARD
    away = distance_to(mask)
    loose = (away <= max(1.0, REACH * scale)).astype(np.float32)
    fade = np.clip(1 - (away - 0.5) / max(1.0, FADE * scale), 0, 1).astype(np.float32)
    feather = np.maximum(fade * fade * (3 - 2 * fade), mask) * loose
    side = 2 * max(1, round(KERNEL * scale)) + 1
    tight = cv2.GaussianBlur(mask, (side, side), SOFTNESS * scale, borderType=cv2.BORDER_REPLICATE)
    return ObjectMasks(np.asarray(tight, np.float32) * loose, loose, feather)


def distance_to(mask: Floats) -> Floats:
    """Pixels from each place to the object, 0 on it; infinite where there is none."""
    most = float(mask.max())
    absent = (mask < PRESENT * most).astype(np.uint8)
    if most < NOTHING:
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform(absent, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def decontaminated(pixels: Floats, alpha: Floats) -> Floats:
    """Give the rim of a cut-out the object's own colours: no old background shines through where alpha is partial.

    `pixels` (h, w, 3) as photographed, `alpha` (h, w) in 0..1; pixels whose alpha is 1 stay as they are to the bit.
    Multi-level foreground estimation (Germer 2020): foreground and background that explain the picture and are smooth
    where alpha is, solved from small to large.
    """
    rows, columns = (_span(alpha.max(axis) > 0) for axis in (1, 0))
    part = alpha[rows, columns]
    if part.size == 0 or float(part.min()) >= 1:
        return pixels.copy()
    clean = pixels.copy()
    seen = pixels[rows, columns]
    own = _foreground(seen, part)
    clean[rows, columns] = np.where(part[..., None] >= 1, seen, own)
    return clean


def own_colours(composite: Floats, background: Floats, mask: Floats) -> Floats:
    """The object's colours without what it covers, which is known; continued a little where it is hardly there.

    Pictures (h, w, 3) and coverage (h, w), all 0..1.
    """
    cover = np.maximum(mask, CLEAR)[..., None]
    exact = np.clip((composite - (1 - cover) * background) / cover, 0, 1).astype(np.float32)
    faint = mask < CLEAR
    if not faint.any():
        return exact
    height, width = mask.shape
    shrink = max(1.0, max(height, width) / FAINT_SIDE)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    own = decontaminated(_at(composite, size), _at(mask, size))
    return np.where(faint[..., None], cv2.resize(own, (width, height)), exact).astype(np.float32)


def blurred(values: Floats, sigma: float) -> Floats:
    """Gaussian blur of (h, w) or (h, w, n); a wide one is done at a reduced size, which nobody sees."""
    shrink = int(sigma / WIDE)
    if shrink < 2 or min(values.shape[:2]) < 4 * shrink:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
    height, width = values.shape[:2]
    size = (-(-width // shrink), -(-height // shrink))
    small = cv2.GaussianBlur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / shrink)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _span(is_there: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> slice:
    """From the first to the last true place, and one beyond where there is room."""
    places = np.flatnonzero(is_there)
    return slice(max(0, int(places[0]) - 1), int(places[-1]) + 2) if places.size else slice(0, 0)


def _foreground(pixels: Floats, alpha: Floats) -> Floats:
    height, width = alpha.shape
    levels = max(1, int(np.ceil(np.log2(max(height, width)))))
    sure = alpha > 0.9
    whole = cv2.mean(pixels, (sure if sure.any() else alpha > 0).astype(np.uint8))[:3]
    rest = cv2.mean(pixels, (alpha < 0.1).astype(np.uint8))[:3]
    front = np.full((1, 1, 3), whole, np.float32)
    back = np.full((1, 1, 3), rest, np.float32)
    for level in range(levels + 1):
        size = (
            max(1, round(width ** (level / levels))),
            max(1, round(height ** (level / levels))),
        )
        rounds = MANY if max(size) <= SMALL else FEW
        seen, cover = (_at(part, size) for part in (pixels, alpha))
        front, back = _solved(seen, cover, _at(front, size), _at(back, size), rounds)
    return front


def _at(values: Floats, size: tuple[int, int]) -> Floats:
    shrinks = size[0] < values.shape[1] or size[1] < values.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(values, size, interpolation=how), np.float32)


def _solved(seen: Floats, alpha: Floats, front: Floats, back: Floats, rounds: int) -> tuple[Floats, Floats]:
    """Rounds of Jacobi's method for the two colours of every pixel, a system of 2 x 2 each."""
    weights = [
        (SMOOTH + STEEP * np.abs(alpha - _moved(alpha, *step)), step)
        for step in ((0, 1), (0, -1), (1, 0), (-1, 0))
    ]
    total = np.sum([weight for weight, _ in weights], 0)
    other = 1 - alpha
    ff, fb, bb = alpha * alpha + total, alpha * other, other * other + total
    scale = (1 / (ff * bb - fb * fb))[..., None]
    ff, fb, bb = ff[..., None], fb[..., None], bb[..., None]
    own, rest = alpha[..., None] * seen, other[..., None] * seen
    for _ in range(rounds):
        f = own + sum(weight[..., None] * _moved(front, *step) for weight, step in weights)
        b = rest + sum(weight[..., None] * _moved(back, *step) for weight, step in weights)
        front = np.clip((bb * f - fb * b) * scale, 0, 1).astype(np.float32)
        back = np.clip((ff * b - fb * f) * scale, 0, 1).astype(np.float32)
    return front, back


def _moved(values: Floats, down: int, right: int) -> Floats:
    """Each place sees its neighbour there; beyond the border, itself."""
    height, width = values.shape[:2]
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + right, 0, width - 1)
    return values[rows] if right == 0 else values[:, columns]
