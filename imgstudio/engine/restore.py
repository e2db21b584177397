"""Runs a network that repairs pictures of any kind of damage on windows of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgstudio.core.pixels import Floats
from imgstudio.engine.device import autocast, compute_dtype, guard
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.tensors import padded_to_multiple, to_pixels, to_tensor

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, eq=False, slots=True)
class Restorer:
    """A network that is ready to run, and what its manifest says of it."""

    network: nn.Module
    manifest: ModelManifest
    device: torch.device
    precise: bool = False
    """Compute in float32 everywhere."""

    def restore(self, pixels: Floats) -> Floats:
        """(h, w, 3) in 0..1 to the same size, not clipped; raises OutOfMemory."""
        import torch

        height, width = pixels.shape[:2]
        if min(height, width) == 0:
            return pixels
        dtype = torch.float32 if self.precise else compute_dtype(self.device)
        with guard(), torch.inference_mode(), autocast(self.device, dtype):
            tensor = to_tensor(pixels, self.device)
            tensor = padded_to_multiple(tensor, self.manifest.multiple_of, self.manifest.minimum)
            return to_pixels(self.network(tensor)[..., :height, :width])
