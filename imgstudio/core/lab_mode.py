"""The blend mode that keeps CIE Lab lightness, as "LCh Color" of GIMP does.

"color" of the W3C keeps a weighted sum of encoded values, which is not how light a colour looks.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from imgstudio.core.lab_gamut import (
    BEND,
    TO_XYZ,
    Planes,
    excess,
    linear_of_roots,
    showable,
    weighed,
)
from imgstudio.core.pixels import Floats, from_float, linear_of, table_inputs, to_srgb

_X, _Y, _Z = (tuple(row) for row in TO_XYZ.tolist())
_TOP: Final = np.float32(65535)


def recoloured_planes(backdrop: Floats, source: Floats) -> Floats:
    """Lightness of the backdrop, a and b of the source, (3, h, w) in 0..1 each; result too.

    By tables, within 0.01 of lightness. Where sRGB cannot show the colour it gets less chroma.
    """
    lightness = _root(weighed(_Y, _light(backdrop)))
    light = _light(source)
    x, y, z = (_root(weighed(row, light)) for row in (_X, _Y, _Z))
    y -= lightness  # what is taken from the roots of the source
    x -= y
    z -= y
    linear = linear_of_roots((x, lightness, z))
    beyond = np.nonzero(excess(linear) > 0)
    if len(beyond[0]):
        roots = x[beyond], lightness[beyond], z[beyond]
        for plane, part in zip(linear, _showable(*roots), strict=True):
            plane[beyond] = part
    return np.stack([_encoding().take(_index(plane)) for plane in linear])


def _showable(x: Floats, y: Floats, z: Floats) -> Planes:
    lightness = y * np.float32(116) - np.float32(16)
    return showable(lightness, (x - y) * np.float32(500), (y - z) * np.float32(200))


def _light(colour: Floats) -> Planes:
    red, green, blue = linear_of(from_float(colour, np.uint16))
    return red, green, blue


def _root(light: Floats) -> Floats:
    """CIE's curve f of 0..1."""
    return np.asarray(_roots().take(_index(light)), np.float32)


def _index(light: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Place in a table whose steps are those of square roots: fine where it is dark."""
    place = np.clip(light, 0, 1)
    np.sqrt(place, out=place)
    place *= _TOP
    place += np.float32(0.5)
    return place.astype(np.uint16)


@cache
def _roots() -> Floats:
    light = np.square(table_inputs().astype(np.float64))
    line = light / (3 * BEND**2) + BEND * 2 / 3
    return np.where(light > BEND**3, np.cbrt(light), line).astype(np.float32)


@cache
def _encoding() -> Floats:
    return to_srgb(np.square(table_inputs()))
