"""What an earlier JPEG compression left in the pixels: where its grid lies and how coarse its steps were."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from imgstudio.engine.jpeg import BLOCK, block_dct, cosines

SMALL = (0.5, 4.0, 8.0)
"""Levels below which a coefficient counts as vanished: after rounding, and after another fine compression."""
CERTAINTY = 6.0
"""Standard errors by which the best grid must stand out."""
MOST_STEPS = 128
FEWEST = 50
"""Coefficients that are not nothing, from which on the step of a wave is judged."""
MOST = 1024
"""Coefficients of a wave that are looked at: more would only cost time."""
NOISE = 0.35
"""Standard deviation of coefficients after the decoder rounded brightness and then colours (levels)."""


def find_grid(planes: Sequence[Tensor]) -> tuple[int, int] | None:
    """Where blocks of the last compression begin: (left, top), each 0..7, or None when it cannot be told.

    `planes` (h, w) are places of one picture, brightness in levels, that begin at multiples of 8. On the
    right grid more coefficients vanish than on the 63 wrong ones.
    """
    return find_grids(planes, (SMALL[0],))[0]


def find_grids(planes: Sequence[Tensor], smalls: Sequence[float] = SMALL) -> list[tuple[int, int] | None]:
    """As `find_grid`, once for every size below which a coefficient counts as vanished (levels).

    Larger sizes look through a later, finer compression at an older, coarser one.
    """
    counted = [_vanishing_by_place(plane, smalls) for plane in planes if min(plane.shape) >= 3 * BLOCK]
    if not counted:
        return [None] * len(smalls)
    return [_corner(cells) for cells in torch.cat(counted, 3)]


def _corner(cells: Tensor) -> tuple[int, int] | None:
    left, top = _winner(cells.mean(0)), _winner(cells.mean(1))
    return None if left is None or top is None else (left, top)


def _winner(counts: Tensor) -> int | None:
    """The place 0..7 where (8, blocks) are clearly highest, if there is one."""
    first, second = counts.mean(1).topk(2).indices.tolist()
    ahead = counts[first] - counts[second]
    error = float(ahead.std()) / math.sqrt(len(ahead)) + 1e-3
    return first if float(ahead.mean()) > CERTAINTY * error else None


def find_steps(planes: Sequence[Tensor]) -> Tensor:
    """(8, 8) steps of the last compression, 1..128; 0 where too little is left to tell.

    `planes` (h, w) are places of one picture, brightness in levels, whose corner is a block's corner. The
    coefficients of a wave gather at the multiples of its step s, so their mean cosine of 2 pi c / s is far
    from zero; the largest such step is looked for, because its divisors pass as well. 1 also stands for
    pictures that were never compressed.
    """
    sizes = torch.cat([_whole_blocks(plane) for plane in planes])
    steps = torch.zeros(BLOCK * BLOCK)
    for wave in range(1, BLOCK * BLOCK):
        present = sizes[:, wave]
        present = present[present > 1]
        if len(present) >= FEWEST:
            steps[wave] = _step(present[:: -(-len(present) // MOST)])
    return steps.view(BLOCK, BLOCK)


def has_waves(planes: Sequence[Tensor]) -> bool:
    """Whether any block, of places as for `find_steps`, is not one flat colour."""
    return any(bool((_whole_blocks(plane)[:, 1:] > 1).any()) for plane in planes)


def _whole_blocks(plane: Tensor) -> Tensor:
    """(blocks, 64) sizes of coefficients."""
    height, width = (side // BLOCK * BLOCK for side in plane.shape)
    return block_dct(plane[:height, :width]).abs().flatten(2).flatten(0, 1)


def _step(sizes: Tensor) -> float:
    candidates = torch.arange(1, MOST_STEPS + 1, device=sizes.device).float()
    # Values that a lattice of this step would have made zero do not speak for it, halves speak against it.
    counted = sizes > candidates[:, None] / 4
    counts = counted.sum(1)
    turns = (2 * math.pi * sizes / candidates[:, None]).cos()
    gathered = (turns * counted).sum(1) / counts.clamp_min(1)
    # How much of the gathering the noise leaves.
    share = gathered / (-2 * (math.pi * NOISE / candidates) ** 2).exp()
    passing = (share > 0.6) & (counts >= FEWEST) & (candidates > 1)
    if not bool(passing.any()):
        return 1.0
    largest = candidates[passing].max()
    near = passing & (candidates > 0.75 * largest)
    return float(candidates[near][share[near].argmax()])


def _vanishing_by_place(plane: Tensor, smalls: Sequence[float]) -> Tensor:
    """(smalls, 8, 8, blocks) how many of the 63 waves are absent from blocks that begin at each place of a cell."""
    matrix = cosines().to(plane)
    waves = torch.einsum("iy,jx->ijyx", matrix, matrix).reshape(BLOCK * BLOCK, 1, BLOCK, BLOCK)[1:]
    rows, columns = (side // BLOCK - 1 for side in plane.shape)
    lines = []
    for top in range(0, rows * BLOCK, BLOCK):
        strip = plane[top : top + 2 * BLOCK - 1, : (columns + 1) * BLOCK - 1]
        sizes = F.conv2d(strip[None, None], waves)[0].abs()
        absent = torch.stack([(sizes < small).sum(0).float() for small in smalls])
        lines.append(absent.view(-1, BLOCK, columns, BLOCK).transpose(2, 3))
    return torch.cat(lines, 3)
