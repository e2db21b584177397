"""Tiles of a picture with what features see around them, and what of a layer belongs to each."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

TILE: Final = 640
"""Side (pixels) of the tiles that larger pictures are cut to, about."""
WHOLE: Final = 1.3
"""Pictures of up to so many times the area of a tile are seen whole: it goes by area what memory they take."""
CONTEXT: Final = 96
"""Pixels around a tile that its features see."""
ALIGN: Final = 16
"""Tiles begin at multiples of this, so that every pooling cuts at the same places."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a picture, with what its features see around it."""

    seen: tuple[slice, slice, slice, slice]
    kept: tuple[slice, slice, slice, slice]
    before: tuple[int, int]
    """Pixels of context above and to the left."""
    size: tuple[int, int] = field(default=(0, 0))
    """Height and width of what is kept."""

    def inner(self, values: Tensor) -> Tensor:
        """What belongs to the kept part of a layer that was computed for all that is seen."""
        height = self.seen[2].stop - self.seen[2].start
        step = 2 ** round(math.log2(height / values.shape[2]))
        top, left = (side // step for side in self.before)
        return values[
            :, :, top : top + max(1, self.size[0] // step), left : left + max(1, self.size[1] // step)
        ]


def tiles_of(size: tuple[int, int], tile: int = TILE) -> list[Tile]:
    """One for a picture of little more than the area of a tile, else a grid of equal ones."""
    if size[0] * size[1] <= WHOLE * tile * tile:
        return [_tile(size, (0, size[0]), (0, size[1]))]
    rows, columns = (_cuts(side, tile) for side in size)
    return [_tile(size, top, left) for top in rows for left in columns]


def _cuts(side: int, tile: int) -> list[tuple[int, int]]:
    count = max(1, math.ceil(side / tile))
    edges = [min(side, ALIGN * round(side * k / count / ALIGN)) for k in range(count)] + [side]
    return [(a, b) for a, b in itertools.pairwise(edges) if b > a]


def _tile(size: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> Tile:
    every = slice(None)
    seen = [
        (max(0, low - CONTEXT), min(side, high + CONTEXT))
        for side, (low, high) in zip(size, (rows, columns), strict=True)
    ]
    return Tile(
        (every, every, slice(*seen[0]), slice(*seen[1])),
        (every, every, slice(*rows), slice(*columns)),
        (rows[0] - seen[0][0], columns[0] - seen[1][0]),
        (rows[1] - rows[0], columns[1] - columns[0]),
    )


def map_at(place: Tensor, tile: Tile, like: Tensor) -> Tensor:
    """(1, 1, h, w) of a map, for the kept part of a tile at the size of a layer."""
    return torch.nn.functional.adaptive_avg_pool2d(place[tile.kept], (like.shape[2], like.shape[3]))
