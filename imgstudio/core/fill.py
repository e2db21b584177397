"""Find what is alike around a point: the magic wand and the bucket."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.pixels import Array, top
from imgstudio.core.selection import Coverage

_FILLED: Final = 255


def similar(pixels: Array, x: int, y: int, tolerance: float) -> Coverage:
    """255 where every channel of (height, width, 4) RGBA lies within `tolerance` of the pixel (x, y).

    Tolerance counts in levels of 255 at either depth. Where that pixel is transparent only alpha counts.
    """
    scale = top(pixels.dtype) / 255
    wanted = pixels[y, x].astype(np.float64)
    low, high = wanted - tolerance * scale, wanted + tolerance * scale
    if wanted[3] == 0:
        low[:3], high[:3] = 0, top(pixels.dtype)
    low, high = np.maximum(low, 0), np.minimum(high, top(pixels.dtype))
    return np.asarray(cv2.inRange(pixels, low, high), np.uint8)


def connected(alike: Coverage, x: int, y: int) -> tuple[Rect, Coverage]:
    """The part of a 0/255 picture joined to (x, y) by sides: its box, and 255 inside it."""
    height, width = alike.shape
    walls = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | (_FILLED << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    _, _, _, box = cv2.floodFill(alike, walls, (x, y), 0, 0, 0, flags)
    rect = Rect(*(int(value) for value in box))
    return rect, np.ascontiguousarray(walls[1:-1, 1:-1][rect.slices()])


def flood(
    pixels: Array, x: int, y: int, *, tolerance: float, contiguous: bool = True, smooth: bool = True
) -> tuple[Rect, Coverage]:
    """What a wand at pixel (x, y) of (height, width, 4) RGBA takes: box in the array, and coverage.

    `contiguous` keeps only what is joined to the pixel; `smooth` softens the edge by less than a pixel.
    Nothing (EMPTY) for a point outside.
    """
    height, width = pixels.shape[:2]
    whole = Rect(0, 0, width, height)
    if not whole.contains(x, y):
        return EMPTY, np.zeros((0, 0), np.uint8)
    alike = similar(pixels, x, y, tolerance)
    rect, found = connected(alike, x, y) if contiguous else (whole, alike)
    return _softened(rect, found, whole) if smooth else (rect, found)


def _softened(rect: Rect, found: Coverage, whole: Rect) -> tuple[Rect, Coverage]:
    """Blur the edge by one pixel; the picture's own border stays hard."""
    wide = rect.expanded(1)
    padded = np.zeros((wide.height, wide.width), np.uint8)
    padded[1:-1, 1:-1] = found
    kept = wide.intersect(whole)
    inner = np.ascontiguousarray(padded[kept.translated(-wide.x, -wide.y).slices()])
    return kept, np.asarray(cv2.GaussianBlur(inner, (3, 3), 0.6, borderType=cv2.BORDER_REPLICATE), np.uint8)
