"""Turns models of the recipe "fake" into filters."""

from __future__ import annotations

import numpy as np

from imgstudio.filters.base import Filter, NoParams
from imgstudio.filters.learned.kind import LearnedKind, filter_id


def make(registry, manifest):
    def run(image, params, progress):
        import torch

        network = registry.load(manifest.id)
        with torch.inference_mode():
            out = network(torch.from_numpy(image.pixels.transpose(2, 0, 1)[None].copy()))
        return np.ascontiguousarray(out[0].clamp(0, 1).numpy().transpose(1, 2, 0))

    return Filter(
        filter_id(manifest.id),
        manifest.name,
        "Other",
        "Makes pictures darker.",
        NoParams,
        run,
        margin=lambda params: manifest.overlap,
        models=(manifest.id,),
    )


KIND = LearnedKind("fake", make)
