"""How large a filter's tiles may be for a given amount of memory; arithmetic only, no engine."""

from __future__ import annotations

from typing import Final

TILE: Final = 384
SMALLEST_TILE: Final = 64
_BYTES_A_PIXEL: Final = 1500
"""What a learned filter needs for each pixel of its tile."""
_SHARE: Final = 4
"""A tile may take this part of the memory: its margin and the picture take the rest."""


def tile_side(memory: int) -> int:
    """Side of the tiles for `memory` bytes, a multiple of 64; 0 means no limit was given."""
    if memory <= 0:
        return TILE
    fitting = int((memory / _SHARE / _BYTES_A_PIXEL) ** 0.5) // SMALLEST_TILE * SMALLEST_TILE
    return max(SMALLEST_TILE, min(TILE, fitting))
