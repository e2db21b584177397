"""Moving pixels between numpy and Qt: 8-bit premultiplied surfaces, in RGBA order unless said otherwise."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from imgstudio.core.pixels import Array

Surface = npt.NDArray[np.uint8]
"""(height, width, 4) premultiplied."""

_OPAQUE: Final = 0xFF000000  # little-endian, and so are all machines Qt 6 supports with these formats


def blank(width: int, height: int) -> Surface:
    return np.zeros((height, width, 4), np.uint8)


def wrapped(surface: Surface, *, opaque: bool = False) -> QImage:
    """A QImage on the same memory, which the caller keeps alive; painting on it writes the array.

    Qt takes the first channel for blue. All it does here treats the colour channels alike, so RGBA
    arrays work too, and Qt's fast ARGB32 paths are used.
    """
    height, width = surface.shape[:2]
    form = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied
    return QImage(surface.data, width, height, width * 4, form)


def is_opaque(pixels: Array) -> bool:
    """Whether every alpha of a (height, width, 4) uint8 array is 255."""
    if pixels[0, 0, 3] != 255:  # most that are not opaque are found out here
        return False
    words = pixels.view(np.uint32)[..., 0]
    return bool(np.bitwise_and.reduce(np.bitwise_and.reduce(words, axis=0)) & _OPAQUE == _OPAQUE)


def to_eight_bit(pixels: Array) -> Surface:
    """Straight or premultiplied pixels of the document's depth as uint8."""
    if pixels.dtype == np.uint8:
        return pixels
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / 257), np.uint8)


def premultiplied(straight: Array) -> Surface:
    return np.asarray(cv2.cvtColor(straight, cv2.COLOR_RGBA2mRGBA), np.uint8)


def unpremultiplied(surface: Surface) -> Surface:
    return np.asarray(cv2.cvtColor(surface, cv2.COLOR_mRGBA2RGBA), np.uint8)


def times(surface: Surface, coverage: npt.NDArray[np.uint8]) -> Surface:
    """A premultiplied surface seen through (height, width) coverage."""
    return np.asarray(cv2.multiply(surface, cv2.merge([coverage] * 4), scale=1 / 255), np.uint8)


def faded(surface: Surface, opacity: float) -> Surface:
    return np.asarray(cv2.convertScaleAbs(surface, alpha=opacity), np.uint8)


def halved(pixels: Array, times_halved: int) -> Array:
    """Average boxes of 2 x 2 pixels, again and again; sides must be multiples of 2**times_halved."""
    for _ in range(times_halved):
        height, width = pixels.shape[:2]
        pixels = np.asarray(cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return pixels
