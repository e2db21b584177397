"""Puts the result of a run into its document, if both are still there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import IDENTITY, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.selection import Selection
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import AnyFilter, SessionFilter
from imgstudio.filters.cutting import cut_out
from imgstudio.filters.objects import (
    ObjectSource,
    has_moved,
    is_result,
    object_of,
    results_of,
    was_selected,
)
from imgstudio.filters.resizing import SizeResult, commit_size
from imgstudio.filters.runner import FilterResult, result_layer


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Where a result belongs."""

    document: Document
    layer: Layer
    """The layer that was filtered."""
    item: AnyFilter
    again: Layer | None = None
    """The AI layer whose pixels are made anew, instead of adding one."""


def order_for(document: Document, item: AnyFilter, again: Layer | None) -> Order:
    """Filter the active layer, or make `again` anew from what lies below it, or of its object; raises UserError."""
    if again is not None:
        _check_there(document, again)
        made_of = object_of(document, again) if is_result(again) else _below(document, again)
        return Order(document, made_of, item, again)
    layer = document.active
    if layer is None:
        raise UserError("There is no layer to work on", "", "Add a layer or open a picture")
    if reads_object(item):
        layer = object_of(document, layer)
    return Order(document, layer, item)


def reads_object(item: AnyFilter) -> bool:
    """Whether a filter looks at a layer together with what lies below it."""
    return isinstance(item, SessionFilter) and item.reads == "object"


def earlier_result(document: Document, item: AnyFilter) -> Layer | None:
    """What this filter made of the active object before, which it makes anew rather than a second time."""
    if document.active is None or not reads_object(item):
        return None
    try:
        made = results_of(document, object_of(document, document.active))
    except UserError:
        return None
    own = [layer for layer in made if layer.recipe is not None and layer.recipe.steps[-1].filter == item.id]
    return document.active if document.active in own else next(reversed(own), None)


def own_selection(document: Document, again: Layer | None) -> Selection | None:
    """What a layer that is made anew is limited to: its mask, or where it was moved; None for other runs.

    Raises UserError where nothing of it is in the picture.
    """
    if again is None:
        return None
    if is_result(again):
        return None if was_selected(again) else Selection()
    if again.transform != IDENTITY:
        return _covered_by(document, again)
    return _selection_of(document, None if sees_less(again) else again.mask)


def seen_selection(document: Document, again: Layer | None) -> Selection | None:
    """What a preview must compute: a mask that was put on by hand hides the rest. Raises UserError."""
    if again is not None and sees_less(again):
        return _selection_of(document, again.mask)
    return own_selection(document, again)


def sees_less(again: Layer | None) -> bool:
    """Whether a mask hides parts of a layer that was made for, and is made anew over, the whole picture."""
    if again is None or again.mask is None or again.transform != IDENTITY:
        return False
    return again.recipe is None or again.recipe.steps[-1].region != "mask"


def commit(order: Order, result: FilterResult | SizeResult) -> Layer | None:
    """One undo step. Returns the layer that shows the result, if there is one."""
    document, name = order.document, order.item.name
    if isinstance(result, SizeResult):
        commit_size(document, result, name)
        return None
    if result.cuts:
        cut_out(document, order.layer, result, name)
        return None
    if order.again is not None:
        document.set_layer(order.again, f"{name} again", **_made_anew(document, order.again, result))
        return order.again
    layer = result_layer(result, name)
    document.add_layer(layer, document.place_above(order.layer, free=not layer.clip), name)
    return layer


def preview_of(order: Order, result: FilterResult) -> Layer:
    """The layer that `commit` would add, or one that looks like the layer it would change."""
    layer = result_layer(result, order.item.name)
    if order.again is None:
        return layer
    again = order.again
    mask = _made_anew(order.document, again, result).get("mask", layer.mask or again.mask)
    return replace(
        layer,
        opacity=again.opacity,
        blend=again.blend,
        clip=again.clip,
        mask=mask,
        mask_enabled=again.mask_enabled,
    )


def why_dropped(order: Order, documents: list[Document]) -> str:
    """What stands in the way of a result; "" when it can be used."""
    if order.document not in documents:
        return "its picture was closed"
    target = order.again or order.layer
    if order.document.layers.find(target.id) is not target:
        return f"the layer “{target.name}” was deleted"
    return ""


def worked_area(document: Document, again: Layer | None) -> Rect:
    """The box that a full run will compute, for an estimate."""
    layer = again or document.active
    area = document.bounds if layer is None else document.bounds.intersect(layer.bounds())
    if again is None:
        chosen = document.selection
        return area if chosen.is_empty else area.intersect(chosen.bounds())
    is_limited = again.mask is not None and again.transform == IDENTITY and not sees_less(again)
    return area.intersect(again.mask.content_bounds()) if is_limited and again.mask is not None else area


def _selection_of(document: Document, mask: TileStore | None) -> Selection:
    """A mask as a selection; nothing selected for None."""
    selection = Selection()
    if mask is not None and mask.fill == 0:
        selection.store.restore(mask.snapshot())
    elif mask is not None:
        selection.store.write(document.bounds, mask.read(document.bounds))
    selection.touched()
    return selection


def _covered_by(document: Document, layer: Layer) -> Selection:
    """Where a layer lies in the document now: its mask, or its whole area, moved as the layer is."""
    area, at = layer.pixels.bounds(), layer.transform
    box = layer.bounds().intersect(document.bounds)
    selection = Selection()
    if not box.is_empty:
        shape = np.full((area.height, area.width), 255, np.uint8)
        if layer.mask is not None:
            shape = layer.mask.read(area)[..., 0]
        # From the centre of a pixel of `shape` to the centre of a pixel of `box`.
        inwards, outwards = (
            Transform(e=area.x + 0.5, f=area.y + 0.5),
            Transform(e=-box.x - 0.5, f=-box.y - 0.5),
        )
        to = inwards.then(at).then(outwards)
        matrix = np.array([[to.a, to.c, to.e], [to.b, to.d, to.f], [to.g, to.h, to.i]])
        coverage = cv2.warpPerspective(shape, matrix, (box.width, box.height), flags=cv2.INTER_LINEAR)
        selection.store.write(box, np.asarray(coverage, np.uint8)[..., None])
        selection.touched()
    if selection.bounds().is_empty:
        raise UserError(
            f"“{layer.name}” cannot be made again",
            "It was moved until nothing of it lies in the picture",
            "Move it back, or delete it and apply the filter anew",
        )
    return selection


def _made_anew(document: Document, again: Layer, result: FilterResult) -> dict[str, Any]:
    """What changes on a layer; one that was moved stays where it is, now in the document's coordinates.

    One whose object has moved goes there, without a mask that was put on by hand where it was.
    """
    made = result_layer(result, again.name)
    values: dict[str, Any] = {"pixels": made.pixels, "recipe": made.recipe, "jpeg": None}
    if isinstance(result.source, ObjectSource):
        return values | {"transform": IDENTITY} | ({"mask": None} if has_moved(document, again) else {})
    if again.transform != IDENTITY:
        values |= {"transform": IDENTITY, "mask": made.mask}
    return values


def _check_there(document: Document, again: Layer) -> None:
    if document.layers.find(again.id) is not again:
        raise UserError(f"“{again.name}” was deleted", "", "Undo that, or choose a filter anew")


def _below(document: Document, again: Layer) -> Layer:
    place = document.layers.place_of(again)
    if place.index == 0:
        raise UserError(
            f"“{again.name}” cannot be made again", "There is no layer below it", "Put it above the picture"
        )
    return document.layers.siblings(place.group)[place.index - 1]
