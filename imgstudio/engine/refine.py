"""Finds the true edge of a selection: matting in a band along it, small first, then at full size where it matters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TileStore
from imgstudio.engine.cutout import MATTED, Matte, clean
from imgstudio.engine.cutout_large import CutOut, cut_out, part_of
from imgstudio.engine.edges import enlarged, taps
from imgstudio.engine.matting import Guess, matted
from imgstudio.engine.refine_ground import (
    HALF,
    Booleans,
    EdgeStroke,
    Ground,
    distance_to_edge,
    ground_of,
    parting,
    smart_reach,
    strokes_box,
    unsure,
)

ROUGH_BAND: Final = 60_000
"""Pixels of the band that a preview looks at: about half a second."""
EXACT_BAND: Final = 160_000
"""And the first, small step of the exact one."""
LARGEST_BAND: Final = 3_000_000
"""Of the band at full size; a larger one takes over what was found small."""
LARGEST_SCALE: Final = 64
TILE: Final = 512
OVERLAP: Final = 32
"""What a tile sees of its neighbours."""
TRUST: Final = 0.06
"""Weight of what was selected, where colours tell nothing."""
PARTED: Final = 4.0
"""How well colours must be told apart for that weight to be halved; see `parting`."""
FINE_TRUST: Final = 0.1
"""Weight of what was found small, at full size."""
_MARGIN: Final = 96
"""Pixels around the selection that are read besides the radius, so that small changes read nothing anew."""


@dataclass(frozen=True, slots=True)
class EdgeParams:
    """Where the edge is looked for, and what becomes of it then."""

    radius: Annotated[
        float,
        Number(0, 250, step=0.5, soft_max=60, decimals=1, unit="px"),
        Ui(
            group="Edge detection",
            help="How far on either side of the outline the true edge is looked for: more for hair and fur. 0: the outline stays.",
        ),
    ] = 5.0
    smart: Annotated[
        bool,
        Ui("Smart radius", group="Edge detection", help="Look less far where the edge is hard"),
    ] = False
    smooth: Annotated[
        float,
        Number(0, 100, step=0.5, soft_max=30, decimals=1, unit="px"),
        Ui(group="Global refinements", help="Round the outline off"),
    ] = 0.0
    feather: Annotated[
        float,
        Number(0, 250, step=0.5, soft_max=30, decimals=1, unit="px"),
        Ui(group="Global refinements", help="Fade the edge"),
    ] = 0.0
    contrast: Annotated[
        float,
        Number(0, 100, unit="%"),
        Ui(group="Global refinements", help="Make a soft edge crisper"),
    ] = 0.0
    shift: Annotated[
        float,
        Number(-100, 100, unit="%"),
        Ui("Shift edge", group="Global refinements", help="Move a soft edge inwards (below 0) or outwards"),
    ] = 0.0


class Edge(NamedTuple):
    """What is selected once the edge was found."""

    coverage: TileStore
    """In document coordinates."""
    box: Rect
    """Outside of it `coverage` is what was selected before."""
    is_exact: bool
    """Whether a second look would find nothing more."""


class Small(NamedTuple):
    """A part of the picture, reduced by a whole factor."""

    place: Rect
    """Document pixels; its sides are multiples of `scale`, so it may go beyond the picture."""
    scale: int
    pixels: Floats


class Task(NamedTuple):
    """What is to be worked out small."""

    small: Small
    ground: Ground
    reach: Floats | None
    """(h, w), document pixels; None: the radius everywhere."""
    band: Booleans


class Coarse(NamedTuple):
    """What was found small."""

    small: Small
    cut: CutOut
    reach: Floats | None
    """(h, w), document pixels; None: the radius everywhere."""
    full_band: int
    """How many pixels the band has at full size, about."""


class Refiner:
    """Guards that what it remembers belongs to the picture and the selection that it was made for.

    Use it from one thread at a time. What only depends on earlier parameters is not computed again.
    """

    def __init__(self, bounds: Rect, shape: TileStore, look: Callable[[Rect], Floats]) -> None:
        """`shape`, one channel, is what is selected; `look` gives (h, w, 3) in 0..1 of any part of the picture."""
        self.bounds, self.shape, self._look = bounds, shape, look
        self._smalls: dict[int, Small] = {}
        self._coarse: dict[object, Coarse] = {}
        self._tiles_of: tuple[float, bool] | None = None
        self._tiles: dict[tuple[Rect, tuple[EdgeStroke, ...]], tuple[Coverage | None, bool]] = {}
        """What was found at full size, and whether exactly: by tile and by the strokes near it."""
        self._edge: tuple[object, Edge] | None = None
        self._content = shape.content_bounds()

    def edge(
        self, params: EdgeParams, strokes: tuple[EdgeStroke, ...], progress: Progress, *, exact: bool
    ) -> Edge:
        """Find the edge; roughly, at the size of a preview, or exactly. Raises Cancelled.

        Closed-form matting (Levin, Lischinski & Weiss 2008) in the band only, coarse to fine.
        """
        key = (params.radius, params.smart, strokes)
        if self._edge is not None and self._edge[0] == key and (self._edge[1].is_exact or not exact):
            return self._edge[1]
        found = self._found(params, strokes, progress, exact=exact)
        self._edge = key, found
        return found

    def coarse(
        self, params: EdgeParams, strokes: tuple[EdgeStroke, ...], progress: Progress, *, most: int
    ) -> Coarse | None:
        """The same, so small that the band has at most so many pixels; None where there is no band. Raises Cancelled."""
        region = self._region(params.radius, strokes)
        looks = params.radius > 0 or any(stroke.kind == "refine" for stroke in strokes)
        if region.is_empty or not looks:
            return None
        key = (params.radius, params.smart, strokes, most)
        if key in self._coarse:
            return self._coarse[key]
        scale = max(1, math.ceil(max(region.width, region.height) / MATTED))
        task = self._at_scale(region, scale, params, strokes, progress.part(0.0, 0.2))
        while task.band.sum() > most and scale < LARGEST_SCALE:
            scale = max(scale + 1, math.ceil(scale * math.sqrt(float(task.band.sum()) / most)))
            task = self._at_scale(region, scale, params, strokes, progress.part(0.2, 0.4))
        if not task.band.any():
            return None
        self._coarse = {key: _solved(task, progress.part(0.4, 1.0))}
        return self._coarse[key]

    def picture(self, progress: Progress) -> Small | None:
        """What is selected and its surroundings, small; None where nothing is. Raises Cancelled."""
        region = self._region(0.0, ())
        if region.is_empty:
            return next(iter(self._smalls.values()), None)
        scale = max(1, math.ceil(max(region.width, region.height) / MATTED))
        return self._reduced(region, scale, progress)

    def _found(
        self, params: EdgeParams, strokes: tuple[EdgeStroke, ...], progress: Progress, *, exact: bool
    ) -> Edge:
        first = self._first(params, strokes, progress.part(0.0, 0.4), exact=exact)
        region = self._region(params.radius, strokes)
        solves = exact and first is not None and first.small.scale > 1 and first.full_band <= LARGEST_BAND
        if (params.radius, params.smart) != self._tiles_of:
            self._tiles_of, self._tiles = (params.radius, params.smart), {}
        coverage = self.shape.copy()
        for tile in progress.part(0.4, 1.0).track(list(region.on_grid(TILE)), "Edge"):
            made = self._known_tile(tile, params, strokes, first, progress, solves=solves)
            if made is not None:
                coverage.write(tile, made[..., None])
        coverage.drop_plain_tiles()
        return Edge(coverage, region, exact or first is None or first.small.scale == 1)

    def _first(
        self, params: EdgeParams, strokes: tuple[EdgeStroke, ...], progress: Progress, *, exact: bool
    ) -> Coarse | None:
        """What was found small: as for a preview, unless nothing follows at full size."""
        rough = self.coarse(params, strokes, progress, most=ROUGH_BAND)
        if not exact or rough is None or rough.small.scale == 1 or rough.full_band <= LARGEST_BAND:
            return rough
        return self.coarse(params, strokes, progress, most=EXACT_BAND)

    def _known_tile(
        self,
        tile: Rect,
        params: EdgeParams,
        strokes: tuple[EdgeStroke, ...],
        first: Coarse | None,
        progress: Progress,
        *,
        solves: bool,
    ) -> Coverage | None:
        """Coverage of a tile, from what is remembered where only strokes far from it came; None: as it was."""
        reach = math.ceil(params.radius) + 2
        near = tuple(stroke for stroke in strokes if _touches((stroke,), tile.expanded(reach + OVERLAP)))
        if not near and self._is_plain(tile.expanded(reach)):
            return None
        known = self._tiles.get((tile, near))
        if known is not None and (known[1] or not solves):
            return known[0]
        made = self._tile(tile, params, near, first, progress, solves=solves)
        self._tiles[tile, near] = made, solves
        return made

    def _is_plain(self, place: Rect) -> bool:
        """Whether no outline goes through a part of the picture."""
        part = self.shape.read(place.intersect(self.bounds))
        return bool(part.max() < HALF or part.min() >= HALF)

    def _tile(
        self,
        tile: Rect,
        params: EdgeParams,
        strokes: tuple[EdgeStroke, ...],
        first: Coarse | None,
        progress: Progress,
        *,
        solves: bool,
    ) -> Coverage | None:
        seen = tile.expanded(OVERLAP if solves else 0).intersect(self.bounds)
        ground, band = self._band(seen, params, strokes, first)
        inner = tile.translated(-seen.x, -seen.y).slices()
        if first is None or not band[inner].any():
            return ground.shape[inner] if _touches(strokes, tile) else None
        pixels = self._look(seen)
        carried = part_of(first.cut, pixels, seen)[1]
        alpha = np.where(band, carried, to_float(ground.shape))
        if solves:
            trust = FINE_TRUST * (2 * np.abs(carried - 0.5)).clip(0.1, 1)
            guess = Guess(np.asarray(alpha, np.float32), np.asarray(trust, np.float32), band)
            alpha = np.where(band, clean(matted(pixels, guess, Progress(token=progress.token))), alpha)
        return np.where(band, from_float(np.asarray(alpha, np.float32)), ground.shape)[inner]

    def _band(
        self, seen: Rect, params: EdgeParams, strokes: tuple[EdgeStroke, ...], first: Coarse | None
    ) -> tuple[Ground, Booleans]:
        """What is known of a part at full size, and where its edge is looked for."""
        wide = seen.expanded(math.ceil(params.radius) + 2).intersect(self.bounds)
        ground = ground_of(self.shape.read(wide)[..., 0], wide, strokes)
        inner = seen.translated(-wide.x, -wide.y).slices()
        reach: Floats | float = params.radius
        if first is not None and first.reach is not None:
            place = seen.translated(-first.small.place.x, -first.small.place.y)
            rows = taps(place.y, place.bottom, first.small.place.height, first.reach.shape[0])
            columns = taps(place.x, place.right, first.small.place.width, first.reach.shape[1])
            reach = enlarged(first.reach[..., None], rows, columns)[..., 0]
        away = distance_to_edge(ground.shape)[inner]
        part = Ground(ground.shape[inner], ground.wanted[inner], ground.known[inner])
        return part, unsure(part, away, reach)

    def _region(self, radius: float, strokes: tuple[EdgeStroke, ...]) -> Rect:
        """All that may change."""
        strokes = tuple(stroke for stroke in strokes if not stroke.bounds().intersect(self.bounds).is_empty)
        box = self._content.united(strokes_box(strokes))
        return EMPTY if box.is_empty else box.expanded(math.ceil(radius) + 2).intersect(self.bounds)

    def _at_scale(
        self,
        region: Rect,
        scale: int,
        params: EdgeParams,
        strokes: tuple[EdgeStroke, ...],
        progress: Progress,
    ) -> Task:
        small = self._reduced(region, scale, progress)
        shape = _reduced_shape(self.shape, small)
        ground = ground_of(shape, small.place, strokes, scale)
        near = distance_to_edge(ground.shape)
        away = np.asarray(near * np.float32(scale), np.float32)
        reach = (
            smart_reach(small.pixels, near, params.radius / scale) * np.float32(scale)
            if _is_smart(params)
            else None
        )
        # At least the pixels on both sides of the outline are mixed once they are reduced.
        least = scale * 0.75 if params.radius > 0 else 0.0
        band = unsure(ground, away, np.maximum(params.radius if reach is None else reach, least))
        return Task(small, ground, reach, band & _inside(small, self.bounds))

    def _reduced(self, region: Rect, scale: int, progress: Progress) -> Small:
        """The region and some surroundings, read in strips."""
        known = self._smalls.get(scale)
        if known is not None and region.intersect(known.place) == region:
            progress.update(1.0)
            return known
        place = region.expanded(_MARGIN).intersect(self.bounds).covering_multiple(scale)
        small = np.empty((place.height // scale, place.width // scale, 3), np.float32)
        rows = max(1, 256 // scale)
        for first in progress.track(range(0, small.shape[0], rows), "Looking at the picture"):
            last = min(small.shape[0], first + rows)
            strip = Rect(place.x, place.y + first * scale, place.width, (last - first) * scale)
            small[first:last] = _block_means(self._look(strip.intersect(self.bounds)), strip, scale)
        self._smalls[scale] = Small(place, scale, small)
        return self._smalls[scale]


def _solved(task: Task, progress: Progress) -> Coarse:
    """Matting of the small picture."""
    small, shape = task.small, to_float(task.ground.shape)
    apart = parting(small.pixels, task.ground.shape, ~task.band)
    trust = TRUST / (1 + (apart / PARTED) ** 2)
    guess = Guess(shape, np.asarray(trust, np.float32), task.band)
    alpha = clean(matted(small.pixels, guess, progress.part(0.0, 0.9)))
    matte = Matte(np.where(task.band, alpha, shape).astype(np.float32), task.band)
    cut = cut_out(small.pixels, matte, small.place, progress.part(0.9, 1.0), decontaminate=False)
    return Coarse(small, cut, task.reach, int(task.band.sum()) * small.scale**2)


def _is_smart(params: EdgeParams) -> bool:
    return params.smart and params.radius > 0


def _touches(strokes: tuple[EdgeStroke, ...], place: Rect) -> bool:
    return any(not stroke.bounds().intersect(place).is_empty for stroke in strokes)


def _block_means(part: Floats, strip: Rect, scale: int) -> Floats:
    """Means of blocks; what lies beyond the picture repeats its last pixels."""
    missing = ((0, strip.height - part.shape[0]), (0, strip.width - part.shape[1]), (0, 0))
    padded = np.pad(part, missing, "edge")
    size = strip.width // scale, strip.height // scale
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)


def _reduced_shape(shape: TileStore, small: Small) -> Coverage:
    size = small.pixels.shape[1], small.pixels.shape[0]
    whole = np.ascontiguousarray(shape.read(small.place)[..., 0])
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def _inside(small: Small, bounds: Rect) -> Booleans:
    """What of the small picture lies in the picture."""
    inner = bounds.intersect(small.place).translated(-small.place.x, -small.place.y)
    rows, columns = -(-inner.bottom // small.scale), -(-inner.right // small.scale)
    made = np.zeros(small.pixels.shape[:2], np.bool_)
    made[:rows, :columns] = True
    return made
