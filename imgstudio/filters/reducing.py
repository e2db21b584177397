"""The whole picture, small: for filters that look at all of it once before the tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.filters.base import FloatImage

BAND: Final = 512
"""Rows that are read at a time (pixels)."""


def reduced(look: Callable[[Rect], FloatImage], whole: Rect, longest: int, progress: Progress) -> FloatImage:
    """The whole picture with at most `longest` pixels a side, read in bands so that little memory is used."""
    factor = max(whole.width, whole.height) / longest
    step = max(1, int(factor))
    height, width = -(-whole.height // step), -(-whole.width // step)
    small = np.empty((height, width, 3), np.float32)
    rows = max(1, BAND // step)
    for first in progress.track(range(0, height, rows), "Looking at the picture"):
        last = min(height, first + rows)
        band = look(
            Rect(whole.x, whole.y + first * step, whole.width, (last - first) * step).intersect(whole)
        )
        small[first:last] = _block_means(band, step)
    if factor <= 1:
        return small
    size = (max(1, round(whole.width / factor)), max(1, round(whole.height / factor)))
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.float32)


def _block_means(band: FloatImage, step: int) -> FloatImage:
    """Means over step x step pixels; blocks that are cut by the edge repeat its last pixels."""
    if step == 1:
        return band
    missing = [(-side) % step for side in band.shape[:2]]
    padded = np.pad(band, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
    height, width = (side // step for side in padded.shape[:2])
    return np.asarray(padded.reshape(height, step, width, step, 3).mean((1, 3)), np.float32)
