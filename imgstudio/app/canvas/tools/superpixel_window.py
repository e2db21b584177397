"""The patches of one colour round a place of the picture, and what each covers."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from imgstudio.app.canvas.tools.sampling import sampled
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.labels import Bools
from imgstudio.core.outline import outline
from imgstudio.core.pixels import from_float, over_grey
from imgstudio.core.selection import Selection
from imgstudio.core.snapshot import DocumentSnapshot, freeze
from imgstudio.core.thawing import thaw
from imgstudio.core.tiles import box_of
from imgstudio.engine.compact_patches import compact_patches
from imgstudio.engine.edge_fit import reduced

_SIDE: Final = 384
"""Side of what is looked at, in pixels of the screen."""
_NEAR: Final = 2.0
"""How near to its side the pointer may come, in patches: those at a side end there and not at an edge."""
_FINEST: Final = 4.0
"""Detail of outlines: lines run along the sides of pixels."""

Numbers: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Grain:
    """How finely the picture is cut."""

    step: int
    """Document pixels to a cell."""
    spacing: int
    """Cells to a patch."""
    merged: bool
    """Whether the whole picture is looked at, or one layer."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One patch."""

    number: int
    rect: Rect
    inside: Bools
    """(height, width) of `rect`."""
    outline: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class CutWindow:
    """Cuts the picture round a place; holds copies, so that a worker may do it.

    Guards: patches lie on one grid whatever the place, so that the next window continues this one.
    """

    document: weakref.ref[Document]
    snapshot: DocumentSnapshot
    rect: Rect
    grain: Grain

    @classmethod
    def round(cls, document: Document, at: Point, grain: Grain) -> CutWindow:
        """What is to be cut round a place of a document."""
        side, pitch = max(_SIDE, 6 * grain.spacing) * grain.step, grain.spacing * grain.step
        x, y = ((floor(place) - side // 2) // pitch * pitch for place in at)
        width = ceil(side / pitch) * pitch
        rect = Rect(x, y, width, width).intersect(document.bounds)
        return cls(weakref.ref(document), freeze(document), rect, grain)

    def __call__(self) -> SuperpixelWindow:
        pixels = sampled(thaw(self.snapshot), self.rect, merged=self.grain.merged)
        rgb = from_float(over_grey(reduced(pixels, self.grain.step)))
        return SuperpixelWindow(
            self.document, self.rect, self.grain, compact_patches(rgb, self.grain.spacing)
        )


class SuperpixelWindow:
    """Guards: a patch is the same object as long as its window is there."""

    def __init__(self, document: weakref.ref[Document], rect: Rect, grain: Grain, numbers: Numbers) -> None:
        """(height, width) `numbers` of the patches, from 0, in cells of `rect`."""
        self._document, self._rect, self._grain, self._numbers = document, rect, grain, numbers
        self._cells: dict[int, Cell] = {}

    def serves(self, document: Document, at: Point, grain: Grain) -> bool:
        """Whether it is as good as a new one for a place of a document."""
        if self._document() is not document or self._grain != grain:
            return False
        margin = round(_NEAR * grain.spacing * grain.step)
        rect, bounds = self._rect, document.bounds
        return (
            (at.x >= rect.x + margin or rect.x == bounds.x)
            and (at.y >= rect.y + margin or rect.y == bounds.y)
            and (at.x < rect.right - margin or rect.right == bounds.right)
            and (at.y < rect.bottom - margin or rect.bottom == bounds.bottom)
        )

    def cell_at(self, document: Document, at: Point, grain: Grain) -> Cell | None:
        """The patch that holds a place of the document; None where the window knows of none."""
        if self._document() is not document or self._grain != grain or not self._rect.contains(at.x, at.y):
            return None
        height, width = self._numbers.shape
        row = min((floor(at.y) - self._rect.y) // grain.step, height - 1)
        column = min((floor(at.x) - self._rect.x) // grain.step, width - 1)
        number = int(self._numbers[row, column])
        if number not in self._cells:
            self._cells[number] = self._cell(number)
        return self._cells[number]

    def _cell(self, number: int) -> Cell:
        mine, step = self._numbers == number, self._grain.step
        box = box_of(mine)
        inside = mine[box.slices()].repeat(step, 0).repeat(step, 1)
        rect = Rect(
            self._rect.x + box.x * step, self._rect.y + box.y * step, box.width * step, box.height * step
        )
        kept = rect.intersect(self._rect)
        inside = np.ascontiguousarray(inside[: kept.height, : kept.width])
        selection = Selection()
        selection.store.write(kept, inside[..., None].astype(np.uint8) * np.uint8(255))
        selection.touched()
        lines = outline(selection, _FINEST)
        return Cell(number, kept, inside, tuple(lines))
