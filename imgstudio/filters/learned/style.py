"""Paint a picture in a style that was learned from a painting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.learned.kind import LearnedKind, filter_id
from imgstudio.filters.painted import Painted, canvas_view, painted_by, painted_part

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry


@dataclass(frozen=True, slots=True)
class StyleParams:
    size: Annotated[
        int,
        Number(256, 4096, 16, unit="px", log=True),
        Ui(
            label="Canvas",
            help="Longer side of the canvas that is painted: a small one gives large strokes and is quick, a "
            "large one fine strokes. The painting is then brought to the picture's size.",
        ),
    ] = 1024
    keep_colours: Annotated[
        bool,
        Ui(label="Keep colours", help="Take strokes and light from the painting, colours from the picture."),
    ] = False


def prepare(
    registry: ModelRegistry, model_id: str, image: FilterInput, params: StyleParams, progress: Progress
) -> Painted:
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.style.stylist import Stylist
    from imgstudio.engine.style.vectors import painter_of

    view = canvas_view(image, params.size, progress.part(0.0, 0.1))
    device = pick_device(image.device)
    stylist = Stylist(painter_of(registry, model_id, device), device, precise=image.precise)
    return painted_by(stylist, view, image, progress.part(0.1, 1.0))


def paint(image: FilterInput, params: StyleParams, progress: Progress) -> FloatImage:
    return painted_part(image, keep_colours=params.keep_colours)


def make(registry: ModelRegistry, manifest: ModelManifest) -> Filter[StyleParams]:
    """The filter of one installed style."""
    return Filter(
        id=filter_id(manifest.id),
        name=manifest.name,
        category="Style",
        help=f"Paint the picture in the style “{manifest.name}”.",
        params=StyleParams,
        run=paint,
        prepare=partial(prepare, registry, manifest.id),
        models=(manifest.id,),
        preview="on request",
        source_type="compositeWithTrainedAlgorithmicMedia",
        version=manifest.version,
    )


KIND = LearnedKind("style", make)
