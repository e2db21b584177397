"""Layers averaged down by a power of two, so that a quick look at a large picture reads little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, from_float, premultiply, to_float, top, unpremultiply
from imgstudio.core.tiles import TILE, TileSnapshot, TileStore

MOST: Final = 64
"""Pixels each way that become one, at most."""


def step_for(factor: float) -> int:
    """The largest power of two that makes a picture no smaller than by `factor`, at most MOST."""
    step = 1
    while step < MOST and 2 * step * factor <= 1 + 1e-9:
        step *= 2
    return step


class Shrinking:
    """Makes layers smaller by `step`. Guards: a layer that stands in several trees is averaged once."""

    def __init__(self, step: int) -> None:
        self.step = step
        self._known: dict[int, Layer] = {}

    def layers(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """The same layers in a document that is smaller by `step`."""
        return tuple(self._layer(layer) for layer in layers)

    def store(self, store: TileSnapshot) -> TileStore:
        """RGBA or coverage; straight colours are weighted by their alpha."""
        small = TileStore(store.channels, store.dtype, fill=store.fill)
        side = TILE // self.step
        for (column, row), tile in store.tiles.items():
            small.write(Rect(column * side, row * side, side, side), self._averaged(tile, side))
        return small

    def box(self, box: Rect) -> Rect:
        """The reduced box that covers a box of the document."""
        return Rect(*(value // self.step for value in box.covering_multiple(self.step)))

    def _layer(self, layer: Layer) -> Layer:
        if id(layer) not in self._known:
            mask = None if layer.mask is None else self.store(layer.mask.snapshot())
            if layer.children is not None:
                made = replace(layer, mask=mask, children=list(self.layers(layer.children)))
            else:
                up, down = Transform(a=self.step, d=self.step), Transform(a=1 / self.step, d=1 / self.step)
                at = up.then(layer.transform).then(down)
                made = replace(layer, pixels=self.store(layer.pixels.snapshot()), mask=mask, transform=at)
            self._known[id(layer)] = made
        return self._known[id(layer)]

    def _averaged(self, tile: Array, side: int) -> Array:
        size = (side, side)
        if tile.shape[2] != 4 or (tile[..., 3] == top(tile.dtype)).all():
            small = cv2.resize(tile, size, interpolation=cv2.INTER_AREA)
            return np.asarray(small, tile.dtype).reshape(side, side, tile.shape[2])
        if not tile[..., 3].any():
            return np.zeros((side, side, 4), tile.dtype)
        floats = np.asarray(
            cv2.resize(premultiply(to_float(tile)), size, interpolation=cv2.INTER_AREA), np.float32
        )
        return from_float(unpremultiply(floats), tile.dtype)
