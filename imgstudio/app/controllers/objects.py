"""What is to be said about the active object: just placed, or moved since it was harmonized."""

from __future__ import annotations

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import top
from imgstudio.core.tiles import TILE
from imgstudio.filters.objects import has_moved, is_result, object_of, results_of


def stale_result(document: Document) -> Layer | None:
    """What was made of the active object where it lies no more; the topmost, None where all is as it was."""
    if document.active is None:
        return None
    try:
        made = results_of(document, object_of(document, document.active))
    except UserError:
        return None
    return next((layer for layer in reversed(made) if has_moved(document, layer)), None)


def note_of(document: Document, layer: Layer) -> str:
    """A word in the row of a layer that needs one."""
    return "Object has moved" if is_result(layer) and has_moved(document, layer) else ""


def is_cut_out(layer: Layer) -> bool:
    """Whether anything of a layer is transparent or masked within its own box."""
    if layer.is_group or layer.mask is not None:
        return True
    box = layer.pixels.content_bounds()
    for (column, row), tile in layer.pixels.snapshot().tiles.items():
        place = (column * TILE, row * TILE)
        inner = box.translated(-place[0], -place[1]).intersect(
            box._replace(x=0, y=0, width=TILE, height=TILE)
        )
        if not inner.is_empty and tile[inner.slices()][..., 3].min() < top(tile.dtype):
            return True
    return False
