"""Carries a cut-out that was worked out small to a picture of any size, part by part."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.cutout import Matte, clean
from imgstudio.engine.edges import Taps, enlarged, taps
from imgstudio.engine.matting_colours import EdgeColours, edge_colours, unmixed
from imgstudio.engine.matting_fit import colour_fit

RADIUS: Final = 2
"""Of the windows in which coverage is explained by colours (pixels of the small picture)."""
VARIANCE: Final = 1e-4
"""Of colours: more lets fewer details of the large picture in, and less of its noise."""


class CutOut(NamedTuple):
    """What parts of the large picture are made from; small."""

    box: Rect
    """Where the small picture lies in the large one (its pixels); nothing outside of it stays."""
    maps: Floats
    """(h, w, 6): coverage, how much of the edge is there, slope by three colours, level."""
    colours: EdgeColours | None
    """Of the edge; None: colours stay as they are."""


def cut_out(pixels: Floats, matte: Matte, box: Rect, progress: Progress, *, decontaminate: bool) -> CutOut:
    """Prepare the cut-out of `box` from (h, w, 3), which is that part of the picture at the size of the matte."""
    fit = colour_fit(matte.alpha, pixels, RADIUS, VARIANCE)
    band = matte.band.astype(np.float32)
    maps = np.dstack((matte.alpha, band, fit.slope, fit.level)).astype(np.float32)
    progress.update(0.5)
    colours = edge_colours(pixels, matte.alpha) if decontaminate and matte.band.any() else None
    progress.update(1.0)
    return CutOut(box, maps, colours)


def part_of(made: CutOut, pixels: Floats, place: Rect) -> tuple[Floats, Floats]:
    """Colours (h, w, 3) and coverage (h, w) of a part of the large picture; neighbouring parts agree to the bit."""
    coverage = np.zeros(pixels.shape[:2], np.float32)
    colours = pixels.copy()
    inner = place.intersect(made.box)
    if inner.is_empty:
        return colours, coverage
    rows = taps(inner.y - made.box.y, inner.bottom - made.box.y, made.box.height, made.maps.shape[0])
    columns = taps(inner.x - made.box.x, inner.right - made.box.x, made.box.width, made.maps.shape[1])
    where = inner.translated(-place.x, -place.y).slices()
    seen = pixels[where]
    alpha = _coverage(made, seen, rows, columns)
    coverage[where] = alpha
    soft = (alpha > 0) & (alpha < 1)
    if made.colours is not None and soft.any():
        near = EdgeColours(*(enlarged(part, rows, columns) for part in made.colours))
        colours[where] = np.where(soft[..., None], unmixed(seen, alpha, near), seen)
    return colours, coverage


def _coverage(made: CutOut, pixels: Floats, rows: Taps, columns: Taps) -> Floats:
    below = made.maps[_span(rows), _span(columns), :2]
    if not below[..., 1].any() and float(np.ptp(below[..., 0])) == 0:
        return np.full(pixels.shape[:2], below[0, 0, 0], np.float32)
    plain = enlarged(np.ascontiguousarray(made.maps[..., :2]), rows, columns)
    alpha = np.ascontiguousarray(plain[..., 0])
    is_enlarged = made.box.height > made.maps.shape[0] or made.box.width > made.maps.shape[1]
    if not is_enlarged or not plain[..., 1].any():
        return alpha
    large = enlarged(np.ascontiguousarray(made.maps[..., 2:]), rows, columns)
    found = ((large[..., :3] * pixels).sum(2) + large[..., 3]).clip(0, 1)
    return clean(np.asarray(alpha + plain[..., 1] * (found - alpha), np.float32))


def _span(along: Taps) -> slice:
    return slice(int(along.first.min()), int(along.second.max()) + 1)
