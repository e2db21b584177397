"""Posterize: fewer levels, as a plug-in for imgstudio."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage


@dataclass(frozen=True, slots=True)
class PosterizeParams:
    """What the form shows; ranges are checked for you."""

    levels: Annotated[int, Number(2, 64), Ui(help="How many steps a channel has.")] = 6


def posterize(image: FilterInput, params: PosterizeParams, progress: Progress) -> FloatImage:
    """Round (height, width, 3) in 0..1 to a few levels."""
    steps = np.float32(params.levels - 1)
    return np.round(image.pixels * steps) / steps


FILTER = Filter(
    id="posterize",
    name="Posterize",
    category="Adjust",
    help="Use fewer levels.",
    params=PosterizeParams,
    run=posterize,
)
