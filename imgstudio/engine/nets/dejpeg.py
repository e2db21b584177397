"""The network that repairs JPEG pictures: a small two-resolution residual net steered by what the file says."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.jpeg import BLOCK, cosines
from imgstudio.engine.manifest import Architecture

CONDITION_SIZE = 9
"""Numbers that describe a compression: six step sizes, two halvings of the colour planes, one "is known"."""
PHASE_SIZE = 4
"""Planes that say where in its 8x8 block a pixel lies: a cosine and a sine for each axis; zeros: unknown."""
MULTIPLE = 4
"""Heights and widths must be multiples of this (pixels)."""
FEATURES = 15
"""Planes of `waves_of`: three of local brightness and colour, three of their unevenness, nine of detail."""


def haar(cells: Tensor) -> Tensor:
    """The Haar transform of the 2x2 cells that `pixel_unshuffle` lays side by side; its own inverse.

    Mean, left-right, top-bottom and diagonal difference of each cell, for (n, 4 * planes, h, w).
    """
    signs = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))
    matrix = torch.tensor(signs, dtype=cells.dtype, device=cells.device) / 2
    count, channels, height, width = cells.shape
    turned = torch.einsum("ij,ncjhw->ncihw", matrix, cells.view(count, channels // 4, 4, height, width))
    return turned.reshape(count, channels, height, width)


def waves_of(ycc: Tensor) -> Tensor:
    """(n, FEATURES, h/2, w/2) from (n, 3, h, w): slow and fast parts apart, brought to a similar size.

    Fed with plain pixels the first layer first has to discover differences; this made training many times
    faster.
    """
    cells = haar(F.pixel_unshuffle(ycc, 2))
    count, channels, height, width = cells.shape
    parts = cells.view(count, channels // 4, 4, height, width)
    slow = parts[:, :, 0]
    uneven = slow - F.avg_pool2d(slow, 5, 1, 2, count_include_pad=False)
    fast = parts[:, :, 1:].reshape(count, -1, height, width)
    return torch.cat((slow, 4 * uneven, 8 * fast), 1)


class Pair(nn.Module):
    """Two 3x3 convolutions around a ReLU, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.first.weight)
        nn.init.kaiming_normal_(self.second.weight)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.second(F.relu(self.first(features)))


class Trunk(nn.Module):
    """Residual pairs at half resolution around residual pairs at quarter resolution."""

    def __init__(self, channels: int, deep_channels: int, pairs: int, deep_pairs: int) -> None:
        super().__init__()
        self.before = nn.Sequential(*(Pair(channels) for _ in range(pairs)))
        self.down = nn.Conv2d(channels, deep_channels, 2, stride=2)
        self.deep = nn.Sequential(*(Pair(deep_channels) for _ in range(deep_pairs)))
        self.up = nn.Conv2d(deep_channels, 4 * channels, 1)
        self.after = nn.Sequential(*(Pair(channels) for _ in range(pairs)))

    def forward(self, features: Tensor) -> Tensor:
        shallow = self.before(features)
        deep = self.up(self.deep(self.down(shallow)))
        return self.after(shallow + F.pixel_shuffle(deep, 2))


class Estimator(nn.Module):
    """Guesses the condition from the picture alone, by the waves that its blocks are made of.

    A coefficient that was rounded to a step is either nothing or at least about as large as the step, so the
    share of small coefficients, wave by wave, tells the steps.
    """

    LIMITS = (0.5, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0, 16.0, 25.0, 40.0, 60.0)
    """Levels."""
    waves: Tensor

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        matrix = cosines().float()
        waves = torch.einsum("iy,jx->ijyx", matrix, matrix).reshape(BLOCK * BLOCK, 1, BLOCK, BLOCK)
        self.register_buffer("waves", waves, persistent=False)
        self.guess = nn.Sequential(
            nn.Linear(2 * BLOCK * BLOCK * (len(self.LIMITS) + 2), hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, CONDITION_SIZE - 1),
        )

    @torch.no_grad()
    def habits(self, ycc: Tensor) -> Tensor:
        """(n, figures) means over the blocks of (n, 3, h, w), whose corner is a block's corner."""
        count, planes, height, width = ycc.shape
        with torch.autocast(ycc.device.type, enabled=False):  # half a level decides
            levels = 255 * ycc.reshape(count * planes, 1, height, width)
            sizes = F.conv2d(levels, self.waves, stride=BLOCK).abs().flatten(2)
        shares = [(sizes < limit).float().mean(2) for limit in self.LIMITS]
        means = torch.stack([(sizes / (1 + sizes)).mean(2), sizes.log1p().mean(2), *shares], 2)
        means = means.view(count, planes, -1)
        return torch.cat((means[:, 0], means[:, 1:].mean(1)), 1)

    def forward(self, habits: Tensor) -> Tensor:
        """(n, CONDITION_SIZE - 1)."""
        guessed: Tensor = self.guess(habits)
        return guessed


