"""What stores of one channel hold at the pixels of a screen, at any zoom: values are picked, never averaged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imgstudio.core.pixels import Array
from imgstudio.core.tiles import TILE, TileStore

Places = npt.NDArray[np.intp]


def places_from(start: int, count: int, zoom: float, length: int) -> Places:
    """(count,) the row, or column, of a document of `length` that lies in the middle of each pixel of the screen.

    `start`: screen pixels from the document's corner.
    """
    at = np.floor((np.arange(start, start + count) + 0.5) / zoom).astype(np.intp)
    return np.asarray(at.clip(0, length - 1), np.intp)


def picked(store: TileStore, rows: Places, columns: Places) -> Array:
    """(rows, columns) values; both rise."""
    out = np.full((rows.size, columns.size), store.fill, store.dtype)
    for tile_row, down in _runs(rows):
        for tile_column, across in _runs(columns):
            tile = store.tile((tile_column, tile_row))
            if tile is not None:
                plane = tile[..., 0].take(rows[down] - tile_row * TILE, axis=0)
                out[down, across] = plane.take(columns[across] - tile_column * TILE, axis=1)
    return out


def _runs(places: Places) -> list[tuple[int, slice]]:
    """Tiles that places lie in, with the part of them that each has."""
    tiles = range(int(places[0]) // TILE, int(places[-1]) // TILE + 1)
    ends = places.searchsorted(np.array([(tile + 1) * TILE for tile in tiles]))
    starts = [0, *ends[:-1].tolist()]
    return [(tile, slice(start, int(end))) for tile, start, end in zip(tiles, starts, ends, strict=True)]
