"""Paints pictures in a learned style: statistics frozen from a small view of the whole, so that tiles agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.device import OutOfMemory, autocast, compute_dtype, guard
from imgstudio.engine.tensors import padded_to_multiple, to_pixels, to_tensor
from imgstudio.engine.tiling import Seams, run_tiled

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WHOLE: Final = 1_600_000
"""Pixels that are painted in one go; larger pictures take their statistics from a view of so many."""
TILE: Final = 768
GRAIN: Final = 0.04
"""Strength of the noise that networks are given to make strokes of where a picture is flat (0..1)."""


class PaintingNet(Protocol):
    """Paints (1, 3, h, w) in 0..1 in the style that a vector (1, n) tells, None being its usual one."""

    @property
    def multiple_of(self) -> int: ...
    @property
    def overlap(self) -> int: ...
    def __call__(
        self, image: Tensor, style: Tensor | None = None, statistics: Sequence[Tensor] | None = None
    ) -> Tensor: ...
    def statistics(self, image: Tensor, style: Tensor | None = None) -> Sequence[Tensor]:
        """What it must know of the whole picture to paint a part of it."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Stylist:
    """A style network that is ready to run."""

    network: PaintingNet
    """On `device`, in evaluation mode."""
    device: torch.device
    style: Tensor | None = None
    """(1, n) on `device`; see PaintingNet."""
    precise: bool = False
    """Compute in float32 everywhere."""

    def paint(self, pixels: Floats, progress: Progress, *, tile: int = TILE) -> Floats:
        """(h, w, 3) in 0..1 to the same, always alike; raises Cancelled, at any layer."""
        height, width = pixels.shape[:2]
        if min(height, width) == 0:
            return pixels
        view = WHOLE
        if height * width <= WHOLE:
            progress.update(0.0, "Painting")
            try:
                return self._heeding(progress).painted(_grained(pixels))
            except OutOfMemory:
                view = height * width // 4
        return self.in_tiles(pixels, progress, tile=tile, view=view)

    def in_tiles(self, pixels: Floats, progress: Progress, *, tile: int = TILE, view: int = WHOLE) -> Floats:
        """As `paint`, always by tiles whose statistics come from a view of at most `view` pixels."""
        grained, own = _grained(pixels), self._heeding(progress)
        seen = own.seen_in(within(pixels, view))

        def run(window: Floats) -> Floats:
            return own.painted(window, seen)

        seams = Seams("crop", align=self.network.multiple_of)
        return run_tiled(run, grained, progress, tile=tile, overlap=self.network.overlap, seams=seams)

    def _heeding(self, progress: Progress) -> Stylist:
        from torch import nn

        from imgstudio.engine.sharing import heeding

        if not isinstance(self.network, nn.Module):
            return self
        return replace(self, network=heeding(self.network, progress.token.check))

    def seen_in(self, view: Floats) -> Sequence[Tensor]:
        """Of a view that gets its grain only now: reducing would have taken it away."""
        import torch

        with guard(), torch.inference_mode(), autocast(self.device, self._dtype()):
            return self.network.statistics(self._input(_grained(view)), self.style)

    def painted(self, window: Floats, seen: Sequence[Tensor] | None = None) -> Floats:
        """Without statistics the window is the whole picture and brings its own."""
        import torch

        height, width = window.shape[:2]
        with guard(), torch.inference_mode(), autocast(self.device, self._dtype()):
            return to_pixels(self.network(self._input(window), self.style, seen)[..., :height, :width])

    def _input(self, pixels: Floats) -> Tensor:
        return padded_to_multiple(to_tensor(pixels, self.device), self.network.multiple_of)

    def _dtype(self) -> torch.dtype:
        import torch

        return torch.float32 if self.precise else compute_dtype(self.device)


def grain(shape: tuple[int, ...], random: np.random.Generator) -> Floats:
    """Noise that is added to what a style network sees, in training as in use; equal in all colours."""
    noise = random.standard_normal((*shape[:-1], 1), np.float32) * np.float32(GRAIN)
    return np.repeat(noise, shape[-1], axis=-1)


def _grained(pixels: Floats) -> Floats:
    return pixels + grain(pixels.shape, np.random.default_rng(0))


def within(pixels: Floats, area: int) -> Floats:
    """(h, w, 3) averaged over areas until it has about `area` pixels at most."""
    factor = math.sqrt(pixels.shape[0] * pixels.shape[1] / max(1, area))
    if factor <= 1:
        return pixels
    size = tuple(max(1, round(side / factor)) for side in pixels.shape[1::-1])
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
