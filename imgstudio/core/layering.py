"""Merging, grouping and copying layers; each is one undo step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy.typing as npt

from imgstudio.core.blend import composite, flatten
from imgstudio.core.commands import Tree, tree_of
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.history import Command
from imgstudio.core.imageformats import xmp
from imgstudio.core.layers import Layer
from imgstudio.core.opening import recipe_of, with_earlier_steps
from imgstudio.core.pixels import Array
from imgstudio.core.tiles import TileStore

_BAND: Final = 1024
"""Rows that are composited at a time, so that a merge needs little memory beside its result."""


def flatten_image(document: Document) -> Layer:
    """Make one layer of what shows; hidden layers are gone, what AI did is remembered in the metadata."""
    pixels = _painted(lambda rect: flatten(document, rect), document.bounds, document.dtype)
    flat = Layer("Background", pixels)
    _rearrange(document, "Flatten image", ((flat, None),), document.layers.root)
    document.active = flat
    return flat


def merge_visible(document: Document) -> Layer:
    """Make one layer of all that show, where the lowest of them was; hidden ones stay."""
    root = document.layers.root
    seen = _visible_with_base(root)
    if not seen:
        raise UserError("No layer is visible", "", "Show the layers to merge first")
    merged = Layer("Merged", _merged_pixels(document, seen))
    tree = [(merged if layer is seen[0] else layer, inside) for layer, inside in tree_of(root)]
    after = tuple((x, None if x is merged else inside) for x, inside in tree if x not in seen)
    _rearrange(document, "Merge visible", after, seen)
    document.active = merged
    return merged


def merge_down(document: Document, layer: Layer) -> Layer:
    """Merge a layer, with what is clipped to it, into the one below; the picture stays as it looks.

    A clipped layer is merged into its neighbour, which keeps its own mode and opacity.
    """
    place = document.layers.place_of(layer)
    siblings = document.layers.siblings(place.group)
    upper = siblings[place.index : _run_end(siblings, place.index)]
    start = place.index - 1
    while not layer.clip and start > 0 and siblings[start].clip:
        start -= 1
    if start < 0:
        raise UserError(f"There is nothing below “{layer.name}”", "", "Move it above another layer first")
    lower = siblings[start : place.index]
    if not layer.visible or not lower[0].visible:
        raise UserError("A hidden layer cannot be merged", "", "Show both layers first")
    merged = _merge_of(document, lower, upper)
    gone = [*lower, *upper]
    after = _replaced(tree_of(document.layers.root), gone, merged)
    _rearrange(document, "Merge down", after, gone)
    document.active = merged
    return merged


def duplicate_layer(document: Document, layer: Layer) -> Layer:
    """Copy a layer above itself (and above what is clipped to it)."""
    copy = layer.duplicate()
    copy.name = f"{layer.name} copy"
    place = document.layers.place_of(layer)
    place = replace(place, index=place.index + 1) if layer.clip else document.place_above(layer, free=True)
    document.add_layer(copy, place, "Duplicate layer")
    return copy


def group_layers(document: Document, layers: Sequence[Layer], name: str = "Group") -> Layer:
    """Put layers that lie in one list into a new group, where the topmost of them was."""
    places = {document.layers.place_of(layer).group for layer in layers}
    if len(places) != 1:
        raise UserError(
            "These layers cannot be grouped", "They are in different groups", "Choose layers side by side"
        )
    wanted = _with_followers(document.layers.siblings(places.pop()), layers)
    group = Layer(name, document.new_store(), children=[])
    inside = tree_of(wanted)
    after = _replaced(tree_of(document.layers.root), wanted, group, inside, at_top=True)
    document.do(document.rearranging("Group layers", after))
    document.active = group
    return group


def ungroup(document: Document, group: Layer) -> None:
    """Put the layers of a group where the group is; its mask, opacity and mode are dropped."""
    children = list(group.children or ())
    document.do(document.rearranging("Ungroup", _opened(tree_of(document.layers.root), group)))
    document.active = children[-1] if children else None


def bands(rect: Rect) -> Iterator[Rect]:
    """Cut a box into strips small enough to work on in floating point."""
    if rect.is_empty:
        return
    yield from rect.pieces(rect.width, _BAND)


def _painted(read: Callable[[Rect], Array], box: Rect, dtype: npt.DTypeLike) -> TileStore:
    store = TileStore(4, dtype)
    for band in bands(box):
        store.write(band, read(band))
    store.drop_plain_tiles()
    return store


def _merged_pixels(document: Document, layers: Sequence[Layer]) -> TileStore:
    box = EMPTY
    for layer in layers:
        box = box.united(layer.bounds())
    return _painted(lambda rect: composite(layers, rect, document.dtype), box, document.dtype)


def _merge_of(document: Document, lower: Sequence[Layer], upper: Sequence[Layer]) -> Layer:
    """One layer that looks as both do."""
    base = lower[0]
    if not upper[0].clip:
        shown = [replace(base, blend="normal", clip=False), *lower[1:], *upper]
        return Layer(base.name, _merged_pixels(document, shown), blend=base.blend, clip=base.clip)
    # Clipped to the layer below or beside it: that one keeps its mode and opacity.
    plain = replace(base, blend="normal", opacity=1.0, clip=False)
    shown = [plain, *(replace(layer, clip=not base.clip) for layer in upper)]
    pixels = _merged_pixels(document, shown)
    return Layer(base.name, pixels, blend=base.blend, opacity=base.opacity, clip=base.clip)


def _run_end(siblings: Sequence[Layer], index: int) -> int:
    """Where the run that starts at `index` ends; a clipped layer stands for itself."""
    end = index + 1
    while not siblings[index].clip and end < len(siblings) and siblings[end].clip:
        end += 1
    return end


def _visible_with_base(layers: Sequence[Layer]) -> list[Layer]:
    shown: list[Layer] = []
    base: Layer | None = None
    for layer in layers:
        base = layer if base is None or not layer.clip else base
        if layer.visible and base.visible:
            shown.append(layer)
    return shown


def _with_followers(siblings: Sequence[Layer], layers: Sequence[Layer]) -> list[Layer]:
    """The layers in their order, each base with what is clipped to it."""
    wanted: list[Layer] = []
    for layer in siblings:
        if layer in layers or (layer.clip and wanted and wanted[-1] is siblings[siblings.index(layer) - 1]):
            wanted.append(layer)
    return wanted


def _replaced(
    tree: Tree, gone: Sequence[Layer], new: Layer, inside: Tree | None = None, *, at_top: bool = False
) -> Tree:
    """The tree with `new` where the lowest (or topmost) of `gone` was."""
    stand_in = gone[-1] if at_top else gone[0]
    out: list[tuple[Layer, Tree | None]] = []
    for layer, own in tree:
        if layer is stand_in:
            out.append((new, inside))
        elif layer not in gone:
            out.append((layer, None if own is None else _replaced(own, gone, new, inside, at_top=at_top)))
    return tuple(out)


def _opened(tree: Tree, group: Layer) -> Tree:
    """The tree with what is in `group` in its place."""
    out: list[tuple[Layer, Tree | None]] = []
    for layer, own in tree:
        if layer is group:
            out += own or ()
        else:
            out.append((layer, None if own is None else _opened(own, group)))
    return tuple(out)


def _rearrange(document: Document, label: str, after: Tree, gone: Iterable[Layer]) -> None:
    """Change the tree, and remember in the metadata what AI did to layers that are merged."""
    commands: list[Command] = [document.rearranging(label, after)]
    recipe = recipe_of(gone)
    if recipe.steps:
        packet = document.metadata.xmp
        metadata = replace(
            document.metadata,
            xmp=xmp.with_recipe(packet, with_earlier_steps(packet, recipe).to_json(compact=True)),
        )
        commands.append(document.setting_own(label, metadata=metadata))
    document.compound(label, *commands)
