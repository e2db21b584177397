"""Doubling the size without a checkerboard: pixel shuffle whose neighbours start equal, and a blur after it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def icnr(
    weight: Tensor, factor: int = 2, fill: Callable[[Tensor], Tensor] = nn.init.kaiming_normal_
) -> Tensor:
    """Fill the weights of the convolution before a pixel shuffle so that each cell starts as one flat colour.

    `weight` is (planes * factor^2, in, k, k); each plane's factor^2 filters become equal, so the shuffle
    starts as a nearest-neighbour enlargement (Aitken et al. 2017). Returns `weight`.
    """
    cells = factor * factor
    if weight.shape[0] % cells:
        raise ValueError(f"{weight.shape[0]} filters cannot fill cells of {factor} x {factor}")
    with torch.no_grad():
        kernel = fill(torch.empty_like(weight[: weight.shape[0] // cells]))
        weight.copy_(kernel.repeat_interleave(cells, 0))
    return weight


def doubled(answers: Tensor, image: Tensor) -> Tensor:
    """Smoothly enlarged twice, then cut to the size of `image`, whose odd sides were rounded up on the way down."""
    larger = F.interpolate(answers, scale_factor=2.0, mode="bilinear", align_corners=False)
    return larger[:, :, : image.shape[2], : image.shape[3]]


class ShuffleUp(nn.Module):
    """(n, incoming, h, w) to (n, outgoing, 2h, 2w): 1x1 convolution with ICNR, ReLU, pixel shuffle, blur."""

    def __init__(self, incoming: int, outgoing: int, *, blur: bool = True) -> None:
        super().__init__()
        # The mean over 2x2 neighbours removes what is left of the cells (Sugawara et al. 2018).
        self.blur = nn.AvgPool2d(2, 1) if blur else None
        self.spread = nn.Conv2d(incoming, 4 * outgoing, 1)
        icnr(self.spread.weight)
        assert self.spread.bias is not None
        nn.init.zeros_(self.spread.bias)

    def forward(self, features: Tensor) -> Tensor:
        larger: Tensor = F.pixel_shuffle(F.relu(self.spread(features)), 2)
        return larger if self.blur is None else self.blur(F.pad(larger, (1, 0, 1, 0), "replicate"))
