"""How the features of a picture are distributed, wherever things lie: what style is measured by (Gatys 2016).

Gram matrices of centred features with their means apart (Li et al. 2017, "Demystifying"); sums, so that a picture
may be gone through in tiles and places may count more or less.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

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
            weight, counted = flat.new_full((len(flat),), flat.shape[2]), None
        else:
            counted = places.detach().float().flatten(2).expand(len(flat), 1, -1)
            weight = counted.sum((1, 2))
        values, products = _Moments.apply(flat, counted)
        return Sums(weight, values, products)


class _Moments(torch.autograd.Function):
    """First and second moments; backwards in one product, because the second is symmetric."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor, counted: Tensor | None) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(flat, counted)
        weighted = flat if counted is None else flat * counted
        return weighted.sum(2), weighted @ flat.transpose(1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        flat, counted = ctx.saved_tensors
        values, products = gradients
        towards = torch.baddbmm(values[:, :, None], products + products.transpose(1, 2), flat)
        return (towards if counted is None else towards.mul_(counted)), None


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


def wasserstein(made: LayerStatistics, wanted: LayerStatistics) -> Tensor:
    """Squared Wasserstein-2 distance of two Gaussians, relative to the spread of `wanted`; both (1, c) and (1, c, c).

    |m - n|^2 + tr(C + D - 2 (D^1/2 C D^1/2)^1/2) (Olkin and Pukelsheim 1982).
    """
    covariance = wanted.covariance[0].detach().float()
    root, _ = _roots(covariance)
    with in_float32(root):
        turned = root @ made.covariance[0].float() @ root
    middle, inverse = _roots(turned.detach())
    # The gradient of tr(A^1/2) is A^-1/2 / 2; that of eigenvectors would be infinite where eigenvalues are equal.
    trace = middle.trace() + (inverse * (turned - turned.detach())).sum() / 2
    mean = wanted.mean[0].detach().float()
    apart = (made.mean[0].float() - mean).square().sum()
    spread = made.covariance[0].float().trace() + covariance.trace() - 2 * trace
    return (apart + spread) / (mean.square().sum() + covariance.trace() + TINY)


def _roots(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The square root of a symmetric (c, c) without its negative part, and its inverse, held back near zero."""
    values, vectors = torch.linalg.eigh((matrix + matrix.T).double() / 2)
    values = values.clamp_min(0)
    least = 1e-4 * values.max() + TINY
    root, inverse = values.sqrt(), (values + least).rsqrt()
    return ((vectors * root) @ vectors.T).float(), ((vectors * inverse) @ vectors.T).float()


def relative_squares(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference / mean square of `wanted`, which may be one for all pictures."""
    wanted = wanted.detach().float()
    return (made.float() - wanted).square().mean() / (wanted.square().mean() + TINY)


def total_variation(pictures: Tensor) -> Tensor:
    """Mean absolute difference of neighbours in (n, c, h, w)."""
    pictures = pictures.float()
    across = (pictures[..., 1:] - pictures[..., :-1]).abs().mean()
    return across + (pictures[..., 1:, :] - pictures[..., :-1, :]).abs().mean()


def roughness(pictures: Tensor, softness: float = 0.02) -> Tensor:
    """Isotropic total variation of (n, c, h, w), smooth for differences below `softness`: means of square roots."""
    if min(pictures.shape[2:]) < 2:
        return pictures.float().sum() * 0
    pictures = pictures.float()
    corner = pictures[..., :-1, :-1]
    squares = (pictures[..., :-1, 1:] - corner).square() + (pictures[..., 1:, :-1] - corner).square()
    return (squares + softness**2).sqrt().mean() - softness


@contextmanager
def in_float32(like: Tensor) -> Iterator[None]:
    """Without autocast on the device of `like`."""
    with torch.autocast(like.device.type, enabled=False):
        yield
