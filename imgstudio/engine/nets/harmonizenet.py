"""The network that says how a pasted object's colours must change to belong to the photo it is in."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.small_unet import small_encoder

WIDTH: Final = 128
"""Planes of the places that look at one another; those of the small encoder's last stage."""
HEADS: Final = 4
KNOTS: Final = 6
"""Of the curves of a change; this and the next two as in `harmonize.colour_change`, which a test compares."""
STEPS: Final = 256
TOP: Final = 1.5
COUNT: Final = 3 + 6 + 3 * KNOTS
"""Numbers that tell a change."""
STATISTICS: Final = 65
"""Numbers that tell what was measured, `harmonize.baseline.NUMBERS`."""
LIMITS: Final = (1.5,) * 3 + (0.6,) * 6 + (1.2,) * 3 * KNOTS
"""How far each number of a change can go beyond the baseline's."""


class Answer(NamedTuple):
    """What the network says of n objects."""

    numbers: Tensor
    """(n, COUNT): what the statistics' change lacks; see `ColourChange.numbers`."""
    errors: Tensor
    """(n, 2): natural logarithms of the RMS error, 0..1, that it expects of the statistics alone and of its own."""


class Exchange(nn.Module):
    """Every place looks at every other one: attention, then a small network (a pre-norm transformer's layer)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, places: Tensor) -> Tensor:
        """(n, places, width) to the same."""
        n, count, width = places.shape
        parts = self.ask(self.before(places)).reshape(n, count, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(n, count, width)
        places = places + self.mix(seen)
        told: Tensor = places + self.think(self.after(places))
        return told


class HarmonizeNet(nn.Module):
    """A small composite, the object's mask and statistics of both to a correction of the statistics' colour change.

    It sees the picture at about 96 px and answers with few numbers, so that they hold at any resolution. It starts
    by changing nothing of what the statistics say.
    """

    def __init__(self, statistics: int = STATISTICS) -> None:
        """`statistics` numbers are told besides the picture."""
        super().__init__()
        encoder = small_encoder()
        deep = encoder[4]
        assert isinstance(deep, nn.Sequential)
        self.first = nn.Sequential(*encoder[:2])
        self.place_mask = nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False)
        self.rest = nn.Sequential(*encoder[2:4], *deep[:2])
        self.colours = nn.Linear(9, WIDTH)
        self.exchange = Exchange(WIDTH, HEADS)
        self.statistics = nn.Sequential(nn.Linear(statistics, WIDTH), nn.GELU())
        self.head = nn.Sequential(
            nn.LayerNorm(3 * WIDTH), nn.Linear(3 * WIDTH, 192), nn.GELU(), nn.Linear(192, COUNT + 2)
        )
        nn.init.zeros_(self.place_mask.weight)
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.tensor([0.0] * COUNT + [-3.0, -3.0]))

    def forward(self, picture: Tensor, mask: Tensor, statistics: Tensor) -> Answer:
        """(n, 3, h, w) sRGB-encoded 0..1, (n, 1, h, w) 0..1 and (n, statistics) of `Measured.vector`."""
        features = self.rest(self.first(picture) + self.place_mask(mask))
        covered = F.adaptive_avg_pool2d(torch.cat((picture, picture * mask, mask), 1), features.shape[2:])
        places = torch.cat((covered, _coordinates(features)), 1).flatten(2).transpose(1, 2)
        places = self.exchange(features.flatten(2).transpose(1, 2) + self.colours(places))
        share = covered[:, -1:].flatten(2).transpose(1, 2)
        own, other = _mean(places, share), _mean(places, 1 - share)
        told = self.head(torch.cat((own, other, self.statistics(statistics)), 1)).float()
        limits = told.new_tensor(LIMITS)
        return Answer(limits * torch.tanh(told[:, :COUNT] / limits), told[:, COUNT:])

    def begin_with(self, stages: nn.Sequential) -> None:
        """Take over what the small encoder has learned to see."""
        own = small_encoder()
        own.load_state_dict(stages.state_dict())
        deep = own[4]
        assert isinstance(deep, nn.Sequential)
        self.first.load_state_dict(nn.Sequential(*own[:2]).state_dict())
        self.rest.load_state_dict(nn.Sequential(*own[2:4], *deep[:2]).state_dict())

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups: what sees, what judges."""
        judging = [self.place_mask, self.colours, self.exchange, self.statistics, self.head]
        return [[self.first, self.rest], list(judging)]


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


def _coordinates(features: Tensor) -> Tensor:
    """(n, 2, h, w) in -1..1."""
    n, _, height, width = features.shape
    rows = torch.linspace(-1, 1, height, device=features.device)[None, None, :, None]
    columns = torch.linspace(-1, 1, width, device=features.device)[None, None, None]
    return torch.cat((rows.expand(n, 1, height, width), columns.expand(n, 1, height, width)), 1)


def _mean(places: Tensor, weights: Tensor) -> Tensor:
    return (places * weights).sum(1) / weights.sum(1).clamp_min(1e-3)


ARCHITECTURE = Architecture("harmonizenet", HarmonizeNet)
