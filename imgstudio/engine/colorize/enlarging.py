"""Brings colours that were found on a small picture to the large one: along its edges, hints exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.colour_hints import Hint
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.pixels import Floats
from imgstudio.engine.colorize.strokes import colours_of, discs
from imgstudio.engine.edges import Taps, fitted, taps

RADIUS: Final = 2
"""Of the windows of small pixels in which a and b are explained by lightness."""
SOFT: Final = 3e-4
"""Variance of lightness (0..1) from which on a difference is an edge."""
AROUND: Final = 1.5
"""How far beyond a hint's edge its colour goes over into the others, in small pixels."""
LIKE: Final = np.float32(12)
"""Difference of lightness (0..100) at which a pixel there takes little of the hint."""


class Touched(NamedTuple):
    """The pixels of a part that lie on a hint or just beyond its edge."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    away: Floats
    """Distance from the edge in pixels, 0 on the hint."""
    hint: npt.NDArray[np.int32]
    """Number of the nearest hint, of the last one that a pixel lies on."""


class Enlarged:
    """The a and b of a large picture, part by part; every part depends on its own pixels alone."""

    def __init__(self, ab_small: Floats, lightness_small: Floats, whole: Size) -> None:
        """From a, b (h, w, 2) and L (h, w), 0..100, of the picture made small, and the size that it really has.

        Guided filter (He 2010, fast form 2015): how a and b follow L is found small and applied to the large L.
        Nothing gets a colour that the small pixels round it do not have.
        """
        self._whole = whole
        self._lightness = np.asarray(lightness_small, np.float32)
        slope = fitted(ab_small, self._lightness / np.float32(100), RADIUS, SOFT).slope / np.float32(100)
        level = ab_small - slope * self._lightness[..., None]
        window = np.ones((3, 3), np.uint8)
        bounds = (how(ab_small, window, borderType=cv2.BORDER_REPLICATE) for how in (cv2.erode, cv2.dilate))
        self._maps = np.ascontiguousarray(np.dstack([slope, level, *bounds]).transpose(2, 0, 1), np.float32)

    def part(
        self,
        lightness: Floats,
        place: Rect,
        hints: Sequence[Hint] = (),
        ab_there: Floats | None = None,
        gain: float = 1.0,
    ) -> Floats:
        """(h, w, 2) of the box `place` of the picture, whose L is (h, w); hints have their own colour there.

        With `ab_there` (h, w, 2), which hints that keep what is there have, what was found small is what is added to
        `gain` times that; without it they are grey. A crop is as the whole is.
        """
        rows = taps(place.y, place.bottom, self._whole.height, self._maps.shape[1])
        columns = taps(place.x, place.right, self._whole.width, self._maps.shape[2])
        maps = _enlarged(self._maps, rows, columns)
        planes = maps[0:2]
        planes *= lightness
        planes += maps[2:4]
        np.maximum(planes, maps[4:6], out=planes)
        np.minimum(planes, maps[6:8], out=planes)
        ab = np.ascontiguousarray(planes.transpose(1, 2, 0))
        if ab_there is not None:
            ab += np.float32(gain) * ab_there
        if hints:
            self._colour(ab, lightness, place, list(hints), ab_there)
        return ab

    def _colour(
        self, ab: Floats, lightness: Floats, place: Rect, hints: list[Hint], ab_there: Floats | None
    ) -> None:
        """Give the pixels on hints their colour, and those round them some of it."""
        small = self._lightness.shape
        reach = AROUND * max(self._whole.height / small[0], self._whole.width / small[1])
        touched = _touched(hints, place, reach)
        if not len(touched.hint):
            return
        wanted = colours_of(hints)[touched.hint]
        keeps = np.array([hint.keeps for hint in hints])[touched.hint]
        at = touched.rows, touched.columns
        if keeps.any():
            wanted[keeps] = 0 if ab_there is None else ab_there[at][keeps]
        circles = np.array(hints, np.float64)[:, :3] - (place.x, place.y, 0)
        share = 1 - touched.away / np.float32(reach)
        share *= share * (3 - 2 * share)
        gap = (lightness[at] - self._beside(touched, circles.astype(np.float32), place)) / LIKE
        share *= np.exp(-gap * gap)
        share[touched.away <= 0] = 1
        now = ab[at]
        now += share[:, None] * (wanted - now)
        ab[at] = np.where(share[:, None] == 1, wanted, now)

    def _beside(self, touched: Touched, circles: Floats, place: Rect) -> Floats:
        """Small lightness at the edge of the hint next to each pixel; circles are in pixels of the part."""
        x, y, radius = circles[touched.hint].T
        right, down = touched.columns + np.float32(0.5) - x, touched.rows + np.float32(0.5) - y
        inward = np.minimum(radius / np.maximum(np.sqrt(right * right + down * down), np.float32(1e-6)), 1)
        height, width = self._lightness.shape
        row = ((y + down * inward + place.y) * (height / self._whole.height) - 0.5).clip(0, height - 1)
        column = ((x + right * inward + place.x) * (width / self._whole.width) - 0.5).clip(0, width - 1)
        top, left = row.astype(np.intp), column.astype(np.intp)
        below, beside = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
        v, u = (row - top).astype(np.float32), (column - left).astype(np.float32)
        light = self._lightness
        upper = light[top, left] * (1 - u) + light[top, beside] * u
        lower = light[below, left] * (1 - u) + light[below, beside] * u
        return np.asarray(upper * (1 - v) + lower * v, np.float32)


def _touched(hints: list[Hint], place: Rect, reach: float) -> Touched:
    nearest = np.full((place.height, place.width), np.float32(reach), np.float32)
    owner = np.full(nearest.shape, -1, np.int32)
    for index, disc in discs(hints, place, (place.height, place.width), reach):
        away = np.maximum(disc.away, 0)
        near = nearest[disc.rows, disc.columns]
        closer = (away < near) | (away == 0)
        np.copyto(near, away, where=closer)
        np.copyto(owner[disc.rows, disc.columns], index, where=closer)
    rows, columns = np.nonzero(owner >= 0)
    return Touched(rows, columns, nearest[rows, columns], owner[rows, columns])


def _enlarged(maps: Floats, rows: Taps, columns: Taps) -> Floats:
    """(n, h, w) of the part of larger maps that the taps describe, linear between cells."""
    least, most = int(columns.first[0]), int(columns.second[-1]) + 1
    cells = maps[:, :, least:most]
    weight = rows.weight[:, None]
    tall = cells[:, rows.first] * (1 - weight) + cells[:, rows.second] * weight
    wide = tall.take(columns.first - least, axis=2)
    wide *= 1 - columns.weight
    other = tall.take(columns.second - least, axis=2)
    other *= columns.weight
    wide += other
    return np.asarray(wide, np.float32)
