"""A picture and its halved copies, brought up to date a dirty block at a time, and only where seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Final

import cv2
import numpy as np

from imgstudio.app.canvas.kept_blocks import BlockState, KeptBlock, KeptBlocks
from imgstudio.app.canvas.view import LEVELS
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.pixels import Array
from imgstudio.core.tiles import Index

BLOCK: Final = 512
_STRIP: Final = 256
_SPARE: Final = 1.25
"""Painting so much more in one go is as quick as painting two parts."""
_MOST_PARTS: Final = 8
"""Stale rectangles that are told apart in one block."""

Paint = Callable[[Rect, int], tuple[Array, bool]]
"""Make the pixels of a rectangle given in pixels of a level, (height, width, channels) uint8, and say
whether all are opaque."""
StateOf = Callable[[Rect], BlockState | None]
"""What decides how a rectangle of the document looks, where that can be told."""


class Pyramid:
    """Guards: what is not marked stale shows what `paint` would give; only what is seen is painted.

    `levels[n]` is the 2 x 2 average of `levels[n - 1]`. Sides are padded to multiples of 2**LEVELS with
    copies of the last row and column, so that every level has whole pixels.
    """

    def __init__(
        self, bounds: Rect, channels: int, paint: Paint, state_of: StateOf = lambda rect: None
    ) -> None:
        self.bounds = bounds
        self._paint = paint
        self._state_of = state_of
        self._kept = KeptBlocks()
        self._shown: dict[Index, tuple[BlockState, tuple[Rect, ...]]] = {}
        """What blocks at full size show, where it is known, but for these parts; also when it is stale by now."""
        self._padded = bounds.covering_multiple(1 << LEVELS)
        # Untouched pages of zeros cost no memory, so every level can be there from the start.
        self.levels: list[Array] = [
            np.zeros((self._padded.height >> n, self._padded.width >> n, channels), np.uint8)
            for n in range(LEVELS + 1)
        ]
        self._stale: list[dict[Index, list[Rect]]] = [{} for _ in self.levels]
        self._rough: set[Index] = set()
        self._sketched: dict[Index, Rect] = {}
        """The part of a block that shows a sketch wherever it is stale."""
        self._rough_level = -1
        self._opaque = np.zeros((-(-bounds.height // BLOCK), -(-bounds.width // BLOCK)), bool)
        self.mark(bounds)

    def mark(self, rect: Rect) -> None:
        """Say that a document rectangle looks different now."""
        rect = rect.intersect(self.bounds)
        for index, block in self._blocks(rect):
            part = rect.intersect(block)
            for stale in self._stale:
                stale[index] = _with(part, stale.get(index, []))
            self._rough.discard(index)
            self._sketched.pop(index, None)
            if part == block.intersect(self.bounds):
                self._opaque[index[1], index[0]] = True  # nothing is left that is not

    def bring_up(self, level: int, rect: Rect) -> None:
        """Make one level right inside a document rectangle."""
        wanted = rect.intersect(self.bounds).covering_multiple(1 << LEVELS)
        for index, _ in self._blocks(rect):
            if level == 0:
                self._bring_up_block(index, wanted)
                continue
            for part in self._taken(level, index, wanted):
                whole = part.covering_multiple(1 << level)
                self.bring_up(level - 1, whole)
                self._halve(level, whole)

    def settle(self, rect: Rect) -> None:
        """Say that what is shown under `rect` may come back, as after a stroke that is over."""
        for index, _ in self._blocks(rect):
            self._settle(index)

    def bring_up_roughly(self, level: int, rect: Rect) -> None:
        """Paint one level straight from reduced layers; the blocks stay stale until made right."""
        if self._rough_level != level:
            self._rough_level = level
            self._rough.clear()
        box = self.waiting(level, rect)
        if box.is_empty:
            return
        area = box.covering_multiple(1 << level)
        opaque = self._paint_strips(level, Rect(*(side >> level for side in area)))
        for index, block in self._blocks(box):
            self._rough.add(index)
            self._opaque[index[1], index[0]] = opaque
            for stale in self._stale[level:]:  # the box may hold blocks that were right
                stale[index] = [block.intersect(self.bounds)]

    def sketch(self, rect: Rect) -> None:
        """Paint what is stale at full size inside `rect`, by a quick paint; it stays stale until made right."""
        for index, block in self._blocks(rect):
            wanted = rect.intersect(block).intersect(self.bounds)
            if self._sketched.get(index, EMPTY).intersect(wanted) == wanted:
                continue
            self._keep(index)
            for part in self._stale_parts(0, index, wanted):
                self._paint_part(index, part)
            self._sketched[index] = wanted

    def waiting(self, level: int, rect: Rect) -> Rect:
        """Box of the whole blocks under `rect` that a level does not even show roughly."""
        rough = self._rough if level == self._rough_level else set()
        box = EMPTY
        for index, block in self._blocks(rect):
            if index not in rough and self._stale_parts(level, index, rect):
                box = box.united(block.intersect(self.bounds))
        return box

    def stale_area(self, rect: Rect) -> int:
        """Pixels of full size that must be painted before `rect` is right."""
        parts = (part for index, _ in self._blocks(rect) for part in self._stale_parts(0, index, rect))
        return sum(map(_area, parts))

    def next_stale(self, first: Rect) -> Rect | None:
        """A block that any level still waits for, those under `first` first; None when all is right."""
        for index, block in self._blocks(first):
            if index in self._stale[LEVELS]:
                return block
        return next((_block(index) for index in self._stale[LEVELS]), None)

    def is_right(self, level: int, rect: Rect) -> bool:
        return not any(self._stale_parts(level, index, rect) for index, _ in self._blocks(rect))

    def is_opaque(self, rect: Rect) -> bool:
        """Whether all blocks under `rect` are opaque; may say no to an opaque block that once was not."""
        rect = rect.intersect(self.bounds)
        if rect.is_empty:
            return True
        grid = self._opaque[
            rect.y // BLOCK : (rect.bottom - 1) // BLOCK + 1, rect.x // BLOCK : (rect.right - 1) // BLOCK + 1
        ]
        return bool(grid.all())

    def _blocks(self, rect: Rect) -> Iterator[tuple[Index, Rect]]:
        rect = rect.intersect(self.bounds)
        if rect.is_empty:
            return
        for row in range(rect.y // BLOCK, (rect.bottom - 1) // BLOCK + 1):
            for column in range(rect.x // BLOCK, (rect.right - 1) // BLOCK + 1):
                yield (column, row), _block((column, row))

    def _bring_up_block(self, index: Index, wanted: Rect) -> None:
        """Make a block right at full size inside `wanted`: as it was seen before where it can be, else painted."""
        if not self._stale_parts(0, index, wanted):
            return
        self._keep(index)
        self._bring_back(index)
        for part in self._taken(0, index, wanted):
            self._paint_part(index, part)
        self._settle(index)

    def _settle(self, index: Index) -> None:
        if index not in self._shown:
            state = self._state_of(_block(index))
            if state is not None:
                self._shown[index] = state, tuple(self._stale[0].get(index, ()))

    def _keep(self, index: Index) -> None:
        """Put a copy of what a block shows aside before it is painted over."""
        if index not in self._shown:
            return
        state, stale = self._shown.pop(index)
        pixels = self.levels[0][_block(index).slices()].copy()
        self._kept.keep(index, state, KeptBlock(pixels, bool(self._opaque[index[1], index[0]]), stale))

    def _bring_back(self, index: Index) -> None:
        """If a stale block was shown before as it has to be now, show that again."""
        state = self._state_of(_block(index)) if len(self._kept) else None
        kept = None if state is None else self._kept.taken(index, state)
        if kept is None:
            return
        self.levels[0][_block(index).slices()] = kept.pixels
        self._opaque[index[1], index[0]] = kept.is_opaque
        if kept.stale:
            self._stale[0][index] = list(kept.stale)
        else:
            del self._stale[0][index]

    def _stale_parts(self, level: int, index: Index, rect: Rect) -> list[Rect]:
        """The parts of `rect` that a level lacks in one block."""
        parts = (part.intersect(rect) for part in self._stale[level].get(index, ()))
        return [part for part in parts if not part.is_empty]

    def _taken(self, level: int, index: Index, wanted: Rect) -> list[Rect]:
        """The same; what lies outside `wanted` is all that stays stale."""
        taken = self._stale_parts(level, index, wanted)
        if taken:
            left = [rest for part in self._stale[level].pop(index) for rest in _without(part, wanted)]
            if left:
                self._stale[level][index] = left
        return taken

    def _paint_part(self, index: Index, part: Rect) -> None:
        pixels, opaque = self._paint(part, 0)
        whole, picture = self.levels[0], self.bounds
        whole[part.slices()] = pixels
        column, row = index
        covers = part == _block(index).intersect(picture)
        self._opaque[row, column] = opaque and (covers or bool(self._opaque[row, column]))
        rows, columns = part.slices()
        if part.right == picture.right:
            whole[rows, picture.right :] = whole[rows, picture.right - 1 : picture.right]
            columns = slice(part.x, None)
        if part.bottom == picture.bottom:
            whole[picture.bottom :, columns] = whole[picture.bottom - 1 : picture.bottom, columns]

    def _paint_strips(self, level: int, area: Rect) -> bool:
        """Paint `area` of a level in parts that fit the processor's cache."""
        opaque = True
        for y in range(area.y, area.bottom, _STRIP):
            strip = Rect(area.x, y, area.width, min(_STRIP, area.bottom - y))
            pixels, strip_is_opaque = self._paint(strip, level)
            self.levels[level][strip.slices()] = pixels
            opaque = opaque and strip_is_opaque
        return opaque

    def _halve(self, level: int, part: Rect) -> None:
        grown = Rect(*part)
        if part.right >= self.bounds.right:  # the padding changed too
            grown = grown.united(Rect(part.x, part.y, self._padded.right - part.x, part.height))
        if part.bottom >= self.bounds.bottom:
            grown = grown.united(Rect(part.x, part.y, part.width, self._padded.bottom - part.y))
        source = self.levels[level - 1][Rect(*(side >> (level - 1) for side in grown)).slices()]
        small = Rect(*(side >> level for side in grown))
        halved = cv2.resize(source, (small.width, small.height), interpolation=cv2.INTER_AREA)
        self.levels[level][small.slices()] = halved.reshape(small.height, small.width, -1)


def _block(index: Index) -> Rect:
    return Rect(index[0] * BLOCK, index[1] * BLOCK, BLOCK, BLOCK)


def _with(part: Rect, parts: list[Rect]) -> list[Rect]:
    """Add a rectangle to a list, united with those near it as long as that adds little area."""
    apart = []
    for other in parts:
        both = part.united(other)
        if _area(both) <= _SPARE * (_area(part) + _area(other)):
            part = both
        else:
            apart.append(other)
    apart.append(part)
    return apart if len(apart) <= _MOST_PARTS else [reduce(Rect.united, apart)]


def _area(rect: Rect) -> int:
    return rect.width * rect.height


def _without(part: Rect, hole: Rect) -> list[Rect]:
    """What a hole leaves of a rectangle: above it, below it, and on both sides."""
    inner = part.intersect(hole)
    if inner.is_empty:
        return [part]
    rests = (
        Rect(part.x, part.y, part.width, inner.y - part.y),
        Rect(part.x, inner.bottom, part.width, part.bottom - inner.bottom),
        Rect(part.x, inner.y, inner.x - part.x, inner.height),
        Rect(inner.right, inner.y, part.right - inner.right, inner.height),
    )
    return [rest for rest in rests if not rest.is_empty]
