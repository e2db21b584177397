"""Draws lines along edges: the magnetic lasso's path from an anchor to any place near it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import EMPTY, Point, Rect
from imgstudio.core.pixels import Array, Floats, to_depth

SIDE: Final = 448
"""Cells of the window round the anchor, each way."""
REDUCED_SIDE: Final = 384
"""The same where a cell stands for several pixels, which take their time to be read too."""
LARGEST_STEP: Final = 4
"""Picture pixels that one cell stands for at most, each way."""
_GREY: Final = 128
_STRONG: Final = 0.9
"""Share of the window's places whose slope is no stronger than the one that counts as a full edge."""
_LEAST_SLOPE: Final = 24.0
"""Slope of brightness (of Sobel's filter, levels) below which nothing counts as a full edge."""
_FAINT: Final = 0.4
"""An edge begins at this share of the full slope."""
_WEIGHTS: Final = (0.43, 0.43, 0.14)
"""Of places off the edges, of turns, and of weak slopes, as in Mortensen & Barrett (1995)."""
_SIDES: Final[tuple[Any, ...]] = (np.s_[:, 0], np.s_[0], np.s_[:, -1], np.s_[-1])
_FRAME: Final = 2
"""Cells at the border of the picture that stand for the border itself."""
_SMOOTH: Final = 2
"""Points of a path to each side that are averaged: a line through pixels is a staircase."""

Doubles = npt.NDArray[np.float64]


