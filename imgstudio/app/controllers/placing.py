"""Other pictures as layers of a document: from files and from arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.geometry import IDENTITY, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, to_depth
from imgstudio.core.tiles import TileStore

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


def bring(context: AppContext, document: Document, other: Document) -> None:
    """Place another document, and tell that it came."""
    layer = place_document(document, other)
    if document is context.documents.current:
        context.placed.emit(layer)


def place_document(document: Document, other: Document) -> Layer:
    """Add another document, flattened, as a layer; made to fit where it is larger. One undo step."""
    name = Path(other.name).stem or other.name
    return place_pixels(document, np.asarray(flatten(other)), name, label="Place picture")


def place_pixels(
    document: Document, pixels: Array, name: str, *, at: tuple[int, int] | None = None, label: str = "Paste"
) -> Layer:
    """Add (height, width, 4) straight RGBA as a layer, at a corner or in the middle. One undo step.

    In the middle, what is larger than the document is scaled down by its transform; no pixel is lost.
    """
    store = TileStore.from_array(to_depth(pixels, document.dtype))
    height, width = pixels.shape[:2]
    transform = _moved(*at) if at is not None else _fitted(width, height, document.bounds)
    layer = Layer(name, store, transform=transform)
    document.add_layer(layer, label=label)
    return layer


def _moved(x: int, y: int) -> Transform:
    return IDENTITY if (x, y) == (0, 0) else Transform(e=float(x), f=float(y))


def _fitted(width: int, height: int, bounds: Rect) -> Transform:
    scale = min(1.0, bounds.width / width, bounds.height / height)
    x = round((bounds.width - width * scale) / 2)
    y = round((bounds.height - height * scale) / 2)
    return Transform(a=scale, d=scale, e=float(x), f=float(y))
