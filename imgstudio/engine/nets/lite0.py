"""EfficientNet-Lite0 (Tan & Le 2019, the variant for small devices), a classifier of 1000 ImageNet classes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.small_unet import Normalise


class Stage(NamedTuple):
    """Blocks of one width; only the first has the stride."""

    kernel: int
    stride: int
    expansion: int
    planes: int
    blocks: int


STEM = 32
STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)
FEATURES = 1280
_EPS = 1e-3
_MOMENTUM = 0.01


class SameConv(nn.Conv2d):
    """Pads as TensorFlow's "same" does for even sides: the odd pixel at the right and bottom.

    Odd sides are treated alike, unlike there: what a place sees must not depend on the size of the picture.
    The stride is 1 or 2.
    """

    def __init__(
        self, incoming: int, outgoing: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(incoming, outgoing, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  the name that torch gives it
        if self.groups > 1 and input.device.type == "cpu" and torch.is_grad_enabled():
            # Its gradients take processors three to six times as long in bfloat16 (oneDNN).
            with torch.autocast("cpu", enabled=False):
                return self._convolved(input.float())
        return self._convolved(input)

    def _convolved(self, input: Tensor) -> Tensor:  # noqa: A002  the name that torch gives it
        kernel = self.kernel_size[0]
        if self.stride[0] == 1:
            return F.conv2d(input, self.weight, None, 1, kernel // 2, 1, self.groups)
        before = (kernel - 2) // 2
        after = kernel - 1 - before
        padded = F.pad(input, (before, after, before, after))
        return F.conv2d(padded, self.weight, None, self.stride, 0, 1, self.groups)


def _normalised(planes: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(planes, eps=_EPS, momentum=_MOMENTUM)


class Bottleneck(nn.Module):
    """Widen by 1x1, convolve each plane for itself, narrow by 1x1; added to what came in where it fits."""

    def __init__(self, incoming: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = incoming * stage.expansion
        layers: list[nn.Module] = []
        if stage.expansion > 1:
            layers += [SameConv(incoming, wide, 1), _normalised(wide), nn.ReLU6(inplace=True)]
        layers += [
            SameConv(wide, wide, stage.kernel, stride=stride, groups=wide),
            _normalised(wide),
            nn.ReLU6(inplace=True),
            SameConv(wide, stage.planes, 1),
            _normalised(stage.planes),
        ]
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and incoming == stage.planes

    def forward(self, features: Tensor) -> Tensor:
        change: Tensor = self.layers(features)
        return features + change if self.is_residual else change


class Lite0(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, classes) scores before softmax; made for 224 x 224."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.normalise = Normalise((127 / 255,) * 3, (128 / 255,) * 3)
        self.stem = nn.Sequential(SameConv(3, STEM, 3, stride=2), _normalised(STEM), nn.ReLU6(inplace=True))
        planes, stages = STEM, []
        for stage in STAGES:
            incoming = (planes, *[stage.planes] * (stage.blocks - 1))
            strides = (stage.stride, *[1] * (stage.blocks - 1))
            stages.append(
                nn.Sequential(
                    *(Bottleneck(i, stage, stride) for i, stride in zip(incoming, strides, strict=True))
                )
            )
            planes = stage.planes
        self.stages = nn.Sequential(*stages)
        self.top = nn.Sequential(SameConv(planes, FEATURES, 1), _normalised(FEATURES), nn.ReLU6(inplace=True))
        self.classify = nn.Linear(FEATURES, classes)

    def body(self) -> nn.Sequential:
        """All but the classifier; shares its layers with this network. 1/32 of the size, 320 planes."""
        return nn.Sequential(self.normalise, self.stem, *self.stages)

    def forward(self, image: Tensor) -> Tensor:
        features = self.top(self.stages(self.stem(self.normalise(image))))
        scores: Tensor = self.classify(features.mean((2, 3)))
        return scores


ARCHITECTURE = Architecture("efficientnet_lite0", Lite0)
