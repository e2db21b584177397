"""Curves: a tone curve drawn by hand, for all channels or one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Curve, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage

Points = tuple[tuple[float, float], ...]
STRAIGHT: Final[Points] = ((0.0, 0.0), (1.0, 1.0))
TABLE: Final = 4096


@dataclass(frozen=True, slots=True)
class CurvesParams:
    rgb: Annotated[
        Points, Curve(), Ui(label="RGB", help="Left to right is dark to bright before, up is after.")
    ] = STRAIGHT
    red: Annotated[Points, Curve(), Ui(advanced=True)] = STRAIGHT
    green: Annotated[Points, Curve(), Ui(advanced=True)] = STRAIGHT
    blue: Annotated[Points, Curve(), Ui(advanced=True)] = STRAIGHT


def curves(image: FilterInput, params: CurvesParams, progress: Progress) -> FloatImage:
    out = image.pixels
    for channel, points in enumerate((params.red, params.green, params.blue)):
        if points != STRAIGHT:
            out = out.copy()
            out[..., channel] = through(out[..., channel], points)
    return out if params.rgb == STRAIGHT else through(out, params.rgb)


def through(values: FloatImage, points: Points) -> FloatImage:
    """Send 0..1 values through a monotone cubic (Fritsch and Carlson 1980), flat beyond its ends."""
    from scipy.interpolate import PchipInterpolator  # takes a second, so not when the window starts

    xs, ys = np.array(points, np.float64).T
    grid = np.linspace(0, 1, TABLE)
    table = np.clip(PchipInterpolator(xs, ys)(np.clip(grid, xs[0], xs[-1])), 0, 1)
    return np.asarray(np.interp(values, grid, table), np.float32)


FILTER = Filter(
    id="curves",
    name="Curves",
    category="Adjust",
    help="Bend the tones with a curve; red, green and blue have their own under More.",
    params=CurvesParams,
    run=curves,
)
