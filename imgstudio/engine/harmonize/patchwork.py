"""A picture made again of patches of a painting: approximate nearest patches (PatchMatch, Barnes 2009) and votes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.style.targets import tensor_of

SIDE: Final = 7
"""Of a patch (pixels)."""
COMPONENTS: Final = 20
"""Numbers that a patch is compared by: its largest principal components."""
SAMPLE: Final = 20_000
"""Patches of a painting whose components are taken, about."""
ROUNDS: Final = 4
COARSE: Final = 4
"""Every so many pixels are compared with every so many of the painting, to begin with."""
BLOCK: Final = 1 << 22
"""Distances held at a time."""


class Patchwork(NamedTuple):
    """For each pixel of a picture the place in the painting whose patch is most like its own."""

    rows: Array
    """(h, w) int64."""
    columns: Array
    apart: Floats
    """(h, w): mean squared difference of the patches, of pixels in 0..1."""


def patchwork_of(
    picture: Floats, painting: Floats, wanted: Array, check: Callable[[], None], *, seed: int = 0
) -> Patchwork:
    """Match the wanted (h, w, bool) pixels of `picture` (h, w, c) with `painting` (H, W, c); `check` may raise.

    Pixels that are not wanted have places that mean nothing.
    """
    own, other = _descriptors(picture, painting)
    shape = (picture.shape[:2], painting.shape[:2])
    places = torch.from_numpy(np.flatnonzero(wanted))
    found = torch.zeros(picture.shape[0] * picture.shape[1], dtype=torch.long)
    if len(places) == 0:
        zeros = np.zeros(picture.shape[:2], np.int64)
        return Patchwork(zeros, zeros, np.zeros(picture.shape[:2], np.float32))
    query = own[places]
    best, cost = _begun(query, other, places, shape, check)
    random = torch.Generator().manual_seed(seed)
    for number in range(ROUNDS):
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            check()
            reach = max(1, 2 ** (ROUNDS - 1 - number) // 2)
            found[places] = best
            theirs = _neighbours(found, places, best, (down * reach, right * reach), shape, wanted)
            best, cost = _better(query, other, best, cost, theirs)
        radius = max(shape[1]) // 8
        while radius >= 1:
            theirs = _around(best, radius, shape[1], random)
            best, cost = _better(query, other, best, cost, theirs)
            radius //= 3
    found[places] = best
    apart = torch.zeros(len(found))
    apart[places] = cost
    grid = found.view(picture.shape[:2]).numpy()
    width = painting.shape[1]
    square = SIDE * SIDE * picture.shape[2]
    return Patchwork(grid // width, grid % width, apart.view(picture.shape[:2]).numpy() / square)


def voted(work: Patchwork, painting: Floats, wanted: Array, check: Callable[[], None]) -> Floats:
    """(h, w, c): each pixel the mean of what all patches over it say, those that fit better counting more.

    `check` may raise.
    """
    height, width = wanted.shape
    trust = np.where(wanted, 1 / (work.apart + 1e-3), 0).astype(np.float32)
    total = np.zeros((height, width, painting.shape[2]), np.float32)
    weight = np.full((height, width), 1e-9, np.float32)
    reach = SIDE // 2
    for down in range(-reach, reach + 1):
        check()
        for right in range(-reach, reach + 1):
            rows = np.clip(work.rows + down, 0, painting.shape[0] - 1)
            columns = np.clip(work.columns + right, 0, painting.shape[1] - 1)
            to, of = _overlap(height, down), _overlap(height, -down)
            across, under = _overlap(width, right), _overlap(width, -right)
            share = trust[of, under]
            total[to, across] += painting[rows[of, under], columns[of, under]] * share[..., None]
            weight[to, across] += share
    return total / weight[..., None]


def taken(work: Patchwork, painting: Floats) -> Floats:
    """(h, w, c): each pixel the middle of its patch, unblurred."""
    return np.asarray(painting[work.rows, work.columns], np.float32)


def _overlap(length: int, step: int) -> slice:
    return slice(max(0, step), min(length, length + step))


def _descriptors(picture: Floats, painting: Floats) -> tuple[Tensor, Tensor]:
    """(h * w, COMPONENTS) of both, whose squared distances are about those of the patches."""
    kernels, mean = _components(painting)
    reach, made = SIDE // 2, []
    for one in (picture, painting):
        wide = functional.pad(tensor_of(one - mean, kernels.device), (reach,) * 4, "replicate")
        made.append(functional.conv2d(wide, kernels)[0].flatten(1).T.contiguous())
    return made[0], made[1]


def _components(painting: Floats) -> tuple[Tensor, Floats]:
    """Kernels (n, c, SIDE, SIDE) of the directions in which patches vary most, and the mean colour."""
    mean = painting.mean((0, 1))
    wide = np.pad(painting - mean, ((SIDE // 2,) * 2, (SIDE // 2,) * 2, (0, 0)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (SIDE, SIDE), axis=(0, 1))
    every = max(1, int((windows.shape[0] * windows.shape[1] / SAMPLE) ** 0.5))
    some = torch.from_numpy(windows[::every, ::every].reshape(-1, painting.shape[2] * SIDE * SIDE).copy())
    _, vectors = torch.linalg.eigh(some.T @ some)
    return vectors[:, -COMPONENTS:].T.reshape(-1, painting.shape[2], SIDE, SIDE).contiguous(), mean


def _begun(
    query: Tensor,
    other: Tensor,
    places: Tensor,
    shape: tuple[tuple[int, int], tuple[int, int]],
    check: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    """The best of a coarse grid of the painting for a coarse grid of pixels; the others ask their cell."""
    (_, width), (high, wide) = shape
    grid = (torch.arange(0, high, COARSE)[:, None] * wide + torch.arange(0, wide, COARSE)).flatten()
    source = other[grid]
    squares = source.square().sum(1)
    cells = (places // width // COARSE) * (width // COARSE + 1) + places % width // COARSE
    _, inverse = torch.unique(cells, return_inverse=True)
    first = torch.full((int(inverse.max()) + 1,), len(places), dtype=torch.long)
    first.scatter_reduce_(0, inverse, torch.arange(len(places)), "amin")
    chosen = []
    for some in query[first].split(max(1, BLOCK // len(source))):
        check()
        chosen.append((squares - 2 * some @ source.T).argmin(1))
    middle = grid[torch.cat(chosen)][inverse]
    of = places[first][inverse]
    rows = (middle // wide + places // width - of // width).clamp(0, high - 1)
    columns = (middle % wide + places % width - of % width).clamp(0, wide - 1)
    best = rows * wide + columns
    return best, (query - other[best]).square().sum(1)


def _neighbours(
    found: Tensor,
    places: Tensor,
    best: Tensor,
    step: tuple[int, int],
    shape: tuple[tuple[int, int], tuple[int, int]],
    wanted: Array,
) -> Tensor:
    """Where a neighbour's match would put each pixel."""
    (height, width), (high, wide) = shape
    rows, columns = places // width + step[0], places % width + step[1]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    at = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    inside &= torch.from_numpy(wanted.ravel())[at]
    theirs = found[at]
    top = (theirs // wide - step[0]).clamp(0, high - 1)
    left = (theirs % wide - step[1]).clamp(0, wide - 1)
    return torch.where(inside, top * wide + left, best)


def _around(best: Tensor, radius: int, size: tuple[int, int], random: torch.Generator) -> Tensor:
    offsets = torch.randint(-radius, radius + 1, (2, len(best)), generator=random)
    rows = (best // size[1] + offsets[0]).clamp(0, size[0] - 1)
    columns = (best % size[1] + offsets[1]).clamp(0, size[1] - 1)
    return rows * size[1] + columns


def _better(
    query: Tensor, other: Tensor, best: Tensor, cost: Tensor, theirs: Tensor
) -> tuple[Tensor, Tensor]:
    apart = (query - other[theirs]).square().sum(1)
    wins = apart < cost
    return torch.where(wins, theirs, best), torch.where(wins, apart, cost)
