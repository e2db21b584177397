"""The small network that undoes damage: two resolutions below the picture's own, added to what came in."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.dejpeg import FEATURES, MULTIPLE, Trunk, haar, waves_of
from imgstudio.engine.tensors import padded_to_multiple


class RestoreNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to the same size, float32; starts by changing nothing.

    All convolutions work at half and quarter resolution, on the waves of 2x2 cells.
    """

    multiple_of = MULTIPLE
    """Pixels between places where a tile may begin."""
    is_global = False

    def __init__(
        self, channels: int = 32, deep_channels: int = 64, pairs: int = 1, deep_pairs: int = 3
    ) -> None:
        super().__init__()
        # Half-resolution cells: unevenness 2, head and tail 1 each, pairs 2 each; deep pairs count twice,
        # and so does the cell that a window may cut.
        self.reach = 2 * (2 + 2 + 4 * pairs + 4 * deep_pairs + 2)
        """No output pixel depends on input further away than this (pixels)."""
        self.overlap = self.reach
        self.head = nn.Conv2d(FEATURES, channels, 3, padding=1)
        self.trunk = Trunk(channels, deep_channels, pairs, deep_pairs)
        self.tail = nn.Conv2d(channels, 16, 3, padding=1)
        """12 planes are read; bfloat16 is slow with odd numbers of them."""
        nn.init.zeros_(self.tail.weight)
        assert self.tail.bias is not None
        nn.init.zeros_(self.tail.bias)

    def forward(self, image: Tensor) -> Tensor:
        padded = padded_to_multiple(image.float(), MULTIPLE, 2 * MULTIPLE)
        shallow = self.head(waves_of(padded - 0.5))
        change = self.tail(self.trunk(shallow))[:, :12].float()
        with torch.autocast(image.device.type, enabled=False):
            change = F.pixel_shuffle(haar(change), 2)
        return image.float() + change[..., : image.shape[2], : image.shape[3]]

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output: head, trunk, tail."""
        return [[self.head], [self.trunk], [self.tail]]


ARCHITECTURE = Architecture("restorenet", RestoreNet)
