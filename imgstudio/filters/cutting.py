"""What becomes of a filter's result that takes parts of the picture away: a mask, a masked copy, or a selection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.layering import bands
from imgstudio.core.layers import Layer
from imgstudio.core.masking import coverage_in_layer
from imgstudio.core.pixels import Floats, from_float, premultiply, to_float
from imgstudio.core.tiles import TILE, TileStore
from imgstudio.core.warping import warped
from imgstudio.filters.runner import FilterResult
from imgstudio.filters.source import base_of


def cut_out(document: Document, layer: Layer, result: FilterResult, label: str) -> None:
    """Do with what stays as the result says; one undo step.

    A mask goes on the layer, or on the base that it is clipped to: what another mask hides stays hidden, outside the
    selection nothing changes, and without one nothing stays of what lies beyond the picture. A copy with such a mask lies above the base and hides it. A selection is made of
    what stays in the selection that there was.
    """
    if result.into == "selection":
        document.do(document.replacing(document.selection.store, label, _staying(result)))
        return
    base = base_of(document, layer)
    values = _values(document, base, result)
    if result.into == "mask":
        document.set_layer(base, label, **values)
        return
    copy = base.duplicate()
    for name, value in values.items():
        setattr(copy, name, value)
    copy.name = label
    adding = document.adding(copy, document.place_above(layer), label)
    document.compound(label, adding, document.setting(base, label, visible=False))
    document.active = copy


def _values(document: Document, base: Layer, result: FilterResult) -> dict[str, Any]:
    area = document.bounds if base.is_group else base.pixels.bounds()
    goes_beyond = base.bounds().intersect(document.bounds) != base.bounds()
    going = _going(result, goes_beyond=goes_beyond and result.source.mask(result.region) is None)
    values: dict[str, Any] = {"mask": _mask(base, area, going), "mask_enabled": True}
    if result.colours is not None and not base.is_group:
        values |= {"pixels": recoloured(base, result.colours, partial(_selected, result)), "jpeg": None}
    return values


def _mask(base: Layer, area: Rect, going: TileStore) -> TileStore:
    """The mask of the base with what goes taken out of it."""
    before = base.mask if base.mask is not None and base.mask_enabled else None
    mask = TileStore(1, fill=255) if before is None else before.copy()
    for rect in bands(area):
        # The mask of a group has the coordinates of the document.
        share = going.read(rect)[..., 0] if base.is_group else coverage_in_layer(going, base, rect)
        kept = 1 - to_float(share)
        mask.write(rect, from_float(to_float(mask.read(rect)) * kept[..., None]))
    mask.drop_plain_tiles()
    return mask


def _going(result: FilterResult, *, goes_beyond: bool) -> TileStore:
    """Coverage of what goes, in document coordinates, inside the selection; beyond the region all or nothing."""
    going = TileStore(1, fill=255 if goes_beyond else 0)
    for rect in bands(result.region):
        share = _selected(result, rect, to_float(result.pixels.read(rect)[..., 3]))
        going.write(rect, from_float(share[..., None]))
    return going


def _staying(result: FilterResult) -> TileStore:
    """Coverage of what stays, in document coordinates, inside the selection."""
    staying = TileStore(1)
    for rect in bands(result.region):
        there = to_float(result.source.read(rect)[..., 3])
        share = _selected(result, rect, there * (1 - to_float(result.pixels.read(rect)[..., 3])))
        staying.write(rect, from_float(share[..., None]))
    staying.drop_plain_tiles()
    return staying


def _selected(result: FilterResult, rect: Rect, share: Floats) -> Floats:
    selected = result.source.mask(rect)
    return share if selected is None else share * to_float(selected)


def recoloured(
    base: Layer, colours: TileStore, limited: Callable[[Rect, Floats], Floats] = lambda rect, share: share
) -> TileStore:
    """The pixels of a layer with other colours: RGBA in document coordinates, by their alpha; its own alpha stays.

    `limited` takes alpha (h, w), 0..1, of a part of the document and says how much of it counts.
    """
    after = base.pixels.copy()
    for rect in _parts(base, colours):
        share, wanted = _colours_in_layer(base, colours, limited, rect)
        if share.any():
            pixels = after.read(rect)
            before = to_float(pixels[..., :3])
            mixed = before + share[..., None] * (wanted - before)
            pixels[..., :3] = np.where(share[..., None] > 0, from_float(mixed, pixels.dtype), pixels[..., :3])
            after.write(rect, pixels)
    return after


def _parts(base: Layer, colours: TileStore) -> Iterator[Rect]:
    """Where a layer may get other colours, in its own coordinates."""
    limit = base.pixels.bounds()
    if not base.transform.is_translation:
        yield from bands(base.transform.inverted().reach_of(colours.filled_bounds()).intersect(limit))
        return
    dx, dy = base.transform.offset
    for column, row in colours.snapshot().tiles:
        part = Rect(column * TILE - dx, row * TILE - dy, TILE, TILE).intersect(limit)
        if not part.is_empty:
            yield part


def _colours_in_layer(
    base: Layer, colours: TileStore, limited: Callable[[Rect, Floats], Floats], rect: Rect
) -> tuple[Floats, Floats]:
    """How much (h, w) of which colours (h, w, 3) replaces those of `rect` of the layer's own coordinates."""

    def read(part: Rect) -> Floats:
        rgba = to_float(colours.read(part))
        rgba[..., 3] = limited(part, rgba[..., 3])
        return premultiply(rgba)

    if base.transform.is_translation:
        found = read(rect.translated(*base.transform.offset))
    else:
        found = warped(read, colours.filled_bounds(), base.transform.inverted(), rect)
    share = found[..., 3]
    wanted = found[..., :3] / np.maximum(share, 1e-6)[..., None]
    return share.clip(0, 1), np.asarray(wanted.clip(0, 1), np.float32)
