"""How the features of a picture are distributed, wherever things lie: what style is measured by (Gatys 2016).

Gram matrices of centred features with their means apart (Li et al. 2017, "Demystifying"); sums, so that a picture
may be gone through in tiles and places may count more or less.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

TINY = 1e-8


class LayerStatistics(NamedTuple):
    """How the channels of a layer are distributed over a picture."""

    mean: Tensor
    """(n, c)."""
    covariance: Tensor
    """(n, c, c): the Gram matrix of centred features, divided by the number of places."""


class Sums(NamedTuple):
    """What statistics are made of; sums of tiles are sums of the whole."""

    weight: Tensor
    """(n,): how many places, each by how much it counts."""
    values: Tensor
    """(n, c)."""
    products: Tensor
    """(n, c, c)."""

    def statistics(self) -> LayerStatistics:
        weight = self.weight[:, None].clamp_min(TINY)
        mean = self.values / weight
        return LayerStatistics(mean, self.products / weight[..., None] - mean[:, :, None] * mean[:, None, :])

    def plus(self, other: Sums) -> Sums:
        return Sums(*(one + more for one, more in zip(self, other, strict=True)))


def sums_of(features: Tensor, places: Tensor | None = None) -> Sums:
    """Of (n, c, h, w), each place counting as much as `places` (n or 1, 1, h, w) say; float32 also under autocast."""
    with in_float32(features):
        flat = features.float().flatten(2)
        if places is None:
            weight = flat.new_full((len(flat),), flat.shape[2])
            return Sums(weight, flat.sum(2), flat @ flat.transpose(1, 2))
        counted = places.float().flatten(2).expand(len(flat), 1, -1)
        weighted = flat * counted
        return Sums(counted.sum((1, 2)), weighted.sum(2), weighted @ flat.transpose(1, 2))


def statistics(features: Tensor) -> LayerStatistics:
    """Mean and covariance of (n, c, h, w); summed in float32 also under autocast."""
    with in_float32(features):
        flat = features.float().flatten(2)
        mean = flat.mean(2, keepdim=True)
        centred = flat - mean
        return LayerStatistics(mean[..., 0], centred @ centred.transpose(1, 2) / flat.shape[2])


def statistics_distance(made: LayerStatistics, wanted: LayerStatistics) -> Tensor:
    """Squared distances of means and of covariances, each relative to the wanted one's size, averaged."""
    mean = relative_squares(made.mean, wanted.mean)
    return (mean + relative_squares(made.covariance, wanted.covariance)) / 2


def relative_squares(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference / mean square of `wanted`, which may be one for all pictures."""
    wanted = wanted.detach().float()
    return (made.float() - wanted).square().mean() / (wanted.square().mean() + TINY)


def total_variation(pictures: Tensor) -> Tensor:
    """Mean absolute difference of neighbours in (n, c, h, w)."""
    pictures = pictures.float()
    across = (pictures[..., 1:] - pictures[..., :-1]).abs().mean()
    return across + (pictures[..., 1:, :] - pictures[..., :-1, :]).abs().mean()


@contextmanager
def in_float32(like: Tensor) -> Iterator[None]:
    """Without autocast on the device of `like`."""
    with torch.autocast(like.device.type, enabled=False):
        yield
