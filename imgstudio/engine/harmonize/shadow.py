"""A soft shadow that an object casts on the ground it stands on."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Floats
from imgstudio.engine.harmonize.masks import PRESENT

FLATNESS: Final = 0.35
"""Height of a shadow of length 1 on the picture / height of the object: ground is seen at a slant."""
NEAR_BLUR, FAR_BLUR = 0.008, 0.06
"""Sigma at the feet and at the far end / height of the object."""
CONTACT: Final = 0.05
"""Height of the dark line under the feet / height of the object."""
LAYERS: Final = 4
"""Of different softness, between the feet and the far end."""


def shadow_of(mask: Floats, *, direction: float, length: float) -> Floats:
    """How much light is kept from each place, (h, w) in 0..1: the object's outline laid on the ground, softer far away.

    `direction` in degrees, -90..90: 0 falls towards the viewer, positive to the right; beyond the feet's line the
    ground goes on below. `length` is that of the shadow / height of the object. Zero where there is no object.
    """
    present = mask >= PRESENT * max(float(mask.max()), 1e-6)
    rows = np.flatnonzero(present.any(1))
    if float(mask.max()) <= 0 or rows.size == 0:
        return np.zeros_like(mask)
    foot, height = float(rows[-1]), float(rows[-1] - rows[0] + 1)
    turn = np.deg2rad(np.clip(direction, -90, 90))
    slant, drop = length * np.sin(turn), FLATNESS * length * np.cos(turn)
    laid = _laid_down(mask, foot, float(slant), float(drop))
    away = np.abs(np.arange(mask.shape[0], dtype=np.float32) - foot) / max(drop * height, 1.0)
    shadow = _softer_far_away(laid, np.clip(away, 0, 1), height)
    return np.asarray(
        np.maximum(shadow * (1 - 0.6 * np.clip(away, 0, 1))[:, None], _contact(mask, foot, height)),
        np.float32,
    )


def _laid_down(mask: Floats, foot: float, slant: float, drop: float) -> Floats:
    """Heights above the foot become depths below it, pushed aside."""
    drop = max(drop, 0.02)
    there = np.array([[1, -slant, slant * foot], [0, -drop, foot + drop * foot]], np.float32)
    return np.asarray(cv2.warpAffine(mask, there, mask.shape[::-1], flags=cv2.INTER_AREA), np.float32)


def _softer_far_away(laid: Floats, away: Floats, height: float) -> Floats:
    levels = np.linspace(0, 1, LAYERS)
    soft = [_blurred(laid, height * (NEAR_BLUR + level * (FAR_BLUR - NEAR_BLUR))) for level in levels]
    place = away * (LAYERS - 1)
    weights = np.maximum(0, 1 - np.abs(place[None] - np.arange(LAYERS)[:, None]))
    return np.asarray(sum(w[:, None] * part for w, part in zip(weights, soft, strict=True)), np.float32)


def _contact(mask: Floats, foot: float, height: float) -> Floats:
    """The dark line where the object touches the ground."""
    band = max(1, round(CONTACT * height))
    feet = np.zeros_like(mask)
    top = max(0, int(foot) - band + 1)
    feet[top : int(foot) + 1] = mask[top : int(foot) + 1]
    shifted = np.zeros_like(mask)
    down = max(1, band // 3)
    shifted[down:] = feet[:-down]
    return 0.9 * _blurred(shifted, 0.4 * band)


def _blurred(plane: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), max(0.5, sigma)), np.float32)
