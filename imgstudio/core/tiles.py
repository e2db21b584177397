"""Sparse copy-on-write tile storage for layer pixels and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.pixels import Array

TILE: Final = 256

Index: TypeAlias = tuple[int, int]
"""(column, row) of a tile."""


@dataclass(frozen=True, slots=True, eq=False)  # comparing arrays with == has no truth value
class TileSnapshot:
    """Immutable view of a store at one moment; safe to hand to a worker thread."""

    channels: int
    dtype: np.dtype[np.generic]
    fill: int
    tiles: Mapping[Index, Array]

    def read(self, rect: Rect) -> Array:
        """Copy `rect` out of the snapshot; absent tiles read as `fill`."""
        return _read(self.tiles, rect, self.channels, self.dtype, self.fill)

    def shares_all_with(self, other: TileSnapshot) -> bool:
        """Whether both hold the very same tiles, so nothing changed between them."""
        return self.tiles.keys() == other.tiles.keys() and all(
            tile is other.tiles[index] for index, tile in self.tiles.items()
        )

    def bounds(self) -> Rect:
        """Box of all tiles present."""
        return _bounds(self.tiles)


class TileStore:
    """Pixels of one layer or mask. Only the thread that owns the document writes.

    Guards: a tile that a snapshot holds is never written again, it is copied first.
    """

    __slots__ = ("_shared", "_tiles", "channels", "dtype", "fill")

    def __init__(self, channels: int, dtype: npt.DTypeLike = np.uint8, *, fill: int = 0) -> None:
        self.channels = channels
        self.dtype = np.dtype(dtype)
        self.fill = fill
        """Value of pixels no tile covers (255 for a layer mask that shows all)."""
        self._tiles: dict[Index, Array] = {}
        self._shared: set[Index] = set()

    @classmethod
    def from_array(cls, pixels: Array, x: int = 0, y: int = 0, *, fill: int = 0) -> TileStore:
        """Hold (height, width, channels) pixels with their corner at (x, y)."""
        store = cls(pixels.shape[2], pixels.dtype, fill=fill)
        store.write(Rect(x, y, pixels.shape[1], pixels.shape[0]), pixels)
        return store

    def read(self, rect: Rect) -> Array:
        return _read(self._tiles, rect, self.channels, self.dtype, self.fill)

    def write(self, rect: Rect, pixels: Array) -> None:
        """Replace the pixels inside `rect`; (height, width, channels) of the store's dtype."""
        if pixels.shape != (rect.height, rect.width, self.channels):
            raise ValueError(f"expected {(rect.height, rect.width, self.channels)}, got {pixels.shape}")
        if pixels.dtype != self.dtype:
            raise ValueError(f"expected {self.dtype}, got {pixels.dtype}")
        for index, inner, outer in tiles_under(rect):
            self.editable_tile(index)[inner] = pixels[outer]

    def editable_tile(self, index: Index) -> Array:
        """Return a private, writable tile, copying it if a snapshot holds it."""
        tile = self._tiles.get(index)
        if tile is None:
            tile = np.full((TILE, TILE, self.channels), self.fill, self.dtype)
        elif index in self._shared:
            tile = tile.copy()
        else:
            return tile
        self._shared.discard(index)
        self._tiles[index] = tile
        return tile

    def tile(self, index: Index) -> Array | None:
        """Look at a tile; never write to it."""
        return self._tiles.get(index)

    def is_frozen(self, index: Index) -> bool:
        """Whether the pixels at `tile(index)` will never be written again; so it is where there are none."""
        return index in self._shared or index not in self._tiles

    def snapshot(self) -> TileSnapshot:
        """Freeze the present tiles; later writes copy what they touch."""
        self._shared.update(self._tiles)
        return TileSnapshot(self.channels, self.dtype, self.fill, MappingProxyType(self._tiles.copy()))

    def restore(self, snapshot: TileSnapshot) -> None:
        """Put a snapshot back."""
        self._tiles = dict(snapshot.tiles)
        self._shared = set(self._tiles)

    def clear(self) -> Rect:
        """Drop every tile; return the box of what was there."""
        box = _bounds(self._tiles)
        self._tiles, self._shared = {}, set()
        return box

    def drop_plain_tiles(self) -> None:
        """Forget tiles written since the last snapshot that hold nothing but `fill`."""
        written = self._tiles.keys() - self._shared
        for index in [i for i in written if not (self._tiles[i] != self.fill).any()]:
            del self._tiles[index]

    @property
    def is_empty(self) -> bool:
        """Whether no tile is present (a present tile may still hold only `fill`)."""
        return not self._tiles

    @property
    def nbytes(self) -> int:
        return sum(tile.nbytes for tile in self._tiles.values())

    def bounds(self) -> Rect:
        """Box of all tiles present."""
        return _bounds(self._tiles)

    def content_bounds(self) -> Rect:
        """Smallest box of pixels that differ from `fill` (for RGBA: alpha above 0)."""
        if self.channels == 4:
            return box_where(self._tiles, lambda index, tile: tile[..., 3] > 0)
        return self.filled_bounds()

    def filled_bounds(self) -> Rect:
        """Smallest box of pixels that differ from `fill` in any channel, so hidden colour counts too."""
        return box_where(self._tiles, lambda index, tile: _differs(tile, self.fill))

    def copy(self) -> TileStore:
        """A store of its own that shares tiles until either is written."""
        made = TileStore(self.channels, self.dtype, fill=self.fill)
        made.restore(self.snapshot())
        return made


