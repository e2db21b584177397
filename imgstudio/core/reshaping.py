"""The document's size and direction: crop, canvas, scale, turn, mirror, straighten; each is one undo step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import ceil, cos, floor, hypot, radians, sin
from typing import Final, Literal

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import IDENTITY, NEAREST, Rect, Transform
from imgstudio.core.history import Command
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.core.tiles import TILE, TileStore
from imgstudio.core.warping import blocks, turned, warped

LONGEST_SIDE: Final = 100_000
_SOFT_EDGE: Final = 4
"""Pixels of plain mask kept around a mask's content, so that its edge is resampled, not cut."""
_TURNS: Final = {90: Transform(0, 1, -1, 0), 180: Transform(-1, 0, 0, -1), 270: Transform(0, -1, 1, 0)}


def crop(document: Document, rect: Rect, *, delete_outside: bool = False) -> None:
    """Make `rect` the whole picture; it may reach beyond the present one. Layers keep what lies outside."""
    _check_size(rect.width, rect.height)
    label = "Crop"
    shift = Transform(e=-rect.x, f=-rect.y)
    commands: list[Command] = [document.resizing(rect.width, rect.height)]
    for layer in document.layers.all():
        if layer.is_group:
            if layer.mask is not None:
                commands.append(document.replacing(layer.mask, label, _moved(layer.mask, shift)))
            continue
        if delete_outside:
            commands += _deleting_outside(document, layer, rect, label)
        commands.append(document.setting(layer, label, transform=layer.transform.then(shift)))
    inside = Rect(0, 0, rect.width, rect.height)
    selected = _within(_moved(document.selection.store, shift), inside)
    commands.append(document.replacing(document.selection.store, label, selected))
    commands += _on_original(document, label, lambda store: _moved(store, shift))
    document.compound(label, *commands)


def resize_canvas(
    document: Document, width: int, height: int, *, anchor: tuple[float, float] = (0.5, 0.5)
) -> None:
    """Change the size without scaling; `anchor` is the point that stays, 0..1 across and down."""
    x = round((document.bounds.width - width) * anchor[0])
    y = round((document.bounds.height - height) * anchor[1])
    crop(document, Rect(x, y, width, height))


def resize_image(document: Document, width: int, height: int) -> None:
    """Scale everything to `width` x `height`: bicubic, with area averaging where it shrinks."""
    _check_size(width, height)
    label, bounds = "Image size", document.bounds
    scale = Transform(a=width / bounds.width, d=height / bounds.height)
    commands: list[Command] = [document.resizing(width, height)]
    for layer in document.layers.all():
        if layer.is_group:
            commands += _scaling_mask(document, layer, label, scale, bounds)
        elif not layer.transform.is_translation:
            commands.append(document.setting(layer, label, transform=layer.transform.then(scale), jpeg=None))
        else:
            through = layer.transform.then(scale)
            picture = layer.transform.inverted().bounds_of(bounds)
            after = _resampled(layer.pixels, layer.pixels.filled_bounds(), through)
            commands.append(document.replacing(layer.pixels, label, after))
            commands += _scaling_mask(document, layer, label, through, picture)
            recipe = layer.recipe and layer.recipe.moved(through)
            commands.append(document.setting(layer, label, transform=IDENTITY, jpeg=None, recipe=recipe))
    selected = _within(_resampled_mask(document.selection.store, scale, bounds), Rect(0, 0, width, height))
    commands.append(document.replacing(document.selection.store, label, selected))
    commands += _on_original(document, label, lambda s: _resampled(s, s.filled_bounds(), scale))
    document.compound(label, *commands)


def rotate(document: Document, degrees: Literal[90, 180, 270]) -> None:
    """Turn the picture clockwise; no pixel is resampled."""
    width, height = document.bounds.width, document.bounds.height
    shift = {90: Transform(e=height), 180: Transform(e=width, f=height), 270: Transform(f=width)}[degrees]
    size = (width, height) if degrees == 180 else (height, width)
    _turn(document, f"Rotate {degrees}°", _TURNS[degrees], shift, size)


def flip(document: Document, *, horizontal: bool) -> None:
    """Mirror left and right (`horizontal`) or top and bottom."""
    width, height = document.bounds.width, document.bounds.height
    mirror = Transform(a=-1) if horizontal else Transform(d=-1)
    shift = Transform(e=width) if horizontal else Transform(f=height)
    _turn(document, "Flip horizontally" if horizontal else "Flip vertically", mirror, shift, (width, height))


