"""Finds what stands out in a picture: the trunk of EfficientNet-Lite0 and a small decoder of dense convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.lite0 import STAGES, STEM, Lite0, SameConv, Stage
from imgstudio.engine.nets.small_unet import Block, Normalise, Rise, WholeView
from imgstudio.engine.nets.upsampling import doubled

BOTTOM: Final = 128
WIDTHS: Final = (64, 48, 32, 16)
"""Planes of the decoder at 1/16, 1/8, 1/4 and 1/2 of the size."""
_LAST_BLOCKS: Final = 3
"""Of the stage at 1/32; the fourth one, and the stage after it, would be a third of the weights."""
TRUNK: Final = (*STAGES[:5], STAGES[5]._replace(blocks=_LAST_BLOCKS))
KEPT: Final = (0, 1, 2, 4)
"""Stages that end at 1/2, 1/4, 1/8, 1/16."""


class FixedConv(SameConv):
    """A convolution and the batch norm after it, whose statistics rest: planes times `scale` plus `shift`.

    Computed in one pass, which makes training the trunk half as dear.
    """

    def __init__(
        self, incoming: int, outgoing: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(incoming, outgoing, kernel, stride=stride, groups=groups)
        self.scale = nn.Parameter(torch.ones(outgoing))
        self.shift = nn.Parameter(torch.zeros(outgoing))

    def _convolved(self, input: Tensor) -> Tensor:  # noqa: A002  the name that torch gives it
        weight = self.weight * self.scale[:, None, None, None]
        kernel = self.kernel_size[0]
        if self.stride[0] == 1:
            return F.conv2d(input, weight, self.shift, 1, kernel // 2, 1, self.groups)
        before = (kernel - 2) // 2
        after = kernel - 1 - before
        padded = F.pad(input, (before, after, before, after))
        return F.conv2d(padded, weight, self.shift, 2, 0, 1, self.groups)

    @torch.no_grad()
    def take(self, convolution: SameConv, norm: nn.BatchNorm2d) -> None:
        """Become what the two do in evaluation mode."""
        assert norm.running_mean is not None
        assert norm.running_var is not None
        self.weight.copy_(convolution.weight)
        self.scale.copy_(norm.weight / (norm.running_var + norm.eps).sqrt())
        self.shift.copy_(norm.bias - norm.running_mean * self.scale)


class _Bottleneck(nn.Module):
    """Of Lite0, with resting norms."""

    def __init__(self, incoming: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = incoming * stage.expansion
        layers: list[nn.Module] = []
        if stage.expansion > 1:
            layers += [FixedConv(incoming, wide, 1), nn.ReLU6(inplace=True)]
        layers += [
            FixedConv(wide, wide, stage.kernel, stride=stride, groups=wide),
            nn.ReLU6(inplace=True),
            FixedConv(wide, stage.planes, 1),
        ]
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and incoming == stage.planes

    def forward(self, features: Tensor) -> Tensor:
        change: Tensor = self.layers(features)
        return features + change if self.is_residual else change


def resting_trunk(trunk: Sequence[Stage]) -> tuple[nn.Sequential, nn.Sequential]:
    """Stem and stages of a Lite0 whose norms rest; it takes three planes and halves their size five times."""
    stem = nn.Sequential(FixedConv(3, STEM, 3, stride=2), nn.ReLU6(inplace=True))
    planes, stages = STEM, []
    for stage in trunk:
        incoming = (planes, *[stage.planes] * (stage.blocks - 1))
        strides = (stage.stride, *[1] * (stage.blocks - 1))
        blocks = (_Bottleneck(i, stage, s) for i, s in zip(incoming, strides, strict=True))
        stages.append(nn.Sequential(*blocks))
        planes = stage.planes
    return stem, nn.Sequential(*stages)


def take_trunk(stem: nn.Sequential, stages: nn.Sequential, classifier: Lite0) -> None:
    """Let a trunk become that of a classifier, as far as it goes; its norms come to rest."""
    blocks = [
        block
        for stage, own_stage in zip(classifier.stages.children(), stages.children(), strict=False)
        for block, _ in zip(stage.children(), own_stage.children(), strict=False)
    ]
    layers = [
        layer
        for part in (classifier.stem, *blocks)
        for layer in part.modules()
        if isinstance(layer, SameConv | nn.BatchNorm2d)
    ]
    own = [layer for part in (stem, stages) for layer in part.modules() if isinstance(layer, FixedConv)]
    for mine, convolution, norm in zip(own, layers[::2], layers[1::2], strict=True):
        assert isinstance(convolution, SameConv)
        assert isinstance(norm, nn.BatchNorm2d)
        mine.take(convolution, norm)


class SalientNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, 1, h, w) scores before the sigmoid, float32; any size, made for 288 x 288.

    The whole picture counts everywhere: it is not made for tiles.
    """

    multiple_of = 32
    is_global = True
    side = 288
    """Pixels each way of the pictures that it learned from at last."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise((127 / 255,) * 3, (128 / 255,) * 3)
        self.stem, self.stages = resting_trunk(TRUNK)
        planes = TRUNK[-1].planes
        self.narrow = nn.Sequential(
            nn.Conv2d(planes, BOTTOM, 1, bias=False), nn.BatchNorm2d(BOTTOM), nn.ReLU(inplace=True)
        )
        self.bottom = nn.Sequential(
            Block(BOTTOM, BOTTOM), Block(BOTTOM, BOTTOM, dilation=2), WholeView(BOTTOM)
        )
        beside = [TRUNK[stage].planes for stage in reversed(KEPT)]
        steps = zip(pairwise((BOTTOM, *WIDTHS)), beside, strict=True)
        self.rises = nn.ModuleList(Rise(below, seen, width) for (below, width), seen in steps)
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for width in (BOTTOM, *WIDTHS))

    def forward(self, image: Tensor) -> Tensor:
        finest = self.answers(image)[-1]
        return doubled(finest, image)

    def answers(self, image: Tensor) -> list[Tensor]:
        """Scores at 1/32, 1/16, 1/8, 1/4 and 1/2 of the size: all of them learn, the last one counts."""
        features = self.stem(self.normalise(image))
        kept = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in KEPT:
                kept.append(features)
        return self.decoded(features, kept)

    def decoded(self, features: Tensor, kept: list[Tensor]) -> list[Tensor]:
        """`answers` from what the trunk sees at 1/32 and, from large to small, at the four sizes before."""
        features = self.bottom(self.narrow(features))
        levels = [features]
        for rise, beside in zip(self.rises, reversed(kept), strict=True):
            features = rise(features, beside)
            levels.append(features)
        return [head(level).float().contiguous() for head, level in zip(self.heads, levels, strict=True)]

    def start_from(self, classifier: Lite0) -> None:
        """Take over the trunk of a classifier; its norms come to rest."""
        take_trunk(self.stem, self.stages, classifier)

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output: trunk down to 1/8, the rest of it, decoder."""
        stages = list(self.stages)
        return [
            [self.normalise, self.stem, *stages[:3]],
            stages[3:],
            [self.narrow, self.bottom, *self.rises, *self.heads],
        ]


ARCHITECTURE = Architecture("salientnet", SalientNet)
