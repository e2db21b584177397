"""Pixels of single layers as premultiplied surfaces, whole or reduced, remembered between paints."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from math import floor, log2, sqrt
from typing import Final, Protocol

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QTransform

from imgstudio.app.canvas.surfaces import (
    Surface,
    blank,
    halved,
    is_opaque,
    premultiplied,
    times,
    to_eight_bit,
    wrapped,
)
from imgstudio.app.canvas.view import LEVELS
from imgstudio.core.blend import render_layer
from imgstudio.core.geometry import EMPTY, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array
from imgstudio.core.tiles import TILE, Index, TileSnapshot, TileStore, tiles_under

WARP_BLOCK: Final = 512
"""Resampled layers are remembered in blocks of the document's grid."""
_MOST_WARPED: Final = 64


class LayerImages(Protocol):
    """Draws one pixel layer; `rect` and the painter's device are in pixels of `level`."""

    level: int
    is_exact: bool
    """Whether what is drawn is what the exact compositor would give, so that blending it exactly is worth it."""

    def draw(self, painter: QPainter, layer: Layer, rect: Rect) -> None: ...


def active_mask(layer: Layer) -> TileStore | None:
    return layer.mask if layer.mask_enabled else None


class WholeImages:
    """Layers at full size, read from their tiles; only resampled ones are remembered."""

    level = 0
    is_exact = True

    def __init__(self) -> None:
        self._warped: dict[tuple[str, Rect], _Warped] = {}

    def draw(self, painter: QPainter, layer: Layer, rect: Rect) -> None:
        if not layer.transform.is_translation:
            self._draw_resampled(painter, layer, rect)
            return
        dx, dy = layer.transform.offset
        local, mask = rect.translated(-dx, -dy), active_mask(layer)
        for index, inner, outer in tiles_under(local):
            tile = layer.pixels.tile(index)
            if tile is not None:
                coverage = None if mask is None else _tile_of(mask, index)[inner]
                _draw_part(painter, tile[inner], coverage, outer[1].start, outer[0].start)

    def lacking(self, layer: Layer, rect: Rect) -> int:
        """How many blocks must be resampled before a layer can be drawn in `rect` of the document."""
        if layer.transform.keeps_pixels:
            return 0
        grid, now = rect.intersect(layer.bounds()).covering_multiple(WARP_BLOCK), _state_of(layer)
        keys = [
            (layer.id, Rect(x, y, WARP_BLOCK, WARP_BLOCK))
            for y in range(grid.y, grid.bottom, WARP_BLOCK)
            for x in range(grid.x, grid.right, WARP_BLOCK)
        ]
        known = [self._warped.get(key) for key in keys]
        return sum(block is None or not block.state.equals(now) for block in known)

    def keep_only(self, ids: set[str]) -> None:
        """Forget layers that are gone."""
        for gone in [key for key in self._warped if key[0] not in ids]:
            del self._warped[gone]

    def _draw_resampled(self, painter: QPainter, layer: Layer, rect: Rect) -> None:
        grid = rect.covering_multiple(WARP_BLOCK)
        for y in range(grid.y, grid.bottom, WARP_BLOCK):
            for x in range(grid.x, grid.right, WARP_BLOCK):
                block = Rect(x, y, WARP_BLOCK, WARP_BLOCK)
                surface = self._resampled(layer, block)
                painter.drawImage(x - rect.x, y - rect.y, wrapped(surface))

    def _resampled(self, layer: Layer, block: Rect) -> Surface:
        key = (layer.id, block)
        known, now = self._warped.pop(key, None), _state_of(layer)
        if known is None or not known.state.equals(now):
            known = _Warped(now, premultiplied(render_layer(layer, block, np.uint8)))
        self._warped[key] = known
        while len(self._warped) > _MOST_WARPED:
            del self._warped[next(iter(self._warped))]
        return known.surface


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What a resampled layer looked like; snapshots make later writes copy, so identity is enough."""

    transform: Transform
    pixels: TileSnapshot
    mask: TileSnapshot | None

    def equals(self, other: _State) -> bool:
        if self.transform != other.transform or not self.pixels.shares_all_with(other.pixels):
            return False
        if self.mask is None or other.mask is None:
            return self.mask is other.mask
        return self.mask.shares_all_with(other.mask)


@dataclass(frozen=True, slots=True, eq=False)
class _Warped:
    state: _State
    surface: Surface


def _state_of(layer: Layer) -> _State:
    mask = active_mask(layer)
    return _State(layer.transform, layer.pixels.snapshot(), None if mask is None else mask.snapshot())


class DraftImages:
    """Layers at full size; those that must be resampled as QPainter does it, which is quick and less fine."""

    level = 0
    is_exact = False

    def __init__(self, whole: WholeImages) -> None:
        self._whole = whole
        self._layers: dict[tuple[str, int], _Reduced] = {}

    def draw(self, painter: QPainter, layer: Layer, rect: Rect) -> None:
        if layer.transform.keeps_pixels:
            self._whole.draw(painter, layer, rect)
            return
        level = _level_for(layer)
        reduced = self._layers.setdefault((layer.id, level), _Reduced(level))
        reduced.draw(painter, layer, Transform(e=-rect.x, f=-rect.y))


class ReducedImages:
    """Layers averaged down `level` times, so that a large change is shown at once when zoomed out."""

    is_exact = False

    def __init__(self, level: int) -> None:
        self.level = level
        self._layers: dict[str, _Reduced] = {}

    def draw(self, painter: QPainter, layer: Layer, rect: Rect) -> None:
        if layer.pixels.is_empty:
            return
        reduced = self._layers.setdefault(layer.id, _Reduced(self.level))
        scale = 2.0**self.level
        reduced.draw(painter, layer, Transform(1 / scale, 0, 0, 1 / scale, -rect.x, -rect.y))

    def keep_only(self, ids: set[str]) -> None:
        """Forget layers that are gone."""
        for gone in self._layers.keys() - ids:
            del self._layers[gone]


@dataclass(slots=True)
class _Reduced:
    """One layer, mask applied, averaged; knows by identity which tiles it was made from."""

    level: int
    bounds: Rect = EMPTY
    surface: Surface = field(default_factory=lambda: blank(1, 1))
    made_from: dict[Index, tuple[Array | None, Array | None]] = field(default_factory=dict)

    def draw(self, painter: QPainter, layer: Layer, to_device: Transform) -> None:
        """Draw the layer as it is now; `to_device` leads there from the document."""
        self.update(layer)
        scale = 2.0**self.level
        to_document = Transform(scale, 0, 0, scale, self.bounds.x, self.bounds.y).then(layer.transform)
        a, b, c, d, e, f, g, h, i = place = to_document.then(to_device)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not place.is_translation)
        painter.setTransform(QTransform(a, b, g, c, d, h, e, f, i))
        painter.drawImage(QPointF(0, 0), wrapped(self.surface))
        painter.restore()

    def update(self, layer: Layer) -> None:
        mask = active_mask(layer)
        pixels = layer.pixels.snapshot()
        # Freezing makes later writes copy their tile, so the same array means the same pixels.
        coverage = None if mask is None else mask.snapshot()
        bounds = pixels.bounds()
        if bounds != self.bounds:
            self.bounds, self.made_from = bounds, {}
            self.surface = blank(bounds.width >> self.level, bounds.height >> self.level)
        for index in self.made_from.keys() | pixels.tiles.keys():
            tile = pixels.tiles.get(index)
            over = None if coverage is None else coverage.tiles.get(index, _plain(coverage.fill))
            known = self.made_from.get(index, (None, None))
            if known[0] is not tile or known[1] is not over:
                self.made_from[index] = (tile, over)
                self._put(index, tile, over)

    def _put(self, index: Index, tile: Array | None, coverage: Array | None) -> None:
        side = TILE >> self.level
        x, y = (
            index[0] * side - (self.bounds.x >> self.level),
            index[1] * side - (self.bounds.y >> self.level),
        )
        target = self.surface[y : y + side, x : x + side]
        if tile is None:
            target[:] = 0
            return
        part = to_eight_bit(tile)
        if not is_opaque(part):
            part = premultiplied(part)
        if coverage is not None:
            part = times(part, coverage[..., 0])
        target[:] = halved(part, self.level)


def _level_for(layer: Layer) -> int:
    """How often a layer can be halved before it is drawn, at its middle."""
    box = layer.pixels.bounds()
    try:
        there = layer.transform.around(box.x + box.width / 2, box.y + box.height / 2)
    except ValueError:  # the middle is on the horizon
        return 0
    shrinks = 1 / max(1e-6, sqrt(abs(there.a * there.d - there.b * there.c)))
    return min(LEVELS, max(0, floor(log2(shrinks))))


@cache
def _plain(fill: int) -> Array:
    """The tile of a mask where none is stored."""
    return np.full((TILE, TILE, 1), fill, np.uint8)


def _tile_of(mask: TileStore, index: Index) -> Array:
    tile = mask.tile(index)
    return (_plain(mask.fill) if tile is None else tile)[..., 0]


def _draw_part(painter: QPainter, pixels: Array, coverage: Array | None, x: int, y: int) -> None:
    pixels = to_eight_bit(pixels)
    if coverage is None and is_opaque(pixels):
        whole = np.ascontiguousarray(pixels)
        painter.drawImage(x, y, wrapped(whole, opaque=True))
        return
    surface = premultiplied(pixels)
    if coverage is not None:
        surface = times(surface, coverage)
    painter.drawImage(x, y, wrapped(surface))
