"""Enhance: two to four times the size with our own networks, faithful or cleaning up web pictures as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

from imgstudio.core.geometry import Size
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage, Need, whole_picture
from imgstudio.filters.enlarging import faded, resampled, straight_input, with_model
from imgstudio.filters.models import models

X2: Final = "enhance-x2"
X4: Final = "enhance-x4"
REAL: Final = "enhance-x2-real"


@dataclass(frozen=True, slots=True)
class EnhanceParams:
    scale: Annotated[Literal[2, 3, 4], Ui(help="How many times as wide and high.")] = 2
    variant: Annotated[
        Literal["faithful", "real"],
        Ui(
            help="Faithful: for clean pictures, keeps everything that was there. "
            "Real: for pictures from the web, takes blur, noise and JPEG traces away too."
        ),
    ] = "faithful"
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
    """At the models' own scale: twice for 2, four times for 3 and 4."""
    best = params.quality == "best"
    if params.variant == "faithful":
        return with_model(image, models(), X2 if params.scale == 2 else X4, progress, best=best)
    if params.scale == 2:
        return with_model(image, models(), REAL, progress, best=best)
    # Once it is clean, the rest is a faithful enlargement.
    clean = with_model(image, models(), REAL, progress.part(0.0, 0.2), best=best)
    return with_model(replace(image, pixels=clean), models(), X2, progress.part(0.2, 1.0), best=best)


FILTER = Filter(
    id="enhance",
    name="Enhance",
    category="Size",
    help="Make the picture larger and keep it sharp.",
    params=EnhanceParams,
    run=enhance,
    margin=whole_picture,
    size=new_size,
    needs=(Need(X2), Need(X4), Need(REAL)),
    models=(X2, X4, REAL),
    preview="none",
    source_type="algorithmicallyEnhanced",
)