def _rect_of(index: Index) -> Rect:
    return Rect(index[0] * TILE, index[1] * TILE, TILE, TILE)


def _is_inside(rect: Rect, box: Rect) -> bool:
    return rect.intersect(box) == rect


def _differs(tile: Array, other: Array | int) -> npt.NDArray[np.bool_]:
    """Pixels of which any channel is not that of another tile or number; RGBA as one number a pixel."""
    if isinstance(other, int):
        other = np.full(tile.shape[2], other, tile.dtype)
    if tile.shape[2] == 1 or not (tile.flags.c_contiguous and other.flags.c_contiguous):
        return np.asarray((tile != other).any(-1))
    whole = np.dtype(f"u{tile.shape[2] * tile.itemsize}")
    return np.asarray(tile.view(whole)[..., 0] != other.view(whole)[..., 0])


def box_where(
    tiles: Mapping[Index, Array], plane_of: Callable[[Index, Array], npt.NDArray[np.bool_]]
) -> Rect:
    """Smallest box of the pixels of tiles that `plane_of` marks, a bool for each of a tile."""
    box = EMPTY
    present = _bounds(tiles).expanded(-1)
    # From the outside in: a tile that lies in the box already cannot make it larger.
    for index, tile in sorted(tiles.items(), key=lambda item: _is_inside(_rect_of(item[0]), present)):
        if not _is_inside(_rect_of(index), box):
            box = box.united(_box_in_tile(plane_of(index, tile), index))
    return box


def _box_in_tile(plane: npt.NDArray[np.bool_], index: Index) -> Rect:
    box = box_of(plane)
    return box if box.is_empty else box.translated(index[0] * TILE, index[1] * TILE)


def box_of(plane: npt.NDArray[np.bool_]) -> Rect:
    """Smallest box of what a plane (height, width) marks; EMPTY where that is nothing."""
    rows, columns = np.flatnonzero(plane.any(1)), np.flatnonzero(plane.any(0))
    if not rows.size:
        return EMPTY
    x, y = int(columns[0]), int(rows[0])
    return Rect(x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1)


def changed_boxes(before: TileSnapshot, after: TileSnapshot) -> list[Rect]:
    """Boxes of the pixels in which two states of a store differ, one a row of tiles or for several."""
    rows: dict[int, list[int]] = {}
    for column, row in before.tiles.keys() | after.tiles.keys():
        if before.tiles.get((column, row)) is not after.tiles.get((column, row)):
            rows.setdefault(row, []).append(column)
    boxes = [_changed_in_row(before, after, row, rows[row]) for row in sorted(rows)]
    return _stacked([box for box in boxes if not box.is_empty])


def _changed_in_row(before: TileSnapshot, after: TileSnapshot, row: int, columns: list[int]) -> Rect:
    box, ends = EMPTY, min(columns) + max(columns)
    # From both ends to the middle: a tile that lies in the box already cannot make it larger.
    for column in sorted(columns, key=lambda column: -abs(2 * column - ends)):
        if not _is_inside(_rect_of((column, row)), box):
            box = box.united(_changed_part(before, after, (column, row)))
    return box


def _changed_part(before: TileSnapshot, after: TileSnapshot, index: Index) -> Rect:
    old, new = before.tiles.get(index), after.tiles.get(index)
    if old is None:
        old, new = new, old
    return _box_in_tile(_differs(cast(Array, old), after.fill if new is None else new), index)


def _stacked(boxes: list[Rect]) -> list[Rect]:
    """Join each box with the one above that it continues."""
    out: list[Rect] = []
    for box in boxes:
        above = out[-1] if out else EMPTY
        if (above.x, above.right, above.bottom) == (box.x, box.right, box.y):
            out[-1] = above.united(box)
        else:
            out.append(box)
    return out


def exclusive_bytes(snapshot: TileSnapshot, other: TileSnapshot) -> int:
    """Return the memory `snapshot` holds that `other` does not share."""
    shared = {id(tile) for tile in other.tiles.values()}
    return sum(tile.nbytes for tile in snapshot.tiles.values() if id(tile) not in shared)


def tiles_under(rect: Rect) -> Iterator[tuple[Index, tuple[slice, slice], tuple[slice, slice]]]:
    """Yield each tile under `rect` with the slice inside it and inside the rect."""
    if rect.is_empty:
        return
    for ty in range(rect.y // TILE, (rect.bottom - 1) // TILE + 1):
        for tx in range(rect.x // TILE, (rect.right - 1) // TILE + 1):
            part = rect.intersect(Rect(tx * TILE, ty * TILE, TILE, TILE))
            inner = part.translated(-tx * TILE, -ty * TILE)
            outer = part.translated(-rect.x, -rect.y)
            yield (tx, ty), inner.slices(), outer.slices()


def _read(
    tiles: Mapping[Index, Array], rect: Rect, channels: int, dtype: np.dtype[np.generic], fill: int
) -> Array:
    out = np.full((max(0, rect.height), max(0, rect.width), channels), fill, dtype)
    for index, inner, outer in tiles_under(rect):
        tile = tiles.get(index)
        if tile is not None:
            out[outer] = tile[inner]
    return out


def _bounds(indices: Mapping[Index, Array] | set[Index]) -> Rect:
    if not indices:
        return EMPTY
    columns, rows = [i[0] for i in indices], [i[1] for i in indices]
    return Rect(
        min(columns) * TILE,
        min(rows) * TILE,
        (max(columns) - min(columns) + 1) * TILE,
        (max(rows) - min(rows) + 1) * TILE,
    )
