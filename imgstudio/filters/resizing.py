"""Runs a filter that changes the picture's size over every layer, mask and the selection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from imgstudio.core import params as declared
from imgstudio.core.blend import render_layer
from imgstudio.core.commands import SetProperty, nothing
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import IDENTITY, Rect, Size
from imgstudio.core.history import Command
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, from_float, premultiply, resized, to_float, unpremultiply
from imgstudio.core.tiles import TileSnapshot, TileStore
from imgstudio.filters.base import Filter, FilterInput
from imgstudio.filters.models import use_threads
from imgstudio.filters.runner import RunSettings

MOST_MEGAPIXELS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class ResizedLayer:
    """New stores of one layer, in document coordinates."""

    id: str
    pixels: TileStore | None
    mask: TileStore | None


@dataclass(frozen=True, slots=True, eq=False)
class SizeResult:
    """Everything a document needs to become another size."""

    size: Size
    layers: tuple[ResizedLayer, ...]
    selection: TileStore
    original: TileStore | None


@dataclass(frozen=True, slots=True, eq=False)
class SizeJob:
    """A complete order; owns copies of all it needs."""

    title: str
    filter: Filter[Any]
    params: Any
    layers: tuple[tuple[str, Layer], ...]
    """Ids and private copies of all pixel layers and groups."""
    selection: TileSnapshot
    original: TileStore | None
    bounds: Rect
    dtype: np.dtype[np.generic]
    how: RunSettings

    def run(self, progress: Progress) -> SizeResult:
        """Resize layer by layer; raises Cancelled between them."""
        assert self.filter.size is not None
        if self.filter.models:
            use_threads(self.how.threads)
        size = self.filter.size(self.params, Size(self.bounds.width, self.bounds.height))
        made = []
        for index, (layer_id, layer) in enumerate(self.layers):
            part = progress.part(index / len(self.layers), (index + 1) / len(self.layers))
            pixels = None if layer.is_group else self._pixels(layer, part)
            made.append(ResizedLayer(layer_id, pixels, self._mask(layer, size)))
        selection = TileStore(1)
        if self.selection.tiles:
            selection = TileStore.from_array(resized(self.selection.read(self.bounds), *size))
            selection.drop_plain_tiles()
        original = None if self.original is None else self._resampled(self.original, progress)
        return SizeResult(size, tuple(made), selection, original)

    def _pixels(self, layer: Layer, progress: Progress) -> TileStore:
        alone = replace(layer, mask=None)
        store = TileStore.from_array(self._filtered(render_layer(alone, self.bounds, self.dtype), progress))
        store.drop_plain_tiles()
        return store

    def _filtered(self, straight: Array, progress: Progress) -> Array:
        """The filter sees premultiplied colour, and alpha as a grey picture, so that edges stay clean."""
        rgba = to_float(straight)
        opaque = bool((rgba[..., 3] >= 1).all())
        colour = self._run(
            rgba[..., :3] if opaque else premultiply(rgba)[..., :3],
            progress,
            None if opaque else rgba[..., 3],
        )
        alpha = np.ones((*colour.shape[:2], 1), np.float32)
        if not opaque:
            alpha = self._run(np.repeat(rgba[..., 3:], 3, axis=2), progress, is_alpha=True)[..., :1].clip(
                0, 1
            )
        joined = np.concatenate([colour, alpha], axis=2)
        return from_float(joined if opaque else unpremultiply(joined), self.dtype)

    def _run(self, pixels: Any, progress: Progress, alpha: Any = None, *, is_alpha: bool = False) -> Any:
        whole = Rect(0, 0, pixels.shape[1], pixels.shape[0])
        image = FilterInput(
            pixels, alpha, None, whole, whole, self.how.seed, device=self.how.device, is_alpha=is_alpha
        )
        return self.filter.run(image, self.params, progress)

    def _mask(self, layer: Layer, size: Size) -> TileStore | None:
        if layer.mask is None:
            return None
        mask = layer.mask
        if not layer.is_group and layer.transform != IDENTITY:
            shown = Layer("mask", _white_where(mask, layer, self.bounds), transform=layer.transform)
            coverage = render_layer(shown, self.bounds, np.uint8)[..., 3:]
        else:
            coverage = mask.read(self.bounds)
        return TileStore.from_array(resized(coverage, *size), fill=mask.fill)

    def _resampled(self, store: TileStore, progress: Progress) -> TileStore:
        return TileStore.from_array(self._filtered(store.read(self.bounds), progress))


def _white_where(mask: TileStore, layer: Layer, bounds: Rect) -> TileStore:
    """The mask as the alpha of a white picture, over the layer's box."""
    box = layer.transform.inverted().bounds_of(bounds).united(layer.pixels.bounds())
    coverage = mask.read(box)
    white = np.full((*coverage.shape[:2], 3), 255, np.uint8)
    return TileStore.from_array(np.concatenate([white, coverage], axis=2), box.x, box.y)


def capture_size(
    document: Document, item: Filter[Any], params: Any, how: RunSettings | None = None
) -> SizeJob:
    """Order a change of size; call it on the thread that owns the document. Raises UserError."""
    declared.check(params)
    assert item.size is not None
    size = item.size(params, Size(document.bounds.width, document.bounds.height))
    if size.width * size.height > MOST_MEGAPIXELS * 1e6:
        raise UserError(
            f"{size.width} x {size.height} is too large",
            f"That is over {MOST_MEGAPIXELS} megapixels",
            "Choose a smaller size",
        )
    layers = tuple((layer.id, _plain(layer)) for layer in document.layers.all())
    return SizeJob(
        item.name,
        item,
        params,
        layers,
        document.selection.store.snapshot(),
        None if document.original is None else document.original.copy(),
        document.bounds,
        document.dtype,
        how or RunSettings(),
    )


def _plain(layer: Layer) -> Layer:
    """A copy that renders its pixels alone: mask and opacity stay with the layer."""
    copy = layer.duplicate()
    if copy.children is not None:
        copy.children = []
    copy.opacity, copy.visible = 1.0, True
    return copy


def commit_size(document: Document, result: SizeResult, label: str) -> None:
    """Give the document its new size as one undo step. Layers that are gone by now are skipped."""
    commands: list[Command] = [document.resizing(*result.size)]
    for item in result.layers:
        layer = document.layers.find(item.id)
        if layer is None:
            continue
        values: dict[str, Any] = {"jpeg": None, "mask": item.mask}
        if item.pixels is not None:
            values |= {"pixels": item.pixels, "transform": IDENTITY}
        commands.append(document.setting(layer, label, **values))
    store = document.selection.store
    commands.append(document.replacing(store, label, result.selection))
    before, after = {"original": document.original}, {"original": result.original}
    commands.append(SetProperty(label, document, before, after, nothing, lambda rect: None))
    document.compound(label, *commands)