class DejpegNet(nn.Module):
    """Y'CbCr in, Y'CbCr out; full-range JFIF, each plane shifted to -0.5..0.5."""

    def __init__(
        self, channels: int = 48, deep_channels: int = 96, pairs: int = 2, deep_pairs: int = 3
    ) -> None:
        super().__init__()
        # Half-resolution cells: unevenness 2, head and tail 1 each, pairs 2 each; deep pairs count twice,
        # and so does the cell that a window may cut.
        self.reach = 2 * (2 + 2 + 4 * pairs + 4 * deep_pairs + 2)
        """No output pixel depends on input further away than this (pixels)."""
        self.head = nn.Conv2d(FEATURES + CONDITION_SIZE + PHASE_SIZE, channels, 3, padding=1)
        self.trunk = Trunk(channels, deep_channels, pairs, deep_pairs)
        self.tail = nn.Conv2d(channels, 12, 3, padding=1)
        self.estimator = Estimator()
        nn.init.kaiming_normal_(self.tail.weight)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)

    def forward(self, ycc: Tensor, condition: Tensor, phase: Tensor) -> Tensor:
        """(n, 3, h, w) float32; condition (n, CONDITION_SIZE); phase (n, PHASE_SIZE, h/2, w/2).

        Head, tail and the sum with the input stay in float32: half a level of eight-bit colour matters there.
        """
        with torch.autocast(ycc.device.type, enabled=False):
            features = waves_of(ycc)
            constant = condition[:, :, None, None].expand(-1, -1, *features.shape[2:])
            shallow = self.head(torch.cat((features, constant, phase), 1))
        deep = self.trunk(shallow.to(self._trunk_format(ycc.device.type)))
        with torch.autocast(ycc.device.type, enabled=False):
            change = F.pixel_shuffle(haar(self.tail(deep.to(shallow.dtype))), 2)
            return ycc + strength(condition)[:, None, None, None] * change

    def _trunk_format(self, device: str) -> torch.dtype:
        """What the trunk computes in: under autocast its sums too, which saves many conversions."""
        if torch.is_autocast_enabled(device):
            return torch.get_autocast_dtype(device)
        return self.trunk.down.weight.dtype

    def start_from(self, other: DejpegNet) -> None:
        """Take over what `other`, with fewer pairs, learned: pairs that it lacks begin by changing nothing.

        Raises RuntimeError when the networks differ in more than that.
        """
        missing, unexpected = self.load_state_dict(other.state_dict(), strict=False)
        if unexpected or any(not name.startswith("trunk.") for name in missing):
            raise RuntimeError(f"the other network lacks {missing} and has {unexpected}")
        new = {name.removesuffix(".second.weight") for name in missing if name.endswith(".second.weight")}
        with torch.no_grad():
            for name in new:
                pair = self.get_submodule(name)
                assert isinstance(pair, Pair)
                pair.second.weight.zero_()
                assert pair.second.bias is not None
                pair.second.bias.zero_()


def strength(condition: Tensor) -> Tensor:
    """(n,) size of a usual correction: coarse steps lose much, fine steps little. 0.025 .. 0.4."""
    return 0.1 * torch.exp2(4 * condition[:, :2].clamp(0, 1).mean(1) - 2)


def phase_planes(height: int, width: int, left: Tensor, top: Tensor) -> Tensor:
    """(n, PHASE_SIZE, height/2, width/2) for windows whose first pixel lies (left, top) within its block.

    Each value belongs to a 2x2 cell and is taken at the cell's middle.
    """
    angle = 2 * torch.pi / 8

    def waves(count: int, first: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.arange(count, dtype=torch.float32, device=first.device) * 2 + 0.5
        turned = (places[None] + first.float()[:, None] + 0.5) * angle
        return turned.cos(), turned.sin()

    across = waves(width // 2, left)
    down = waves(height // 2, top)
    rows, columns = height // 2, width // 2
    return torch.stack(
        [
            *(wave[:, None, :].expand(-1, rows, -1) for wave in across),
            *(wave[:, :, None].expand(-1, -1, columns) for wave in down),
        ],
        1,
    )


ARCHITECTURE = Architecture("dejpeg_v1", DejpegNet)
