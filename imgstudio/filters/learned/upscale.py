"""Make a picture larger with a network that was trained for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from imgstudio.core.geometry import Size
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage, whole_picture
from imgstudio.filters.enlarging import faded, resampled, straight_input, with_model
from imgstudio.filters.learned.kind import LearnedKind

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry


@dataclass(frozen=True, slots=True)
class UpscaleParams:
    strength: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How much of it is mixed into a plain enlargement.")
    ] = 100.0
    quality: Annotated[
        Literal["normal", "best"],
        Ui(help="Best: looks at the picture all eight ways round. A little finer, eight times as slow."),
    ] = "normal"


def enlarge(
    registry: ModelRegistry, model_id: str, image: FilterInput, params: UpscaleParams, progress: Progress
) -> FloatImage:
    scale = registry.manifest(model_id).scale
    size = Size(image.pixels.shape[1] * scale, image.pixels.shape[0] * scale)
    if image.is_alpha:
        return resampled(image.pixels, size)
    image = replace(image, pixels=straight_input(image))
    out = resampled(image.pixels, size)
    if params.strength > 0:
        made = with_model(image, registry, model_id, progress, best=params.quality == "best")
        out = out + (made - out) * (params.strength / 100)
    return faded(out, image)


def make(registry: ModelRegistry, manifest: ModelManifest) -> Filter[UpscaleParams]:
    """The filter of one installed network."""
    scale = manifest.scale
    return Filter(
        id=f"model.{manifest.id}",
        name=manifest.name,
        category="Size",
        help=f"Make the picture {scale} times as wide and high with “{manifest.name}”.",
        params=UpscaleParams,
        run=partial(enlarge, registry, manifest.id),
        margin=whole_picture,
        size=lambda params, size: Size(size.width * scale, size.height * scale),
        models=(manifest.id,),
        preview="none",
        source_type="algorithmicallyEnhanced",
        version=manifest.version,
    )


KIND = LearnedKind("upscale", make)
