"""Blocks of the picture as they looked before: what undo and redo bring back is copied, not painted again."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.app.canvas.layer_images import active_mask
from imgstudio.app.canvas.layer_paint import Arranged
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TILE, Index, TileStore

MOST_BLOCKS: Final = 64
"""Of 512 x 512 pixels, 1 MB each: a large window before and after a stroke."""


@dataclass(frozen=True, slots=True)
class BlockState:
    """All that decides how a block looks; equal states look alike.

    Tiles count by identity. Those held here are frozen: later writes go to copies.
    """

    key: tuple[Hashable, ...]
    held: tuple[object, ...] = field(compare=False, repr=False)
    """Keeps what `key` names by its identity alive."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptBlock:
    pixels: npt.NDArray[np.uint8]
    is_opaque: bool
    stale: tuple[Rect, ...] = ()
    """Where they were not painted."""


class KeptBlocks:
    """Guards that no more than `MOST_BLOCKS` are kept; those used last stay longest."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[Index, BlockState], KeptBlock] = {}

    def keep(self, index: Index, state: BlockState, block: KeptBlock) -> None:
        self._blocks.pop((index, state), None)
        self._blocks[index, state] = block
        while len(self._blocks) > MOST_BLOCKS:
            del self._blocks[next(iter(self._blocks))]

    def taken(self, index: Index, state: BlockState) -> KeptBlock | None:
        """The block as it looked in this state; it is no longer kept here."""
        return self._blocks.pop((index, state), None)

    def __len__(self) -> int:
        return len(self._blocks)


def freeze(layers: Sequence[Layer]) -> None:
    """Let later writes copy their tiles, so that the present ones can be told by their identity."""
    for layer in layers:
        layer.pixels.snapshot()
        if layer.mask is not None:
            layer.mask.snapshot()
        freeze(layer.children or ())


def state_of(layers: Sequence[Layer], rect: Rect, arranged: Arranged, beside: object) -> BlockState | None:
    """What decides how `rect` looks; None while any of it is being written to, or is resampled.

    `beside` is anything else, by its identity.
    """
    key: list[Hashable] = [id(beside)]
    held: list[object] = [beside]
    for part in _parts(layers, rect, arranged, None):
        if part is None:
            return None
        key += part[0]
        held += part[1]
    return BlockState(tuple(key), tuple(held))


_Part = tuple[list[Hashable], list[object]]


def _parts(
    layers: Sequence[Layer], rect: Rect, arranged: Arranged, group: Layer | None
) -> Iterator[_Part | None]:
    for layer in arranged(group, layers):
        mask = active_mask(layer)
        facts = (
            layer.id,
            layer.visible,
            layer.opacity,
            layer.blend,
            layer.clip,
            layer.transform,
            mask is None,
        )
        yield [*facts], []
        if not layer.visible:
            continue
        if layer.children is not None:
            yield from _parts(layer.children, rect, arranged, layer)
            yield ["end of the group"], []
            local = rect
        elif layer.transform.is_translation:
            dx, dy = layer.transform.offset
            local = rect.translated(-dx, -dy)
            yield _tiles(layer.pixels, local)
        else:
            yield None
            return
        if mask is not None:
            yield _tiles(mask, local)


def _tiles(store: TileStore, rect: Rect) -> _Part | None:
    columns = range(rect.x // TILE, (rect.right - 1) // TILE + 1)
    rows = range(rect.y // TILE, (rect.bottom - 1) // TILE + 1)
    indices = [(column, row) for row in rows for column in columns]
    if not all(map(store.is_frozen, indices)):
        return None
    tiles = [store.tile(index) for index in indices]
    return [id(store), *map(id, tiles)], [store, *tiles]
