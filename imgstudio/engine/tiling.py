"""Run a function over overlapping tiles and join the results without seams."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.device import OutOfMemory

Run: TypeAlias = Callable[[Floats], Floats]
"""Maps a window (h, w, c) to (h * scale, w * scale, any channels)."""


@dataclass(frozen=True, slots=True)
class Seams:
    """How tiles meet."""

    join: Literal["blend", "crop"] = "blend"
    """blend: fade over the inner half of the overlap; crop: cut hard, for exact functions and class maps."""
    align: int = 1
    """Every window starts at a multiple of this (8 for the JPEG grid, 2 for pixel unshuffle)."""
    smallest: int = 64
    """Tiles are not halved below this after running out of memory."""


BLENDED: Final = Seams()


class Tile(NamedTuple):
    core: Rect
    """What this tile answers for; the cores of a plan partition the picture."""
    window: Rect
    """What the function sees: the core and its context, inside the picture."""


@dataclass(frozen=True, slots=True)
class TilePlan:
    """Pure geometry: even cores of at most `tile` pixels a side, windows `overlap` wider on each side."""

    width: int
    height: int
    tile: int
    overlap: int
    align: int = 1

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.tile, self.align) < 1 or self.overlap < 0:
            raise ValueError(f"impossible tiles: {self}")

    @property
    def margin(self) -> int:
        """`overlap` rounded up so that windows start at multiples of `align`."""
        return math.ceil(self.overlap / self.align) * self.align

    def tiles(self) -> list[Tile]:
        """Row by row."""
        image = Rect(0, 0, self.width, self.height)
        cores = [
            Rect(left, top, right - left, bottom - top)
            for top, bottom in itertools.pairwise(self.edges(self.height))
            for left, right in itertools.pairwise(self.edges(self.width))
        ]
        return [Tile(core, core.expanded(self.margin).intersect(image)) for core in cores]

    def edges(self, length: int) -> list[int]:
        """Where cores begin and end along one side, 0 and `length` included."""
        cells = math.ceil(length / self.align)
        count = math.ceil(cells / max(1, self.tile // self.align))
        return [*(cells * i // count * self.align for i in range(count)), length]


def run_tiled(
    run: Run,
    image: Floats,
    progress: Progress,
    *,
    tile: int = 512,
    overlap: int = 32,
    scale: int = 1,
    seams: Seams = BLENDED,
) -> Floats:
    """Apply `run` to (h, w, c) tile by tile; after OutOfMemory start again with tiles half the size.

    With crop the result equals the whole-picture result where `run` looks no further than `overlap`, with
    blend (within float32 rounding) where it looks no further than half of it. Raises OutOfMemory when the smallest tile does not fit,
    Cancelled between tiles, ValueError when `run` returns another size.
    """
    tile = min(tile, max(image.shape[:2]))
    while True:
        plan = TilePlan(image.shape[1], image.shape[0], tile, overlap, seams.align)
        result = _attempt(run, image, progress, plan, (scale, seams.join))
        if not isinstance(result, OutOfMemory):
            return result
        if tile // 2 < seams.smallest:
            raise result
        tile //= 2


def tile_for_budget(
    bytes_per_pixel: float,
    budget: int,
    margin: int,
    *,
    align: int = 1,
    smallest: int = 64,
    largest: int = 2048,
) -> int:
    """Side of the largest tile whose window (`margin` more on each side) fits into `budget` bytes.

    A multiple of `align`; never outside `smallest`..`largest`, even when that does not fit.
    """
    window = math.isqrt(max(0, int(budget / max(bytes_per_pixel, 1e-9))))
    side = min(max(window - 2 * margin, smallest), largest)
    return max(align, side // align * align)


def _attempt(
    run: Run, image: Floats, progress: Progress, plan: TilePlan, joint: tuple[int, str]
) -> Floats | OutOfMemory:
    """Return the failure instead of raising it, so that its frames let go of their arrays first."""
    try:
        return _run_plan(run, image, progress, plan, joint)
    except OutOfMemory as error:
        return error.with_traceback(None)


def _run_plan(run: Run, image: Floats, progress: Progress, plan: TilePlan, joint: tuple[int, str]) -> Floats:
    scale, join = joint
    total: Floats | None = None
    rows, columns = _fades(plan, plan.height, scale), _fades(plan, plan.width, scale)
    for tile in progress.track(plan.tiles(), "Processing"):
        window, core = tile.window, tile.core
        result = run(image[window.slices()])
        if result.shape[:2] != (window.height * scale, window.width * scale):
            raise ValueError(f"a tile of {window} came back as {result.shape}, scale {scale}")
        if total is None:
            total = np.zeros((plan.height * scale, plan.width * scale, *result.shape[2:]), result.dtype)
        if join == "crop":
            inner = _scaled(core.translated(-window.x, -window.y), scale)
            total[_scaled(core, scale)] = result[inner]
        else:
            weight = rows[core.y][:, None] * columns[core.x][None, :]
            total[_scaled(window, scale)] += result * weight.reshape(*weight.shape, *[1] * (result.ndim - 2))
    assert total is not None
    return total


def _scaled(rect: Rect, scale: int) -> tuple[slice, slice]:
    return Rect(*(value * scale for value in rect)).slices()


def _fades(plan: TilePlan, length: int, scale: int) -> dict[int, Floats]:
    """Weights of each window along one side, by the start of its core; everywhere they sum to one."""
    edges = list(itertools.pairwise(plan.edges(length)))
    windows = [(max(0, a - plan.margin), min(length, b + plan.margin)) for a, b in edges]
    ramps = [_ramp(start, end, length, plan.margin, scale) for start, end in windows]
    total = np.zeros(length * scale, np.float32)
    for (start, end), ramp in zip(windows, ramps, strict=True):
        total[start * scale : end * scale] += ramp
    return {
        core[0]: ramp / total[start * scale : end * scale]
        for core, (start, end), ramp in zip(edges, windows, ramps, strict=True)
    }


def _ramp(start: int, end: int, length: int, margin: int, scale: int) -> Floats:
    """0 over the outer half of the margin, rising to 1 over twice the inner half; 1 at the picture's edge."""
    unused = margin // 2
    fade = max(1, 2 * (margin - unused) * scale)
    position = np.arange((end - start) * scale, dtype=np.float32) + 0.5
    left = np.ones_like(position) if start == 0 else (position - unused * scale) / fade
    right = np.ones_like(position) if end == length else (position[::-1] - unused * scale) / fade
    return np.asarray(np.clip(left, 0, 1) * np.clip(right, 0, 1), np.float32)
