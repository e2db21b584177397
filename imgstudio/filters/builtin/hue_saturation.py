"""Hue and saturation in Oklab's cylinder, where equal steps look equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.oklab import from_oklab, to_oklab

Weight = FloatImage | np.float32

HUES: Final = {"reds": 29, "yellows": 110, "greens": 142, "cyans": 195, "blues": 264, "magentas": 328}
"""Oklab hue angles of the sRGB primaries and secondaries, degrees."""
HALF_WIDTH: Final = 45.0
VIBRANT: Final = 0.2
"""Oklab chroma that vibrance regards as saturated already."""


@dataclass(frozen=True, slots=True)
class HueSaturationParams:
    hue: Annotated[
        float, Number(-180, 180, 1, unit="°"), Ui(help="Turn all colours on the colour wheel.")
    ] = 0.0
    saturation: Annotated[float, Number(-100, 100, 1, unit="%"), Ui(help="-100 % is grey.")] = 0.0
    vibrance: Annotated[
        float, Number(-100, 100, 1, unit="%"), Ui(help="Saturates dull colours more than strong ones.")
    ] = 0.0
    lightness: Annotated[float, Number(-100, 100, 1, unit="%"), Ui()] = 0.0
    range: Annotated[
        Literal["all", "reds", "yellows", "greens", "cyans", "blues", "magentas"],
        Ui(label="Colours", help="Change only these colours, with soft limits."),
    ] = "all"


def hue_saturation(image: FilterInput, params: HueSaturationParams, progress: Progress) -> FloatImage:
    lab = to_oklab(image.pixels)
    across, along = lab[..., 1].copy(), lab[..., 2].copy()
    chroma = np.asarray(cv2.magnitude(across, along), np.float32)
    weight = _weight(across, along, chroma, params.range)
    gain = _gain(chroma, weight, params)
    if params.lightness:
        light = weight * np.float32(params.lightness / 100)
        lab[..., 0] += (np.float32(params.lightness > 0) - lab[..., 0]) * np.abs(light)
        gain = gain * (1 - np.abs(light))
    turn = weight * np.float32(np.radians(params.hue))
    cosine, sine = np.cos(turn), np.sin(turn)
    lab[..., 1] = gain * (across * cosine - along * sine)
    lab[..., 2] = gain * (across * sine + along * cosine)
    return from_oklab(lab)


def _gain(chroma: FloatImage, weight: Weight, params: HueSaturationParams) -> FloatImage:
    """How many times more colourful each pixel becomes."""
    more = np.float32(params.saturation / 100)
    if params.vibrance:
        dull = np.maximum(0, 1 - chroma * np.float32(1 / VIBRANT))
        return np.asarray(np.maximum(0, 1 + weight * (more + np.float32(params.vibrance / 100) * dull)))
    return np.asarray(np.maximum(0, 1 + weight * more))


def _weight(across: FloatImage, along: FloatImage, chroma: FloatImage, name: str) -> Weight:
    """1 at the chosen hue, 0 beyond its neighbours; greys belong to no hue."""
    if name == "all":
        return np.float32(1)
    angle = np.asarray(cv2.phase(across, along, angleInDegrees=True), np.float32)
    distance = np.abs((angle - np.float32(HUES[name] - 180)) % 360 - 180)
    near = np.clip(1 - distance / np.float32(HALF_WIDTH), 0, 1)
    return np.asarray(near * near * (3 - 2 * near) * np.clip(chroma * 50, 0, 1), np.float32)


FILTER = Filter(
    id="hue-saturation",
    name="Hue and saturation",
    category="Colour",
    help="Turn, strengthen or fade colours, all of them or one family.",
    params=HueSaturationParams,
    run=hue_saturation,
)
