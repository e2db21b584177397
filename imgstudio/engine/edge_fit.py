"""Carries a coarse coverage to the edges of a large picture, in the band round its outline alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, over_grey, to_float
from imgstudio.core.selection import Coverage
from imgstudio.engine.cutout import Matte
from imgstudio.engine.cutout_large import CutOut, cut_out, part_of
from imgstudio.engine.matting_fit import colour_fit, fitted

Booleans = npt.NDArray[np.bool_]

BAND: Final = 3
"""Cells to each side of the outline in which the edge is looked for."""
_RADIUS: Final = 2
_VARIANCE: Final = 2e-4
_STEEP: Final = 2.5
"""The fit's edge is softer than that of most things."""
_SIDE: Final = 256
"""Pixels of a part that is worked out at once, each way, or as many cells as are looked at beside it."""
_DISC: Final = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BAND + 1, 2 * BAND + 1))


def edged(
    read: Callable[[Rect], Array],
    coverage: Callable[[Rect], Coverage],
    changed: Callable[[Rect], Coverage],
    box: Rect,
    step: int,
    progress: Progress,
) -> Iterator[tuple[Rect, Coverage]]:
    """Parts of `box` with the coverage that the picture's edges give it, where its outline is.

    `read` gives straight RGBA, `coverage` what is selected (its outline right to about `step` pixels), and
    `changed` 255 where the outline may be moved: elsewhere nothing is. Guided filter with a colour guide (He,
    Sun & Tang 2013), fitted at 1 / `step` of the size and applied to the picture's own pixels. Parts without
    outline are not given at all. Raises Cancelled.
    """
    side = max(_SIDE, 4 * BAND * step)
    for place in progress.track(list(box.pieces(side, side)), "Edge"):
        wide = place.expanded((2 * BAND + 2) * step).intersect(box)
        whole = coverage(wide)
        small = reduced(whole, step)
        movable = cv2.dilate(reduced(changed(wide), step), _DISC) > 0
        band = near_outline(np.where(small > 127, np.uint8(255), np.uint8(0))) & movable
        if not band.any():
            continue
        pixels = over_grey(read(wide))
        made = carrier(reduced(pixels, step), to_float(small), band, wide)
        inner = place.translated(-wide.x, -wide.y).slices()
        found = part_of(made, np.ascontiguousarray(pixels[inner]), place)[1]
        near = cv2.resize(band.astype(np.uint8), (wide.width, wide.height), interpolation=cv2.INTER_NEAREST)
        levels = np.asarray(np.rint(found * 255), np.uint8)
        yield place, np.where(near[inner] > 0, levels, whole[inner])


def carrier(pixels: Floats, coarse: Floats, band: Booleans, box: Rect) -> CutOut:
    """What `part_of` makes the coverage of parts of `box` from.

    (h, w, 3) and (h, w) in 0..1 are that box at the size at which the coverage was found; only in the `band`
    it is moved to edges.
    """
    fit = fitted(colour_fit(coarse, pixels, _RADIUS, _VARIANCE), pixels)
    steep = ((fit - 0.5) * np.float32(_STEEP) + 0.5).clip(0, 1)
    alpha = np.asarray(np.where(band, steep, coarse), np.float32)
    return cut_out(pixels, Matte(alpha, band), box, Progress(), decontaminate=False)


def near_outline(inside: npt.NDArray[np.uint8]) -> Booleans:
    """Cells within `BAND` of the outline of what is not 0."""
    shape = (inside > 0).astype(np.uint8)
    return np.asarray(cv2.dilate(shape, _DISC) != cv2.erode(shape, _DISC), np.bool_)


def reduced(plane: Array, step: int) -> Array:
    """Means over step x step pixels; the last cells may stand for fewer."""
    if step == 1:
        return plane
    height, width = plane.shape[:2]
    size = max(1, ceil(width / step)), max(1, ceil(height / step))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
