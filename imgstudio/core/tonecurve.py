"""The smooth curve through a few points that never overshoots them."""

from __future__ import annotations

import itertools
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = tuple[tuple[float, float], ...]
"""(x, y) in 0..1, x rising, two or more."""


def curve_values(points: Points, xs: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Monotone cubic interpolation (Fritsch and Carlson 1980), flat beyond the ends."""
    px, py = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    if len(points) == 2:
        return np.asarray(np.interp(xs, px, py), np.float64)
    widths = np.diff(px)
    slopes = np.diff(py) / widths
    tangents = _tangents(slopes, widths)
    place = np.clip(np.searchsorted(px, xs, side="right") - 1, 0, len(px) - 2)
    h, t = widths[place], np.clip((xs - px[place]) / widths[place], 0, 1)
    value = (
        (1 + 2 * t) * (1 - t) ** 2 * py[place]
        + t * (1 - t) ** 2 * h * tangents[place]
        + t * t * (3 - 2 * t) * py[place + 1]
        + t * t * (t - 1) * h * tangents[place + 1]
    )
    return np.asarray(np.clip(value, 0, 1), np.float64)


def problem_of(value: Any, most_points: int) -> str:
    """Why points are refused, as a sentence; "" if they are not."""
    try:
        points = [(float(x), float(y)) for x, y in value]
    except (TypeError, ValueError):
        return "It is not a list of points"
    if len(points) < 2:
        return "A curve needs two points or more"
    if len(points) > most_points:
        return f"A curve has at most {most_points} points here"
    xs = [x for x, _ in points]
    if any(b <= a for a, b in itertools.pairwise(xs)):
        return "The points must go from left to right"
    if any(not 0 <= v <= 1 for point in points for v in point):
        return "Points lie between 0 and 1"
    return ""


def points_from_text(text: str) -> Points:
    """Points as "x,y;x,y"; raises ValueError."""
    pairs = [pair.split(",") for pair in text.split(";")]
    return tuple((float(x), float(y)) for x, y in pairs)


def _tangents(slopes: npt.NDArray[np.float64], widths: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weighted harmonic means inside, three-point slopes at the ends (as scipy's PchipInterpolator)."""
    left, right = slopes[:-1], slopes[1:]
    w1, w2 = 2 * widths[1:] + widths[:-1], widths[1:] + 2 * widths[:-1]
    same = left * right > 0
    safe_left, safe_right = np.where(same, left, 1.0), np.where(same, right, 1.0)
    inner = np.where(same, (w1 + w2) / (w1 / safe_left + w2 / safe_right), 0.0)
    first = _end_tangent(widths[0], widths[1], slopes[0], slopes[1])
    last = _end_tangent(widths[-1], widths[-2], slopes[-1], slopes[-2])
    return np.concatenate([[first], inner, [last]])


def _end_tangent(near: float, far: float, slope: float, next_slope: float) -> float:
    """Three-point estimate, limited so that the curve does not overshoot."""
    tangent = ((2 * near + far) * slope - near * next_slope) / (near + far)
    if tangent * slope <= 0:
        return 0.0
    if slope * next_slope < 0 and abs(tangent) > 3 * abs(slope):
        return 3 * slope
    return tangent
