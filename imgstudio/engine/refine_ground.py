"""Where the edge of a selection is unsure: along its outline, and where a brush says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import EMPTY, Point, Rect
from imgstudio.core.pixels import Floats, luma
from imgstudio.core.selection import Coverage
from imgstudio.engine.edges import box_mean

Booleans = npt.NDArray[np.bool_]
Kind = Literal["refine", "add", "subtract"]

HALF: Final = 128
_FIXED: Final = 4
"""Binary places of a pixel that OpenCV draws to."""
HARD: Final = 0.12
"""Mean / largest gradient around a hard edge, and less."""
SOFT: Final = 0.35
"""The same where the edge is blurred or made of hairs, and more."""
LEAST: Final = 0.15
"""Share of the radius that a hard edge gets."""
AROUND: Final = 48
"""Radius of the windows in which the colours on both sides are compared (pixels of the small picture)."""
NOISE: Final = 3e-4
"""Variance of colours (0..1) that is there in any case."""
FLAT: Final = 0.02
"""Gradient of brightness (0..1 a pixel) below which there is no edge at all."""


@dataclass(frozen=True, slots=True)
class EdgeStroke:
    """A stroke of a round brush over the picture, in document pixels."""

    points: tuple[Point, ...]
    radius: float
    kind: Kind
    """refine: look anew what belongs; add, subtract: that is known."""

    def bounds(self) -> Rect:
        """The pixels that it may touch."""
        reach = self.radius + 1
        left, right = (pick(x for x, _ in self.points) for pick in (min, max))
        top, bottom = (pick(y for _, y in self.points) for pick in (min, max))
        x, y = floor(left - reach), floor(top - reach)
        return Rect(x, y, ceil(right + reach) - x, ceil(bottom + reach) - y)


class Ground(NamedTuple):
    """What is known of a part of the picture before its colours are looked at; (h, w) each."""

    shape: Coverage
    """What is selected, strokes included."""
    wanted: Booleans
    """Where a brush says that it is unsure."""
    known: Booleans
    """Where a brush says that it is sure."""


def ground_of(shape: Coverage, place: Rect, strokes: Iterable[EdgeStroke], scale: int = 1) -> Ground:
    """Paint strokes over the coverage of `place` (document pixels); each of its pixels stands for `scale` each way."""
    shape = shape.copy()
    wanted, known = np.zeros(shape.shape, np.bool_), np.zeros(shape.shape, np.bool_)
    for stroke in strokes:
        if stroke.bounds().intersect(place).is_empty:
            continue
        under = _painted(stroke, place, shape.shape, scale)
        touched = under >= HALF
        wanted[touched] = stroke.kind == "refine"
        known[touched] = stroke.kind != "refine"
        if stroke.kind == "add":
            np.maximum(shape, under, out=shape)
        elif stroke.kind == "subtract":
            np.minimum(shape, 255 - under, out=shape)
    return Ground(shape, wanted, known)


def distance_to_edge(shape: Coverage) -> Floats:
    """Pixels from the outline of what is at least half covered; infinite where there is none."""
    inside = (shape >= HALF).astype(np.uint8)
    if inside.all() or not inside.any():
        return np.full(shape.shape, np.inf, np.float32)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    without = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(np.where(inside > 0, within, without) - 0.5, np.float32)


def unsure(ground: Ground, away: Floats, reach: Floats | float) -> Booleans:
    """The band in which the edge is looked for: at most `reach` from the outline, or where a brush wants it."""
    return np.asarray(((away < reach) | ground.wanted) & ~ground.known)


def smart_reach(pixels: Floats, away: Floats, radius: float) -> Floats:
    """How far from the outline the edge may lie, (h, w), up to `radius`: little at hard edges, all at soft ones.

    A hard edge has its gradient on one line, so that the mean around it is small beside the largest; hairs and
    blurred edges have it all over. Where there is no gradient nothing can be found, and the radius stays.
    """
    grey = cv2.GaussianBlur(luma(pixels), (0, 0), 1.0)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    steep = np.asarray(cv2.magnitude(across, down), np.float32)
    side = 2 * max(2, ceil(radius)) + 1
    near = np.where(away <= radius, steep, np.float32(0))  # what lies off the band tells nothing of its edge
    count = cv2.blur((away <= radius).astype(np.float32), (side, side))
    mean = cv2.blur(near, (side, side)) / np.maximum(count, 1e-6)
    most = cv2.dilate(near, np.ones((side, side), np.uint8))
    spread = np.where(most < FLAT, 1.0, mean / np.maximum(most, 1e-6))
    share = ((spread - HARD) / (SOFT - HARD)).clip(0, 1)
    reach = radius * (LEAST + (1 - LEAST) * share)
    return np.asarray(cv2.blur(reach.astype(np.float32), (side, side)), np.float32)


def parting(pixels: Floats, shape: Coverage, known: Booleans) -> Floats:
    """How well the colours of what is selected and of what is not can be told apart around each pixel: (h, w), from 0.

    Squared distance of the means of the `known` pixels on either side, relative to their variances, as in Fisher's
    criterion (1936); 0 where one side is not near.
    """
    inside = shape >= HALF
    sides = [_moments(pixels, known & side) for side in (inside, ~inside)]
    (own, own_spread, own_count), (other, other_spread, other_count) = sides
    apart = ((own - other) ** 2).sum(2) / (own_spread + other_spread + NOISE)
    least = 8 / (2 * AROUND + 1) ** 2
    return np.where((own_count > least) & (other_count > least), apart, 0).astype(np.float32)


def _moments(pixels: Floats, where: Booleans) -> tuple[Floats, Floats, Floats]:
    """Mean (h, w, 3) and variance (h, w) of colours in windows, and the share of their pixels that count."""
    weight = where.astype(np.float32)
    count = box_mean(weight, AROUND)
    total = np.maximum(count, np.float32(1e-6))
    mean = box_mean(pixels * weight[..., None], AROUND) / total[..., None]
    square = box_mean(np.asarray((pixels * pixels).sum(2) * weight, np.float32), AROUND) / total
    spread = np.maximum(square - (mean * mean).sum(2), 0)
    return np.asarray(mean, np.float32), np.asarray(spread, np.float32), count


def strokes_box(strokes: Iterable[EdgeStroke]) -> Rect:
    """Box of all that strokes touch."""
    box = EMPTY
    for stroke in strokes:
        box = box.united(stroke.bounds())
    return box


def _painted(stroke: EdgeStroke, place: Rect, shape: tuple[int, ...], scale: int) -> Coverage:
    """Coverage of a stroke, smooth at its edge."""
    under = np.zeros(shape, np.uint8)
    fixed = 1 << _FIXED
    points = np.array(stroke.points, np.float64) - (place.x, place.y)
    # OpenCV puts 0 on the centre of a pixel, documents on its edge.
    corners = np.rint((points / scale - 0.5) * fixed).astype(np.int32)
    if len(corners) > 1:
        thickness = max(1, round(2 * stroke.radius / scale))
        cv2.polylines(
            under,
            [corners],
            isClosed=False,
            color=255,
            thickness=thickness,
            lineType=cv2.LINE_AA,
            shift=_FIXED,
        )
    radius = max(1, round(stroke.radius / scale * fixed))
    for corner in (corners[0], corners[-1]):
        cv2.circle(under, corner.tolist(), radius, 255, -1, cv2.LINE_AA, _FIXED)
    return under
