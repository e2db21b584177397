"""What a label mask holds, thing by thing: objects, and connected areas that belong to no object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.labelformats.pieces import pieces_of
from imgstudio.core.labelproject.masks import value_counts
from imgstudio.core.labels import BACKGROUND, UNSEEN, Bools, IndexMask, ObjectMask


@dataclass(frozen=True, eq=False, slots=True)
class Thing:
    """The pixels of one class that belong together."""

    value: int
    """Of its class, or 255 for an area that nobody looked at."""
    number: int | None
    """Of its object; None for an area that belongs to none."""
    box: Rect
    """Around its pixels, without a margin."""
    pixels: Bools
    """(height, width) of the box."""

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.pixels))

    def parts(self) -> int:
        """Pieces that do not touch, not even at a corner."""
        return int(cv2.connectedComponents(self.pixels.view(np.uint8), connectivity=8)[0]) - 1

    def holes(self) -> int:
        """Places that are closed in by it."""
        around = np.pad(self.pixels, 1)
        return int(cv2.connectedComponents((~around).view(np.uint8), connectivity=4)[0]) - 2


def things_of(mask: IndexMask, objects: ObjectMask | None, *, with_unseen: bool = False) -> list[Thing]:
    """All objects by number, then all areas by class, and on request those that nobody looked at.

    An object that covers several classes gives a thing of each.
    """
    found = [] if objects is None else list(_objects(mask, objects))
    is_wanted = np.ones(256, np.bool_)
    is_wanted[BACKGROUND], is_wanted[UNSEEN] = False, with_unseen
    free = mask if objects is None else np.where((objects > 0) & (mask != UNSEEN), np.uint8(BACKGROUND), mask)
    return [*found, *_areas(free, is_wanted)]


def _objects(mask: IndexMask, objects: ObjectMask) -> Iterator[Thing]:
    from scipy import ndimage

    places: list[Any] = ndimage.find_objects(objects.astype(np.int32, copy=False))
    for number, place in enumerate(places, start=1):
        if place is None:
            continue
        values = np.where(objects[place] == number, mask[place], np.uint8(BACKGROUND))
        for value in np.flatnonzero(value_counts(values)).tolist():
            if value not in (BACKGROUND, UNSEEN):
                yield _cropped(values == value, place[1].start, place[0].start, value, number)


def _areas(mask: IndexMask, is_wanted: Bools) -> Iterator[Thing]:
    """Connected areas of the values for which (256,) `is_wanted` is true, by value."""
    pieces = pieces_of(mask)
    for piece in np.argsort(pieces.values, kind="stable").tolist():
        value = int(pieces.values[piece])
        if is_wanted[value]:
            yield Thing(value, None, pieces.box(piece), pieces.pixels(piece))


def _cropped(pixels: Bools, x: int, y: int, value: int, number: int) -> Thing:
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    top, left = int(rows[0]), int(columns[0])
    inner = np.ascontiguousarray(pixels[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1])
    return Thing(value, number, Rect(x + left, y + top, inner.shape[1], inner.shape[0]), inner)
