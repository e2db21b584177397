"""Makes a rough selection fit what it is laid over, by the colours inside and outside of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, sqrt
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.blend import composite
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, from_float, over_grey
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TileStore
from imgstudio.engine.cutout_large import part_of
from imgstudio.engine.edge_fit import carrier, near_outline

CELLS: Final = 250_000
"""Most that the colours are compared at: the time grows faster than this."""
ROUNDS: Final = 4
_SURROUNDINGS: Final = 0.15
"""What is looked at round the selection, as a share of its longer side, besides its reach."""
_NO_BOX: Final = (0, 0, 1, 1)
"""GrabCut asks for one, and begins with the labels instead."""
_ROWS: Final = 256
_SIDE: Final = 512
"""Of parts of the large picture: only those with an edge take time (pixels)."""

Bytes = npt.NDArray[np.uint8]


def colour_refined(
    read: Callable[[Rect], Array],
    coverage: Callable[[Rect], Coverage],
    selected: Rect,
    bounds: Rect,
    reach: float,
    progress: Progress,
) -> Iterator[tuple[Rect, Coverage]]:
    """Parts of (h, w) coverage, 0..255, that together are all that is selected then.

    GrabCut (Rother, Kolmogorov & Blake 2004) on the surroundings of `selected`, made smaller to 0.25
    megapixels, then carried to the large picture in a band by a guided filter (He, Sun & Tang 2013). The
    outline moves by at most `reach` pixels. `read` gives straight RGBA. Raises UserError where there is
    nothing to tell apart, and Cancelled.
    """
    around = ceil(reach) + ceil(_SURROUNDINGS * max(selected.width, selected.height)) + 2
    box = selected.expanded(around).intersect(bounds)
    shrink = min(1.0, sqrt(CELLS / (box.width * box.height)))
    size = max(1, round(box.width * shrink)), max(1, round(box.height * shrink))
    pixels, rough = _seen(read, coverage, box, size, progress.part(0.0, 0.3))
    labels = _labels(rough, reach * shrink)
    found = _grab_cut(pixels, labels, progress.part(0.3, 0.7))
    made = carrier(pixels, found.astype(np.float32), near_outline(found), box)
    for part in progress.part(0.7, 1.0).track(list(box.pieces(_SIDE, _SIDE)), "Edge"):
        share = part_of(made, over_grey(read(part)), part)[1]
        yield part, np.asarray(np.rint(share * 255), np.uint8)


def _seen(
    read: Callable[[Rect], Array],
    coverage: Callable[[Rect], Coverage],
    box: Rect,
    size: tuple[int, int],
    progress: Progress,
) -> tuple[Floats, Floats]:
    """Picture (h, w, 3) and coverage (h, w), 0..1, at another size; read in strips."""
    width, _height = size
    step = max(1, int(box.width / width))
    pixels, covered = [], []
    for strip in progress.track(
        list(box.pieces(box.width, _ROWS // step * step or step)), "Looking at the picture"
    ):
        small = max(1, ceil(strip.width / step)), max(1, ceil(strip.height / step))
        pixels.append(over_grey(np.asarray(cv2.resize(read(strip), small, interpolation=cv2.INTER_AREA))))
        covered.append(cv2.resize(coverage(strip), small, interpolation=cv2.INTER_AREA))
    whole = np.concatenate(pixels), np.concatenate(covered).astype(np.float32) / 255
    seen, rough = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in whole)
    return np.asarray(seen, np.float32), np.asarray(rough, np.float32)


def _labels(rough: Floats, reach: float) -> Bytes:
    """What is surely inside, surely outside, and likely either, as GrabCut numbers them."""
    inside = rough > 0.5
    if not inside.any() or inside.all():
        raise UserError(
            "There is nothing to tell apart",
            "All of the picture is selected" if inside.all() else "Less than a pixel is selected",
            "Select roughly what you want, with some of its surroundings left out",
        )
    deep = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    far = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    labels = np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    # Something must be sure, else nothing is left of a small selection.
    labels[deep > min(reach, 0.9 * float(deep.max()))] = cv2.GC_FGD
    labels[far > min(reach, 0.9 * float(far.max()))] = cv2.GC_BGD
    return labels


def _grab_cut(pixels: Floats, labels: Bytes, progress: Progress) -> Bytes:
    """(h, w) 0 or 1."""
    picture, models = from_float(pixels), (np.zeros((1, 65)), np.zeros((1, 65)))
    cv2.setRNGSeed(0)  # its colour models begin at random
    way = cv2.GC_INIT_WITH_MASK
    for _ in progress.track(range(ROUNDS), "Comparing colours"):
        cv2.grabCut(picture, labels, _NO_BOX, *models, 1, way)
        way = cv2.GC_EVAL
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def refine_selection(document: Document, reach: float, progress: Progress) -> None:
    """Fit the selection to the colours of the whole picture; one undo step, see `colour_refined`."""
    selected, after = document.selection.bounds(), TileStore(1)
    if selected.is_empty:
        raise UserError("Nothing is selected", "", "Select roughly what you want first")
    parts = colour_refined(
        lambda rect: composite(document.layers.root, rect, document.dtype),
        document.selection.read,
        selected,
        document.bounds,
        reach,
        progress,
    )
    for rect, coverage in parts:
        after.write(rect, coverage[..., None])
    after.drop_plain_tiles()
    document.do(document.replacing(document.selection.store, "Refine with colours", after))
