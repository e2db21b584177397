"""Grain and brush texture of a painting, laid over an object patch by patch: what makes paint look like paint."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.harmonize.masks import STANDARD, blurred

STROKE: Final = 5.0
"""Sigma, in pixels at 700 px, up to which differences are texture and beyond which they are the subject."""
PATCH: Final = 36
"""Side of a patch at 700 px."""
LIGHTNESS: Final = 12.0
"""Difference in CIE L that counts as much as a step of `FAR`."""
FAR: Final = 0.4
"""Distance / longer side of the picture."""
CONTOUR: Final = 6.0
"""Rise of CIE L across a patch that counts as much: contours of the subject are no texture."""
CHANCE: Final = 0.3
"""Deviation of the chance in the choice, which keeps one patch from coming again and again."""
ODD: Final = 0.5
"""Logarithm of a patch's strength of texture / the usual one that counts as much: figures and signatures stay away."""
NORMAL: Final = 3.3
"""Kurtosis of brush work; letters and lines are sparse and have more."""
PEAKED: Final = 0.35
"""Logarithm of a kurtosis beyond it that counts as much."""
USUAL: Final = 0.35
"""Share of the painting's patches that have less texture than is usual: what is above is often the subject."""
STRONGEST: Final = 1.3
"""Texture of a patch / the usual one, at most."""
AGAIN: Final = 0.25
"""What it costs to have been taken before, each time."""
CANDIDATES: Final = 2500
"""Patches to choose from, at most."""
STEEPEST: Final = 3.0
"""Largest deviation of a texture, in units of its own standard deviation; more is an edge."""


class _Patches(NamedTuple):
    rows: Floats
    columns: Floats
    """Top left corners."""
    lightness: Floats
    contour: Floats
    """Spread of lightness."""


def stroke_size(shape: tuple[int, ...]) -> float:
    """Sigma in pixels between texture and subject for a picture of this (height, width, ...)."""
    return STROKE * max(shape[:2]) / STANDARD


def residual(lab: Floats, sigma: float) -> Floats:
    """What is finer than `sigma`, (h, w, 3), its steepest values cut down."""
    fine = lab - blurred(lab, sigma)
    limit = STEEPEST * np.maximum(fine.std((0, 1)), 1e-3)
    return np.clip(fine, -limit, limit).astype(np.float32)


def texture_for(
    painting: Floats, calm: Floats, place: tuple[int, int], mask: Floats, progress: Progress, seed: int = 0
) -> Floats:
    """Texture (h, w, 3) for an object, from patches of the painting as they lie: strokes keep their direction.

    `painting` (H, W, 3) in CIE Lab; `calm` (h, w, 3) the object without texture, `mask` (h, w) where it is, both at
    `place` (top, left) of the painting. Patches of like lightness, near by and without contours are preferred;
    they are laid half over one another by weights that keep their variance.
    """
    sigma = stroke_size(painting.shape)
    side = _even(min(PATCH * max(painting.shape) / STANDARD, *painting.shape[:2], *calm.shape[:2]))
    fine = residual(painting, sigma)
    known = _patches(painting - fine, side, max(2, side // 2))
    strength, peakedness = _strengths(fine, known, side)
    usual = float(np.quantile(strength, USUAL))
    worse = (known.contour / CONTOUR) ** 2 + (
        np.maximum(0, np.log((strength + 0.1) / (usual + 0.1))) / ODD
    ) ** 2
    worse += (np.maximum(0, np.log(peakedness / NORMAL)) / PEAKED) ** 2
    gains = np.minimum(1, STRONGEST * (usual + 0.1) / (strength + 0.1))
    wanted = _patches(calm, side, max(1, side // 2))
    random = np.random.default_rng(seed)
    window = _window(side)
    texture, weight = np.zeros_like(calm), np.zeros(calm.shape[:2], np.float32)
    scale = 1 / (FAR * max(painting.shape))
    for index in progress.track(range(len(wanted.rows)), "Texture"):
        row, column = int(wanted.rows[index]), int(wanted.columns[index])
        here = (slice(row, row + side), slice(column, column + side))
        if not mask[here].any():
            continue
        cost = (
            ((known.lightness - wanted.lightness[index]) / LIGHTNESS) ** 2
            + ((known.rows - row - place[0]) * scale) ** 2
            + ((known.columns - column - place[1]) * scale) ** 2
            + worse
            + random.normal(0, CHANCE, len(known.rows))
        )
        best = int(np.argmin(cost))
        worse[best] += AGAIN
        top, left = int(known.rows[best]), int(known.columns[best])
        texture[here] += gains[best] * window[..., None] * fine[top : top + side, left : left + side]
        weight[here] += window * window
    return np.asarray(texture / np.sqrt(np.maximum(weight, 1e-4))[..., None], np.float32)


def laid_over(calm: Floats, fine: Floats, texture: Floats, sigma: float) -> Floats:
    """An object in Lab with texture where it is calm itself; its own detail stays where it is strong.

    `calm` + `fine` is the object, (h, w, 3) each; `texture` (h, w, 3) as it comes from `texture_for`.
    """
    own, added = (_strength(part[..., 0], 2 * sigma) for part in (fine, texture))
    share = (1 / (1 + (own / (2 * added + 0.2)) ** 2))[..., None]
    return np.asarray(calm + (1 - 0.5 * share) * fine + share * texture, np.float32)


def _strength(plane: Floats, sigma: float) -> Floats:
    """Local standard deviation of what has no mean."""
    power = np.maximum(blurred(plane * plane, sigma), 0)
    return np.asarray(np.sqrt(power), np.float32)


def _patches(calm: Floats, side: int, step: int) -> _Patches:
    height, width = calm.shape[:2]
    starts = [_starts(length, side, step) for length in (height, width)]
    light = np.ascontiguousarray(calm[..., 0])
    mean = cv2.blur(light, (side, side), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    square = cv2.blur(light * light, (side, side), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    down, across = (part.ravel() for part in np.meshgrid(*starts, indexing="ij"))
    spread = np.sqrt(np.maximum(square - mean * mean, 0))[down, across]
    rows, columns, spread = (np.asarray(part, np.float32) for part in (down, across, spread))
    light = np.asarray(mean[down, across], np.float32)
    return _Patches(rows, columns, light, spread)


def _strengths(fine: Floats, patches: _Patches, side: int) -> tuple[Floats, Floats]:
    """Standard deviation of each patch's texture in CIE L, and its kurtosis."""
    squares = fine[..., 0] * fine[..., 0]
    power, fourth = (
        cv2.blur(part, (side, side), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)[
            patches.rows.astype(int), patches.columns.astype(int)
        ]
        for part in (squares, squares * squares)
    )
    return np.sqrt(power), np.asarray((fourth + 0.01) / (power * power + 0.003), np.float32)


def _starts(length: int, side: int, step: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Corners of patches that cover the length; the last one ends with it."""
    most = int(np.sqrt(CANDIDATES))
    count = max(2, min(most, -(-(length - side) // step) + 1)) if length > side else 1
    return np.linspace(0, length - side, count).round().astype(np.int64)


def _window(side: int) -> Floats:
    ramp = np.sin(np.pi * (np.arange(side) + 0.5) / side)
    return np.outer(ramp, ramp).astype(np.float32)


def _even(length: float) -> int:
    return max(2, 2 * int(length / 2))
