"""Which CIE Lab colours sRGB can show, and the nearest of the same lightness and hue where it cannot.

Written in steps that give every pixel the same bits wherever it lies: parts of a picture must equal the whole.
"""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import numpy as np

from imgstudio.core.pixels import Floats

Planes: TypeAlias = tuple[Floats, Floats, Floats]
"""Three arrays of one shape."""

BEND: Final = 6 / 29
"""Cube root below which CIE's curve is a line."""
_XYZ: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
TO_XYZ: Final = _XYZ / _XYZ.sum(1, keepdims=True)
"""From linear sRGB to X, Y and Z over those of the white, so that greys have no chroma at all."""
TO_RGB: Final = np.linalg.inv(TO_XYZ)
_SLACK: Final = np.float32(2e-5)
"""Linear light beyond black or white that is cut off rather than looked at; lightness moves by 0.02 at most."""
_HALVINGS: Final = 14
"""In the search for the most chroma that can be shown."""
_LEVELS: Final = 256
_HUES: Final = 1024
"""Cells of the table of the most chroma."""
_CAUTION: Final = np.float32(0.998)
"""Of the table: between its cells less may be possible."""


def weighed(row: tuple[float, ...], planes: Planes) -> Floats:
    """The sum of three planes, each times a number."""
    one, two, three = (np.float32(weight) * plane for weight, plane in zip(row, planes, strict=True))
    one += two
    one += three
    return np.asarray(one, np.float32)


def linear_of(lightness: Floats, a: Floats, b: Floats) -> Planes:
    """Linear sRGB, not cut to 0..1, of L (0..100), a and b."""
    middle = (lightness + np.float32(16)) * np.float32(1 / 116)
    return linear_of_roots((middle + a * np.float32(1 / 500), middle, middle - b * np.float32(1 / 200)))


def linear_of_roots(roots: Planes) -> Planes:
    """The same of what CIE's curve makes of X, Y and Z."""
    x, y, z = (light_of_root(root) for root in roots)
    red, green, blue = (weighed(tuple(row), (x, y, z)) for row in TO_RGB.tolist())
    return red, green, blue


def light_of_root(root: Floats) -> Floats:
    """The inverse of CIE's curve: a cube, and a line below its bend."""
    bend = np.float32(BEND)
    high = np.maximum(root, bend)
    light = high * high
    light *= high
    low = np.minimum(root, bend)
    low -= bend
    low *= np.float32(3 * BEND**2)
    light += low
    return np.asarray(light, np.float32)


def excess(linear: Planes) -> Floats:
    """How far linear light lies beyond what can be shown, over the slack; 0 or below where it can be."""
    red, green, blue = linear
    most = np.maximum(np.maximum(red, green), blue)
    most -= np.float32(1)
    least = np.minimum(np.minimum(red, green), blue)
    np.maximum(most, np.negative(least, out=least), out=most)
    most -= _SLACK
    return np.asarray(most, np.float32)


def showable(lightness: Floats, a: Floats, b: Floats) -> Planes:
    """Linear light of colours (n,) that cannot be shown, with about the most chroma that can.

    At most 0.2 % of the chroma is given away, 1 where the most depends much on the hue.
    """
    chroma = np.sqrt(a * a + b * b)
    table = most_chroma()
    height = lightness * np.float32(_LEVELS / 100)
    level = height.clip(0, _LEVELS - 1).astype(np.intp)
    turn = np.arctan2(b, a) * np.float32(_HUES / (2 * np.pi)) + np.float32(_HUES + 0.5)
    place = level * _HUES + turn.astype(np.intp) % _HUES
    most, above = table.take(place), table.take(place + _HUES)
    most += (above - most) * (height - level)
    share = np.asarray(np.minimum(most / np.maximum(chroma, np.float32(1e-6)), 1), np.float32)
    linear = linear_of(lightness, a * share, b * share)
    left = np.flatnonzero(excess(linear) > 0)
    if len(left):
        a, b, lightness = a[left], b[left], lightness[left]
        share = _share(lightness, a, b)
        for plane, mended in zip(linear, linear_of(lightness, a * share, b * share), strict=True):
            plane[left] = mended
    return linear


@cache
def most_chroma() -> Floats:
    """The most chroma that sRGB shows of each L (rows, 0..100) and hue (columns), less a little."""
    level, hue = np.meshgrid(
        np.linspace(0, 100, _LEVELS + 1), np.arange(_HUES) * (2 * np.pi / _HUES), indexing="ij"
    )
    beyond = 150.0  # more than any colour of sRGB has
    lightness, a, b = (
        np.asarray(plane, np.float32) for plane in (level, beyond * np.cos(hue), beyond * np.sin(hue))
    )
    return np.asarray(_share(lightness, a, b) * np.float32(beyond) * _CAUTION, np.float32)


def _share(lightness: Floats, a: Floats, b: Floats) -> Floats:
    """The most of a and b that can be shown, as a share: by halving."""
    share, step = np.zeros_like(lightness), 1.0
    for _ in range(_HALVINGS):
        step /= 2
        tried = share + np.float32(step)
        fits = excess(linear_of(lightness, a * tried, b * tried)) <= 0
        share += fits * np.float32(step)
    return share
