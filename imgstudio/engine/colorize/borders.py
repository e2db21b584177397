"""Where the picture lies inside white paper, black film or the lid of a scanner, if that can be told."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import Floats

_SIDE: Final = 256
"""Longer side (pixels) at which borders are looked for."""
_EVEN: Final = 5.0
"""Lightness by which nearly all pixels of a line of a border may leave its median."""
_NEARLY_ALL: Final = 0.94
_BLACK: Final = 22.0
_WHITE: Final = 72.0
"""Lightness of a border: below the one or above the other."""
_STEP: Final = 10.0
"""By how much the picture must be darker or lighter than its border where it begins."""
_MOST_OF_IT: Final = 0.8
"""Share of that line where it must be so: a sky over roofs is no border."""
_WIDEST: Final = 0.3
"""Share of a side that a border may take."""


def borders(lightness: Floats) -> Rect:
    """The box of the picture itself in its lightness, (h, w) in 0..100; all of it where no border is clear.

    A border is a stretch of lines that are even and black, or even and white, and ends for most of its length at
    once. The white of paper and the black round it may lie one inside the other.
    """
    height, width = lightness.shape
    factor = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = np.asarray(cv2.resize(lightness, size, interpolation=cv2.INTER_AREA), np.float32)
    box = Rect(0, 0, *size)
    while min(box.width, box.height) >= 16:
        inner = _inside(small, box)
        if inner == box:
            break
        box = inner
    if box == Rect(0, 0, *size) or min(box.width / size[0], box.height / size[1]) < 1 - 2 * _WIDEST:
        return Rect(0, 0, width, height)
    # A pixel of the small view at the edge holds some of both.
    left, right = (round(at * width / size[0]) for at in (box.x, box.right))
    upper, lower = (round(at * height / size[1]) for at in (box.y, box.bottom))
    return Rect(left, upper, right - left, lower - upper)


def _inside(small: Floats, box: Rect) -> Rect:
    """Without the border of one kind round `box`."""
    part = small[box.slices()]
    left, right, upper, lower = (_even_lines(lines) for lines in (part.T, part.T[::-1], part, part[::-1]))
    # Only where the picture is can it be seen whether a border ends at once.
    columns, rows = part[:, left : box.width - right], part[upper : box.height - lower].T
    left, right = _width(rows, left), _width(rows[::-1], right)
    upper, lower = _width(columns, upper), _width(columns[::-1], lower)
    return Rect(box.x + left, box.y + upper, box.width - left - right, box.height - upper - lower)


def _even_lines(lines: Floats) -> int:
    """How many of the first lines, (count, length), are even and black, or even and white; 0 if too many."""
    levels = np.median(lines, axis=1)
    is_even = (np.abs(lines - levels[:, None]) <= _EVEN).mean(1) >= _NEARLY_ALL
    is_border = is_even & (np.abs(levels - levels[0]) <= _EVEN)
    if _BLACK < levels[0] < _WHITE or is_border.all():
        return 0
    count = int(np.argmin(is_border))
    return count if count <= _WIDEST * len(lines) else 0


def _width(lines: Floats, count: int) -> int:
    """`count` of the lines, (all, length), or a few more, if the picture begins behind them at once; else 0."""
    if count == 0 or lines.shape[1] == 0:
        return 0
    level = float(np.median(lines[:count]))
    steps = np.abs(lines[count : count + 3] - level) >= _STEP
    # Between the two there may be a line that holds some of both.
    for skipped, line in enumerate(steps):
        if line.mean() >= _MOST_OF_IT:
            return count + min(skipped + 1, 2)
    return 0
