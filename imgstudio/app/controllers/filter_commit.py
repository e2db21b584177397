"""Puts the result of a run into its document, if both are still there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import IDENTITY, Rect
from imgstudio.core.layers import Layer
from imgstudio.core.recipe import Recipe
from imgstudio.core.selection import Selection
from imgstudio.filters.base import AnyFilter
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
    """Filter the active layer, or make `again` anew from what lies below it; raises UserError."""
    if again is not None:
        return Order(document, _below(document, again), item, again)
    layer = document.active
    if layer is None:
        raise UserError("There is no layer to work on", "", "Add a layer or open a picture")
    return Order(document, layer, item)


def own_selection(again: Layer | None) -> Selection | None:
    """What a layer that is made anew is limited to: its own mask; None for other runs."""
    if again is None:
        return None
    selection = Selection()
    if again.mask is not None and again.recipe is not None and again.recipe.steps[-1].region == "mask":
        selection.store.restore(again.mask.snapshot())
        selection.touched()
    return selection


def commit(order: Order, result: FilterResult | SizeResult) -> Layer | None:
    """One undo step. Returns the layer that shows the result, if there is one."""
    document, name = order.document, order.item.name
    if isinstance(result, SizeResult):
        commit_size(document, result, name)
        return None
    if order.again is not None:
        store = document.new_store()
        store.restore(result.pixels.snapshot())
        recipe = Recipe((result.step,))
        document.set_layer(order.again, f"{name} again", pixels=store, recipe=recipe, jpeg=None)
        return order.again
    layer = result_layer(result, name)
    document.add_layer(layer, document.place_above(order.layer), name)
    return layer


def preview_of(order: Order, result: FilterResult) -> Layer:
    """The layer that `commit` would add, or one that looks like the layer it would change."""
    layer = result_layer(result, order.item.name)
    if order.again is None:
        return layer
    return replace(layer, opacity=order.again.opacity, blend=order.again.blend)


def why_dropped(order: Order, documents: list[Document]) -> str:
    """What stands in the way of a result; "" when it can be used."""
    if order.document not in documents:
        return "its picture was closed"
    target = order.again or order.layer
    if order.document.layers.find(target.id) is not target:
        return f"the layer “{target.name}” was deleted"
    return ""


def worked_area(document: Document, selection: Selection | None) -> Rect:
    """The box that a full run will compute, for an estimate."""
    chosen = document.selection if selection is None else selection
    area = document.bounds
    return area if chosen.is_empty else area.intersect(chosen.bounds())


def _below(document: Document, again: Layer) -> Layer:
    if document.layers.find(again.id) is not again:
        raise UserError(f"“{again.name}” was deleted", "", "Undo that, or choose a filter anew")
    place = document.layers.place_of(again)
    if place.index == 0:
        raise UserError(
            f"“{again.name}” cannot be made again", "There is no layer below it", "Put it above the picture"
        )
    if again.transform != IDENTITY:
        raise UserError(
            f"“{again.name}” cannot be made again",
            "It was moved, so its place in the picture is not the one it was made for",
            "Delete it and apply the filter anew",
        )
    return document.layers.siblings(place.group)[place.index - 1]
