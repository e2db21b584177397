"""Histograms of features, and features moved until they have another's (Risser et al. 2017).

Kept as quantiles, so that pictures of any size may be compared; of large ones, a sample is looked at.
"""

from __future__ import annotations

import torch
from torch import Tensor

from imgstudio.engine.style.statistics import TINY, in_float32

QUANTILES = 128
SAMPLE = 1 << 14
"""Places of a tile that are looked at, about."""


class Sample(tuple[Tensor, Tensor]):
    """Some places of a layer: (c, n) values, and (n,) how much each counts."""

    __slots__ = ()

    def plus(self, other: Sample) -> Sample:
        return Sample((torch.cat([self[0], other[0]], 1), torch.cat([self[1], other[1]])))


def sample_of(features: Tensor, places: Tensor | None = None) -> Sample:
    """Of (1, c, h, w); `places` (1, 1, h, w) say how much each place counts."""
    flat = features.detach().float()[0].flatten(1)
    every = max(1, flat.shape[1] // SAMPLE) | 1  # odd: no columns of a picture of even width are left out
    values = flat[:, ::every]
    counted = values.new_ones(values.shape[1]) if places is None else places.float().flatten()[::every]
    return Sample((values, counted))


def quantiles(sample: Sample) -> Tensor:
    """(c, QUANTILES) of each channel, rising."""
    values, order = sample[0].sort(1)
    passed = sample[1][order].cumsum(1)
    shares = (torch.arange(QUANTILES, device=values.device) + 0.5) / QUANTILES
    wanted = shares * passed[:, -1:].clamp_min(TINY)
    found = torch.searchsorted(passed, wanted).clamp_max(values.shape[1] - 1)
    return values.gather(1, found)


def moved(features: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """(1, c, h, w) with quantiles `own` as it would be with `wanted`; no gradients."""
    flat = features.detach().float()[0].flatten(1).contiguous()
    above = torch.searchsorted(own.contiguous(), flat).clamp(1, QUANTILES - 1)
    low, high = own.gather(1, above - 1), own.gather(1, above)
    share = ((flat - low) / (high - low + TINY)).clamp(0, 1)
    start, end = wanted.gather(1, above - 1), wanted.gather(1, above)
    return (start + share * (end - start)).reshape(features.shape)


def histogram_apart(features: Tensor, own: Tensor, wanted: Tensor, places: Tensor | None = None) -> Tensor:
    """Sum of squared distances of (1, c, h, w) from what it would be with the histograms `wanted`."""
    with in_float32(features):
        apart = (features.float() - moved(features, own, wanted)).square()
        return (apart if places is None else apart * places).sum()
