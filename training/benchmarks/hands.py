"""What a made-up hand does to select something that is known: strokes inside it, ways round it, rough outlines."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

Booleans = npt.NDArray[np.bool_]
Way = list[tuple[float, float]]
"""Places x, y in pixels, in order."""

_DEEP: Final = 0.4
"""A stroke keeps so far from the border, as a share of the greatest depth."""
_GRID: Final = 3
"""Pixels from one place of a stroke to the next."""
_CORNERS: Final = 12.0
"""How far a rough outline's straight lines may leave the true one (pixels)."""
_WIDER: Final = 9
"""Width of the brush that a rough outline is drawn with (pixels)."""
_SPACING: Final = 6
"""Pixels of outline between two places of a way round something."""


def depth_of(inside: Booleans) -> float:
    """Greatest distance from the border, also that of the picture, in pixels."""
    return float(_depths(inside).max(initial=0.0))


def stroke_inside(inside: Booleans) -> Way:
    """The longest way through the middle of the thickest part; nothing where there is no inside."""
    depths = _depths(inside)
    if not depths.any():
        return []
    deep = (depths > _DEEP * depths.max()).astype(np.uint8)
    _, parts = cv2.connectedComponents(deep)
    row, column = np.unravel_index(int(depths.argmax()), depths.shape)
    cells = np.asarray(parts[::_GRID, ::_GRID] == parts[row, column])
    if cells.sum() < 2:
        return [(column + 0.5, row + 0.5)]
    rows, columns = np.nonzero(cells)
    graph = _neighbours(cells)
    start = _farthest(dijkstra(graph, directed=False, indices=[0])[0])
    away, before = dijkstra(graph, directed=False, indices=[start], return_predecessors=True)
    place, way = _farthest(away[0]), Way()
    while place >= 0:
        way.append((float(columns[place] * _GRID) + 0.5, float(rows[place] * _GRID) + 0.5))
        place = int(before[0, place])
    return way


def outline_of(inside: Booleans, shake: float, seed: int) -> tuple[Way, Booleans]:
    """A way round the largest part, that strays from it by `shake` pixels (standard deviation) without jumping.

    And that part, without its holes.
    """
    contour = _largest_contour(inside)
    part = np.zeros(inside.shape, np.uint8)
    cv2.drawContours(part, [contour], -1, 1, cv2.FILLED)
    places = contour.reshape(-1, 2)[::_SPACING].astype(np.float64) + 0.5
    places += shake * _wandering(len(places), seed)
    height, width = inside.shape
    places = places.clip(0, (width - 0.5, height - 0.5))
    return [(float(x), float(y)) for x, y in places], part > 0


def rough_outline(inside: Booleans) -> Booleans:
    """The largest part with straight sides, drawn too wide."""
    corners = cv2.approxPolyDP(_largest_contour(inside), _CORNERS, closed=True)
    drawn = np.zeros(inside.shape, np.uint8)
    cv2.drawContours(drawn, [corners], -1, 1, cv2.FILLED)
    return np.asarray(cv2.dilate(drawn, np.ones((_WIDER, _WIDER), np.uint8)) > 0)


def _wandering(count: int, seed: int) -> npt.NDArray[np.float64]:
    """(count, 2) of deviation 1, each value like its neighbours."""
    wild = np.random.default_rng(seed).normal(0, 1, (count, 2))
    calm = sum(np.roll(wild, shift, axis=0) for shift in range(-2, 3))
    return np.asarray(calm / 5**0.5, np.float64)


def _depths(inside: Booleans) -> npt.NDArray[np.float32]:
    framed = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)


def _largest_contour(inside: Booleans) -> npt.NDArray[Any]:
    contours, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(contours, key=cv2.contourArea))


def _neighbours(cells: Booleans) -> csr_array:
    """Which cells touch, by sides or corners, numbered row by row."""
    numbers = np.full(cells.shape, -1)
    numbers[cells] = np.arange(cells.sum())
    pairs = [
        (numbers[:, :-1], numbers[:, 1:], 1.0),
        (numbers[:-1], numbers[1:], 1.0),
        (numbers[:-1, :-1], numbers[1:, 1:], 2**0.5),
        (numbers[:-1, 1:], numbers[1:, :-1], 2**0.5),
    ]
    ones, others, lengths = [], [], []
    for one, other, length in pairs:
        touch = (one >= 0) & (other >= 0)
        ones.append(one[touch])
        others.append(other[touch])
        lengths.append(np.full(touch.sum(), length))
    count = int(cells.sum())
    joined = np.concatenate(lengths), (np.concatenate(ones), np.concatenate(others))
    return csr_array(coo_array(joined, shape=(count, count)))


def _farthest(away: npt.NDArray[np.float64]) -> int:
    return int(np.where(np.isfinite(away), away, -1).argmax())