def straighten(document: Document, angle: float) -> None:
    """Turn the picture clockwise by up to 45 degrees and keep the largest part without empty corners."""
    if not -45 <= angle <= 45:
        raise ValueError("straightening goes up to 45 degrees")
    label, bounds = "Straighten", document.bounds
    width, height = _largest_inside(bounds.width, bounds.height, radians(angle))
    c, s = cos(radians(angle)), sin(radians(angle))
    turn = (
        Transform(e=-bounds.width / 2, f=-bounds.height / 2)
        .then(Transform(c, s, -s, c))
        .then(Transform(e=width / 2, f=height / 2))
    )
    commands: list[Command] = [document.resizing(width, height)]
    for layer in document.layers.all():
        if layer.is_group:
            commands += _scaling_mask(document, layer, label, turn, bounds)
        else:
            commands.append(document.setting(layer, label, transform=layer.transform.then(turn), jpeg=None))
    inside = Rect(0, 0, width, height)
    selected = _within(_resampled_mask(document.selection.store, turn, bounds), inside)
    commands.append(document.replacing(document.selection.store, label, selected))
    commands += _on_original(document, label, lambda s: _within(_resampled(s, bounds, turn), inside))
    document.compound(label, *commands)


def transformed_mask(store: TileStore, through: Transform, picture: Rect) -> TileStore:
    """A mask in document coordinates under any map; `picture` is the document's box, no edge of the mask."""
    return _moved(store, through) if through.keeps_pixels else _resampled_mask(store, through, picture)


def _turn(document: Document, label: str, linear: Transform, shift: Transform, size: tuple[int, int]) -> None:
    """Turn or mirror every store; transforms change so that they do to the turned pixels what they did."""
    whole = linear.then(shift)
    commands: list[Command] = [document.resizing(*size)]
    for layer in document.layers.all():
        own = whole if layer.is_group else linear
        if layer.mask is not None:
            commands.append(document.replacing(layer.mask, label, _moved(layer.mask, own)))
        if not layer.is_group:
            commands.append(document.replacing(layer.pixels, label, _moved(layer.pixels, own)))
            transform = linear.inverted().then(layer.transform).then(whole)
            recipe = layer.recipe and layer.recipe.moved(linear)
            commands.append(document.setting(layer, label, transform=transform, jpeg=None, recipe=recipe))
    selected = _moved(document.selection.store, whole)
    commands.append(document.replacing(document.selection.store, label, selected))
    commands += _on_original(document, label, lambda store: _moved(store, whole))
    document.compound(label, *commands)


def _moved(store: TileStore, transform: Transform) -> TileStore:
    """The same pixels under a transform that needs no resampling."""
    made = TileStore(store.channels, store.dtype, fill=store.fill)
    for (column, row), tile in store.snapshot().tiles.items():
        rect = Rect(column * TILE, row * TILE, TILE, TILE)
        made.write(transform.bounds_of(rect), turned(tile, transform))
    made.drop_plain_tiles()
    return made


def _within(store: TileStore, rect: Rect) -> TileStore:
    """Only what lies inside `rect`."""
    box = store.filled_bounds()
    if box.intersect(rect) == box:
        return store
    made = TileStore(store.channels, store.dtype, fill=store.fill)
    kept = box.intersect(rect)
    for y in range(kept.y, kept.bottom, TILE):
        band = Rect(kept.x, y, kept.width, min(TILE, kept.bottom - y))
        made.write(band, store.read(band))
    made.drop_plain_tiles()
    return made


def _deleting_outside(document: Document, layer: Layer, rect: Rect, label: str) -> Iterator[Command]:
    kept = layer.transform.inverted().bounds_of(rect)
    yield document.replacing(layer.pixels, label, _within(layer.pixels, kept))
    if layer.mask is not None:
        yield document.replacing(layer.mask, label, _within(layer.mask, kept))


def _on_original(
    document: Document, label: str, change: Callable[[TileStore], TileStore]
) -> Iterator[Command]:
    if document.original is not None:
        yield document.replacing(document.original, label, change(document.original))


