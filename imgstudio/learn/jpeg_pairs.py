"""Training pairs for JPEG repair: a spoiled crop, the clean one, and what a file would say about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from imgstudio.engine.jpeg import BLOCK, JpegTables, table_numbers, ycc_from_rgb
from imgstudio.engine.nets.dejpeg import phase_planes
from imgstudio.learn.crappify import compressed, grained, grayed, random_quality, random_tables
from imgstudio.learn.data import enlarged, random_region

Bytes = npt.NDArray[np.uint8]
CROP = 96
MARGIN = 24
"""Pixels around the crop that are compressed too, so that its edges are like any other place."""
NUMBERS = 8
NOTHING = torch.zeros(NUMBERS)
"""What the tables of a picture that was never compressed would say: all steps are 1."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each kind of picture is drawn, 0..1."""

    untouched: float = 0.04
    nearly_untouched: float = 0.06
    """Quality 90..100."""
    twice: float = 0.12
    """Compressed twice, the first time on another grid."""
    aligned: float = 0.5
    """Crops whose corner is a block's corner; the others lie anywhere."""
    told: float = 0.5
    """Crops whose condition comes from the tables; the others must be guessed."""
    enlarged: float = 0.35
    grained: float = 0.5
    """Photos that were made smaller are sharper and cleaner than what cameras write."""
    phase_unknown: float = 0.2
    phase_wrong: float = 0.05


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    spoiled: Bytes
    clean: Bytes
    told: Tensor
    """(NUMBERS,) what the tables of the last compression say."""
    worst: Tensor
    """(NUMBERS,) the same for the strongest of all compressions: what can be seen in the picture."""
    left: int
    top: int
    """Where the crop's corner lies, counted from a corner of the last grid."""
    has_grid: bool


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Tensors of n pairs; pictures (n, 3, CROP, CROP) Y'CbCr, -0.5..0.5."""

    spoiled: Tensor
    clean: Tensor
    told: Tensor
    worst: Tensor
    is_told: Tensor
    """(n,) True where the network may look at `told`."""
    phase: Tensor
    """(n, 4, CROP/2, CROP/2) planes; zeros where unknown."""
    blocks: Tensor
    """(n, 3, CROP - 8, CROP - 8) the spoiled crops again, cut so that they begin with a block."""


def _corner(random: np.random.Generator, shares: Shares) -> tuple[int, int]:
    if random.random() < shares.aligned:
        return 8, 8
    left, top = random.integers(0, MARGIN - 8, 2)
    return int(left), int(top)


def _compressed_elsewhere(region: Bytes, tables: JpegTables, random: np.random.Generator) -> Bytes:
    """Through an encoder whose grid is shifted by 0..7 pixels each way."""
    down, across = (int(shift) for shift in random.integers(0, 8, 2))
    padded = np.pad(region, ((down, 0), (across, 0), (0, 0)), mode="edge")
    return compressed(padded, tables)[down:, across:]


def _random_place(photos: list[Bytes], random: np.random.Generator, shares: Shares) -> Bytes:
    size = CROP + MARGIN
    if random.random() < shares.enlarged:
        region = enlarged(random_region(photos, int(random.integers(size * 2 // 3, size)), random), size)
    else:
        region = random_region(photos, size, random)
    return grained(region, random) if random.random() < shares.grained else region


def random_pair(photos: list[Bytes], random: np.random.Generator, shares: Shares) -> Pair:
    """Cut, turn and compress a place in one of the photos."""
    region = _random_place(photos, random, shares)
    left, top = _corner(random, shares)
    window = (slice(top, top + CROP), slice(left, left + CROP))
    roll = float(random.random())
    if roll < shares.untouched:
        return Pair(region[window], region[window], NOTHING, NOTHING, left, top, has_grid=False)
    gentle = roll < shares.untouched + shares.nearly_untouched
    tables = random_tables(random, float(random.uniform(90, 100)) if gentle else random_quality(random))
    told = worst = table_numbers(tables)
    clean = grayed(region) if tables.chroma is None else region
    spoiled = region
    if roll > 1 - shares.twice:
        first = random_tables(random, random_quality(random))
        spoiled = _compressed_elsewhere(spoiled, first, random)
        worst = torch.maximum(told, table_numbers(first))
    spoiled = compressed(spoiled, tables)
    return Pair(spoiled[window], clean[window], told, worst, left, top, has_grid=True)


def ycc_batch(pictures: list[Bytes]) -> Tensor:
    """(n, 3, h, w) from equally large (h, w, 3) bytes, laid out as convolutions like it."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    return ycc_from_rgb(stacked).contiguous(memory_format=torch.channels_last)


def random_batch(photos: list[Bytes], count: int, random: np.random.Generator, shares: Shares) -> Batch:
    pairs = [random_pair(photos, random, shares) for _ in range(count)]
    lefts = torch.tensor([pair.left for pair in pairs])
    tops = torch.tensor([pair.top for pair in pairs])
    rolls = torch.from_numpy(random.random(count))
    wrong = rolls < shares.phase_wrong
    lefts = torch.where(wrong, torch.from_numpy(random.integers(0, 8, count)), lefts)
    tops = torch.where(wrong, torch.from_numpy(random.integers(0, 8, count)), tops)
    known = torch.tensor([pair.has_grid for pair in pairs]) & (rolls < 1 - shares.phase_unknown)
    spoiled = ycc_batch([pair.spoiled for pair in pairs])
    return Batch(
        spoiled=spoiled,
        clean=ycc_batch([pair.clean for pair in pairs]),
        told=torch.stack([pair.told for pair in pairs]),
        worst=torch.stack([pair.worst for pair in pairs]),
        is_told=torch.from_numpy(random.random(count) < shares.told),
        blocks=_from_block(spoiled, pairs),
        phase=phase_planes(CROP, CROP, lefts, tops) * known[:, None, None, None],
    )


def _from_block(pictures: Tensor, pairs: list[Pair]) -> Tensor:
    side = CROP - BLOCK
    windows = [
        picture[:, (top := -pair.top % BLOCK) : top + side, (left := -pair.left % BLOCK) : left + side]
        for picture, pair in zip(pictures, pairs, strict=True)
    ]
    return torch.stack(windows)
