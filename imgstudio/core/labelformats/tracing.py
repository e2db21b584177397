"""Outlines of painted regions along the sides of their pixels, so that no pixel is lost or gained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.labelformats.things import Thing
from imgstudio.core.labels import Bools, Outline, Ring

_ABOVE_LEFT, _ABOVE_RIGHT, _BELOW_LEFT, _BELOW_RIGHT = 1, 2, 4, 8
_FALLING: Final = _ABOVE_LEFT | _BELOW_RIGHT
_RISING: Final = _ABOVE_RIGHT | _BELOW_LEFT
_CORNERS: Final = np.isin(np.arange(16), (1, 2, 4, 8, 7, 11, 13, 14, _FALLING, _RISING))
"""Of the four pixels round a grid point, by which are set: whether the outline turns there."""

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One connected piece (pixels that meet at a corner are connected) and what it closes in."""

    ring: Ring
    """(n, 2) corners, clockwise on the screen."""
    holes: tuple[Ring, ...]
    """Counter-clockwise."""


def parts_of(thing: Thing, tolerance: float = 0.0) -> list[Part]:
    """Outlines of a thing in pixels of the picture, exact, or simplified by up to `tolerance` pixels.

    Simplified by Ramer, Douglas and Peucker as OpenCV does it; a ring that would vanish stays exact.
    """
    parts = _traced(thing.pixels)
    offset = np.array([thing.box.x, thing.box.y], np.float64)
    return [
        Part(
            _simplified(part.ring, tolerance) + offset,
            tuple(_simplified(hole, tolerance) + offset for hole in part.holes),
        )
        for part in parts
    ]


def one_ring(part: Part) -> Ring:
    """The part as a single polygon: every hole is joined to the outline by a slit without width."""
    if not part.holes:
        return part.ring
    joined: dict[int, list[Ring]] = {}
    for hole in part.holes:
        at, first = _nearest(part.ring, hole)
        way = np.concatenate([np.roll(hole, -first, 0), hole[first : first + 1], part.ring[at : at + 1]])
        joined.setdefault(at, []).append(way)
    pieces: list[Ring] = []
    start = 0
    for at in sorted(joined):
        pieces += [part.ring[start : at + 1], *joined[at]]
        start = at + 1
    return np.concatenate([*pieces, part.ring[start:]])


def overlap(thing: Thing, parts: Sequence[Part]) -> float:
    """IoU of a thing's pixels with those that its outlines cover, 0..1."""
    shape = Outline(tuple(part.ring for part in parts), tuple(hole for part in parts for hole in part.holes))
    bounds = shape.bounds()
    right, bottom = max(bounds.right, thing.box.right), max(bounds.bottom, thing.box.bottom)
    left, top = min(bounds.x, thing.box.x), min(bounds.y, thing.box.y)
    covered, whole = np.zeros((2, bottom - top, right - left), np.bool_)
    limit = Rect(left, top, right - left, bottom - top)
    for out, (box, pixels) in ((whole, (thing.box, thing.pixels)), (covered, shape.painted(limit))):
        out[box.y - top : box.bottom - top, box.x - left : box.right - left] = pixels
    return float(np.count_nonzero(covered & whole) / np.count_nonzero(covered | whole))


def _traced(pixels: Bools) -> list[Part]:
    """Corners in raster order pair up along rows, and in column order along columns: that is the outline."""
    padded = np.pad(pixels, 1).view(np.uint8)
    codes = (
        padded[:-1, :-1] * _ABOVE_LEFT
        + padded[:-1, 1:] * _ABOVE_RIGHT
        + padded[1:, :-1] * _BELOW_LEFT
        + padded[1:, 1:] * _BELOW_RIGHT
    )
    rows, columns = np.nonzero(_CORNERS[codes])
    kinds = codes[rows, columns]
    is_double = (kinds == _FALLING) | (kinds == _RISING)
    times = 1 + is_double.astype(np.int64)
    rows, columns, kinds = np.repeat(rows, times), np.repeat(columns, times), np.repeat(kinds, times)
    second = np.zeros(len(rows), np.int64)
    second[np.cumsum(times)[is_double] - 1] = 1
    # where only pixels across a corner are set, the outline turns so that they stay connected
    tie = np.where(kinds == _FALLING, 1 - second, second)
    order = np.lexsort((tie, rows, columns))
    vertical = np.empty(len(rows), np.int64)
    vertical[order[0::2]], vertical[order[1::2]] = order[1::2], order[0::2]
    rings = _followed(vertical.tolist())
    points = np.stack([columns, rows], 1).astype(np.float64)
    return _sorted_parts(pixels, rings, points, kinds)


def _followed(vertical: list[int]) -> list[list[int]]:
    """Closed rings of corner numbers, each beginning at its first in raster order and going right."""
    rings: list[list[int]] = []
    is_open = [True] * len(vertical)
    for start in range(0, len(vertical), 2):
        if not is_open[start]:
            continue
        ring: list[int] = []
        at = start
        while is_open[at]:
            across = at ^ 1
            is_open[at] = is_open[across] = False
            ring += (at, across)
            at = vertical[across]
        rings.append(ring)
    return rings


def _sorted_parts(
    pixels: Bools, rings: list[list[int]], points: Ring, kinds: npt.NDArray[np.uint8]
) -> list[Part]:
    """Which ring is a hole of which piece."""
    pieces = cv2.connectedComponents(pixels.view(np.uint8), connectivity=8)[1] if len(rings) > 1 else None
    outer: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    for ring in rings:
        column, row = (int(n) for n in points[ring[0]])
        is_hole = not kinds[ring[0]] & _BELOW_RIGHT
        piece = 0 if pieces is None else int(pieces[row - 1 if is_hole else row, column])
        if is_hole:
            holes.setdefault(piece, []).append(points[ring[::-1]])
        else:
            outer[piece] = points[ring]
    return [Part(outer[piece], tuple(holes.get(piece, ()))) for piece in outer]


def _simplified(ring: Ring, tolerance: float) -> Ring:
    """Fewer points, none farther from the outline than `tolerance`.

    Steps of a slanted edge are taken by their middles: by their corners the outline would shrink or grow.
    """
    if tolerance <= 0:
        return ring
    way = np.roll(ring, -1, 0) - ring
    forth = ring + 0.5 * np.sign(way)
    back = np.roll(ring, -1, 0) - 0.5 * np.sign(way)
    middles = np.stack([forth, back], 1).reshape(-1, 2).astype(np.float32)
    points = cv2.approxPolyDP(middles.reshape(-1, 1, 2), tolerance, closed=True)
    simpler = np.asarray(points, np.float64).reshape(-1, 2)
    return simpler if len(simpler) >= 3 and cv2.contourArea(points) > 0 else ring


def _nearest(ring: Ring, hole: Ring) -> tuple[int, int]:
    """Corner of the outline and corner of the hole that are closest."""
    from scipy.spatial import cKDTree

    distances, nearest = (np.asarray(found) for found in cKDTree(ring).query(hole))
    first = int(np.argmin(distances))
    return int(nearest[first]), first
