"""Enhance: two to four times the size with our own network, faithful to what is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

from imgstudio.core.geometry import Size
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage, Need, whole_picture
from imgstudio.filters.enlarging import faded, resampled, straight_input, with_model
from imgstudio.filters.models import models

MODEL: Final = "enhance-x2"


@dataclass(frozen=True, slots=True)
class EnhanceParams:
    scale: Annotated[Literal[2, 3, 4], Ui(help="How many times as wide and high.")] = 2
    strength: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How much of it is mixed into a plain enlargement.")
    ] = 100.0
    quality: Annotated[
        Literal["normal", "best"],
        Ui(help="Best: looks at the picture all eight ways round. A little finer, eight times as slow."),
    ] = "normal"


def new_size(params: EnhanceParams, size: Size) -> Size:
    return Size(size.width * params.scale, size.height * params.scale)


def enhance(image: FilterInput, params: EnhanceParams, progress: Progress) -> FloatImage:
    size = new_size(params, Size(image.pixels.shape[1], image.pixels.shape[0]))
    if image.is_alpha:
        return resampled(image.pixels, size)
    image = replace(image, pixels=straight_input(image))
    out = resampled(image.pixels, size)
    if params.strength > 0:
        made = resampled(_enlarged(image, params, progress), size)
        out = out + (made - out) * (params.strength / 100)
    return faded(out, image)


def _enlarged(image: FilterInput, params: EnhanceParams, progress: Progress) -> FloatImage:
    """Doubled once for 2, twice for 3 and 4."""
    best = params.quality == "best"
    if params.scale == 2:
        return with_model(image, models(), MODEL, progress, best=best)
    double = with_model(image, models(), MODEL, progress.part(0.0, 0.2), best=best)
    return with_model(replace(image, pixels=double), models(), MODEL, progress.part(0.2, 1.0), best=best)


FILTER = Filter(
    id="enhance",
    name="Enhance",
    category="Size",
    help="Make the picture larger and keep it sharp.",
    params=EnhanceParams,
    run=enhance,
    margin=whole_picture,
    size=new_size,
    needs=(Need(MODEL),),
    models=(MODEL,),
    preview="none",
    source_type="algorithmicallyEnhanced",
)
