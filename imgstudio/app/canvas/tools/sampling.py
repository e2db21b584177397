"""Read the picture as tools see it: one layer, or all that is shown."""

from __future__ import annotations

from math import floor

import numpy as np

from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.core.blend import composite, render_layer
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.pixels import Array, from_float, to_float


def sampled(document: Document, rect: Rect, *, merged: bool) -> Array:
    """(height, width, 4) straight RGBA of the document's depth."""
    layer = document.active
    if merged or layer is None:
        return composite(document.layers.root, rect, document.dtype)
    return render_layer(layer, rect, document.dtype)


def colour_at(document: Document, point: Point, size: int, *, merged: bool) -> Rgb | None:
    """Mean 8-bit colour of `size` x `size` pixels round a point, weighted by alpha.

    None outside the picture and where all is transparent.
    """
    if not document.bounds.contains(point.x, point.y):
        return None
    box = Rect(floor(point.x), floor(point.y), 1, 1).expanded(size // 2).intersect(document.bounds)
    return mean_colour(sampled(document, box, merged=merged))


def mean_colour(rgba: Array) -> Rgb | None:
    """8-bit mean of straight RGBA pixels, weighted by alpha; None where all is transparent."""
    pixels = to_float(rgba).reshape(-1, 4).astype(np.float64)
    weight = pixels[:, 3].sum()
    if weight <= 0:
        return None
    mean = (pixels[:, :3] * pixels[:, 3:]).sum(0) / weight
    red, green, blue = from_float(mean.astype(np.float32)).tolist()
    return red, green, blue
