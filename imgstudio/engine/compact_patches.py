"""Cuts a picture into patches of even size that end at its edges, to be painted by hand."""

from __future__ import annotations

from math import ceil
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

_COMPACT: Final = 32.0
"""Levels of 8-bit Lab that count as much as the width of a patch."""
_ROUNDS: Final = 2
_SMALLEST: Final = 1 / 6
"""Share of a patch's usual area below which a part apart from the rest goes to its neighbours."""


def compact_patches(rgb: Bytes, spacing: int) -> Numbers:
    """(h, w) number of the patch, from 0, of each pixel of (h, w, 3) sRGB; patches hang together, but for crumbs.

    Simple linear iterative clustering (Achanta et al. 2012) on a grid of `spacing` pixels: two rounds, with the
    cell of a pixel and its eight neighbours to choose from; grain is taken out by a median first.
    """
    height, width = rgb.shape[:2]
    rows, columns = ceil(height / spacing), ceil(width / spacing)
    planes = _planes(rgb, rows * spacing, columns * spacing, spacing)
    numbers = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    grid = np.repeat(np.repeat(numbers, spacing, 0), spacing, 1)
    for _ in range(_ROUNDS):
        grid = _nearest(planes, grid, rows, columns, spacing)
    return _joined(grid[:height, :width], spacing)


def _planes(rgb: Bytes, height: int, width: int, spacing: int) -> list[Floats]:
    """Lab and place of the pixels of a picture that was continued to a size, in one measure."""
    smooth = np.asarray(cv2.medianBlur(np.ascontiguousarray(rgb), 3), np.uint8)
    below, beside = height - rgb.shape[0], width - rgb.shape[1]
    wide = cv2.copyMakeBorder(smooth, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    lab = np.asarray(cv2.cvtColor(wide, cv2.COLOR_RGB2LAB), np.float32)
    scale = np.float32(_COMPACT / spacing)
    down, across = np.indices((height, width), dtype=np.float32)
    return [*(np.ascontiguousarray(lab[..., plane]) for plane in range(3)), down * scale, across * scale]


def _nearest(planes: list[Floats], grid: Numbers, rows: int, columns: int, spacing: int) -> Numbers:
    """Give each pixel to the patch, of its cell's and the eight around, whose mean is nearest."""
    counts = np.maximum(np.bincount(grid.ravel(), minlength=rows * columns), 1)
    means = [
        (np.bincount(grid.ravel(), plane.ravel(), rows * columns) / counts)
        .astype(np.float32)
        .reshape(rows, columns)
        for plane in planes
    ]
    shape = (rows, spacing, columns, spacing)
    cells = [plane.reshape(shape) for plane in planes]
    numbers = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    best = np.full(shape, np.inf, np.float32)
    out = np.zeros(shape, np.int32)
    distance, part = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            place = np.ix_(
                (np.arange(rows) + down).clip(0, rows - 1),
                (np.arange(columns) + across).clip(0, columns - 1),
            )
            distance.fill(0)
            for cell, mean in zip(cells, means, strict=True):
                np.subtract(cell, mean[place][:, None, :, None], out=part)
                np.multiply(part, part, out=part)
                np.add(distance, part, out=distance)
            nearer = distance < best
            np.copyto(best, distance, where=nearer)
            np.copyto(out, numbers[place][:, None, :, None], where=nearer)
    return out.reshape(grid.shape)


def _joined(grid: Numbers, spacing: int) -> Numbers:
    """The same, but what is apart from its patch is a patch of its own, or goes to the nearest if it is small."""
    height, width = grid.shape
    links = np.zeros(
        (2 * height - 1, 2 * width - 1), np.uint8
    )  # pixels, and between them whether they belong together
    links[::2, ::2] = 1
    links[::2, 1::2] = grid[:, 1:] == grid[:, :-1]
    links[1::2, ::2] = grid[1:] == grid[:-1]
    parts = np.asarray(cv2.connectedComponents(links, connectivity=4)[1], np.int32)[::2, ::2]
    is_large = np.bincount(parts.ravel()) >= _SMALLEST * spacing * spacing
    kept = is_large[parts]
    if not kept.any():
        return np.zeros(grid.shape, np.int32)
    _, nearest = cv2.distanceTransformWithLabels(
        (~kept).astype(np.uint8), cv2.DIST_L1, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.asarray(nearest)
    of_nearest = np.zeros(int(nearest.max()) + 1, np.int32)
    of_nearest[nearest[kept]] = (np.cumsum(is_large) - 1).astype(np.int32)[parts[kept]]
    return np.asarray(of_nearest[nearest], np.int32)
