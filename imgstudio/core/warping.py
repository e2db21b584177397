"""Pixels of a layer as its transform shows them in the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, floor, hypot
from typing import Final, TypeAlias

import cv2
import numpy as np
from cv2.typing import MatLike

from imgstudio.core.geometry import NEAREST, Rect, Transform
from imgstudio.core.pixels import Array, Floats

BLOCK: Final = 256
"""Side of the document blocks that are resampled whole, so that any crop of them is bit-identical."""

Premultiplied: TypeAlias = Callable[[Rect], Floats]
"""Reads (height, width, 4) premultiplied 0..1 in layer coordinates; 0 outside the layer."""

_READ_PIXELS: Final = 1 << 20
_LARGEST_STEP: Final = 4096
_MARGIN: Final = 4
"""Pixels that resampling looks at beyond a rectangle."""
_GRID: Final = 4
"""Places along each side of a part where its scale is measured."""
_EVEN: Final = 0.6
"""Smallest over largest scale in a part that is resampled in one go."""
_SMALLEST_PART: Final = 32
_FINEST: Final = 6
_OUTSIDE: Final = -16000.0
"""Coordinate of nothing."""


def blocks(rect: Rect) -> Iterator[Rect]:
    """Cut `rect` along the document's grid of blocks."""
    if rect.is_empty:
        return
    grid = rect.covering_multiple(BLOCK)
    for y in range(grid.y, grid.bottom, BLOCK):
        for x in range(grid.x, grid.right, BLOCK):
            yield Rect(x, y, BLOCK, BLOCK).intersect(rect)


def turned(pixels: Array, transform: Transform) -> Array:
    """Pixels under the linear part of a transform of whole quarter turns and mirrorings: a view."""
    across, down = transform.a, transform.d
    if transform.a == 0:
        pixels = pixels.swapaxes(0, 1)
        across, down = transform.c, transform.b
    if across < 0:
        pixels = pixels[:, ::-1]
    return pixels[::-1] if down < 0 else pixels


def warped(read: Premultiplied, bounds: Rect, transform: Transform, rect: Rect) -> Floats:
    """Resample a layer that fills `bounds` of its own coordinates into `rect` of the document.

    Returns (height, width, 4) premultiplied 0..1: bicubic, with area averaging where it shrinks. A crop
    of a larger `rect` gives bit-identical pixels.
    """
    out = np.zeros((rect.height, rect.width, 4), np.float32)
    try:
        back = transform.inverted()
    except ValueError:  # squeezed to nothing
        return out
    warp = _warped_block if transform.is_affine else _perspective_part
    for part in blocks(rect):
        whole = part.covering_multiple(BLOCK)
        block = warp(read, bounds, transform, back, whole)
        inner = part.translated(-whole.x, -whole.y)
        out[part.translated(-rect.x, -rect.y).slices()] = block[inner.slices()]
    return out


