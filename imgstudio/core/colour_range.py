"""Selects by colour: everything that looks like one of the picked places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from imgstudio.core.blend import composite
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, from_float, to_depth, to_float, top
from imgstudio.core.selecting import Mode, combine
from imgstudio.core.selection import Coverage

Join = Callable[[Document, Coverage, Rect, Mode, str], None]
"""Joins coverage that lies at a box with the selection, or with what stands for it."""

_WEIGHTS: Final = np.array([0.25, 1, 1], np.float32)
"""Of squared differences: lightness counts half, as a shadow keeps its colour."""
_SUM: Final = np.ones((1, 3), np.float32)
_FULL: Final = np.float32(0.5)
"""Share of the fuzziness within which a colour is selected fully."""
_STRIP: Final = 256


@dataclass(frozen=True, slots=True)
class Pick:
    """A colour that was picked in the picture."""

    colour: tuple[int, int, int]
    """8-bit sRGB."""
    place: Point
    """Where, in document pixels."""
    adds: bool = True
    """Whether what looks like it is selected, or left out."""


@dataclass(frozen=True, slots=True)
class ColourRange:
    """What is selected."""

    picks: tuple[Pick, ...]
    fuzziness: float = 40.0
    """How far a colour may differ, in levels of CIE Lab as 8 bits hold it; the outer half fades."""
    reach: float | None = None
    """Pixels from its place at which a pick has no effect any more; None: it has everywhere."""
    inverted: bool = False

    def coverage(self, pixels: Array, corner: Point, step: float = 1.0) -> Coverage:
        """(h, w) of straight (h, w, 4) RGBA, uint8 or uint16, whose upper left lies at `corner` of the document.

        A pixel stands for `step` of the document, each way. What is transparent is not selected.
        """
        lab = np.asarray(cv2.cvtColor(_bytes(pixels), cv2.COLOR_RGB2LAB), np.uint8)
        share = np.zeros(pixels.shape[:2], np.float32)
        for pick in self.picks:
            near = self._likeness(lab, pick)
            if self.reach is not None:
                near = near * _nearness(near.shape, pick.place, corner, step, self.reach)
            share = np.maximum(share, near) if pick.adds else np.minimum(share, 1 - near)
        if self.inverted:
            share = 1 - share
        if int(pixels[..., 3].min(initial=top(pixels.dtype))) < top(pixels.dtype):
            share = share * to_float(pixels[..., 3])
        return from_float(np.asarray(share, np.float32))

    def _likeness(self, lab: Coverage, pick: Pick) -> Floats:
        """1 for the colour itself, falling to 0 at the fuzziness; `lab` (h, w, 3)."""
        one = np.array([[pick.colour]], np.uint8)
        middle = np.asarray(cv2.cvtColor(one, cv2.COLOR_RGB2LAB), np.float32)
        # Squares by table: several times quicker than to reckon with each pixel.
        away = np.arange(256, dtype=np.float32)[None, :, None] - middle
        squares = cv2.LUT(lab, away * away * _WEIGHTS)
        distance = np.sqrt(cv2.transform(squares, _SUM).reshape(lab.shape[:2]))
        # With no fuzziness the colour itself is left, as 8 bits hold it.
        width = np.float32(max(self.fuzziness, 0.5))
        return np.asarray(((width - distance) / (width * (1 - _FULL))).clip(0, 1), np.float32)


def select_colours(
    document: Document,
    wanted: ColourRange,
    mode: Mode = "new",
    progress: Progress | None = None,
    *,
    join: Join = combine,
) -> None:
    """Join what has these colours in the whole picture with the selection, or by `join`; one undo step.

    Raises UserError when no colour was picked, and Cancelled.
    """
    if not any(pick.adds for pick in wanted.picks):
        raise UserError("No colour was picked", "", "Click a colour in the picture first")
    bounds = document.bounds
    coverage = np.zeros((bounds.height, bounds.width), np.uint8)
    for upper in (progress or Progress()).track(range(0, bounds.height, _STRIP), "Comparing colours"):
        strip = Rect(0, upper, bounds.width, min(_STRIP, bounds.height - upper))
        pixels = composite(document.layers.root, strip, document.dtype)
        coverage[strip.slices()] = wanted.coverage(pixels, Point(strip.x, strip.y))
    join(document, coverage, bounds, mode, "Colour range")


def _bytes(pixels: Array) -> Array:
    return np.ascontiguousarray(to_depth(pixels[..., :3], np.uint8))


def _nearness(shape: tuple[int, ...], place: Point, corner: Point, step: float, reach: float) -> Floats:
    """1 at the place, falling evenly to 0 at the reach."""
    rows = corner.y + (np.arange(shape[0], dtype=np.float32)[:, None] + 0.5) * step - place.y
    columns = corner.x + (np.arange(shape[1], dtype=np.float32)[None] + 0.5) * step - place.x
    return np.asarray((1 - np.sqrt(rows * rows + columns * columns) / reach).clip(0, 1), np.float32)
