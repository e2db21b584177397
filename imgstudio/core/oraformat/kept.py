"""Encoded pictures kept from one save to the next, so that what did not change costs nothing."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array
from imgstudio.core.tiles import TileStore, tiles_under

T = TypeVar("T")
_MOST_BYTES: Final = 256 << 20


class Likeness(NamedTuple):
    """What a picture is made from: equal keys with all tiles still alive mean the same picture."""

    key: Hashable
    tiles: tuple[Array, ...]

    def joined(self, *more: Hashable) -> Likeness:
        return Likeness((self.key, *more), self.tiles)


@dataclass(slots=True)
class _Entry(Generic[T]):
    value: T
    size: int
    tiles: tuple[weakref.ref[Array], ...]
    """A tile that was freed could have lent its id to another one."""

    @property
    def is_valid(self) -> bool:
        return all(tile() is not None for tile in self.tiles)


class KeptPictures:
    """Guards: never more than `limit` bytes; what was used longest ago goes first. For any thread."""

    def __init__(self, limit: int = _MOST_BYTES) -> None:
        self._limit, self._size = limit, 0
        self._entries: OrderedDict[Hashable, _Entry[object]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, likeness: Likeness, kind: type[T]) -> T | None:
        """What was kept for this likeness."""
        with self._lock:
            entry = self._entries.get(likeness.key)
            if entry is None or not entry.is_valid or not isinstance(entry.value, kind):
                return None
            self._entries.move_to_end(likeness.key)
            return entry.value

    def keep(self, likeness: Likeness, value: object, size: int) -> None:
        with self._lock:
            self._drop(likeness.key)
            self._entries[likeness.key] = _Entry(value, size, tuple(map(weakref.ref, likeness.tiles)))
            self._size += size
            for key in [key for key, entry in self._entries.items() if not entry.is_valid]:
                self._drop(key)
            while self._size > self._limit:
                self._drop(next(iter(self._entries)))

    def encoded(self, likeness: Likeness, encode: Callable[[], bytes]) -> bytes:
        """The kept bytes, else those that `encode` makes."""
        found = self.find(likeness, bytes)
        if found is None:
            found = encode()
            self.keep(likeness, found, len(found))
        return found

    @property
    def nbytes(self) -> int:
        return self._size

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry.size


def store_likeness(store: TileStore, rect: Rect) -> Likeness:
    """Of what a store shows in `rect`."""
    found = [(index, store.tile(index)) for index, _, _ in tiles_under(rect)]
    tiles = tuple(tile for _, tile in found if tile is not None)
    ids = tuple((index, id(tile)) for index, tile in found if tile is not None)
    return Likeness((rect, store.dtype.str, store.channels, store.fill, ids), tiles)


def layers_likeness(layers: Sequence[Layer], rect: Rect) -> Likeness:
    """Of what layers show in `rect` of the document."""
    keys: list[Hashable] = []
    tiles: list[Array] = []
    for layer in layers:
        for part in _parts(layer, rect):
            keys.append(part.key)
            tiles += part.tiles
    return Likeness((rect, *keys), tuple(tiles))


def _parts(layer: Layer, rect: Rect) -> Iterator[Likeness]:
    looks = (layer.visible, layer.opacity, layer.blend, layer.clip, layer.mask_enabled, layer.transform)
    yield Likeness((layer.is_group, *looks), ())
    own = rect if layer.is_group else layer.transform.inverted().reach_of(rect)
    if layer.mask is not None:
        yield store_likeness(layer.mask, own)
    if layer.children is not None:
        yield layers_likeness(layer.children, rect)
    else:
        yield store_likeness(layer.pixels, own)
