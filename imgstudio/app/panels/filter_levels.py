"""The histogram of what a filter reads, from a few thousand samples."""

from __future__ import annotations

import numpy as np

from imgstudio.app.forms.histogram_view import Counts
from imgstudio.app.panels.layer_thumbnails import sampled
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import luma
from imgstudio.filters.source import base_of

BINS = 64


def levels_of(document: Document, layer: Layer | None) -> dict[str, Counts] | None:
    """How often each of 64 levels occurs: "red", "green", "blue" and "" for the brightness.

    A clipped layer stands for the layer that it is clipped to; None for a group.
    """
    base = None if layer is None else base_of(document, layer)
    if base is None or base.is_group:
        return None
    rgba = sampled(base.pixels, base.transform, document.bounds)
    seen = rgba[rgba[..., 3] > 0][:, :3].astype(np.float32)
    planes = {"": luma(seen[None])[0], "red": seen[:, 0], "green": seen[:, 1], "blue": seen[:, 2]}
    return {name: np.histogram(plane, BINS, (0, 256))[0].astype(np.float32) for name, plane in planes.items()}
