"""Parts of a picture as the network sees them, and what it says about them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import torch
from torch import nn

from imgstudio.core.geometry import Rect, Size
from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.device import guard
from imgstudio.engine.select.guidance import SIDE, guidance
from imgstudio.engine.select.prompts import Prompts
from imgstudio.engine.tensors import check_finite, to_tensor

_SMALLEST: Final = 512
"""No reduced copy has a longer side below this (pixels)."""


class Pyramid:
    """Guards that all copies, each half as large as the one before, show the same picture."""

    def __init__(self, pixels: Array) -> None:
        """(h, w, 3) bytes; not copied."""
        self.size = Size(pixels.shape[1], pixels.shape[0])
        self._levels = [pixels]
        while max(self._levels[-1].shape[:2]) >= 2 * _SMALLEST:
            height, width = self._levels[-1].shape[:2]
            half = max(1, width // 2), max(1, height // 2)
            self._levels.append(np.asarray(cv2.resize(self._levels[-1], half, interpolation=cv2.INTER_AREA)))

    def part(self, view: Rect, size: tuple[int, int]) -> Array:
        """The part `view` of the document at another (width, height): (h, w, 3) bytes."""
        wanted = max(size[0] / view.width, size[1] / view.height)
        level = next(
            found
            for found in reversed(self._levels)
            if found is self._levels[0] or _scale(found, self) >= wanted
        )
        down, across = level.shape[0] / self.size.height, level.shape[1] / self.size.width
        rows = slice(int(view.y * down), max(int(view.y * down) + 1, round(view.bottom * down)))
        columns = slice(int(view.x * across), max(int(view.x * across) + 1, round(view.right * across)))
        return resampled(level[rows, columns], size)


class Sight:
    """Guards that the network sees every part in the way that it learned."""

    def __init__(self, network: nn.Module, device: torch.device | None = None, side: int = SIDE) -> None:
        """`network` in evaluation mode on `device` (None: the processor); `side` in multiples of 32 pixels."""
        self._network, self._device, self.side = network, device, side

    @torch.inference_mode()
    def look(self, picture: Pyramid, view: Rect, prompts: Prompts, previous: Floats) -> Floats:
        """How much of each place of `view` belongs to the thing: (side, side), 0..1.

        `previous`, (h, w) in 0..1, is the mask so far of the same part, at any size. Raises OutOfMemory, NotFinite.
        """
        square = self.side, self.side
        seen = picture.part(view, square).astype(np.float32) / np.float32(255)
        planes = guidance(prompts, view, resampled(previous, square), self.side)
        with guard():
            shares = self._network(to_tensor(np.dstack((seen, planes)), self._device)).sigmoid()
        check_finite(shares, "selection")
        return np.asarray(shares[0, 0].float().cpu().numpy(), np.float32)


def resampled(part: Array, size: tuple[int, int]) -> Array:
    """At another (width, height): averaged where it gets smaller, linear otherwise."""
    if part.shape[1::-1] == size:
        return part
    how = cv2.INTER_AREA if part.shape[1] > size[0] and part.shape[0] > size[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, size, interpolation=how))


def _scale(level: Array, picture: Pyramid) -> float:
    return min(level.shape[0] / picture.size.height, level.shape[1] / picture.size.width)
