"""Squares cut from photos, and batches of them as tensors."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from imgstudio.core.pixels import Array
from imgstudio.learn.data import turned


def window(shape: tuple[int, ...], size: int, random: np.random.Generator) -> tuple[slice, slice]:
    """Where a random square of `size` pixels lies in a picture that is at least as large."""
    top, left = (int(random.integers(side - size + 1)) for side in shape[:2])
    return slice(top, top + size), slice(left, left + size)


def at_least(photo: Array, size: int) -> Array:
    """Mirrored at the right and bottom where a side is shorter than `size`."""
    down, across = (max(0, size - side) for side in photo.shape[:2])
    return np.pad(photo, ((0, down), (0, across), (0, 0)), "symmetric") if down or across else photo


def zoomed(photo: Array, size: int, zoom: tuple[float, float], random: np.random.Generator) -> Array:
    """Resized so that its shorter side is `zoom` (drawn between the two) times `size`, at least `size` both ways."""
    factor = round(size * random.uniform(*zoom)) / min(photo.shape[:2])
    shape = tuple(max(size, round(length * factor)) for length in photo.shape[1::-1])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, shape, interpolation=how))


def random_square(photo: Array, size: int, random: np.random.Generator) -> Array:
    """A (size, size, 3) square of a photo, turned and mirrored one of eight ways."""
    photo = at_least(photo, size)
    return turned(photo[window(photo.shape, size, random)], int(random.integers(8)))


def zoomed_square(photo: Array, size: int, zoom: tuple[float, float], random: np.random.Generator) -> Array:
    """`random_square` of `zoomed`."""
    return random_square(zoomed(photo, size, zoom, random), size, random)


def tensor_of(pictures: Sequence[Array]) -> Tensor:
    """(n, 3, h, w) in 0..1 from equally large (h, w, 3) bytes, laid out as convolutions like it."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    return stacked.contiguous(memory_format=torch.channels_last)


def bytes_of(picture: Tensor) -> Array:
    """(h, w, 3) uint8 of (1, 3, h, w) or (3, h, w) in 0..1."""
    flat = picture.detach().float().cpu().reshape(3, *picture.shape[-2:]).permute(1, 2, 0)
    return np.asarray((flat * 255).round().clamp(0, 255).to(torch.uint8).numpy())
