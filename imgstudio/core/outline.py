"""The outline of the selection as closed lines, for marching ants."""

from __future__ import annotations

from math import ceil
from typing import Final

import cv2
import numpy as np

from imgstudio.core.geometry import Point
from imgstudio.core.selection import Coverage, Selection

_MOST_PIXELS: Final = 8_000_000
"""Largest picture traced; a larger one is reduced first."""
_MOST_DETAIL: Final = 4
"""Times a pixel is enlarged, so that the line runs along its sides when zoomed in."""
_MOST_LINES: Final = 4000
"""Only the longest lines are kept: a selection of noise must not stop the window."""


def outline(selection: Selection, scale: float) -> list[tuple[Point, ...]]:
    """Closed lines in document pixels round what is at least half selected.

    `scale` is screen pixels per document pixel: no finer detail than a screen pixel is traced.
    """
    bounds = selection.bounds()
    if bounds.is_empty:
        return []
    detail = min(max(scale, 1 / 64), _MOST_DETAIL, (_MOST_PIXELS / (bounds.width * bounds.height)) ** 0.5)
    if detail > 1:
        detail = float(ceil(detail - 0.5))
    picture = _resized(selection.read(bounds), detail)
    height, width = picture.shape
    across, down = bounds.width / width, bounds.height / height
    found, _ = cv2.findContours(picture, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    longest = sorted(found, key=len, reverse=True)[:_MOST_LINES]
    return [_line(np.asarray(contour), bounds.x, bounds.y, across, down) for contour in longest]


def _resized(coverage: Coverage, detail: float) -> Coverage:
    """Half-selected places as 255, `detail` picture pixels to a document pixel."""
    height, width = coverage.shape
    size = (max(1, round(width * detail)), max(1, round(height * detail)))
    if detail < 1:
        coverage = np.asarray(cv2.resize(coverage, size, interpolation=cv2.INTER_AREA), np.uint8)
    picture = np.where(coverage >= 128, np.uint8(255), np.uint8(0))
    if detail > 1:
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return picture


def _line(contour: Coverage, x: int, y: int, across: float, down: float) -> tuple[Point, ...]:
    points = contour.reshape(-1, 2) + 0.5
    return tuple(Point(x + px * across, y + py * down) for px, py in points.tolist())
