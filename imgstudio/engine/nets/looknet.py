"""The small network that gives a picture another look: other colours first, then what the restoring network adds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.restorenet import RestoreNet


class LookNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to the same size, float32, which may leave that range a little.

    One mix of the colours for all pixels, then a residual network with windows of its own; it starts by changing
    nothing. Looks at no more than `reach`, so tiles agree exactly.
    """

    multiple_of = RestoreNet.multiple_of
    """Pixels between places where a tile may begin."""
    is_global = False

    def __init__(self, width: int = 32, blocks: int = 4) -> None:
        """`width` planes at half the size, twice as many at a quarter, where `blocks` residual pairs work."""
        super().__init__()
        self.width, self.blocks = width, blocks
        self.colours = nn.Conv2d(3, 3, 1)
        self.paint = RestoreNet(width, 2 * width, 1, blocks)
        self.mix_colours(torch.eye(3), torch.zeros(3))
        self.reach = self.paint.reach
        """No output pixel depends on input further away than this (pixels)."""
        self.overlap = self.reach

    def forward(self, image: Tensor) -> Tensor:
        with torch.autocast(image.device.type, enabled=False):
            mixed = self.colours(image.float())
        painted: Tensor = self.paint(mixed)
        return painted

    @torch.no_grad()
    def mix_colours(self, matrix: Tensor, shift: Tensor) -> None:
        """Let colours c become `matrix` (3, 3) @ c + `shift` (3,) before anything else happens to them."""
        self.colours.weight.copy_(matrix[:, :, None, None])
        assert self.colours.bias is not None
        self.colours.bias.copy_(shift)

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output."""
        return [[self.colours], *self.paint.groups()]


ARCHITECTURE = Architecture("looknet", LookNet)
