"""Hue and saturation in Oklab's cylinder, where equal steps look equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.oklab import from_oklab, to_oklab

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
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    angle = np.arctan2(lab[..., 2], lab[..., 1])
    weight = _weight(angle, chroma, params.range)
    vibrance = params.vibrance / 100 * np.maximum(0, 1 - chroma / VIBRANT)
    gain = np.maximum(0, 1 + weight * (params.saturation / 100 + vibrance))
    turned = angle + weight * np.radians(params.hue)
    light = params.lightness / 100 * weight
    target = np.where(light > 0, 1.0, 0.0)
    lab[..., 0] += (target - lab[..., 0]) * np.abs(light)
    fade = (1 - np.abs(light)) * gain * chroma
    lab[..., 1], lab[..., 2] = fade * np.cos(turned), fade * np.sin(turned)
    return from_oklab(lab)


def _weight(angle: FloatImage, chroma: FloatImage, name: str) -> FloatImage:
    """1 at the chosen hue, 0 beyond its neighbours; greys belong to no hue."""
    if name == "all":
        return np.ones_like(chroma)
    distance = np.abs((np.degrees(angle) - HUES[name] + 180) % 360 - 180)
    near = np.clip(1 - distance / HALF_WIDTH, 0, 1)
    return np.asarray(near * near * (3 - 2 * near) * np.clip(chroma / 0.02, 0, 1), np.float32)


FILTER = Filter(
    id="hue-saturation",
    name="Hue and saturation",
    category="Colour",
    help="Turn, strengthen or fade colours, all of them or one family.",
    params=HueSaturationParams,
    run=hue_saturation,
)
