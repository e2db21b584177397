"""Repairs JPEG pictures with the dejpeg network: look once at the whole picture, then restore any window."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from imgstudio.core.pixels import Floats
from imgstudio.engine.jpeg import (
    BLOCK,
    JpegTables,
    band_levels,
    projected,
    rgb_from_ycc,
    standard_tables,
    table_numbers,
    ycc_from_rgb,
)
from imgstudio.engine.jpeg_traces import find_grids, find_steps, has_waves
from imgstudio.engine.nets.dejpeg import CONDITION_SIZE, PHASE_SIZE, DejpegNet, phase_planes
from imgstudio.engine.tensors import padded_to_multiple, to_pixels, to_tensor

ALIGN = 16
"""Windows of a picture should begin at multiples of this: then the result does not depend on them."""
PROBE = 192
"""Side of the windows that are looked at to judge a picture (pixels)."""
PROBES = 3
"""How many of them a side at most."""
SURE_SIDE = 128
"""In pictures with sides from here on a grid that is not found is not there (pixels)."""
SLOW = 4
"""Row + column of the waves whose steps are surest; of faster ones little is left."""
FEWEST_STEPS = 4
MOST_SPREAD = 0.45
"""Octaves by which half of the surest steps may miss the scaled standard table; cameras stay within 0.3."""
SMALL_SCALE = 0.3
"""Where the standard table of quality 50 is scaled by less, steps of 1 and 2 are no mistakes."""
FADE = (0.265, 0.31)
"""Levels of slow and middle waves between which the repair fades in: nothing from quality 88 on, all of it up to 84.

