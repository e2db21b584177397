"""What becomes of a filter's result that takes parts of the picture away: a mask on the layer."""

from __future__ import annotations

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.layering import bands
from imgstudio.core.layers import Layer
from imgstudio.core.masking import coverage_in_layer
from imgstudio.core.pixels import from_float, to_float
from imgstudio.core.tiles import TileStore
from imgstudio.filters.runner import FilterResult
from imgstudio.filters.source import base_of


def cut_out(document: Document, layer: Layer, result: FilterResult, label: str) -> None:
    """Mask the layer, or the base that it is clipped to, so that only what stays shows; one undo step.

    A mask that is there already goes on hiding what it hides; outside the selection nothing changes.
    """
    base = base_of(document, layer)
    mask = _mask(base, document.bounds if base.is_group else base.pixels.bounds(), result)
    document.set_layer(base, label, mask=mask, mask_enabled=True)


def _mask(base: Layer, area: Rect, result: FilterResult) -> TileStore:
    """The mask of the base with what goes taken out of it."""
    going = _going(result)
    before = base.mask if base.mask is not None and base.mask_enabled else None
    mask = TileStore(1, fill=255) if before is None else before.copy()
    for rect in bands(area):
        # The mask of a group has the coordinates of the document.
        share = going.read(rect)[..., 0] if base.is_group else coverage_in_layer(going, base, rect)
        kept = 1 - to_float(share)
        mask.write(rect, from_float(to_float(mask.read(rect)) * kept[..., None]))
    mask.drop_plain_tiles()
    return mask


def _going(result: FilterResult) -> TileStore:
    """Coverage of what goes, in document coordinates, inside the selection."""
    going = TileStore(1)
    for rect in bands(result.region):
        share = to_float(result.pixels.read(rect)[..., 3])
        selected = result.source.mask(rect)
        if selected is not None:
            share = share * to_float(selected)
        going.write(rect, from_float(share[..., None]))
    return going
