"""A picture that is painted whole on a canvas of its own size, from which tiles of any size are cut."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.filters.base import FilterInput, FloatImage
from imgstudio.filters.paintings import in_colours_of
from imgstudio.filters.reducing import reduced

if TYPE_CHECKING:
    from imgstudio.engine.style.stylist import Stylist

_one_at_a_time: Final = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The whole picture, painted on its canvas: what the tiles are cut from."""

    canvas: FloatImage
    whole: Rect

    def cut(self, box: Rect) -> FloatImage:
        """(height, width, 3) of a box in document coordinates, brought to the picture's size."""
        height, width = self.canvas.shape[:2]
        rows = _taps(np.arange(box.y, box.bottom) - self.whole.y, self.whole.height, height)
        columns = _taps(np.arange(box.x, box.right) - self.whole.x, self.whole.width, width)
        return _drawn(_drawn(self.canvas, rows).swapaxes(0, 1), columns).swapaxes(0, 1)


def canvas_view(image: FilterInput, side: int, progress: Progress) -> FloatImage:
    """The whole picture, at most `side` pixels on its longer side. In `prepare` only."""
    assert image.look is not None
    return reduced(image.look, image.whole, side, progress)


def painted_by(stylist: Stylist, view: FloatImage, image: FilterInput, progress: Progress) -> Painted:
    """`view` painted; once more in float32 where half precision overflowed."""
    with _one_at_a_time:
        canvas = stylist.paint(view, progress)
        if not np.isfinite(canvas).all():
            canvas = replace(stylist, precise=True).paint(view, progress)
    return Painted(canvas, image.whole)


def painted_part(image: FilterInput, *, keep_colours: bool) -> FloatImage:
    """The part of a Painted, given as `image.shared`, that belongs to a tile, in the tile's own colours if wanted."""
    painted: Painted = image.shared
    made = painted.cut(image.origin)
    return in_colours_of(image.pixels, made) if keep_colours else made


def _taps(places: npt.NDArray[np.int64], length: int, cells: int) -> tuple[npt.NDArray[np.int64], FloatImage]:
    """For each place along `length` pixels the four nearest of `cells` cells and their weights (Catmull-Rom).

    They depend on nothing but the place, so neighbouring tiles agree to the bit.
    """
    if cells == length:
        return places[None], np.ones((1, len(places)), np.float32)
    centres = (places + 0.5) * (cells / length) - 0.5
    first = np.floor(centres)
    t = (centres - first).astype(np.float32)
    weights = np.stack(
        (
            ((2 - t) * t - 1) * t / 2,
            ((3 * t - 5) * t * t + 2) / 2,
            ((4 - 3 * t) * t + 1) * t / 2,
            (t - 1) * t * t / 2,
        )
    )
    indices = first.astype(np.int64)[None] + np.arange(-1, 3)[:, None]
    return np.clip(indices, 0, cells - 1), weights


def _drawn(pixels: FloatImage, taps: tuple[npt.NDArray[np.int64], FloatImage]) -> FloatImage:
    """Weighted sums of rows of (h, w, 3)."""
    indices, weights = taps
    total = np.zeros((indices.shape[1], *pixels.shape[1:]), np.float32)
    for rows, weight in zip(indices, weights, strict=True):
        total += pixels[rows] * weight[:, None, None]
    return total
