"""The network that says how a pasted object's colours must change to belong to the photo it is in."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture

FORGOTTEN: Final = 0.05
"""Share of what is known that is left out while learning (dropout)."""
FARTHEST: Final = 5.0
"""Deviations beyond which statistics are no longer believed."""
KNOTS: Final = 6
"""Of the curves of a change; this and the next two as in `harmonize.colour_change`, which a test compares."""
STEPS: Final = 256
TOP: Final = 1.5
COUNT: Final = 3 + 6 + 3 * KNOTS
"""Numbers that tell a change."""
STATISTICS: Final = 92
"""Numbers that tell what was measured, `harmonize.baseline.NUMBERS`."""
LIMITS: Final = (1.5,) * 3 + (0.6,) * 6 + (1.2,) * 3 * KNOTS
"""How far each number of a change can go beyond the baseline's."""


class Answer(NamedTuple):
    """What the network says of n objects."""

    numbers: Tensor
    """(n, COUNT): what the statistics' change lacks; see `ColourChange.numbers`."""
    errors: Tensor
    """(n, 2): natural logarithms of the RMS error, 0..1, that it expects of the statistics alone and of its own."""
    each: Tensor
    """(members, n, COUNT): what the members say, whose mean the numbers are."""


class Member(nn.Sequential):
    """One opinion on normalised statistics, at first that nothing lacks."""

    def __init__(self, statistics: int, width: int) -> None:
        last = nn.Linear(width, COUNT + 2)
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.tensor([0.0] * COUNT + [-3.0, -3.0]))
        first, second = (nn.Linear(size, width) for size in (statistics, width))
        super().__init__(
            first, nn.GELU(), nn.Dropout(FORGOTTEN), second, nn.GELU(), nn.Dropout(FORGOTTEN), last
        )


class HarmonizeNet(nn.Module):
    """Statistics of an object and of what is round it to a correction of the statistics' colour change.

    Several small perceptrons learn the same from other pairs; their mean is better than any of them, and where they
    disagree, nobody knows. It answers with few numbers, so that they hold at any resolution, and starts by changing
    nothing of what the statistics say.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, statistics: int = STATISTICS, width: int = 192, members: int = 4) -> None:
        """`statistics` numbers are told; `members` perceptrons have two layers of `width`."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(statistics))
        self.register_buffer("deviation", torch.ones(statistics))
        self.members = nn.ModuleList(Member(statistics, width) for _ in range(members))

    def forward(self, statistics: Tensor) -> Answer:
        """(n, statistics) of `Measured.vector`."""
        known = ((statistics - self.mean) / self.deviation).clamp(-FARTHEST, FARTHEST)
        told = torch.stack([member(known) for member in self.members]).float()
        limits = told.new_tensor(LIMITS)
        each = limits * torch.tanh(told[..., :COUNT] / limits)
        return Answer(each.mean(0), told[..., COUNT:].mean(0), each)

    @torch.no_grad()
    def normalise(self, statistics: Tensor) -> None:
        """Take (n, statistics) as the usual ones."""
        self.mean.copy_(statistics.mean(0))
        self.deviation.copy_(statistics.std(0) + 1e-3)


def changed(colours: Tensor, numbers: Tensor, brightness: Tensor) -> Tensor:
    """As `ColourChange.applied`, for (n, pixels, 3) and (n, COUNT) with gradients, (n,) brightness; not clipped."""
    n = len(numbers)
    gains, aside, slopes = numbers[:, :3], numbers[:, 3:9], numbers[:, 9:].reshape(n, 3, KNOTS)
    mix = numbers.new_zeros(n, 3, 3)
    mix[:, [0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]] = aside
    mix = mix - torch.diag_embed(mix.sum(2)) + torch.eye(3, device=numbers.device)
    light = _linear(colours) * gains.exp()[:, None]
    encoded = _encoded((light @ mix.transpose(1, 2)).clamp_min(0))
    pivot = _encoded(_linear(brightness) * gains.mean(1).exp()).clamp(0.02, 0.98)
    tables = _tables(slopes)
    tables = tables - _looked_up(tables, pivot[:, None, None].expand(n, 3, 1)) + pivot[:, None, None]
    return _looked_up(tables, encoded.transpose(1, 2)).transpose(1, 2)


def _tables(slopes: Tensor) -> Tensor:
    """Integrals from 0 of the curves' slopes, (n, 3, cells + 1)."""
    middles = (torch.arange(round(TOP * STEPS), device=slopes.device) + 0.5) / STEPS
    places = (middles * (KNOTS - 1)).clamp(max=KNOTS - 1)
    first = places.long().clamp(max=KNOTS - 2)
    weight = places - first
    steep = slopes[..., first] * (1 - weight) + slopes[..., first + 1] * weight
    return F.pad(steep.exp().cumsum(2) / STEPS, (1, 0))


def _looked_up(tables: Tensor, values: Tensor) -> Tensor:
    """(n, 3, cells + 1) at (n, 3, places), linear between cells."""
    places = values.clamp(0, TOP - 1e-4) * STEPS
    cells = places.detach().long()
    low, high = tables.gather(2, cells), tables.gather(2, cells + 1)
    return low + (places - cells) * (high - low)


def _linear(encoded: Tensor) -> Tensor:
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded.clamp_min(0) + 0.055) / 1.055) ** 2.4)


def _encoded(linear: Tensor) -> Tensor:
    # The root's slope is infinite at 0, and a where passes on what it does not choose.
    high = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, high)


ARCHITECTURE = Architecture("harmonizenet", HarmonizeNet)
