"""Masks, the selection and pixels of one layer: copy, clear, fill, mask; each change is one undo step."""

from __future__ import annotations

import numpy as np

from imgstudio.core.blend import composite, flatten, render_layer
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layering import bands
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, Floats, from_float, to_depth, to_float
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TileStore
from imgstudio.core.warping import warped


def layer_from_pixels(
    document: Document, pixels: Array, name: str = "Pasted", at: tuple[int, int] | None = None
) -> Layer:
    """Add (height, width, 4) uint8 or uint16 pixels as a layer with its corner `at`, or in the middle."""
    height, width = pixels.shape[:2]
    x, y = at or ((document.bounds.width - width) // 2, (document.bounds.height - height) // 2)
    layer = Layer(name, TileStore.from_array(to_depth(pixels, document.dtype), x, y))
    document.add_layer(layer, label="Paste")
    return layer


def copy_merged(document: Document, rect: Rect | None = None) -> Array:
    """What shows in `rect` (default: the selection's box, or everything): (height, width, 4), unmasked."""
    return flatten(document, rect or _selected_box(document))


def copy_pixels(document: Document, layer: Layer) -> tuple[Array, Rect]:
    """What a layer shows in the selection, faded as the selection is, and where it lies."""
    rect = _selected_box(document).intersect(layer.bounds())
    pixels = render_layer(layer, rect, document.dtype)
    coverage = document.selection.effective(rect)
    if coverage is not None:
        pixels[..., 3] = from_float(to_float(pixels[..., 3]) * to_float(coverage), document.dtype)
    return pixels, rect


def cut_pixels(document: Document, layer: Layer) -> tuple[Array, Rect]:
    """`copy_pixels`, then clear them."""
    copied = copy_pixels(document, layer)
    clear_selection_pixels(document, layer, label="Cut")
    return copied


def clear_selection_pixels(document: Document, layer: Layer, *, label: str = "Clear") -> None:
    """Make the selected pixels of a layer transparent; they keep their colour underneath."""
    check_paintable(layer)
    area = layer.pixels.bounds()
    with document.editing(layer.pixels, label) as edit:
        for rect in bands(area):
            pixels = layer.pixels.read(rect)
            kept = 1 - to_float(selection_in_layer(document, layer, rect))
            pixels[..., 3] = from_float(to_float(pixels[..., 3]) * kept, document.dtype)
            layer.pixels.write(rect, pixels)
        edit.touch(area)


def fill_selection(document: Document, layer: Layer, colour: tuple[int, int, int, int]) -> None:
    """Paint 8-bit RGBA over the selection (or the whole picture) in a layer."""
    check_paintable(layer)
    area = layer.transform.inverted().bounds_of(_selected_box(document))
    paint = Layer("Fill", TileStore(4, document.dtype))
    one = to_depth(np.array([[colour]], np.uint8), document.dtype)
    with document.editing(layer.pixels, "Fill") as edit:
        for rect in bands(area):
            fill = np.repeat(np.repeat(one, rect.height, 0), rect.width, 1)
            coverage = to_float(selection_in_layer(document, layer, rect))
            fill[..., 3] = from_float(to_float(fill[..., 3]) * coverage, document.dtype)
            paint.pixels = TileStore.from_array(fill, rect.x, rect.y)
            below = Layer("Below", layer.pixels)
            layer.pixels.write(rect, composite([below, paint], rect, document.dtype))
        edit.touch(area)


def add_layer_mask(document: Document, layer: Layer, *, from_selection: bool) -> None:
    """Give a layer a mask that shows the selection, or everything."""
    mask = TileStore(1, fill=255)
    if from_selection and not document.selection.is_empty:
        mask = TileStore(1)
        box = document.selection.bounds()
        for rect in bands(box if layer.is_group else layer.transform.inverted().reach_of(box)):
            mask.write(rect, selection_in_layer(document, layer, rect)[..., None])
        mask.drop_plain_tiles()
    document.set_layer(layer, "Add mask", mask=mask, mask_enabled=True)


def apply_mask(document: Document, layer: Layer) -> None:
    """Make what the mask hides transparent and drop the mask; the layer looks the same."""
    mask = layer.mask
    check_paintable(layer)
    if mask is None:
        return
    after = layer.pixels.copy()
    for rect in bands(layer.pixels.bounds()):
        pixels = after.read(rect)
        alpha = to_float(pixels[..., 3]) * to_float(mask.read(rect)[..., 0])
        pixels[..., 3] = from_float(alpha, document.dtype)
        after.write(rect, pixels)
    label = "Apply mask"
    gone = document.setting(layer, label, mask=None, mask_enabled=True)
    document.compound(label, document.replacing(layer.pixels, label, after), gone)


def delete_mask(document: Document, layer: Layer) -> None:
    """Drop the mask; everything of the layer shows again."""
    if layer.mask is not None:
        document.set_layer(layer, "Delete mask", mask=None, mask_enabled=True)


def mask_to_selection(document: Document, layer: Layer) -> None:
    """Select what the layer's mask shows, inside the picture."""
    if layer.mask is None:
        raise UserError(f"“{layer.name}” has no mask", "", "Add a mask first")
    after = mask_in_document(layer, layer.mask, document.bounds)
    document.do(document.replacing(document.selection.store, "Mask to selection", after))


def mask_in_document(layer: Layer, mask: TileStore, bounds: Rect) -> TileStore:
    """What a mask of a layer shows, in document coordinates and inside `bounds` only."""
    made = TileStore(1)
    for rect in bands(bounds):
        if layer.is_group:
            shown = mask.read(rect)
        elif layer.transform.is_translation:
            dx, dy = layer.transform.offset
            shown = mask.read(rect.translated(-dx, -dy))
        else:
            shown = coverage_through(mask, layer.transform, rect)[..., None]
        made.write(rect, shown)
    made.drop_plain_tiles()
    return made


def selection_in_layer(document: Document, layer: Layer, rect: Rect) -> Coverage:
    """Coverage of the selection over `rect` of a layer's own coordinates; 255 where nothing is selected."""
    if document.selection.is_empty:
        return np.full((rect.height, rect.width), 255, np.uint8)
    if layer.is_group:
        return document.selection.read(rect)
    return coverage_in_layer(document.selection.store, layer, rect)


def coverage_in_layer(store: TileStore, layer: Layer, rect: Rect) -> Coverage:
    """A coverage of one channel in document coordinates over `rect` of a pixel layer's own coordinates."""
    if layer.transform.is_translation:
        return store.read(rect.translated(*layer.transform.offset))[..., 0]
    return coverage_through(store, layer.transform.inverted(), rect)


def coverage_through(store: TileStore, transform: Transform, rect: Rect) -> Coverage:
    """What a store of one channel shows in `rect` of the document under any transform."""
    plain = np.float32(store.fill / 255)

    def read(part: Rect) -> Floats:
        flat = np.zeros((part.height, part.width, 4), np.float32)
        flat[..., 3] = np.abs(to_float(store.read(part)[..., 0]) - plain)
        return flat

    off = from_float(warped(read, store.filled_bounds(), transform, rect)[..., 3])
    return np.asarray(255 - off if store.fill else off, np.uint8)


def _selected_box(document: Document) -> Rect:
    return document.bounds if document.selection.is_empty else document.selection.bounds()


def check_paintable(layer: Layer) -> None:
    """Raises UserError unless the layer's own pixels may be changed."""
    if layer.is_group:
        raise UserError(f"“{layer.name}” is a group", "It has no pixels of its own", "Choose a layer in it")
    if layer.locked:
        raise UserError(f"“{layer.name}” is locked", "", "Unlock it in the Layers panel first")
