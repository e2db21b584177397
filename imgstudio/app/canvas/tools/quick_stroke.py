"""One stroke of the quick-select brush: what it takes is in the selection while it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Final

import cv2
import numpy as np

from imgstudio.app.canvas.tools.sampling import sampled
from imgstudio.core.document import Document, Edit
from imgstudio.core.geometry import EMPTY, Point, Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.labelling.class_edit import ClassEdit
from imgstudio.core.pixels import from_float, over_grey
from imgstudio.core.selection import Coverage
from imgstudio.engine.edge_fit import edged, reduced
from imgstudio.engine.quick_select import REACH, QuickSelect

_CELLS: Final = 352
"""Side of what is looked at round the brush, in cells of a whole number of pixels."""
_FARTHEST: Final = 800
"""Half that side in pixels of the picture, at most, so that 24 megapixels are no slower than two."""
_ROOM: Final = 1.5
"""What a brush that is larger yet gets, in radii."""
_NEAR_SIDE: Final = 1 / 3
"""The window follows when the brush comes so near to its side, as a share of its half."""


@dataclass(slots=True)
class _Window:
    """What lies round the brush, made smaller."""

    rect: Rect
    step: int
    grower: QuickSelect
    brush: Coverage
    """Where the brush has been, in cells."""
    base: Coverage
    """The selection of `rect` as it was when the window was opened."""

    def cell(self, point: Point) -> tuple[int, int]:
        return floor((point.x - self.rect.x) / self.step), floor((point.y - self.rect.y) / self.step)


class QuickStroke:
    """Guards: `finish` makes all that was taken one undo step, `abandon` gives it all back."""

    def __init__(
        self,
        document: Document,
        label: str,
        *,
        radius: float,
        takes_away: bool,
        merged: bool,
        on_labels: bool = False,
    ) -> None:
        """`radius` in pixels of the picture; `merged`: look at the whole picture, not the active layer.

        `on_labels`: what the class covers stands for the selection.
        """
        self._document, self._radius = document, max(radius, 0.5)
        self._takes_away, self._merged = takes_away, merged
        self._edit: Edit | ClassEdit = (
            ClassEdit(document, label) if on_labels else document.begin_edit(document.selection.store, label)
        )
        self._window: _Window | None = None
        self._last: Point | None = None
        self._touched, self._coarsest = EMPTY, 1

    def to(self, point: Point) -> None:
        """Paint on to a place, which may lie outside the picture."""
        start = self._last or point
        self._last = point
        if self._window is None or self._leaves(self._window, point):
            self._open(point)
        window = self._window
        if window is None:
            return
        thickness = max(1, round(2 * self._radius / window.step))
        cv2.line(window.brush, window.cell(start), window.cell(point), 255, thickness)
        if window.grower.stroke(window.brush):
            self._write(window)

    def finish(self, *, at_edges: bool) -> None:
        """Keep what was taken; `at_edges`: with the outline on the picture's own edges."""
        if at_edges and not self._touched.is_empty:
            before, coarse = self._edit.before, self._edit.store.snapshot()
            parts = edged(
                lambda rect: sampled(self._document, rect, merged=self._merged),
                lambda rect: coarse.read(rect)[..., 0],
                lambda rect: np.where(before.read(rect) != coarse.read(rect), np.uint8(255), np.uint8(0))[
                    ..., 0
                ],
                self._touched,
                self._coarsest,
                Progress(),
            )
            for place, coverage in parts:
                self._put(place, coverage, before.read(place)[..., 0])
        self._edit.commit()

    def abandon(self) -> None:
        self._edit.abandon()

    def _leaves(self, window: _Window, point: Point) -> bool:
        """Whether the brush comes near a side of the window behind which there is more picture."""
        margin = round(_NEAR_SIDE * self._half())
        inner = window.rect.expanded(-margin)
        bounds, rect = self._document.bounds, window.rect
        left = point.x < inner.x and rect.x > bounds.x
        right = point.x > inner.right and rect.right < bounds.right
        above = point.y < inner.y and rect.y > bounds.y
        below = point.y > inner.bottom and rect.bottom < bounds.bottom
        return left or right or above or below

    @property
    def _reach(self) -> float:
        """How far the stroke grows, in pixels of the picture."""
        return min(REACH * self._radius, max(_FARTHEST - self._radius, self._radius))

    def _half(self) -> int:
        wanted = min(self._radius * (1 + REACH), _FARTHEST)
        half = max(wanted, _ROOM * self._radius, _CELLS // 2)
        step = ceil(2 * half / _CELLS)
        return step * ceil(half / step)  # whole cells: several times quicker to make smaller

    def _open(self, point: Point) -> None:
        """Look at what lies round a place; what was taken so far counts as selected there."""
        half = self._half()
        square = Rect(floor(point.x) - half, floor(point.y) - half, 2 * half, 2 * half)
        rect = square.intersect(self._document.bounds)
        if rect.is_empty:
            return
        step = ceil(2 * half / _CELLS)
        rgb = from_float(over_grey(reduced(sampled(self._document, rect, merged=self._merged), step)))
        base = self._edit.store.read(rect)[..., 0]
        known = None if self._window is None else self._window.grower.stroked_colours
        grower = QuickSelect(
            rgb,
            reduced(base, step),
            self._reach / step,
            takes_away=self._takes_away,
            known=known,
        )
        self._window = _Window(rect, step, grower, np.zeros(rgb.shape[:2], np.uint8), base)
        self._coarsest = max(self._coarsest, step)

    def _write(self, window: _Window) -> None:
        rect = window.rect
        size = (rect.width, rect.height)
        taken = cv2.resize(window.grower.grown(), size, interpolation=cv2.INTER_LINEAR)
        self._put(rect, np.asarray(taken, np.uint8), window.base, is_share=True)
        self._touched = self._touched.united(rect)

    def _put(self, rect: Rect, coverage: Coverage, base: Coverage, *, is_share: bool = False) -> None:
        """Write what the selection is now, or the share of it that is taken; never against the stroke."""
        if self._takes_away:
            made = np.minimum(base, 255 - coverage if is_share else coverage)
        else:
            made = np.maximum(base, coverage)
        self._edit.store.write(rect, made[..., None])
        self._edit.touch(rect)
