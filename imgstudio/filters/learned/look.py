"""Give a picture the look that was learned from a folder of others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.learned.kind import LearnedKind, filter_id
from imgstudio.filters.painted import Painted, canvas_view

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry

TILE: Final = 512


@dataclass(frozen=True, slots=True)
class LookParams:
    size: Annotated[
        int,
        Number(256, 4096, 16, unit="px", log=True),
        Ui(
            label="Canvas",
            help="Longer side of the canvas on which the look is put: a small one gives coarse texture and is "
            "quick, a large one fine texture. The result is then brought to the picture's size.",
        ),
    ] = 640
    keep_detail: Annotated[
        bool,
        Ui(label="Keep detail", help="Add what of the picture is finer than the canvas."),
    ] = True


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The whole picture on its canvas, with the look and without."""

    made: Painted
    plain: Painted


def prepare(
    registry: ModelRegistry, model_id: str, image: FilterInput, params: LookParams, progress: Progress
) -> Looked:
    """Also raises OutOfMemory and Cancelled."""
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.restore import Restorer
    from imgstudio.engine.tiling import Seams, run_tiled

    view = canvas_view(image, params.size, progress.part(0.0, 0.1))
    device, manifest = pick_device(image.device), registry.manifest(model_id)
    painter = Restorer(registry.load(model_id, device), manifest, device, image.precise)
    made = run_tiled(
        painter.restore,
        view,
        progress.part(0.1, 1.0),
        tile=TILE,
        overlap=manifest.overlap,
        seams=Seams("crop", align=manifest.multiple_of),
    )
    canvas = np.asarray(made.clip(0, 1), np.float32)
    return Looked(Painted(canvas, image.whole), Painted(view, image.whole))


def put_on(image: FilterInput, params: LookParams, progress: Progress) -> FloatImage:
    looked: Looked = image.shared
    made = looked.made.cut(image.origin)
    if params.keep_detail:
        made = made + image.pixels - looked.plain.cut(image.origin)
    return np.asarray(made, np.float32)


def make(registry: ModelRegistry, manifest: ModelManifest) -> Filter[LookParams]:
    """The filter of one learned look."""
    return Filter(
        id=filter_id(manifest.id),
        name=manifest.name,
        category="Style",
        help=f"Give the picture the look “{manifest.name}”.",
        params=LookParams,
        run=put_on,
        prepare=partial(prepare, registry, manifest.id),
        models=(manifest.id,),
        preview="on request",
        source_type="compositeWithTrainedAlgorithmicMedia",
        version=manifest.version,
    )


KIND = LearnedKind("look", make)
