"""Repairs JPEG pictures with the dejpeg network: look once at the whole picture, then restore any window."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from imgstudio.core.pixels import Floats
from imgstudio.engine.jpeg import (
    BLOCK,
    JpegTables,
    find_grid,
    projected,
    rgb_from_ycc,
    table_numbers,
    ycc_from_rgb,
)
from imgstudio.engine.nets.dejpeg import PHASE_SIZE, DejpegNet, phase_planes
from imgstudio.engine.tensors import padded_to_multiple, to_pixels, to_tensor

ALIGN = 16
"""Windows of a picture should begin at multiples of this: then the result does not depend on them."""
PROBE = 256
"""Side of the windows that are looked at to judge a picture (pixels)."""
PROBES = 4
"""How many of them a side at most."""
SMALLEST_PROBE = 48


@dataclass(frozen=True, eq=False, slots=True)
class Condition:
    """How a picture was compressed: the same for all its windows."""

    numbers: Tensor
    """(1, CONDITION_SIZE)."""
    grid: tuple[int, int] | None
    """Column and row, 0..7, where the first whole block of the picture begins; None: not known."""


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
        """Judge a whole picture, (h, w, 3) in 0..1, by what can be seen in it."""
        probes = [self._ycc(probe) for probe in _probes(pixels)]
        pooled = [self.net.estimator.pooled(probe) for probe in probes]
        means, squares = (torch.stack(values).mean(0) for values in zip(*pooled, strict=True))
        guessed = self.net.estimator.judge(means, squares)
        numbers = torch.cat((guessed, guessed.new_zeros(1, 1)), 1)
        return Condition(numbers, picture_grid(pixels))

    def condition_from_tables(self, tables: JpegTables, grid: tuple[int, int] | None = (0, 0)) -> Condition:
        """What the header of the file says; `grid` is where its blocks begin in the picture, if known."""
        numbers = torch.cat((table_numbers(tables), torch.ones(1)))
        return Condition(numbers[None].to(self.device), grid)

    @torch.inference_mode()
    def restore(
        self,
        pixels: Floats,
        condition: Condition,
        *,
        origin: tuple[int, int] = (0, 0),
        tables: JpegTables | None = None,
    ) -> Floats:
        """Repair a window, (h, w, 3) in 0..1; the result is as large and not clipped.

        `origin` is the window's left and top in the picture, multiples of ALIGN. With `tables`, and where
        the condition knows the grid, brightness is kept within what the file can mean.
        """
        if min(pixels.shape[:2]) == 0:
            return pixels
        height, width = pixels.shape[:2]
        spoiled = self._ycc(pixels)
        repaired = self.net(spoiled, condition.numbers, self._phase(spoiled, condition.grid, origin))
        repaired = repaired[..., :height, :width]
        if tables is not None and condition.grid is not None:
            start = _first_block(condition.grid, origin)
            repaired[0, 0] = _kept_possible(repaired[0, 0], to_tensor(pixels, self.device)[0], tables, start)
        return to_pixels(rgb_from_ycc(repaired))

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


def picture_grid(pixels: Floats) -> tuple[int, int] | None:
    """Column and row, 0..7, where blocks begin in (h, w, 3), 0..1; judged in its middle; None: cannot be told."""
    height, width = pixels.shape[:2]
    top, left = (max(0, (side - 2 * PROBE) // 2) // BLOCK * BLOCK for side in (height, width))
    middle = to_tensor(pixels[top : top + 2 * PROBE, left : left + 2 * PROBE])
    return find_grid(255 * ycc_from_rgb(middle)[0, 0])


def _probes(pixels: Floats) -> list[Floats]:
    """Equally large windows spread evenly over a picture; all of it when it is small."""
    rows, columns = (_starts(side) for side in pixels.shape[:2])
    return [pixels[top : top + PROBE, left : left + PROBE] for top in rows for left in columns]


def _starts(side: int) -> list[int]:
    count = min(PROBES, max(1, side // PROBE))
    room = max(0, side - PROBE)
    return [room * i // max(1, count - 1) // 2 * 2 if count > 1 else room // 4 * 2 for i in range(count)]


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