At such qualities nobody sees blocks, and many pictures were a JPEG file before: what is left of that would count as
loss, and repairing it would lead away from the picture."""
SMALLEST_PROBE = 48
TURNS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((), ()),
    ((2, 3), (1, 3)),
    ((3,), (1,)),
    ((2,), (3,)),
)
"""Mirrored axes of a picture, and the planes of its phase (the sines) that change their sign with them."""
MANY_PIXELS = 1_000_000
"""So many pixels, counted once for each pass, are repaired in about two seconds by two cores."""


@dataclass(frozen=True, eq=False, slots=True)
class Condition:
    """How a picture was compressed: the same for all its windows."""

    numbers: Tensor
    """(1, CONDITION_SIZE)."""
    grid: tuple[int, int] | None
    """Column and row, 0..7, where the first whole block of the picture begins; None: not known."""

    is_measured: bool = True
    """Whether the steps of brightness are known rather than guessed."""
    is_gray: bool = False
    """Whether colours are left alone: there are none."""

    @property
    def level(self) -> float:
        """How coarse the steps of slow and middle waves are: 0 (1) .. 1 (256)."""
        return float(self.numbers[0, :2].mean())

    @property
    def share(self) -> float:
        """How much of the repair is applied, 0..1: none where almost nothing was lost."""
        return min(1.0, max(0.0, (self.level - FADE[0]) / (FADE[1] - FADE[0])))


def affordable_passes(pixels: int) -> int:
    """1, 2 or 4: how often a picture of so many pixels can be repaired without anybody waiting for it."""
    return next((count for count in (4, 2) if pixels * count <= MANY_PIXELS), 1)


class Dejpeg:
    """Guards that the network, its device and its number format belong together; what it was given stays as it is."""

    def __init__(
        self, net: DejpegNet, device: torch.device | None = None, dtype: torch.dtype = torch.float32
    ) -> None:
        """Only the middle part of the network, where nearly all the work is, computes in `dtype`."""
        self.device = device or torch.device("cpu")
        self.net = copy.deepcopy(net).eval().requires_grad_(requires_grad=False).to(self.device)
        self.net.to(memory_format=torch.channels_last).trunk.to(dtype)

    @property
    def reach(self) -> int:
        """Context a window needs on each side (pixels)."""
        return self.net.reach

    @torch.inference_mode()
    def estimate(self, pixels: Floats) -> Condition:
        """Judge a whole picture, (h, w, 3) in 0..1, by what can be seen in it.

        The coarsest of several compressions counts, also when a finer one on another grid came later.
        """
        condition = self._coarsest(pixels)
        return replace(condition, is_gray=bool((np.ptp(pixels, axis=2) == 0).all()))

    def condition_from_tables(self, tables: JpegTables, grid: tuple[int, int] | None = (0, 0)) -> Condition:
        """What the header of the file says; `grid` is where its blocks begin in the picture, if known."""
        numbers = torch.cat((table_numbers(tables), torch.ones(1)))
        return Condition(numbers[None].to(self.device), grid, is_gray=tables.chroma is None)

    @torch.inference_mode()
    def restore(
        self,
        pixels: Floats,
        condition: Condition,
        *,
        origin: tuple[int, int] = (0, 0),
        tables: JpegTables | None = None,
        passes: int = 1,
    ) -> Floats:
        """Repair a window, (h, w, 3) in 0..1; the result is as large and not clipped.

        `origin` is the window's left and top in the picture, multiples of ALIGN. With `tables`, and where
        the condition knows the grid, brightness is kept within what the file can mean. With 2 or 4 `passes`
        it is the mean of repairs of the mirrored window too ("self-ensemble", Timofte 2016): slower, a little
        nearer to the truth.
        """
        if min(pixels.shape[:2]) == 0 or condition.share == 0:
            return pixels
        height, width = pixels.shape[:2]
        spoiled = self._ycc(pixels)
        phase = self._phase(spoiled, condition.grid, origin)
        turned = [self._mirrored(spoiled, condition, phase, turn) for turn in TURNS[:passes]]
        repaired = torch.stack(turned).mean(0)
        repaired = torch.lerp(spoiled, repaired, condition.share)[..., :height, :width]
        if condition.is_gray:
            repaired[:, 1:] = spoiled[:, 1:, :height, :width]
        if tables is not None and condition.grid is not None:
            start = _first_block(condition.grid, origin)
            repaired[0, 0] = _kept_possible(repaired[0, 0], to_tensor(pixels, self.device)[0], tables, start)
        return to_pixels(rgb_from_ycc(repaired))

    def _mirrored(
        self,
        spoiled: Tensor,
        condition: Condition,
        phase: Tensor,
        turn: tuple[tuple[int, ...], tuple[int, ...]],
    ) -> Tensor:
        """Repaired by way of its mirror image."""
        axes, sines = turn
        signs = torch.ones(PHASE_SIZE, 1, 1, device=phase.device)
        signs[list(sines)] = -1
        repaired: Tensor = self.net(spoiled.flip(axes), condition.numbers, phase.flip(axes) * signs)
        return repaired.flip(axes)

    def _coarsest(self, pixels: Floats) -> Condition:
        last, *older = find_grids([_brightness(probe) for probe in _probes(pixels, (0, 0))])
        grids = {grid for grid in (last, *older) if grid is not None}
        if not grids and min(pixels.shape[:2]) >= SURE_SIDE:
            return Condition(torch.zeros(1, CONDITION_SIZE, device=self.device), None)
        if not grids:
            return self._judged(pixels, None)
        judged = [self._judged(pixels, grid) for grid in sorted(grids)]
        sure = [condition for condition in judged if condition.is_measured or condition.grid == last]
        return max(sure or judged, key=lambda condition: condition.level)

    def _judged(self, pixels: Floats, grid: tuple[int, int] | None) -> Condition:
        """What one grid tells: guessed from all waves, and measured where there is enough to measure."""
        probes = _probes(pixels, grid or (0, 0))
        habits = torch.stack([self.net.estimator.habits(self._ycc(probe)) for probe in probes]).mean(0)
        guessed = torch.cat((self.net.estimator(habits)[0].cpu(), torch.zeros(1)))
        steps = torch.zeros(BLOCK, BLOCK)
        if grid is not None:
            planes = [_brightness(probe) for probe in probes]
            steps = find_steps(planes)
            if not has_waves(planes):  # it was drawn, not compressed
                return Condition(torch.zeros(1, CONDITION_SIZE, device=self.device), grid)
        levels = _measured(steps)
        if levels is not None:
            guessed[: len(levels)] = levels
        return Condition(guessed[None].to(self.device), grid, is_measured=levels is not None)

    def _ycc(self, pixels: Floats) -> Tensor:
        """(1, 3, h, w), padded to a multiple of MULTIPLE."""
        padded = padded_to_multiple(to_tensor(pixels, self.device), ALIGN, SMALLEST_PROBE)
        return ycc_from_rgb(padded).contiguous(memory_format=torch.channels_last)

    def _phase(self, ycc: Tensor, grid: tuple[int, int] | None, origin: tuple[int, int]) -> Tensor:
        height, width = ycc.shape[2:]
        if grid is None:
            return ycc.new_zeros(1, PHASE_SIZE, height // 2, width // 2)
        left, top = ((start - first) % BLOCK for start, first in zip(origin, grid, strict=True))
        return phase_planes(
            height, width, torch.tensor([left], device=ycc.device), torch.tensor([top], device=ycc.device)
        )


def _brightness(pixels: Floats) -> Tensor:
    """(h, w) levels, -128..127."""
    return 255 * ycc_from_rgb(to_tensor(pixels))[0, 0] - 0.5


def _measured(steps: Tensor) -> Tensor | None:
    """(3,) levels of (8, 8) steps that were read from the pixels, if there are enough of them.

    Where a step is missing or most unlikely, the standard table is taken, scaled to fit the sure ones.
    """
    wave = torch.arange(BLOCK)[:, None] + torch.arange(BLOCK)[None]
    standard = standard_tables(50).luma
    factors = steps / standard
    is_known = steps > 0
    telling = factors[is_known & (wave < SLOW)]
    if len(telling) < FEWEST_STEPS:
        return None
    scale = telling.median()
    if float((telling / scale).log2().abs().median()) > MOST_SPREAD:
        return None
    is_likely = (factors > scale / 2) & (factors < scale * 2) | (steps < 3) & (scale < SMALL_SCALE)
    return band_levels(torch.where(is_known & is_likely, steps, (standard * scale).clamp(1, 255)))


def _probes(pixels: Floats, grid: tuple[int, int]) -> list[Floats]:
    """Equally large windows spread evenly over a picture, whole blocks each; all of it when it is small."""
    left, top = grid
    height, width = (
        (side - first) // BLOCK * BLOCK for side, first in zip(pixels.shape, (top, left), strict=False)
    )
    if min(height, width) < BLOCK:
        return [pixels]
    whole = pixels[top : top + height, left : left + width]
    rows, columns = (_starts(side) for side in whole.shape[:2])
    return [whole[row : row + PROBE, column : column + PROBE] for row in rows for column in columns]


def _starts(side: int) -> list[int]:
    count = min(PROBES, max(1, side // PROBE))
    room = max(0, side - PROBE)
    places = [room * index // (count - 1) for index in range(count)] if count > 1 else [room // 2]
    return [place // BLOCK * BLOCK for place in places]


def _first_block(grid: tuple[int, int], origin: tuple[int, int]) -> tuple[int, int]:
    """Column and row in a window where its first whole block begins."""
    left, top = ((first - start) % BLOCK for first, start in zip(grid, origin, strict=True))
    return left, top


def _kept_possible(repaired: Tensor, rgb: Tensor, tables: JpegTables, start: tuple[int, int]) -> Tensor:
    """Project the whole blocks of a brightness plane, (h, w), -0.5..0.5, onto what the file allows.

    Blocks that touch black or white are left alone: the decoder clipped them, what the file says of them
    can no longer be read.
    """
    left, top = start
    rows, columns = (
        (side - first) // BLOCK * BLOCK for side, first in zip(repaired.shape, (top, left), strict=True)
    )
    if min(rows, columns) <= 0:
        return repaired
    window = (slice(top, top + rows), slice(left, left + columns))
    decoded = 255 * ycc_from_rgb(rgb)[0][window]
    offset = 127.5 - 128
    inside = projected(255 * repaired[window] + offset, decoded + offset, tables.luma) - offset
    is_clipped = ((rgb <= 0) | (rgb >= 1)).any(0)[window]
    blocks = is_clipped.view(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK).any(3).any(1)
    keep = blocks.repeat_interleave(BLOCK, 0).repeat_interleave(BLOCK, 1)
    result = repaired.clone()
    result[window] = torch.where(keep, repaired[window], inside / 255)
    return result