def _scaling_mask(
    document: Document, layer: Layer, label: str, through: Transform, picture: Rect
) -> Iterator[Command]:
    if layer.mask is not None:
        yield document.replacing(layer.mask, label, _resampled_mask(layer.mask, through, picture))


def _resampled_mask(store: TileStore, through: Transform, picture: Rect) -> TileStore:
    """`picture` is the document's box in the mask's coordinates: its edge is no edge of the mask."""
    box = store.filled_bounds()
    if box.is_empty:
        return TileStore(store.channels, store.dtype, fill=store.fill)
    around = box.expanded(_SOFT_EDGE)
    return _resampled(store, around.intersect(picture.united(box)), through)


def _resampled(store: TileStore, box: Rect, through: Transform) -> TileStore:
    """What `box` of a store looks like under a transform; beyond the box its edge pixels go on.

    So a picture that fills the document stays opaque up to the border.
    """
    made = TileStore(store.channels, store.dtype, fill=store.fill)
    if box.is_empty:
        return made
    target = _nearest_box(box, through)
    # As far as bicubic looks beyond the edge: a few pixels of the smaller of both pictures.
    around = box.expanded(8 + ceil(8 / max(1e-3, _least_scale(through, box))))

    def block_of(part: Rect) -> Floats:
        return warped(lambda rect: _edge_extended(store, box, rect), around, through, part)

    with ThreadPoolExecutor(4) as pool:
        parts = list(blocks(target))
        for part, flat in zip(parts, pool.map(block_of, parts), strict=True):
            made.write(part, _stored(flat, store))
    made.drop_plain_tiles()
    return made


def _edge_extended(store: TileStore, box: Rect, rect: Rect) -> Floats:
    """Premultiplied (height, width, 4); masks in the last channel."""
    columns = np.clip(np.arange(rect.x, rect.right), box.x, box.right - 1)
    rows = np.clip(np.arange(rect.y, rect.bottom), box.y, box.bottom - 1)
    x, y = int(columns[0]), int(rows[0])
    pixels = to_float(store.read(Rect(x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1)))
    if pixels.shape[:2] != (rect.height, rect.width):
        pixels = pixels[rows - y][:, columns - x]
    if store.channels == 4:
        pixels[..., :3] *= pixels[..., 3:]
        return pixels
    return np.concatenate((np.zeros((*pixels.shape[:2], 3), np.float32), pixels), axis=2)


def _stored(flat: Floats, store: TileStore) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    if store.channels == 1:
        return from_float(flat[..., 3:], store.dtype)
    np.divide(flat[..., :3], flat[..., 3:], out=flat[..., :3], where=flat[..., 3:] > 0)
    return from_float(flat, store.dtype)


def _nearest_box(box: Rect, through: Transform) -> Rect:
    """Where a box goes: with edges rounded to whole pixels if it stays upright, else all it may touch."""
    if through.b != 0 or through.c != 0 or not through.is_affine:
        return through.reach_of(box)
    (left, top), (right, bottom) = through.apply(box.x, box.y), through.apply(box.right, box.bottom)
    x, y = floor(left + 0.5), floor(top + 0.5)
    return Rect(x, y, max(1, floor(right + 0.5) - x), max(1, floor(bottom + 0.5) - y))


def _least_scale(through: Transform, box: Rect) -> float:
    """How long the shorter side of a pixel becomes where it becomes shortest."""
    scales = []
    for x, y in ((box.x, box.y), (box.right, box.y), (box.x, box.bottom), (box.right, box.bottom)):
        if through.nearness(x, y) >= NEAREST:
            there = through.around(x, y)
            scales += [hypot(there.a, there.b), hypot(there.c, there.d)]
    return min(scales, default=1.0)


def _largest_inside(width: int, height: int, angle: float) -> tuple[int, int]:
    """Sides of the largest upright rectangle of the same shape inside the turned picture."""
    c, s = abs(cos(angle)), abs(sin(angle))
    share = min(width / (width * c + height * s), height / (width * s + height * c))
    return max(1, floor(width * share + 1e-9)), max(1, floor(height * share + 1e-9))


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise UserError("The picture would have no pixels", f"{width} x {height}", "Choose a larger size")
    if max(width, height) > LONGEST_SIDE:
        raise UserError(
            "The picture would be too large",
            f"{width} x {height}",
            f"Stay below {LONGEST_SIDE:,} pixels a side",
        )
