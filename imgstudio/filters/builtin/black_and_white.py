"""Black and white: how bright each colour becomes as grey, and a tint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Colour, Number, Ui
from imgstudio.core.pixels import luma
from imgstudio.filters.base import Filter, FilterInput, FloatImage

_Weight = Annotated[float, Number(-200, 300, 1, unit="%"), Ui(help="How bright this colour becomes.")]


@dataclass(frozen=True, slots=True)
class BlackAndWhiteParams:
    reds: _Weight = 40.0
    yellows: _Weight = 80.0
    greens: _Weight = 60.0
    cyans: _Weight = 70.0
    blues: _Weight = 20.0
    magentas: _Weight = 60.0
    tint: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How much of the tint colour is mixed in.")
    ] = 0.0
    tint_colour: Annotated[str, Colour(), Ui(label="Tint colour")] = "#a07850"


def black_and_white(image: FilterInput, params: BlackAndWhiteParams, progress: Progress) -> FloatImage:
    grey = _mixed(image.pixels, params)
    out = np.repeat(grey[..., None], 3, axis=2)
    if params.tint > 0:
        tint = np.array([int(params.tint_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
        toned = out + (tint - luma(tint[None, None])) * (4 * grey * (1 - grey))[..., None]
        out = out + np.float32(params.tint / 100) * (toned - out)
    return np.asarray(np.clip(out, 0, 1), np.float32)


def _mixed(rgb: FloatImage, params: BlackAndWhiteParams) -> FloatImage:
    """A colour is its grey part, plus a secondary, plus a primary; each part has its own weight."""
    red, green, blue = (rgb[..., channel] for channel in range(3))
    low = np.minimum(np.minimum(red, green), blue)
    high = np.maximum(np.maximum(red, green), blue)
    middle = red + green + blue - low - high
    primary, secondary = np.empty_like(low), np.empty_like(low)
    first = (params.reds, params.greens, params.blues)
    second = (params.cyans, params.magentas, params.yellows)
    for plane, strong, weak in zip((red, green, blue), first, second, strict=True):
        primary[plane == high] = strong / 100
        secondary[plane == low] = weak / 100
    return np.asarray(low + (middle - low) * secondary + (high - middle) * primary, np.float32)


FILTER = Filter(
    id="black-and-white",
    name="Black and white",
    category="Colour",
    help="Turn colour into greys, deciding how bright each colour becomes.",
    params=BlackAndWhiteParams,
    run=black_and_white,
)
