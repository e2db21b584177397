"""Pixels of a layer as its transform shows them in the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import floor, hypot
from typing import Final, TypeAlias

import cv2
import numpy as np

from imgstudio.core.geometry import Affine, Rect
from imgstudio.core.pixels import Array, Floats

BLOCK: Final = 256
"""Side of the document blocks that are resampled whole, so that any crop of them is bit-identical."""

Premultiplied: TypeAlias = Callable[[Rect], Floats]
"""Reads (height, width, 4) premultiplied 0..1 in layer coordinates; 0 outside the layer."""

_READ_PIXELS: Final = 1 << 20
_LARGEST_STEP: Final = 4096


def blocks(rect: Rect) -> Iterator[Rect]:
    """Cut `rect` along the document's grid of blocks."""
    if rect.is_empty:
        return
    grid = rect.covering_multiple(BLOCK)
    for y in range(grid.y, grid.bottom, BLOCK):
        for x in range(grid.x, grid.right, BLOCK):
            yield Rect(x, y, BLOCK, BLOCK).intersect(rect)


def turned(pixels: Array, transform: Affine) -> Array:
    """Pixels under the linear part of a transform of whole quarter turns and mirrorings: a view."""
    across, down = transform.a, transform.d
    if transform.a == 0:
        pixels = pixels.swapaxes(0, 1)
        across, down = transform.c, transform.b
    if across < 0:
        pixels = pixels[:, ::-1]
    return pixels[::-1] if down < 0 else pixels


def warped(read: Premultiplied, bounds: Rect, transform: Affine, rect: Rect) -> Floats:
    """Resample a layer that fills `bounds` of its own coordinates into `rect` of the document.

    Returns (height, width, 4) premultiplied 0..1: bicubic, with area averaging where it shrinks. A crop
    of a larger `rect` gives bit-identical pixels.
    """
    out = np.zeros((rect.height, rect.width, 4), np.float32)
    try:
        back = transform.inverted()
    except ValueError:  # squeezed to nothing
        return out
    for part in blocks(rect):
        whole = part.covering_multiple(BLOCK)
        block = _warped_block(read, bounds, transform, back, whole)
        inner = part.translated(-whole.x, -whole.y)
        out[part.translated(-rect.x, -rect.y).slices()] = block[inner.slices()]
    return out


def _warped_block(read: Premultiplied, bounds: Rect, transform: Affine, back: Affine, block: Rect) -> Floats:
    scale_x, scale_y = hypot(transform.a, transform.b), hypot(transform.c, transform.d)
    step_x, step_y = _whole_step(scale_x), _whole_step(scale_y)
    # What whole steps leave over (a shrinking by less than 2) is averaged over 2 x 2 finer samples.
    finer = 2 if min(scale_x * step_x, scale_y * step_y) < 0.999 else 1
    margin = 4
    need = _aligned(back.bounds_of(block).expanded(margin * max(step_x, step_y)), step_x, step_y)
    source = need.intersect(_aligned(bounds, step_x, step_y))
    if source.is_empty:
        return np.zeros((block.height, block.width, 4), np.float32)
    shrunk = _averaged(read, source, step_x, step_y)
    to_layer = (
        Affine(1 / finer, 0, 0, 1 / finer, block.x + 0.5 / finer, block.y + 0.5 / finer)
        .then(back)
        .then(Affine(1 / step_x, 0, 0, 1 / step_y, -source.x / step_x - 0.5, -source.y / step_y - 0.5))
    )
    matrix = np.array([[to_layer.a, to_layer.c, to_layer.e], [to_layer.b, to_layer.d, to_layer.f]])
    size = (block.width * finer, block.height * finer)
    out = cv2.warpAffine(shrunk, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    if finer > 1:
        out = cv2.resize(out, (block.width, block.height), interpolation=cv2.INTER_AREA)
    alpha = np.clip(out[..., 3:], 0, 1)  # bicubic overshoots
    return np.concatenate((np.clip(out[..., :3], 0, alpha), alpha), axis=2)


def _whole_step(scale: float) -> int:
    return _LARGEST_STEP if scale * _LARGEST_STEP <= 1 else max(1, floor(1 / scale + 1e-6))


def _aligned(rect: Rect, step_x: int, step_y: int) -> Rect:
    """Grow to multiples of the steps, so that averaging starts at the same pixels for every block."""
    x, y = rect.x // step_x * step_x, rect.y // step_y * step_y
    return Rect(x, y, -(-rect.right // step_x) * step_x - x, -(-rect.bottom // step_y) * step_y - y)


def _averaged(read: Premultiplied, source: Rect, step_x: int, step_y: int) -> Floats:
    """Read `source` and average boxes of step_x x step_y pixels, a strip at a time."""
    if step_x == step_y == 1:
        return read(source)
    width, height = source.width // step_x, source.height // step_y
    out = np.empty((height, width, 4), np.float32)
    rows = max(1, _READ_PIXELS // (source.width * step_y))
    for row in range(0, height, rows):
        count = min(rows, height - row)
        strip = read(Rect(source.x, source.y + row * step_y, source.width, count * step_y))
        boxes = strip.reshape(count, step_y, width, step_x, 4)
        out[row : row + count] = boxes.mean((1, 3), dtype=np.float32)
    return out
