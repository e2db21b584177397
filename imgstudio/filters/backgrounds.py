"""An object on its background, cut out of the document with as much around it as an engine needs to see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import resized
from imgstudio.filters.base import FilterInput, FloatImage, Frame
from imgstudio.filters.objects import covered_box, solid

AROUND: Final = 0.5
"""Of the object's longer side: the surroundings that are looked at."""
LEAST_AROUND: Final = 384
"""The same for small objects (pixels): strokes are only to be seen in a part that is not too small."""
LEAST: Final = 16.0
"""Pixels that an object must cover."""
WHOLE: Final = 0.5
"""Coverage of every pixel from which on nothing of the background is to be seen."""
SAME_SHAPE: Final = 0.01
"""How much the proportions of a background may differ from the document's."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Guards that the three pictures lie in the same box."""

    composite: FloatImage
    """(height, width, 3): the object over its background."""
    background: FloatImage
    mask: FloatImage
    """(height, width) 0..1: the object's coverage."""
    box: Rect
    """Where they lie in the document."""
    image: FilterInput

    def frame(
        self, made: FloatImage, feather: FloatImage, iteration: int, total: int, note: str = ""
    ) -> Frame:
        """What shows `made` when it is laid over the input: colours of the result alone, and how much they show.

        `made` (height, width, 3) is `feather * result + (1 - feather) * composite`, both over `box`.
        """
        here, there = self._common()
        pixels = self.image.pixels.copy()
        alpha = np.zeros(pixels.shape[:2], np.float32)
        share, before = feather[there][..., None], self.composite[there]
        change = np.divide(made[there] - before, share, out=np.zeros_like(before), where=share > 0)
        pixels[here] = np.clip(before + change, 0, 1)
        alpha[here] = share[..., 0]
        return Frame(pixels, iteration, total, note, alpha)

    def made_from(self, pixels: FloatImage, feather: FloatImage) -> FloatImage:
        """The other way: `made` over `box` from a frame's pixels."""
        here, there = self._common()
        made = self.composite.copy()
        made[there] += feather[there][..., None] * (pixels[here] - made[there])
        return made

    def in_box(self, coverage: FloatImage) -> FloatImage:
        """(height, width) over the input, brought to `box`."""
        here, there = self._common()
        made = np.zeros(self.mask.shape, np.float32)
        made[there] = coverage[here]
        return made

    def _common(self) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """The part that both show: in the input's arrays and in those of the box."""
        both = self.box.intersect(self.image.origin)
        here, there = (both.translated(-of.x, -of.y).slices() for of in (self.image.origin, self.box))
        return here, there


def ground_of(
    image: FilterInput, background: Path | None, *, around: float = AROUND, least_around: int = LEAST_AROUND
) -> Ground:
    """The object of a filter's input with its surroundings; `background` stands in for what lies below it.

    How much `around` it is a share of the object's longer side, and some pixels at least.

    Raises UserError where there is no object, or nothing around or below it.
    """
    mask = np.ones(image.pixels.shape[:2], np.float32) if image.mask is None else image.mask
    if float(mask.sum()) < LEAST:
        raise UserError(
            "The object is too small",
            f"It covers {max(1, round(float(mask.sum())))} px of the picture",
            "Make it larger, or choose another layer",
        )
    if image.origin == image.whole and float(mask.min()) >= WHOLE:
        raise UserError(
            "The object hides the whole picture",
            "Nothing of the background is to be seen beside it",
            "Make it smaller (Ctrl+T), cut it out, or give its mask",
        )
    own = covered_box(mask).translated(image.origin.x, image.origin.y)
    margin = max(least_around, round(around * max(own.width, own.height)))
    box = own.expanded(margin).intersect(image.whole)
    below = _below(image, background, box)
    both = box.intersect(image.origin)
    here, there = (both.translated(-of.x, -of.y).slices() for of in (image.origin, box))
    composite, cover = below.copy(), np.zeros(below.shape[:2], np.float32)
    composite[there], cover[there] = image.pixels[here], mask[here]
    return Ground(composite, below, cover, box, image)


def _below(image: FilterInput, background: Path | None, box: Rect) -> FloatImage:
    """(height, width, 3) of the background in a box of the document."""
    if background is not None:
        size = image.whole.width, image.whole.height
        return _background(background, _stamp(background), size)[box.slices()].copy()
    if image.backdrop is None:
        raise UserError(
            "There is nothing below the object",
            "It is harmonized with the picture that it lies on",
            "Put it above a picture, or give the untouched picture as “background”",
        )
    if image.look is not None:
        return image.look(box)
    return image.backdrop[box.translated(-image.origin.x, -image.origin.y).slices()].copy()


def _stamp(path: Path) -> tuple[int, int]:
    """Changes when the file does; a file that is not there is told of when it is read."""
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=1)
def _background(path: Path, stamp: tuple[int, int], size: tuple[int, int]) -> FloatImage:
    """(height, width, 3) of a file at the document's (width, height). Raises UserError for another shape."""
    pixels = solid(imagefile.read(path).pixels)
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    if abs(width / height / (size[0] / size[1]) - 1) > SAME_SHAPE:
        raise UserError(
            f"The background “{path.name}” has another shape",
            f"It is {width} x {height}, the picture is {size[0]} x {size[1]}",
            "Give the picture that the object lies on, without the object",
        )
    return np.clip(resized(pixels, *size), 0, 1).astype(np.float32)
