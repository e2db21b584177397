"""Grey: without colour, or faded, as old photos are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats, luma
from imgstudio.learn.degrade.base import Degrader, clipped, drawn


@dataclass(frozen=True, slots=True)
class GreyParams:
    least: Annotated[float, Number(0, 100, 1, unit="%"), Ui(label="Least colour left")] = 0.0
    most: Annotated[float, Number(0, 100, 1, unit="%"), Ui(label="Most colour left")] = 0.0
    faded: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How much contrast may be lost besides.")
    ] = 0.0


def grey(picture: Floats, params: GreyParams, random: np.random.Generator) -> Floats:
    brightness = luma(picture)[..., None]
    out = brightness + np.float32(drawn(params.least, params.most, random) / 100) * (picture - brightness)
    lost = drawn(0, params.faded / 100, random)
    level = drawn(0.3, 0.8, random)
    return clipped(out + np.float32(lost) * (np.float32(level) - out))


DEGRADER = Degrader("grey", "Grey", "Without colour, or faded.", GreyParams, grey, stage=10)
