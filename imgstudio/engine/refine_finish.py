"""What is done with an edge that was found: smoothed, faded, made crisper, moved, and freed of the background's colour."""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.coverage import feathered, smoothed
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TileStore
from imgstudio.engine.edges import enlarged, taps
from imgstudio.engine.harmonize.masks import decontaminated
from imgstudio.engine.matting_colours import EdgeColours, unmixed
from imgstudio.engine.refine import Edge, EdgeParams, Refiner, Small
from imgstudio.engine.refine_ground import Booleans

STRIP: Final = 512
"""Rows that are worked on at a time."""
SOLVED: Final = 640
"""Longer side at which the colours of the edge are worked out (pixels); they are smooth."""
_LEAST: Final = np.float32(1e-3)
"""Coverage that stands for none, so that colours are continued there too."""
_CRISPEST: Final = 0.02
"""Share of the range of coverage in which the crispest edge goes from none to all."""


class Finished(NamedTuple):
    """A selection, ready to be used."""

    coverage: TileStore
    """In document coordinates."""
    box: Rect
    """All that differs from the selection that was begun with."""


def finished(edge: Edge, params: EdgeParams, bounds: Rect, progress: Progress) -> Finished:
    """Smooth, feather, sharpen and shift the edge, in this order; the edge itself stays. Raises Cancelled."""
    box = edge.coverage.content_bounds()
    if box.is_empty or not (params.smooth or params.feather or params.contrast or params.shift):
        return Finished(edge.coverage, edge.box)
    reach = ceil(4 * params.smooth) + ceil(2 * params.feather)
    box = box.expanded(reach).intersect(bounds)
    table = tone(params.contrast, params.shift)
    made = TileStore(1)
    for top in progress.track(range(box.y, box.bottom, STRIP), "Finishing"):
        strip = Rect(box.x, top, box.width, min(STRIP, box.bottom - top))
        wide = strip.expanded(reach).intersect(bounds)
        part = np.ascontiguousarray(edge.coverage.read(wide)[..., 0])
        part = feathered(smoothed(part, params.smooth), params.feather)
        inner = strip.translated(-wide.x, -wide.y).slices()
        made.write(strip, np.ascontiguousarray(table[part[inner]])[..., None])
    made.drop_plain_tiles()
    return Finished(made, box.united(edge.box))


def tone(contrast: float, shift: float) -> Coverage:
    """What becomes of each coverage 0..255; both in percent.

    A shift of -100 keeps only what was covered fully, one of 100 covers all that was covered at all.
    """
    values = np.linspace(0, 1, 256, dtype=np.float32)
    way = float(np.clip(shift / 100, -1, 1)) * (1 - 1 / 255)
    values = np.asarray((values + min(way, 0)) / (1 - abs(way)), np.float32)
    steep = 1 / max(_CRISPEST, 1 - contrast / 100)
    crisp = np.asarray((values.clip(0, 1) - 0.5) * steep + 0.5, np.float32)
    return np.asarray(from_float(crisp), np.uint8)


class Cleaner:
    """The colours of an edge without the background. Guards that they belong to one edge."""

    def __init__(self, refiner: Refiner, edge: Edge, progress: Progress) -> None:
        """Raises Cancelled."""
        self._edge = edge
        self._small = small = refiner.picture(progress)
        self._colours = None if small is None else _colours(small, edge)

    def soft(self, place: Rect, shown: TileStore) -> Booleans:
        """Which pixels of a part are shown though the background is mixed into them: (h, w)."""
        alpha = self._edge.coverage.read(place)[..., 0]
        return np.asarray((alpha < 255) & (shown.read(place)[..., 0] > 0))

    def clean(self, pixels: Floats, place: Rect) -> Floats:
        """What a part of the picture, (h, w, 3) in 0..1, would be without what lies behind."""
        if self._colours is None or self._small is None:
            return pixels
        inner, box = place.translated(-self._small.place.x, -self._small.place.y), self._small.place
        rows = taps(inner.y, inner.bottom, box.height, self._colours.own.shape[0])
        columns = taps(inner.x, inner.right, box.width, self._colours.own.shape[1])
        near = EdgeColours(*(enlarged(part, rows, columns) for part in self._colours))
        return unmixed(pixels, to_float(self._edge.coverage.read(place)[..., 0]), near)


def _colours(small: Small, edge: Edge) -> EdgeColours:
    """Of the object and of what lies behind, continued over the whole small picture."""
    height, width = small.pixels.shape[:2]
    factor = min(1.0, SOLVED / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    pixels = np.asarray(cv2.resize(small.pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    whole = np.ascontiguousarray(edge.coverage.read(small.place)[..., 0])
    alpha = to_float(np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8))
    own, behind = (decontaminated(pixels, np.maximum(share, _LEAST)) for share in (alpha, 1 - alpha))
    return EdgeColours(own, behind)
