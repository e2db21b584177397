"""Undo damage with a network that was trained for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from imgstudio.core.jobs import Progress
from imgstudio.filters.base import Filter, FilterInput, FloatImage, NoParams
from imgstudio.filters.learned.kind import LearnedKind

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry


def restore(
    registry: ModelRegistry, model_id: str, image: FilterInput, params: NoParams, progress: Progress
) -> FloatImage:
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.restore import Restorer

    device = pick_device(image.device)
    manifest = registry.manifest(model_id)
    return Restorer(registry.load(model_id, device), manifest, device, image.precise).restore(image.pixels)


def make(registry: ModelRegistry, manifest: ModelManifest) -> Filter[NoParams]:
    """The filter of one installed network."""
    return Filter(
        id=f"model.{manifest.id}",
        name=manifest.name,
        category="Repair",
        help=f"Repair the picture with “{manifest.name}”.",
        params=NoParams,
        run=partial(restore, registry, manifest.id),
        margin=lambda params: manifest.overlap,
        align=manifest.multiple_of,
        models=(manifest.id,),
        preview="live",
        source_type="algorithmicallyEnhanced",
        version=manifest.version,
    )


KIND = LearnedKind("restore", make)
