"""Coverage of rectangles, ellipses and polygons by exact area."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, pi
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import EMPTY, Point, Rect
from imgstudio.core.pixels import Floats
from imgstudio.core.selection import Coverage

_STRIP: Final = 1024
"""Rows rasterised at once, so that memory stays bounded."""
_LEVEL: Final = 1e-12
"""Pixels by which an edge may rise and still be level: dividing by less may overflow."""

Doubles = npt.NDArray[np.float64]


def rectangle_coverage(corner: Point, opposite: Point, limit: Rect) -> tuple[Rect, Coverage]:
    """Box and (height, width) coverage of an upright rectangle inside `limit`."""
    x0, x1 = sorted((corner.x, opposite.x))
    y0, y1 = sorted((corner.y, opposite.y))
    box = _outer(x0, y0, x1, y1).intersect(limit)
    if box.is_empty:
        return EMPTY, np.zeros((0, 0), np.uint8)
    columns = _overlap(box.x, box.width, x0, x1)
    rows = _overlap(box.y, box.height, y0, y1)
    return box, _levels(rows[:, None] * columns)


def ellipse_coverage(corner: Point, opposite: Point, limit: Rect) -> tuple[Rect, Coverage]:
    """Box and (height, width) coverage of the ellipse that fits the rectangle of two corners."""
    center_x, center_y = (corner.x + opposite.x) / 2, (corner.y + opposite.y) / 2
    across, down = abs(opposite.x - corner.x) / 2, abs(opposite.y - corner.y) / 2
    count = 4 * ceil(16 + 2 * (across + down) ** 0.5)
    angles = np.arange(count) * (2 * pi / count)
    # a polygon through the ellipse lacks a little area: stretch it to the true one
    stretch = (2 * pi / count / np.sin(2 * pi / count)) ** 0.5
    xs, ys = center_x + across * stretch * np.cos(angles), center_y + down * stretch * np.sin(angles)
    return _polygon(xs, ys, limit)


def polygon_coverage(points: Sequence[Point], limit: Rect) -> tuple[Rect, Coverage]:
    """Box and (height, width) coverage of a closed polygon inside `limit`.

    Where the outline winds round a place at all, it is covered (the non-zero rule).
    """
    if len(points) < 3:
        return EMPTY, np.zeros((0, 0), np.uint8)
    return _polygon(np.array([p.x for p in points], float), np.array([p.y for p in points], float), limit)


def _polygon(xs: Doubles, ys: Doubles, limit: Rect) -> tuple[Rect, Coverage]:
    box = _outer(xs.min(), ys.min(), xs.max(), ys.max()).intersect(limit)
    if box.is_empty:
        return EMPTY, np.zeros((0, 0), np.uint8)
    starts = np.stack([xs - box.x, ys - box.y], 1)
    ends = np.roll(starts, -1, 0)
    out = np.empty((box.height, box.width), np.uint8)
    for top in range(0, box.height, _STRIP):
        rows = min(_STRIP, box.height - top)
        out[top : top + rows] = _strip(starts - (0, top), ends - (0, top), rows, box.width)
    return box, out


def _strip(starts: Doubles, ends: Doubles, height: int, width: int) -> Coverage:
    """Signed-area accumulation: each edge adds its area to its pixel, a running sum fills to the right."""
    pieces = _cut(_cut(_clipped(starts, ends, height), 1), 0)
    x0, y0, x1, y1 = pieces[:, 0, 0], pieces[:, 0, 1], pieces[:, 1, 0], pieces[:, 1, 1]
    rise = y1 - y0
    middle = np.clip((x0 + x1) / 2, 0, width)
    column = np.minimum(np.floor(middle), width - 1).astype(np.intp)
    row = np.clip(np.floor((y0 + y1) / 2), 0, height - 1).astype(np.intp)
    left = rise * (column + 1 - middle)
    areas = np.zeros((height, width + 1), np.float32)
    flat = areas.reshape(-1)
    at = row * (width + 1) + column
    np.add.at(flat, at, left.astype(np.float32))
    np.add.at(flat, at + 1, (rise - left).astype(np.float32))
    winding: Floats = np.cumsum(areas, axis=1, out=areas)
    return _levels(np.abs(winding[:, :width]))


def _clipped(starts: Doubles, ends: Doubles, height: int) -> Doubles:
    """Edges (n, 2, 2) cut to the strip's rows; level edges add no area and are dropped."""
    delta = ends - starts
    keep = (np.abs(delta[:, 1]) > _LEVEL) & (np.maximum(starts[:, 1], ends[:, 1]) > 0)
    keep &= np.minimum(starts[:, 1], ends[:, 1]) < height
    starts, delta = starts[keep], delta[keep]
    bounds = (np.array([[0.0], [float(height)]]) - starts[:, 1]) / delta[:, 1]
    first = np.clip(bounds.min(0), 0, 1)[:, None]
    last = np.clip(bounds.max(0), 0, 1)[:, None]
    return np.stack([starts + first * delta, starts + last * delta], 1)


def _cut(edges: Doubles, axis: int) -> Doubles:
    """Cut edges (n, 2, 2) at every whole number of one coordinate."""
    begin, end = edges[:, 0, axis], edges[:, 1, axis]
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    first = np.floor(low) + 1
    cuts = np.maximum(np.ceil(high) - first, 0).astype(np.intp)
    owner = np.repeat(np.arange(len(edges)), cuts + 1)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(cuts + 1) - (cuts + 1), cuts + 1)
    span = np.where(high > low, high - low, 1.0)
    near = np.where(step == 0, low[owner], first[owner] + step - 1)
    far = np.where(step == cuts[owner], high[owner], first[owner] + step)
    shares = np.stack([near, far], 1) - low[owner][:, None]
    shares /= span[owner][:, None]
    flipped = (begin > end)[owner]
    shares[flipped] = 1 - shares[flipped]
    backwards = np.where(flipped[:, None], shares[:, ::-1], shares)
    base, delta = edges[owner, 0], (edges[:, 1] - edges[:, 0])[owner]
    level = (high <= low)[owner]
    backwards[level] = (0.0, 1.0)
    return np.asarray(base[:, None, :] + backwards[:, :, None] * delta[:, None, :], np.float64)


def _outer(x0: float, y0: float, x1: float, y1: float) -> Rect:
    left, upper = floor(x0), floor(y0)
    return Rect(left, upper, ceil(x1) - left, ceil(y1) - upper)


def _overlap(first: int, count: int, start: float, end: float) -> Doubles:
    """How much of each unit cell lies between start and end."""
    cells = np.arange(first, first + count)
    return np.asarray(np.clip(np.minimum(cells + 1, end) - np.maximum(cells, start), 0, 1), np.float64)


def _levels(share: npt.NDArray[np.floating]) -> Coverage:
    return np.asarray(np.minimum(share, 1) * 255 + 0.5).astype(np.uint8)
