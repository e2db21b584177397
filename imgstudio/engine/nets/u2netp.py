"""Finds what stands out: U²-Net, small (Qin et al. 2020, arXiv 2005.09007), a U-Net whose every stage is a U-Net."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.small_unet import Normalise

PLANES: Final = 64
"""Between the stages."""
INNER: Final = 16
"""Inside a stage."""
DEPTHS: Final = (7, 6, 5, 4)
"""Layers of the first four stages on the way down, so that the lowest one of each sees about as little of them."""
WIDENING: Final = (1, 2, 4, 8)
"""Dilations of the stages that are too small already to be halved."""
BLACK: Final = 1 / 255
"""Brightest value of a picture that is not made brighter still."""


class Layer(nn.Conv2d):
    """Convolution 3x3 with the batch norm after it folded in, ReLU."""

    def __init__(self, incoming: int, outgoing: int, dilation: int = 1) -> None:
        super().__init__(incoming, outgoing, 3, padding=dilation, dilation=dilation)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  the name that torch gives it
        return F.relu(super().forward(input))


class Stage(nn.Module):
    """A residual U-block (RSU-L of the paper; without `halves` RSU-4F): what a U-Net finds is added to what it sees."""

    def __init__(self, incoming: int, dilations: Sequence[int], *, halves: bool) -> None:
        """One layer for each of `dilations`; with `halves`, each but the first and the last sees half the size."""
        super().__init__()
        *upper, lowest = dilations
        self.halves = halves
        self.enter = Layer(incoming, PLANES)
        widths = pairwise((PLANES, *[INNER] * len(upper)))
        self.falls = nn.ModuleList(Layer(*width, d) for width, d in zip(widths, upper, strict=True))
        self.bottom = Layer(INNER, INNER, lowest)
        outgoing = (*[INNER] * (len(upper) - 1), PLANES)
        self.rises = nn.ModuleList(
            Layer(2 * INNER, planes, d) for planes, d in zip(outgoing, reversed(upper), strict=True)
        )

    def forward(self, features: Tensor) -> Tensor:
        entered = self.enter(features)
        level = entered
        kept: list[Tensor] = []
        for number, fall in enumerate(self.falls):
            level = fall(halved(level) if self.halves and number else level)
            kept.append(level)
        level = self.bottom(level)
        for rise, beside in zip(self.rises, reversed(kept), strict=True):
            level = rise(torch.cat((as_large(level, beside), beside), 1))
        return entered + level


class U2NetP(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, 1, h, w) scores before the sigmoid, float32; any size, made for 320 x 320.

    The whole picture counts everywhere: it is not made for tiles. Its layers are declared in the order in which they
    compute, which is how `converters.u2netp_onnx` finds them.
    """

    multiple_of = 32
    is_global = True
    side = 320
    """Pixels each way of the pictures that it learned from."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        self.falls = nn.ModuleList(
            _halving(3 if number == 0 else PLANES, depth) for number, depth in enumerate(DEPTHS)
        )
        self.falls.extend(Stage(PLANES, WIDENING, halves=False) for _ in range(2))
        self.rises = nn.ModuleList((Stage(2 * PLANES, WIDENING, halves=False),))
        self.rises.extend(_halving(2 * PLANES, depth) for depth in reversed(DEPTHS))
        self.heads = nn.ModuleList(nn.Conv2d(PLANES, 1, 3, padding=1) for _ in self.falls)
        self.fuse = nn.Conv2d(len(self.falls), 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        brightest = image.amax((1, 2, 3), keepdim=True).clamp_min(BLACK)
        level = self.normalise(image / brightest)
        kept: list[Tensor] = []
        for number, fall in enumerate(self.falls):
            level = fall(halved(level) if number else level)
            kept.append(level)
        levels = [kept.pop()]
        for rise, beside in zip(self.rises, reversed(kept), strict=True):
            levels.append(rise(torch.cat((as_large(levels[-1], beside), beside), 1)))
        finest, *coarser = (head(level) for head, level in zip(self.heads, reversed(levels), strict=True))
        answers = torch.cat((finest, *(as_large(answer, finest) for answer in coarser)), 1)
        fused: Tensor = self.fuse(answers)
        return fused.float()


def halved(features: Tensor) -> Tensor:
    """Half the size, odd sides rounded up."""
    return F.max_pool2d(features, 2, 2, ceil_mode=True)


def as_large(features: Tensor, other: Tensor) -> Tensor:
    """Smoothly brought to the size of `other`."""
    if features.shape[2:] == other.shape[2:]:
        return features
    return F.interpolate(features, other.shape[2:], mode="bilinear", align_corners=False)


def _halving(incoming: int, depth: int) -> Stage:
    """RSU-`depth`: one dilation, at the bottom."""
    return Stage(incoming, (*[1] * (depth - 1), 2), halves=True)


ARCHITECTURE = Architecture("u2netp", U2NetP)
