"""Levels: black point, white point and middle grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import luma, table_inputs, through_table
from imgstudio.filters.base import Filter, FilterInput, FloatImage

CLIPPED = 0.1
"""Per cent of the pixels that automatic levels let go at each end."""


@dataclass(frozen=True, slots=True)
class LevelsParams:
    auto: Annotated[bool, Ui(label="Automatic", help="Set black and white from the picture.")] = False
    black: Annotated[
        int,
        Number(0, 254),
        Ui(help="Input level that becomes black.", histogram=True, visible_if=("auto", False)),
    ] = 0
    white: Annotated[
        int,
        Number(1, 255),
        Ui(help="Input level that becomes white.", histogram=True, visible_if=("auto", False)),
    ] = 255
    middle: Annotated[
        float, Number(0.1, 10.0, 0.01, log=True), Ui(help="Above 1 brightens the middle tones.")
    ] = 1.0
    output_black: Annotated[int, Number(0, 255), Ui(label="Output black", advanced=True)] = 0
    output_white: Annotated[int, Number(0, 255), Ui(label="Output white", advanced=True)] = 255
    channel: Annotated[Literal["rgb", "red", "green", "blue"], Ui(label="Channel")] = "rgb"


def prepare(image: FilterInput, params: LevelsParams, progress: Progress) -> FloatImage:
    """What every level becomes, as a table."""
    low, high = _ends(image, params)
    start, end = params.output_black / 255, params.output_white / 255
    part = np.clip((table_inputs() - low) / (high - low), 0, 1) ** (1 / params.middle)
    return np.asarray(start + (end - start) * part, np.float32)


def _ends(image: FilterInput, params: LevelsParams) -> tuple[float, float]:
    """Black and white point in 0..1."""
    if not params.auto:
        return params.black / 255, max(params.white, params.black + 1) / 255
    grey = luma(image.pixels)
    seen = grey if image.alpha is None else grey[image.alpha > 0]
    if not seen.size:
        return 0.0, 1.0
    low, high = np.percentile(seen, [CLIPPED, 100 - CLIPPED])
    return (float(low), float(high)) if high - low > 1 / 255 else (0.0, 1.0)


def levels(image: FilterInput, params: LevelsParams, progress: Progress) -> FloatImage:
    if params.channel == "rgb":
        return through_table(image.pixels, image.shared)
    channel = ("red", "green", "blue").index(params.channel)
    out = image.pixels.copy()
    out[..., channel] = through_table(out[..., channel], image.shared)
    return out


FILTER = Filter(
    id="levels",
    name="Levels",
    category="Adjust",
    help="Set what is black, what is white and how bright the middle is.",
    params=LevelsParams,
    run=levels,
    prepare=prepare,
)
