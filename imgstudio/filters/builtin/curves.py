"""Curves: a tone curve drawn by hand, for all channels or one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Curve, Ui
from imgstudio.core.pixels import table_inputs, through_table
from imgstudio.core.tonecurve import Points, curve_values
from imgstudio.filters.base import Filter, FilterInput, FloatImage

STRAIGHT: Final[Points] = ((0.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True, slots=True)
class CurvesParams:
    rgb: Annotated[
        Points, Curve(), Ui(label="RGB", help="Left to right is dark to bright before, up is after.")
    ] = STRAIGHT
    red: Annotated[Points, Curve(), Ui(advanced=True)] = STRAIGHT
    green: Annotated[Points, Curve(), Ui(advanced=True)] = STRAIGHT
    blue: Annotated[Points, Curve(), Ui(advanced=True)] = STRAIGHT


def prepare(image: FilterInput, params: CurvesParams, progress: Progress) -> tuple[FloatImage | None, ...]:
    """A table for each of red, green and blue, the common curve after it; None where nothing changes."""
    common = curve_table(params.rgb)
    tables: list[FloatImage | None] = []
    for points in (params.red, params.green, params.blue):
        own = curve_table(points)
        unchanged = points == STRAIGHT and params.rgb == STRAIGHT
        tables.append(None if unchanged else through_table(own, common))
    return tuple(tables)


def curves(image: FilterInput, params: CurvesParams, progress: Progress) -> FloatImage:
    out = image.pixels.copy()
    for channel, table in enumerate(image.shared):
        if table is not None:
            out[..., channel] = through_table(out[..., channel], table)
    return out


def curve_table(points: Points) -> FloatImage:
    """A monotone cubic (Fritsch and Carlson 1980) through the points, flat beyond its ends."""
    return curve_values(points, table_inputs()).astype(np.float32)


FILTER = Filter(
    id="curves",
    name="Curves",
    category="Adjust",
    help="Bend the tones with a curve; red, green and blue have their own under More.",
    params=CurvesParams,
    run=curves,
    prepare=prepare,
)
