"""Labels as they were painted for the screen, kept in blocks: what is dragged about is copied, not painted again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage, QPainter

from imgstudio.app.canvas.view import View
from imgstudio.core.geometry import EMPTY, Rect, Size
from imgstudio.core.tiles import Index

Packed: TypeAlias = npt.NDArray[np.uint32]
"""(h, w) premultiplied colours as Qt packs them."""
Paint: TypeAlias = Callable[[Rect, float], Packed]
"""Make the colours of a rectangle, given in pixels of the screen from the document's corner, at a zoom."""

_BLOCK: Final = 256
_SPARE: Final = 2
"""Rows and columns of blocks that are kept beyond those that a window can show."""


@dataclass(slots=True, eq=False)
class _Block:
    pixels: Packed
    stale: Rect
    is_blank: bool = True


class LabelScreen:
    """Guards: what is drawn is what `paint` gives by now; no more is kept than a window shows, and its rim."""

    def __init__(self, size: Size, paint: Paint) -> None:
        """`size` of the document."""
        self._size, self._paint = size, paint
        self._zoom = 0.0
        self._blocks: dict[Index, _Block] = {}

    @property
    def nbytes(self) -> int:
        return sum(block.pixels.nbytes for block in self._blocks.values())

    def mark(self, rect: Rect, reach: int) -> None:
        """Say that a document rectangle, and `reach` pixels of the screen round it, look different now."""
        part = self._part(rect).expanded(reach)
        for index, block in self._blocks.items():
            stale = part.intersect(self._whole(index))
            if not stale.is_empty:
                block.stale = stale.united(block.stale)

    def clear(self) -> None:
        self._blocks.clear()

    def draw(self, painter: QPainter, view: View, box: Rect) -> None:
        """Draw what lies in a box of the window; the painter's units are its pixels."""
        if view.zoom != self._zoom:
            self._zoom = view.zoom
            for index, block in self._blocks.items():  # memory that is there is not asked for again
                block.stale = self._whole(index)
        left, top = view.origin
        seen = box.translated(-left, -top)
        columns = range(seen.x // _BLOCK, (seen.right - 1) // _BLOCK + 1)
        for row in range(seen.y // _BLOCK, (seen.bottom - 1) // _BLOCK + 1):
            blocks = [((column, row), self._held((column, row))) for column in columns]
            for run in _runs(blocks):
                self._renew(run)
            for (column, _), block in blocks:
                if not block.is_blank:
                    painter.drawImage(column * _BLOCK + left, row * _BLOCK + top, image_of(block.pixels))
        most = (view.window.width // _BLOCK + 1 + _SPARE) * (view.window.height // _BLOCK + 1 + _SPARE)
        while len(self._blocks) > most:
            del self._blocks[next(iter(self._blocks))]

    def _held(self, index: Index) -> _Block:
        """A block, as the last one to go."""
        block = self._blocks.pop(index, None)
        if block is None:
            block = _Block(np.zeros((_BLOCK, _BLOCK), np.uint32), self._whole(index))
        self._blocks[index] = block
        return block

    def _renew(self, run: list[tuple[Index, _Block]]) -> None:
        """Paint what is stale of blocks side by side."""
        part = EMPTY
        for _, block in run:
            part = part.united(block.stale)
        if part.is_empty:
            return
        pixels = self._paint(part, self._zoom)
        for (column, row), block in run:
            inner = block.stale.translated(-column * _BLOCK, -row * _BLOCK).slices()
            block.pixels[inner] = pixels[block.stale.translated(-part.x, -part.y).slices()]
            block.stale, block.is_blank = EMPTY, not block.pixels.any()

    def _whole(self, index: Index) -> Rect:
        """What a block shows of the document."""
        whole = Rect(index[0] * _BLOCK, index[1] * _BLOCK, _BLOCK, _BLOCK)
        return whole.intersect(self._part(Rect(0, 0, *self._size)))

    def _part(self, rect: Rect) -> Rect:
        """Pixels of the screen that a document rectangle touches."""
        x, y = floor(rect.x * self._zoom), floor(rect.y * self._zoom)
        return Rect(x, y, ceil(rect.right * self._zoom) - x, ceil(rect.bottom * self._zoom) - y)


def _runs(blocks: list[tuple[Index, _Block]]) -> list[list[tuple[Index, _Block]]]:
    """Neighbours in a row that are stale as high as each other are painted together; others by themselves."""
    runs: list[list[tuple[Index, _Block]]] = []
    for index, block in blocks:
        before = runs[-1][-1][1].stale if runs else EMPTY
        goes_on = before.right == block.stale.x and (before.y, before.height) == (
            block.stale.y,
            block.stale.height,
        )
        if runs and goes_on:
            runs[-1].append((index, block))
        else:
            runs.append([(index, block)])
    return runs


def image_of(pixels: Packed) -> QImage:
    """A picture of colours, which must outlive it; what is painted on it is written into them."""
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
