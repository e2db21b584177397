"""Exposure: light as the camera would have seen more or less of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage

SHOULDER: Final = np.float32(0.8)
"""Linear light above which highlights are rolled off."""


@dataclass(frozen=True, slots=True)
class ExposureParams:
    exposure: Annotated[
        float, Number(-10, 10, 0.05, soft_max=4, unit="EV"), Ui(help="One step doubles or halves the light.")
    ] = 0.0
    black: Annotated[
        float, Number(-0.1, 0.1, 0.001), Ui(label="Black level", help="Light taken off the shadows.")
    ] = 0.0
    keep_highlights: Annotated[
        bool, Ui(label="Keep highlights", help="Roll bright parts off gently instead of cutting them.")
    ] = True


def exposure(image: FilterInput, params: ExposureParams, progress: Progress) -> FloatImage:
    gain = np.float32(2.0**params.exposure / (1 - params.black))
    out = image.pixels * gain
    if params.black:
        out = np.maximum(out - np.float32(params.black) * gain, 0)
    if params.keep_highlights and params.exposure > 0:
        return _rolled_off(out)
    return out


def _rolled_off(light: FloatImage) -> FloatImage:
    """Bring the brightest channel below 1 smoothly; all channels shrink alike, so the hue stays."""
    peak = np.maximum(np.maximum(light[..., 0], light[..., 1]), light[..., 2])
    bright = peak > SHOULDER
    over = peak[bright]
    room = np.float32(1 - SHOULDER)
    shrink = np.ones_like(peak)
    shrink[bright] = (SHOULDER + room * (1 - np.exp((SHOULDER - over) / room))) / over
    return light * shrink[..., None]


FILTER = Filter(
    id="exposure",
    name="Exposure",
    category="Adjust",
    help="Brighten or darken in steps of light, as a camera does.",
    params=ExposureParams,
    run=exposure,
    space="linear",
)
