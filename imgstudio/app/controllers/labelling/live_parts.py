"""Which part of a picture live learning sees, at which size, and how its answer comes back to the whole picture."""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.app.canvas.label_sampling import picked
from imgstudio.core.blend import flatten
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.labels import UNSEEN, IndexMask
from imgstudio.core.layering import bands
from imgstudio.core.pixels import Array, from_float, over_grey, to_depth
from imgstudio.core.snapshot import DocumentSnapshot
from imgstudio.core.tiles import TileStore

MOST_PIXELS: Final = 1 << 18
"""Of a part as it is seen."""
_BESIDE: Final = 1 / 8
"""How much farther a part reaches than the screen, on each side, of its longer side."""
_NEARLY_ALL: Final = 0.7
"""From this share of the picture on all of it is seen."""
_MUCH_LARGER: Final = 3.0
"""A part so much larger than what is on the screen is seen too coarsely."""
_MOST_LOOKS: Final = 4
"""Places of each cell at which labels are looked for, each way: thin strokes must not fall between them."""


class Part(NamedTuple):
    """A box of a picture, seen at a size. Equal, if the same is seen."""

    name: str
    """Of the picture."""
    version: int
    """How often its pixels changed."""
    box: Rect
    width: int
    height: int

    def serves(self, name: str, version: int, visible: Rect) -> bool:
        """Whether what is on the screen is seen well enough in it."""
        if (self.name, self.version) != (name, version) or visible.is_empty:
            return False
        is_inside = visible.intersect(self.box) == visible
        is_fine = self.width == self.box.width or _area(self.box) <= _MUCH_LARGER * _area(visible)
        return is_inside and is_fine


def part_of(name: str, version: int, bounds: Rect, visible: Rect) -> Part:
    """What is on the screen and a little beside it, or all of a picture that is small or nearly all in sight."""
    box = visible.intersect(bounds)
    if not box.is_empty:
        box = box.expanded(round(max(box.width, box.height) * _BESIDE)).intersect(bounds)
    if box.is_empty or _area(bounds) <= MOST_PIXELS or _area(box) >= _NEARLY_ALL * _area(bounds):
        box = bounds
    factor = min(1.0, (MOST_PIXELS / _area(box)) ** 0.5)
    return Part(name, version, box, max(1, int(box.width * factor)), max(1, int(box.height * factor)))


class PartsInSight:
    """Guards: as many parts, the newest last, as the labeller keeps in sight."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._parts: list[Part] = []

    def keep(self, part: Part) -> None:
        """It was looked at, or used."""
        self._parts = [*(other for other in self._parts if other != part), part][-self._most :]

    def clear(self) -> None:
        self._parts = []

    def __contains__(self, part: Part) -> bool:
        return part in self._parts

    def serving(self, name: str, version: int, visible: Rect) -> Part | None:
        """The newest one that shows well what is on the screen."""
        return next((part for part in reversed(self._parts) if part.serves(name, version, visible)), None)

    def has_picture(self, name: str) -> bool:
        return any(part.name == name for part in self._parts)


def seen(snapshot: DocumentSnapshot, part: Part, progress: Progress) -> Array:
    """All layers of the part as (height, width, 3) bytes, over grey where they are transparent."""
    box = part.box
    whole = np.empty((box.height, box.width, 3), np.uint8)
    for band in progress.track(list(bands(box)), "Looking"):
        rgba = to_depth(flatten(snapshot, band), np.uint8)
        whole[band.translated(-box.x, -box.y).slices()] = from_float(over_grey(rgba))
    return reduced(whole, part)


def reduced(pixels: Array, part: Part) -> Array:
    """The pixels of a part's box at its size."""
    if pixels.shape[:2] == (part.height, part.width):
        return pixels
    return np.asarray(cv2.resize(pixels, (part.width, part.height), interpolation=cv2.INTER_AREA), np.uint8)


def told(store: TileStore, part: Part) -> IndexMask:
    """(height, width) what is labelled in each cell; a cell that is labelled in part is told."""
    looks = min(_MOST_LOOKS, max(1, ceil(part.box.width / part.width), ceil(part.box.height / part.height)))
    out = np.full((part.height, part.width), UNSEEN, np.uint8)
    for down in range(looks):
        for across in range(looks):
            place = ((across + 0.5) / looks, (down + 0.5) / looks)
            found = np.asarray(_sampled(store, part, place), np.uint8)
            out = np.where(out == UNSEEN, found, out)
    return out


def told_in(mask: IndexMask, part: Part) -> IndexMask:
    """As `told`, of the labels of a whole picture, (h, w)."""
    return told(TileStore.from_array(mask[..., None], fill=UNSEEN), part)


def at_cells(store: TileStore, part: Part) -> Array:
    """(height, width) values in the middle of each cell."""
    return _sampled(store, part, (0.5, 0.5))


def spread(mask: IndexMask, part: Part, progress: Progress) -> IndexMask:
    """Class values of a part at the size of its box, with edges as smooth as they were."""
    size = (part.box.width, part.box.height)
    if mask.shape == size[::-1]:
        return mask
    values = np.unique(mask)
    best = np.zeros(size[::-1], np.uint8)
    out = np.full(size[::-1], values[0], np.uint8)
    for value in progress.track(list(values), "Enlarging"):
        cover = cv2.resize((mask == value).astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
        is_better = np.asarray(cover) > best
        np.copyto(out, value, where=is_better)
        np.maximum(best, cover, out=best)
    return out


def pasted(store: TileStore | None, plane: Array, box: Rect, fill: int) -> TileStore:
    """The store, or a new one, of one channel, with (h, w) laid over a box; the store must be nobody else's."""
    made = TileStore(1, np.uint8, fill=fill) if store is None else store
    made.write(box, np.ascontiguousarray(plane)[..., None])
    return made


def _sampled(store: TileStore, part: Part, place: tuple[float, float]) -> Array:
    """Values at one place, x and y in 0..1, of each cell."""
    box = part.box
    across, down = part.width / box.width, part.height / box.height
    columns = np.floor((np.arange(part.width) + place[0]) / across).astype(np.intp) + box.x
    rows = np.floor((np.arange(part.height) + place[1]) / down).astype(np.intp) + box.y
    return picked(store, rows.clip(box.y, box.bottom - 1), columns.clip(box.x, box.right - 1))


def _area(rect: Rect) -> int:
    return rect.width * rect.height