class LiveWire:
    """The cheapest paths along edges from one anchor (Mortensen & Barrett 1995, as OpenCV computes them).

    Guards: paths belong to the picture as it was when the anchor was set. Only a window round the anchor is
    ever read, so the size of the picture does not matter. There is no learned edge map among the models of
    the program, so that edges are slopes of brightness, measured against the strongest of the window.
    """

    def __init__(self, read: Callable[[Rect], Array], bounds: Rect) -> None:
        """`read` gives straight (h, w, 4) RGBA, uint8 or uint16, of a box inside `bounds`."""
        self._read, self._bounds = read, bounds
        self._step, self._box = 1, EMPTY
        self._slope: Floats = np.zeros((0, 0), np.float32)
        self._picture: npt.NDArray[np.uint8] = np.zeros((0, 0, 3), np.uint8)
        self._scissors: cv2.segmentation.IntelligentScissorsMB | None = None
        self.anchor = Point(0.0, 0.0)

    @property
    def box(self) -> Rect:
        """The part of the picture that paths may cross; EMPTY before there is an anchor."""
        return self._box

    def set_anchor(self, anchor: Point, step: int = 1) -> None:
        """Begin at a place inside the picture; `step` picture pixels (1..4) make one cell of the map.

        Raises ValueError for a place outside.
        """
        if not self._bounds.contains(anchor.x, anchor.y):
            raise ValueError("the anchor lies outside the picture")
        self._look_at(anchor, step)
        assert self._scissors is not None
        self._scissors.buildMap(self._cell_of(anchor))
        self.anchor = anchor

    def snapped(self, point: Point, reach: float, step: int = 1) -> Point:
        """The strongest edge within `reach` picture pixels, near ones first; the point itself where there is none.

        Looks round the anchor, or before there is one round the point itself. A point outside of that window
        stays where it is.
        """
        point = _inside(point, self._bounds)
        if self._box.is_empty:
            self._look_at(point, step)
        if not self._box.contains(point.x, point.y):
            return point
        column, row = self._cell_of(point)
        cells = ceil(reach / self._step)
        if cells <= 0:
            return point
        top, left = max(0, row - cells), max(0, column - cells)
        near = self._slope[top : row + cells + 1, left : column + cells + 1]
        rows, columns = np.indices(near.shape)
        away = np.hypot(rows + top - row, columns + left - column)
        worth = np.where(away <= cells, near * (1 - 0.5 * away / (cells + 1)), 0)
        best = int(worth.argmax())
        if worth.flat[best] < _FAINT:
            return point
        return self._place_of(left + best % near.shape[1], top + best // near.shape[1])

    def path(self, target: Point) -> tuple[Point, ...]:
        """From the anchor to the target, both included; a target outside of the window is drawn into it."""
        assert self._scissors is not None, "set an anchor first"
        target = _inside(target, self._box)
        cells = np.asarray(self._scissors.getContour(self._cell_of(target))).reshape(-1, 2)
        if len(cells) < 2:
            return self.anchor, target
        if self._cell_of(self.anchor) != (int(cells[0, 0]), int(cells[0, 1])):
            cells = cells[::-1]
        return self.anchor, *self._places_of(cells[1:-1]), target

    def smooth_path(self, target: Point) -> tuple[Point, ...]:
        """The path without the steps of its cells, drawn to the edge of the picture's own pixels; takes longer."""
        rough = np.array(self.path(target), np.float64)
        if len(rough) < 2 * _SMOOTH + 3:
            return tuple(Point(x, y) for x, y in rough.tolist())
        even = _smoothed(rough)
        if self._step > 1:
            even = _smoothed(_drawn_to_edges(even, self._picture, self._box, self._step))
        return tuple(Point(x, y) for x, y in even.tolist())

    def _look_at(self, middle: Point, step: int) -> None:
        """Read the window round a place and find its edges."""
        step = min(max(step, 1), LARGEST_STEP)
        side = SIDE if step == 1 else REDUCED_SIDE * step
        corner = Rect(floor(middle.x) - side // 2, floor(middle.y) - side // 2, side, side)
        self._box, self._step = corner.intersect(self._bounds), step
        self._picture = _opaque(self._read(self._box))
        width, height = (max(1, ceil(length / step)) for length in (self._box.width, self._box.height))
        small = self._picture
        if step > 1:
            small = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        small = self._framed(small)
        self._slope = _slope(small)
        full = max(_LEAST_SLOPE, float(np.quantile(self._slope, _STRONG)))
        steepest = float(self._slope.max())
        self._slope = np.asarray((self._slope / full).clip(0, 2), np.float32)
        scissors = cv2.segmentation.IntelligentScissorsMB()
        scissors.setWeights(*_WEIGHTS)
        scissors.setEdgeFeatureCannyParameters(_FAINT * full, full)
        # No step may cost nothing: OpenCV's paths would turn in circles.
        scissors.setGradientMagnitudeMaxLimit(max(2 * full, 1.5 * steepest + 1))
        scissors.applyImage(_wide_enough(small))
        self._scissors = scissors

    def _framed(self, small: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The window with the border of the picture as an edge: things are cut by it."""
        framed = small.copy()
        for at_border, side in zip(self._at_border(), _SIDES, strict=True):
            if at_border:
                framed[side] = np.where(small[side] < _GREY, np.uint8(255), np.uint8(0))
        return framed

    def _at_border(self) -> tuple[bool, bool, bool, bool]:
        """Whether the left, upper, right and lower side of the window is that of the picture."""
        box, bounds = self._box, self._bounds
        return box.x == bounds.x, box.y == bounds.y, box.right == bounds.right, box.bottom == bounds.bottom

    def _cell_of(self, point: Point) -> tuple[int, int]:
        height, width = self._slope.shape
        column, row = (point.x - self._box.x) / self._step, (point.y - self._box.y) / self._step
        return min(max(floor(column), 0), width - 1), min(max(floor(row), 0), height - 1)

    def _place_of(self, column: float, row: float) -> Point:
        """The middle of a cell in the picture; of one at its border, the border."""
        height, width = self._slope.shape
        left, upper, right, lower = self._at_border()
        x, y = self._box.x + (column + 0.5) * self._step, self._box.y + (row + 0.5) * self._step
        if (left and column < _FRAME) or (right and column >= width - _FRAME):
            x = float(self._box.x if column < width / 2 else self._box.right)
        if (upper and row < _FRAME) or (lower and row >= height - _FRAME):
            y = float(self._box.y if row < height / 2 else self._box.bottom)
        return _inside(Point(x, y), self._box)

    def _places_of(self, cells: npt.NDArray[Any]) -> list[Point]:
        return [self._place_of(column, row) for column, row in cells.tolist()]


def settled(before: Sequence[Point], now: Sequence[Point]) -> int:
    """How many points at the start of two paths from the same anchor are the same."""
    count = 0
    for one, other in zip(before, now, strict=False):
        if one != other:
            break
        count += 1
    return count


def _opaque(rgba: Array) -> npt.NDArray[np.uint8]:
    """RGB on grey, so that the edge of what is transparent is an edge too."""
    pixels = to_depth(rgba, np.uint8)
    alpha = pixels[..., 3:]
    if int(alpha.min(initial=255)) == 255:
        return np.ascontiguousarray(pixels[..., :3])
    share = alpha.astype(np.float32) / 255
    return np.asarray(pixels[..., :3] * share + _GREY * (1 - share) + 0.5).astype(np.uint8)


def _wide_enough(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """OpenCV's edge filter needs three rows and columns; what is added lies behind the edge."""
    height, width = small.shape[:2]
    missing = max(0, 3 - height), max(0, 3 - width)
    if missing == (0, 0):
        return np.ascontiguousarray(small)
    return np.pad(small, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")


def _slope(rgb: npt.NDArray[np.uint8]) -> Floats:
    """(h, w): the steepest slope of the three colours, by Sobel's filter, levels."""
    across = cv2.Sobel(rgb, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(rgb, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.magnitude(across, down).max(axis=2), np.float32)


def _smoothed(path: Doubles) -> Doubles:
    """A running mean over (n, 2) points; the ends stay."""
    width = 2 * _SMOOTH + 1
    padded = np.concatenate([path[:1].repeat(_SMOOTH, 0), path, path[-1:].repeat(_SMOOTH, 0)])
    sums = np.cumsum(np.concatenate([np.zeros((1, 2)), padded]), 0)
    made = (sums[width:] - sums[:-width]) / width
    made[0], made[-1] = path[0], path[-1]
    return np.asarray(made, np.float64)


def _drawn_to_edges(path: Doubles, picture: npt.NDArray[np.uint8], box: Rect, step: int) -> Doubles:
    """Move each point across the path to where the picture's own pixels have the edge; the ends stay.

    The strip along the path is unrolled, and the cheapest line through it found by dynamic programming.
    """
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    reach = np.arange(-1.5 * step, 1.5 * step + 0.5, 1.0)
    places = path[:, None] + reach[None, :, None] * across[:, None]
    places -= (box.x + 0.5, box.y + 0.5)
    left, top = np.maximum(np.floor(places.min((0, 1))).astype(int) - 1, 0)
    right, bottom = np.ceil(places.max((0, 1))).astype(int) + 2
    slope = _slope(np.ascontiguousarray(picture[top : max(bottom, 1), left : max(right, 1)]))
    columns, rows = (places[..., 0] - left).astype(np.float32), (places[..., 1] - top).astype(np.float32)
    seen = cv2.remap(slope, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cost = 1 - seen / max(float(seen.max()), _LEAST_SLOPE) + 0.02 * np.abs(reach) / step
    chosen = _cheapest_line(np.asarray(cost, np.float64))
    moved = path + reach[chosen][:, None] * across
    moved[0], moved[-1] = path[0], path[-1]
    return moved


def _cheapest_line(cost: Doubles) -> npt.NDArray[np.int64]:
    """One column in each row of (n, k), neighbours at most one apart, whose costs add up to the least."""
    count, width = cost.shape
    total = cost[0].copy()
    came = np.zeros((count, width), np.int64)
    beyond = np.full(1, np.inf)
    for row in range(1, count):
        ways = np.stack([np.r_[beyond, total[:-1]] + 0.05, total, np.r_[total[1:], beyond] + 0.05])
        best = ways.argmin(0)
        came[row] = best - 1
        total = ways[best, np.arange(width)] + cost[row]
    chosen = np.empty(count, np.int64)
    chosen[-1] = int(total.argmin())
    for row in range(count - 1, 0, -1):
        chosen[row - 1] = chosen[row] + came[row, chosen[row]]
    return chosen


def _inside(point: Point, box: Rect) -> Point:
    """The nearest place inside a box."""
    return Point(
        min(max(point.x, float(box.x)), box.right - 1e-3), min(max(point.y, float(box.y)), box.bottom - 1e-3)
    )
