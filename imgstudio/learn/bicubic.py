"""Bicubic resampling exactly as MATLAB's imresize does it: what papers on super-resolution start from."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from imgstudio.core.pixels import Array, Floats

Matrix = npt.NDArray[np.float32]


def cubic(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keys' kernel with a = -1/2 (Keys 1981)."""
    x = np.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


@lru_cache(maxsize=512)
def resampling_matrix(length: int, new_length: int, scale: float) -> Matrix:
    """(new_length, length) weights; wider and lower when it shrinks, mirrored at the ends, rows sum to one."""
    shrink = min(scale, 1.0)
    places = (np.arange(new_length) + 0.5) / scale - 0.5
    reach = 2 / shrink
    taps = math.ceil(2 * reach) + 2
    first = np.floor(places - reach).astype(int)
    indices = first[:, None] + np.arange(taps)
    weights = cubic(shrink * (places[:, None] - indices))
    weights /= weights.sum(1, keepdims=True)
    folded = indices % (2 * length)
    folded = np.where(folded >= length, 2 * length - 1 - folded, folded)
    matrix = np.zeros((new_length, length))
    np.add.at(matrix, (np.arange(new_length)[:, None], folded), weights)
    return matrix.astype(np.float32)


def imresize(picture: Array, scale: float) -> Array:
    """Resize (h, w, c): each side becomes ceil(side * scale).

    Bytes come back as bytes, rounded after each direction as MATLAB does; floats stay unclipped.
    """
    height, width = picture.shape[:2]
    down = resampling_matrix(height, math.ceil(height * scale - 1e-9), scale)
    across = resampling_matrix(width, math.ceil(width * scale - 1e-9), scale)
    is_bytes = picture.dtype == np.uint8
    flat = down @ np.ascontiguousarray(picture, np.float32).reshape(height, -1)
    columns = _stored(flat.reshape(len(down), width, -1), is_bytes=is_bytes)
    both = np.einsum("ow,hwc->hoc", across, columns, optimize=True)
    result: Array = _stored(np.ascontiguousarray(both), is_bytes=is_bytes)
    return result.astype(np.uint8) if is_bytes else result


def cropped_to_multiple(picture: Array, multiple: int) -> Array:
    """Without the last rows and columns that do not fill a whole cell."""
    height, width = (side // multiple * multiple for side in picture.shape[:2])
    return picture[:height, :width]


def _stored(values: Floats, *, is_bytes: bool) -> Floats:
    return np.floor(np.clip(values, 0, 255) + np.float32(0.5)) if is_bytes else values
