"""Downscale: made smaller and larger again, as pictures from the web often were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import cv2
import numpy as np

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats
from imgstudio.learn.degrade.base import Degrader, clipped, drawn

SMALLER: Final = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
LARGER: Final = (cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4)


@dataclass(frozen=True, slots=True)
class DownscaleParams:
    least: Annotated[float, Number(1, 8, 0.1, unit="x"), Ui(label="Least factor")] = 1.5
    most: Annotated[float, Number(1, 8, 0.1, unit="x"), Ui(label="Most factor")] = 3.0
    blocky: Annotated[
        float,
        Number(0, 100, 1, unit="%"),
        Ui(help="How many are enlarged without smoothing, so that squares show.", advanced=True),
    ] = 0.0


def downscale(picture: Floats, params: DownscaleParams, random: np.random.Generator) -> Floats:
    factor = drawn(params.least, params.most, random)
    smaller = int(random.choice(SMALLER))
    larger = cv2.INTER_NEAREST if random.random() < params.blocky / 100 else int(random.choice(LARGER))
    height, width = picture.shape[:2]
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    if size == (width, height):
        return picture
    # Without smoothing first, the sharper kernels would turn fine patterns into coarse ones.
    soft = cv2.GaussianBlur(picture, (0, 0), 0.35 * factor) if smaller != cv2.INTER_AREA else picture
    small = cv2.resize(soft, size, interpolation=smaller)
    out = cv2.resize(small, (width, height), interpolation=larger)
    return clipped(np.asarray(out, np.float32))


DEGRADER = Degrader(
    "downscale", "Too few pixels", "Made smaller and larger again.", DownscaleParams, downscale, stage=30
)