def _warped_block(
    read: Premultiplied, bounds: Rect, transform: Transform, back: Transform, block: Rect
) -> Floats:
    scale_x, scale_y = hypot(transform.a, transform.b), hypot(transform.c, transform.d)
    step_x, step_y = _whole_step(scale_x), _whole_step(scale_y)
    # What whole steps leave over (a shrinking by less than 2) is averaged over 2 x 2 finer samples.
    finer = 2 if min(scale_x * step_x, scale_y * step_y) < 0.999 else 1
    source = _source_of(back.bounds_of(block), bounds, step_x, step_y)
    if source.is_empty:
        return np.zeros((block.height, block.width, 4), np.float32)
    shrunk = _averaged(read, source, step_x, step_y)
    to_layer = (
        Transform(1 / finer, 0, 0, 1 / finer, block.x + 0.5 / finer, block.y + 0.5 / finer)
        .then(back)
        .then(Transform(1 / step_x, 0, 0, 1 / step_y, -source.x / step_x - 0.5, -source.y / step_y - 0.5))
    )
    matrix = np.array([[to_layer.a, to_layer.c, to_layer.e], [to_layer.b, to_layer.d, to_layer.f]])
    size = (block.width * finer, block.height * finer)
    out = cv2.warpAffine(shrunk, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return _finished(out, finer)


def _perspective_part(
    read: Premultiplied, bounds: Rect, transform: Transform, back: Transform, part: Rect
) -> Floats:
    """A square part of a block; in quarters where the scale changes much within it."""
    scales = _scales(bounds, back, part)
    if not scales.size:
        return np.zeros((part.height, part.width, 4), np.float32)
    (least_x, least_y), (most_x, most_y) = scales.min(0), scales.max(0)
    if part.width > _SMALLEST_PART and min(least_x / most_x, least_y / most_y) < _EVEN:
        half = part.width // 2
        rows = [
            [
                _perspective_part(read, bounds, transform, back, Rect(part.x + x, part.y + y, half, half))
                for x in (0, half)
            ]
            for y in (0, half)
        ]
        return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
    # Where it shrinks, half of it at least is averaged over finer samples, so that no seam is seen where
    # the whole steps change.
    step_x, step_y = _whole_step(2 * most_x), _whole_step(2 * most_y)
    finer = min(max(ceil(1 / min(least_x * step_x, least_y * step_y) - 1e-3), 1), _FINEST)
    source = _source_of(back.bounds_of(part), bounds, step_x, step_y)
    if source.is_empty:
        return np.zeros((part.height, part.width, 4), np.float32)
    shrunk = _averaged(read, source, step_x, step_y)
    x = part.x + (np.arange(part.width * finer) + 0.5) / finer
    y = part.y + (np.arange(part.height * finer)[:, None] + 0.5) / finer
    near = back.g * x + back.h * y + back.i
    is_hidden = (near <= 0) | (near > 1 / NEAREST)  # behind the eye, or as good as there
    near[is_hidden] = 1
    columns = ((back.a * x + back.c * y + back.e) / near - source.x) / step_x - 0.5
    rows_of = ((back.b * x + back.d * y + back.f) / near - source.y) / step_y - 0.5
    columns[is_hidden] = _OUTSIDE
    out = cv2.remap(
        shrunk,
        np.asarray(columns, np.float32).clip(_OUTSIDE, -_OUTSIDE),
        np.asarray(rows_of, np.float32).clip(_OUTSIDE, -_OUTSIDE),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return _finished(out, finer)


def _scales(bounds: Rect, back: Transform, part: Rect) -> Floats:
    """How much the layer's axes are stretched where `part` shows it: (points, 2), of a grid of points."""
    around = bounds.expanded(_MARGIN)
    near: list[tuple[float, float]] = []
    far: list[tuple[float, float]] = []
    for across in range(_GRID + 1):
        for down in range(_GRID + 1):
            x, y = part.x + across * part.width / _GRID, part.y + down * part.height / _GRID
            if not 0 < back.nearness(x, y) <= 1 / NEAREST:
                continue
            there = back.around(x, y)
            area = abs(there.a * there.d - there.b * there.c)
            scales = (hypot(there.b, there.d) / area, hypot(there.a, there.c) / area)
            (near if around.contains(*back.apply(x, y)) else far).append(scales)
    return np.array(near or far, np.float32)


def _finished(resampled: MatLike, finer: int) -> Floats:
    out = np.asarray(resampled, np.float32)
    if finer > 1:
        size = (out.shape[1] // finer, out.shape[0] // finer)
        out = np.asarray(cv2.resize(out, size, interpolation=cv2.INTER_AREA), np.float32)
    alpha = np.clip(out[..., 3:], 0, 1)  # bicubic overshoots
    return np.concatenate((np.clip(out[..., :3], 0, alpha), alpha), axis=2)


def _source_of(need: Rect, bounds: Rect, step_x: int, step_y: int) -> Rect:
    """What must be read of a layer to resample `need`, in whole steps."""
    wanted = _aligned(need.expanded(_MARGIN * max(step_x, step_y)), step_x, step_y)
    return wanted.intersect(_aligned(bounds, step_x, step_y))


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
