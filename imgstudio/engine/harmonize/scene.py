"""The part of a composition that is painted: the object with its surroundings, cut out and brought to a size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from imgstudio.core.pixels import Floats
from imgstudio.engine.harmonize.masks import NOTHING, REACH, STANDARD, tight_and_loose
from imgstudio.engine.style.wishes import resized

MARGIN: Final = 0.25
"""Of the object's longer side, around it."""
LEAST_MARGIN: Final = 40
"""Pixels of a picture of `STANDARD` px; features need some surroundings."""
PAINTING_AREA: Final = 420_000
"""Pixels of the painting that are searched, around the object; about 700 x 600."""
LEAST_SIDE: Final = 32
"""No size is smaller (pixels)."""

Box = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """The cut-out part at its own size. Guards that all arrays are of one size but for `painting`."""

    box: Box
    """Where it lies in the composition."""
    composite: Floats
    """(h, w, 3) in 0..1."""
    background: Floats
    cover: Floats
    """(h, w) in 0..1: the object, as it was cut out."""
    tight: Floats
    """The same, softened."""
    loose: Floats
    feather: Floats
    painting: Floats
    """(H, W, 3): the whole background."""

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.tight.shape
        return height, width


def scene_of(composite: Floats, background: Floats, mask: Floats) -> Scene | None:
    """Cut out the object (h, w) of a composition with a quarter around; None where there is no object."""
    if float(mask.max(initial=0)) < NOTHING:
        return None
    box = _box_of(mask)
    own, ground, cover = (np.ascontiguousarray(part[box]) for part in (composite, background, mask))
    tight, loose, feather = tight_and_loose(cover, longest=max(mask.shape))
    return Scene(box, own, ground, cover, tight, loose, feather, background)


def sizes_of(scene: Scene, side: int) -> list[tuple[int, int]]:
    """Heights and widths from a third or so of the last one up: each sqrt(2) larger than the one before."""
    height, width = scene.size
    last = min(1.0, side / max(height, width))
    shrinks = (last / 2, last / math.sqrt(2), last)
    made = [(_side(height * shrink), _side(width * shrink)) for shrink in shrinks]
    return list(dict.fromkeys(made))


def painting_at(scene: Scene, size: tuple[int, int]) -> Floats:
    """The painting reduced as the scene is, a window of `PAINTING_AREA` around the object of a large one."""
    whole = window_at(scene, size)
    shrink = size[0] / scene.size[0]
    height, width = whole.shape[:2]
    return resized(whole, (_side(height * shrink), _side(width * shrink)))


def window_at(scene: Scene, size: tuple[int, int]) -> Floats:
    """The part of the painting, at its own size, that `painting_at` reduces."""
    shrink = size[0] / scene.size[0]
    height, width = scene.painting.shape[:2]
    excess = math.sqrt(height * width * shrink * shrink / PAINTING_AREA)
    if excess <= 1:
        return scene.painting
    rows = _window(scene.box[0], height, round(height / excess))
    columns = _window(scene.box[1], width, round(width / excess))
    return np.ascontiguousarray(scene.painting[rows, columns])


def _window(part: slice, length: int, wanted: int) -> slice:
    middle = (part.start + part.stop) // 2
    start = min(max(0, middle - wanted // 2), length - wanted)
    return slice(start, start + wanted)


def _box_of(mask: Floats) -> Box:
    rows, columns = (np.flatnonzero((mask >= NOTHING).any(axis)) for axis in (1, 0))
    scale = max(mask.shape) / STANDARD
    longest = max(np.ptp(rows), np.ptp(columns)) + 1
    margin = round(max(MARGIN * longest, LEAST_MARGIN * scale, 8) + REACH * scale)
    height, width = mask.shape
    return (
        slice(max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)),
        slice(max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)),
    )


def _side(wanted: float) -> int:
    return max(LEAST_SIDE, round(wanted))
