"""The small network that gives a picture another look: other colours first, then what the restoring network adds."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.restorenet import RestoreNet

SMOOTH: Final = (0.125, 0.25, 0.25, 0.25, 0.125)
"""Lets no pattern through that repeats every two or four pixels, as cells of the network's own grid do."""
BORDER: Final = len(SMOOTH) // 2


class LookNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to the same size, float32, which may leave that range a little.

    One mix of the colours for all pixels, then what a residual network adds, smoothed: critics are easily fooled by
    a fine grid, people are not. It starts by changing nothing. Looks at no more than `reach`, so tiles agree exactly.
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
        self.reach = self.paint.reach + BORDER
        """No output pixel depends on input further away than this (pixels)."""
        self.overlap = self.reach

    def forward(self, image: Tensor) -> Tensor:
        with torch.autocast(image.device.type, enabled=False):
            mixed = self.colours(image.float())
        return mixed + smoothed(self.paint(mixed) - mixed)

    @torch.no_grad()
    def mix_colours(self, matrix: Tensor, shift: Tensor) -> None:
        """Let colours c become `matrix` (3, 3) @ c + `shift` (3,) before anything else happens to them."""
        self.colours.weight.copy_(matrix[:, :, None, None])
        assert self.colours.bias is not None
        self.colours.bias.copy_(shift)

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output."""
        return [[self.colours], *self.paint.groups()]


def smoothed(change: Tensor) -> Tensor:
    """(n, c, h, w) averaged with the weights `SMOOTH` both ways; the border repeats its last pixel."""
    planes = change.shape[1]
    weights = torch.tensor(SMOOTH, dtype=change.dtype, device=change.device)
    across = weights.reshape(1, 1, 1, -1).expand(planes, 1, 1, -1)
    with torch.autocast(change.device.type, enabled=False):
        wide = F.pad(change, (BORDER, BORDER, BORDER, BORDER), mode="replicate")
        return F.conv2d(F.conv2d(wide, across, groups=planes), across.transpose(2, 3), groups=planes)


ARCHITECTURE = Architecture("looknet", LookNet)
