"""Fits soft maps to the edges of a picture: guided filter, computed small and applied large."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.pixels import Floats

SOFT: Final = 1e-3
"""Variance of brightness (0..1) from which on a difference is an edge."""


class Fit(NamedTuple):
    """Value of each map = slope * brightness + level, everywhere in a picture; (h, w, maps) each."""

    slope: Floats
    level: Floats


class Taps(NamedTuple):
    """The two nearest cells of every place along a side, and the weight of the second."""

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    weight: Floats


def fitted(maps: Floats, brightness: Floats, radius: int, soft: float = SOFT) -> Fit:
    """Explain (h, w, maps) by the brightness, (h, w) in 0..1, in windows of this radius (pixels; 0: not at all).

    Guided filter (He 2010) in its fast form (He 2015): the fit may be enlarged and applied to the large picture.
    Differences of brightness below the root of `soft` are no edges.
    """
    if radius == 0:
        return Fit(np.zeros_like(maps), maps)
    mean = box_mean(brightness, radius)
    variance = box_mean(brightness * brightness, radius) - mean * mean
    slope, level = np.empty_like(maps), np.empty_like(maps)
    for index in range(maps.shape[2]):
        plane = np.ascontiguousarray(maps[..., index])
        middle = box_mean(plane, radius)
        shared = box_mean(brightness * plane, radius) - mean * middle
        steep = np.asarray(shared / (variance + soft), np.float32)
        slope[..., index] = box_mean(steep, radius)
        level[..., index] = box_mean(np.asarray(middle - steep * mean, np.float32), radius)
    return Fit(slope, level)


def applied(fit: Fit, brightness: Floats, rows: Taps, columns: Taps) -> Floats:
    """The maps, (h, w, maps) in 0..1, of a part of the large picture whose (h, w) brightness is given."""
    slope, level = (enlarged(part, rows, columns) for part in fit)
    return np.asarray((slope * brightness[..., None] + level).clip(0, 1), np.float32)


def taps(start: int, stop: int, length: int, cells: int) -> Taps:
    """Where the places start..stop - 1 along `length` pixels lie on `cells` cells; linear between their centres.

    They depend on nothing but the place, so that neighbouring parts agree to the bit.
    """
    places = (np.arange(start, stop) + 0.5) * (cells / length) - 0.5
    places = places.clip(0, cells - 1)
    first = np.floor(places).astype(np.int64)
    return Taps(first, np.minimum(first + 1, cells - 1), (places - first).astype(np.float32))


def enlarged(maps: Floats, rows: Taps, columns: Taps) -> Floats:
    """(h, w, maps) of the part of a larger picture that the taps describe, linear between cells."""
    return _enlarged(_enlarged(maps, rows).swapaxes(0, 1), columns).swapaxes(0, 1)


def _enlarged(maps: Floats, along: Taps) -> Floats:
    weight = along.weight[:, None, None]
    return np.asarray(maps[along.first] * (1 - weight) + maps[along.second] * weight, np.float32)


def box_mean(plane: Floats, radius: int) -> Floats:
    """Of (h, w) or (h, w, n) in square windows of this radius (pixels), mirrored at the sides."""
    side = 2 * radius + 1
    return np.asarray(cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT_101), np.float32)
