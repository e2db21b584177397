"""Ink: blend one colour into tiles through a coverage, or take alpha away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.pixels import Array, Floats, top
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TILE, TileSnapshot, TileStore, tiles_under

Selected = Callable[[Rect], Coverage]
"""Reads how far painting may act in a box of the store's own coordinates."""

_WEIGHT: Final = np.float32(65536)
"""Lifts weights far above the constant that cv2.blendLinear adds to their sum."""


@dataclass(frozen=True, slots=True)
class Ink:
    """What is put on the picture; values are 0..1."""

    values: tuple[float, ...] = ()
    """Red, green, blue for RGBA; one value for a mask or selection."""
    erases: bool = False
    """Take alpha away instead; for RGBA only."""


class TilePainter:
    """Writes ink over what a store held when an edit began. Guards: writes only inside `limit`."""

    def __init__(
        self,
        store: TileStore,
        before: TileSnapshot,
        ink: Ink,
        *,
        limit: Rect,
        selected: Selected | None = None,
    ) -> None:
        self.limit = limit
        """The document's box in the store's coordinates."""
        self._store, self._before, self._ink, self._selected = store, before, ink, selected
        self._plain = np.full((TILE, TILE, store.channels), store.fill, store.dtype)
        self._allowed: dict[tuple[int, int], Floats | None] = {}
        self._opaque: dict[tuple[int, int], bool] = {}
        self._colour = _swatch(ink, store)

    def paint(self, index: tuple[int, int], inner: tuple[slice, slice], coverage: Floats) -> bool:
        """Set one box of a tile to: before, blended with the ink by `coverage` (0..1).

        False when nothing is to be done there; then the tile stays shared with the history.
        """
        allowed = self._allowance(index)
        if allowed is not None:
            coverage = coverage * allowed[inner]
        if not coverage.any() or (self._ink.erases and index not in self._before.tiles):
            return False
        before = self._before.tiles.get(index, self._plain)
        out = self._store.editable_tile(index)[inner]
        if self._ink.erases:
            _erase(before[inner], out, coverage)
        elif self._store.channels == 1:
            _tint(before[inner][..., 0], out[..., 0], self._colour[inner][..., 0], coverage)
        elif before is self._plain:
            _lay(out, self._colour[inner], coverage)
        elif self._is_opaque(index, before):
            _tint(before[inner], out, self._colour[inner], coverage)
        else:
            _cover(before[inner], out, self._colour[inner], coverage)
        return True

    def _allowance(self, index: tuple[int, int]) -> Floats | None:
        """Selection of one tile in 0..1; None where all of it is selected."""
        if self._selected is None:
            return None
        if index not in self._allowed:
            read = self._selected(Rect(index[0] * TILE, index[1] * TILE, TILE, TILE))
            whole = bool(read.min() == 255)
            self._allowed[index] = None if whole else read.astype(np.float32) * np.float32(1 / 255)
        return self._allowed[index]

    def _is_opaque(self, index: tuple[int, int], before: Array) -> bool:
        if index not in self._opaque:
            self._opaque[index] = bool(before[..., 3].min() == top(before.dtype))
        return self._opaque[index]


def paint_coverage(painter: TilePainter, rect: Rect, coverage: Coverage, opacity: float = 1.0) -> Rect:
    """Put ink through (height, width) coverage lying at `rect`; return the box that changed."""
    inside = rect.intersect(painter.limit)
    part = coverage[inside.translated(-rect.x, -rect.y).slices()]
    share = np.float32(opacity / 255)
    painted = [
        painter.paint(index, inner, part[outer].astype(np.float32) * share)
        for index, inner, outer in tiles_under(inside)
    ]
    return inside if any(painted) else EMPTY


def _swatch(ink: Ink, store: TileStore) -> Array:
    """A tile of plain ink, opaque."""
    values = (*ink.values, 1.0) if store.channels == 4 else ink.values
    wanted = (0.0, 0.0, 0.0, 0.0) if ink.erases else values
    if len(wanted) != store.channels:
        raise ValueError(f"ink has {len(ink.values)} values for {store.channels} channels")
    levels = [round(value * top(store.dtype)) for value in wanted]
    return np.full((TILE, TILE, store.channels), levels, store.dtype)


def _tint(before: Array, out: Array, colour: Array, coverage: Floats) -> None:
    """Mix where alpha plays no part; pixels with coverage 0 stay exactly."""
    if before.dtype == np.uint8:
        cv2.blendLinear(before, colour, 1 - coverage, coverage, dst=out)
    else:
        _mix(before, out, colour, (1 - coverage) * _WEIGHT, coverage * _WEIGHT)


def _lay(out: Array, colour: Array, coverage: Floats) -> None:
    """Put ink where there is nothing below; pixels that stay transparent keep no trace of it."""
    cv2.copyTo(colour, (coverage > 0).view(np.uint8), out)
    out[..., 3] = np.rint(coverage * np.float32(top(out.dtype)))


def _cover(before: Array, out: Array, colour: Array, coverage: Floats) -> None:
    """Source-over of straight colour (Porter and Duff 1984); alpha joins the mix."""
    shown = before[..., 3].astype(np.float32)
    shown *= 1 - coverage
    added = coverage * np.float32(top(before.dtype))
    alpha = np.rint(shown + added)
    # where nothing is put, even the hidden colour of a transparent pixel stays
    shown += coverage == 0
    shown *= _WEIGHT
    added *= _WEIGHT
    _mix(before, out, colour, shown, added)
    out[..., 3] = alpha


def _mix(before: Array, out: Array, colour: Array, kept: Floats, added: Floats) -> None:
    """Weighted mean of the pixels and the ink."""
    if before.dtype == np.uint8:
        cv2.blendLinear(before, colour, kept, added, dst=out)
    else:
        mixed = cv2.blendLinear(before.astype(np.float32), colour.astype(np.float32), kept, added)
        out[...] = np.rint(mixed, out=mixed)


def _erase(before: Array, out: Array, coverage: Floats) -> None:
    """Take alpha down; the colour stays, so that a mask could bring it back."""
    out[..., :3] = before[..., :3]
    out[..., 3] = np.rint(before[..., 3] * (1 - coverage))
