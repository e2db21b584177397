"""Finds people and the edges of their hair: MODNet (Ke et al. 2022, arXiv 2011.11961) on MobileNetV2."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.ghiasi_predictor import FEATURES, STAGES, STEM
from imgstudio.engine.nets.small_unet import Normalise

SQUEEZED: Final = 4
"""Planes at 1/32 / those by which they are weighed."""
WIDE: Final = 96
"""Planes of what the whole says at 1/16."""
PLANES: Final = 32
"""Of everything finer."""


class Layer(nn.Conv2d):
    """Convolution, norm, ReLU: half the planes have a batch norm, folded in, half are normed over the whole picture."""

    def __init__(self, incoming: int, outgoing: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(incoming, outgoing, kernel, stride=stride, padding=kernel // 2)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  the name that torch gives it
        plain, normed = super().forward(input).chunk(2, 1)
        return F.relu(torch.cat((plain, F.instance_norm(normed)), 1))


class Bottleneck(nn.Module):
    """Of MobileNetV2 (Sandler et al. 2018), with its batch norms folded in."""

    def __init__(self, incoming: int, outgoing: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = incoming * expansion
        self.expand = nn.Conv2d(incoming, wide, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(wide, wide, 3, stride=stride, padding=1, groups=wide)
        self.project = nn.Conv2d(wide, outgoing, 1)
        self.is_residual = stride == 1 and incoming == outgoing

    def forward(self, features: Tensor) -> Tensor:
        wide = features if self.expand is None else F.relu6(self.expand(features))
        change: Tensor = self.project(F.relu6(self.depthwise(wide)))
        return features + change if self.is_residual else change


class Whole(nn.Module):
    """The low-resolution branch: where people are, (n, 32, h / 8, w / 8), with the planes of the trunk before it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, stride=2, padding=1)
        planes, stages = STEM, []
        for stage in STAGES:
            incoming = (planes, *[stage.planes] * (stage.blocks - 1))
            strides = (stage.stride, *[1] * (stage.blocks - 1))
            blocks = zip(incoming, strides, strict=True)
            stages.append(
                nn.Sequential(*(Bottleneck(i, stage.planes, stage.expansion, s) for i, s in blocks))
            )
            planes = stage.planes
        self.stages = nn.Sequential(*stages)
        self.top = nn.Conv2d(planes, FEATURES, 1)
        self.squeeze = nn.Linear(FEATURES, FEATURES // SQUEEZED, bias=False)
        self.weigh = nn.Linear(FEATURES // SQUEEZED, FEATURES, bias=False)
        self.sixteenth = Layer(FEATURES, WIDE, 5)
        self.eighth = Layer(WIDE, PLANES, 5)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Also what the trunk sees at 1/2 and 1/4."""
        half = self.stages[0](F.relu6(self.stem(image)))
        quarter = self.stages[1](half)
        features = F.relu6(self.top(self.stages[2:](quarter)))
        weights = self.weigh(F.relu(self.squeeze(features.mean((2, 3))))).sigmoid()
        features = features * weights[:, :, None, None]
        for part, layer in ((16, self.sixteenth), (8, self.eighth)):
            features = layer(sized(features, image, part))
        return half, quarter, features


class MODNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, 1, h, w) scores before the sigmoid, float32; sides from 32.

    Made for about 512 x 512. The whole picture counts everywhere: it is not made for tiles. Its layers are declared in the order in which they
    compute, which is how `converters.modnet_onnx` finds them.
    """

    multiple_of = 32
    is_global = True
    side = 512
    """Pixels each way of the pictures that it learned from."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise((0.5,) * 3, (0.5,) * 3)
        self.whole = Whole()
        self.from_half = Layer(STAGES[0].planes, PLANES, 1)
        self.fall = Layer(3 + PLANES, PLANES, stride=2)
        self.from_quarter = Layer(STAGES[1].planes, PLANES, 1)
        self.join = Layer(2 * PLANES, 2 * PLANES)
        self.at_quarter = nn.Sequential(
            Layer(2 * PLANES + PLANES + 3, 2 * PLANES),
            Layer(2 * PLANES, 2 * PLANES),
            Layer(2 * PLANES, PLANES),
        )
        self.at_half = nn.Sequential(
            Layer(2 * PLANES, 2 * PLANES),
            Layer(2 * PLANES, PLANES),
            Layer(PLANES, PLANES),
            Layer(PLANES, PLANES),
        )
        self.spread = Layer(PLANES, PLANES, 5)
        self.fuse = Layer(2 * PLANES, PLANES)
        self.finish = nn.Sequential(Layer(PLANES + 3, PLANES // 2), nn.Conv2d(PLANES // 2, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        image = self.normalise(image)
        half, quarter, coarse = self.whole(image)
        coarse = sized(coarse, image, 4)
        half = self.from_half(half)
        finer = self.fall(torch.cat((sized(image, image, 2), half), 1))
        finer = self.join(torch.cat((finer, self.from_quarter(quarter)), 1))
        finer = self.at_quarter(torch.cat((finer, coarse, sized(image, image, 4)), 1))
        finer = self.at_half(torch.cat((sized(finer, image, 2), half), 1))
        coarse = sized(self.spread(coarse), image, 2)
        fused = sized(self.fuse(torch.cat((coarse, finer), 1)), image, 1)
        scores: Tensor = self.finish(torch.cat((fused, image), 1))
        return scores.float()


def sized(features: Tensor, image: Tensor, part: int) -> Tensor:
    """Smoothly brought to one part of the size of `image`, rounded up."""
    size = [-(-side // part) for side in image.shape[2:]]
    if list(features.shape[2:]) == size:
        return features
    return F.interpolate(features, size, mode="bilinear", align_corners=False)


ARCHITECTURE = Architecture("modnet", MODNet)
