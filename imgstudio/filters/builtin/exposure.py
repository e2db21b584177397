"""Exposure: light as the camera would have seen more or less of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import luma
from imgstudio.filters.base import Filter, FilterInput, FloatImage

SHOULDER = 0.8
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
    out = np.maximum(image.pixels - np.float32(params.black), 0) * gain
    if params.keep_highlights and params.exposure > 0:
        out = _rolled_off(out)
    return np.asarray(out, np.float32)


def _rolled_off(light: FloatImage) -> FloatImage:
    """Bring the brightest channel below 1 smoothly; all channels shrink alike, so the hue stays."""
    peak = np.maximum(light.max(axis=-1, keepdims=True), luma(light)[..., None])
    over = np.maximum(peak - SHOULDER, 0) / (1 - SHOULDER)
    wanted = np.where(peak > SHOULDER, SHOULDER + (1 - SHOULDER) * (1 - np.exp(-over)), peak)
    return np.asarray(light * (wanted / np.maximum(peak, 1e-6)), np.float32)


FILTER = Filter(
    id="exposure",
    name="Exposure",
    category="Adjust",
    help="Brighten or darken in steps of light, as a camera does.",
    params=ExposureParams,
    run=exposure,
    space="linear",
)
