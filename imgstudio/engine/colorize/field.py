"""Hints as a network is told them: as they are, and already spread along the lightness."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Floats
from imgstudio.engine.colorize.propagation import Propagation

FADES: Final = np.float32(1e-4)
"""Pull to nothing, beside the ties of a pixel: a hint reaches about 100 pixels of an even place."""


class Field(NamedTuple):
    """Hints on a picture of (h, w)."""

    marks: Floats
    """(h, w, 3): a and b (Lab) where there is a hint, else 0, and 1 where there is one."""
    spread: Floats
    """(h / 2, w / 2, 3): a and b, fading with the distance, and how near hints are, 0..1."""


def halved(lightness: Floats) -> Propagation:
    """Ties of a picture, (h, w) in 0..100 with even sides, at half its size."""
    size = lightness.shape[1] // 2, lightness.shape[0] // 2
    return Propagation(np.asarray(cv2.resize(lightness, size, interpolation=cv2.INTER_AREA), np.float32))


def field_of(ties: Propagation, marks: Floats) -> Field:
    """`marks` are (h, w, 3) as in `Field`, `ties` come from `halved`."""
    size = marks.shape[1] // 2, marks.shape[0] // 2
    small = np.asarray(cv2.resize(marks, size, interpolation=cv2.INTER_AREA), np.float32)
    known = small[..., 2] > 0
    if not known.any():
        return Field(marks, np.zeros_like(small))
    # In units of 100 the nearness is found as exactly as the colours are.
    values = np.where(known[..., None], small / np.maximum(small[..., 2:], np.float32(1e-6)), 0)
    values *= np.array([1, 1, 100], np.float32)
    trust = ties.ties() * FADES
    found = ties.solve(known, values.astype(np.float32), np.zeros_like(values), trust)
    return Field(marks, found * np.array([1, 1, 0.01], np.float32))
