"""CIE Lab (1976, white D65) of sRGB pixels, and back without changing how light they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.lab_gamut import BEND, TO_XYZ, excess, linear_of, showable
from imgstudio.core.pixels import Floats

_BAND: Final = 1 << 16
"""Pixels that are worked on at a time: what comes between stays in the cache."""
_ENCODED_BEND: Final = 0.04045
"""Encoded value below which the curve of sRGB is a line; in linear light it is this over 12.92."""
_TO_LAB: Final = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float64)


def lab_of(pixels: Floats) -> Floats:
    """L (0..100), a and b, (h, w, 3) float32, of sRGB pixels (h, w, 3) in 0..1."""
    lab = np.empty(pixels.shape, np.float32)
    for rows in _bands(pixels):
        roots = _root(_times(_decoded(pixels[rows]), TO_XYZ))
        cv2.transform(roots, _TO_LAB, dst=lab[rows])
    return lab


def lightness_of(pixels: Floats) -> Floats:
    """L alone, (h, w) in 0..100, of sRGB pixels (h, w, 3) in 0..1."""
    lightness = np.empty(pixels.shape[:2], np.float32)
    for rows in _bands(pixels):
        light = _times(_decoded(pixels[rows]), TO_XYZ[1:2]).reshape(lightness[rows].shape)
        np.multiply(_root(light), np.float32(116), out=lightness[rows])
    lightness -= np.float32(16)
    return lightness


def recoloured(lightness: Floats, ab: Floats) -> Floats:
    """Pixels of sRGB (h, w, 3) in 0..1 that have this lightness (h, w), 0..100, and about this ab (h, w, 2).

    Lightness is kept within 0.05: where sRGB cannot show the colour it gets less chroma, of the same hue.
    """
    pixels = np.empty((*lightness.shape, 3), np.float32)
    for rows in _bands(pixels):
        asked = np.clip(lightness[rows], 0, 100), ab[rows][..., 0], ab[rows][..., 1]
        linear = linear_of(*asked)
        beyond = excess(linear) > 0
        if beyond.any():
            mended = showable(*(plane[beyond] for plane in asked))
            for plane, part in zip(linear, mended, strict=True):
                plane[beyond] = part
        for channel, plane in enumerate(linear):
            pixels[rows][..., channel] = _encoded(plane)
    return pixels


def _bands(pixels: Floats) -> Iterator[slice]:
    """Rows of (h, w, n) that are worked on at a time; none where there are no pixels."""
    height, width = pixels.shape[:2]
    count = max(1, _BAND // max(width, 1))
    for top in range(0, height if width else 0, count):
        yield slice(top, top + count)


def _times(values: Floats, matrix: npt.NDArray[np.float64]) -> Floats:
    """(h, w, n) of (h, w, 3)."""
    return np.asarray(cv2.transform(values, matrix), np.float32)


def _decoded(pixels: Floats) -> Floats:
    """Linear light of sRGB values, each in 0..1."""
    high = np.maximum(pixels, np.float32(_ENCODED_BEND))
    high += np.float32(0.055)
    high *= np.float32(1 / 1.055)
    cv2.pow(high, 2.4, dst=high)
    high += (np.minimum(pixels, np.float32(_ENCODED_BEND)) - np.float32(_ENCODED_BEND)) * np.float32(
        1 / 12.92
    )
    return high


def _encoded(linear: Floats) -> Floats:
    """Values of sRGB, 0..1, of linear light."""
    bend = np.float32(_ENCODED_BEND / 12.92)
    low = np.clip(linear, 0, bend)
    low -= bend
    low *= np.float32(12.92)
    high = np.clip(linear, bend, 1)
    cv2.pow(high, 1 / 2.4, dst=high)
    high *= np.float32(1.055)
    high -= np.float32(0.055)
    high += low
    return np.asarray(np.maximum(high, 0, out=high), np.float32)


def _root(light: Floats) -> Floats:
    """CIE's curve f: a cube root, and a line below its bend."""
    bend = np.float32(BEND**3)
    high = np.maximum(light, bend)
    cv2.pow(high, 1 / 3, dst=high)
    high += (np.minimum(light, bend) - bend) * np.float32(1 / (3 * BEND**2))
    return high
