"""The network that tells, in 100 numbers, how a picture is painted (Ghiasi et al. 2017), on MobileNetV2."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

VECTOR = 100
STEM = 32
FEATURES = 1280


class Stage(NamedTuple):
    """Blocks of one width; only the first has the stride."""

    stride: int
    expansion: int
    planes: int
    blocks: int


STAGES = (
    Stage(1, 1, 16, 1),
    Stage(2, 6, 24, 2),
    Stage(2, 6, 32, 3),
    Stage(2, 6, 64, 4),
    Stage(1, 6, 96, 3),
    Stage(2, 6, 160, 3),
    Stage(1, 6, 320, 1),
)


class GhiasiPredictor(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to the vector of its style, (n, 100).

    From "Exploring the structure of a real-time, arbitrary neural artistic stylization network" (Ghiasi et al.
    2017), with MobileNetV2 (Sandler et al. 2018) in place of Inception and batch normalisation folded into
    the convolutions. Made for 256 x 256; takes any size, and then sees strokes of another size. Vectors can be
    mixed: a weighted mean of two is a style in between.
    """

    vector_length = VECTOR
    multiple_of = 1

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, stride=2)
        planes, blocks = STEM, []
        for stage in STAGES:
            for index in range(stage.blocks):
                stride = stage.stride if index == 0 else 1
                blocks.append(_Bottleneck(planes, stage.planes, stage.expansion, stride))
                planes = stage.planes
        self.blocks = nn.Sequential(*blocks)
        self.top = nn.Conv2d(planes, FEATURES, 1)
        self.vector = nn.Linear(FEATURES, VECTOR)

    def forward(self, image: Tensor) -> Tensor:
        features = self.blocks(F.relu6(self.stem(_bordered(image, stride=2))))
        features = F.relu6(self.top(features))
        vector: Tensor = self.vector(features.float().mean((2, 3)))
        return vector.float()


class _Bottleneck(nn.Module):
    """Widen by 1x1, convolve each plane for itself, narrow by 1x1; added to what came in where it fits."""

    def __init__(self, incoming: int, outgoing: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = incoming * expansion
        self.stride = stride
        self.expand = nn.Conv2d(incoming, wide, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(wide, wide, 3, stride=stride, groups=wide)
        self.project = nn.Conv2d(wide, outgoing, 1)
        self.is_residual = stride == 1 and incoming == outgoing

    def forward(self, features: Tensor) -> Tensor:
        wide = features if self.expand is None else F.relu6(self.expand(features))
        change: Tensor = self.project(F.relu6(self.depthwise(_bordered(wide, stride=self.stride))))
        return features + change if self.is_residual else change


def _bordered(features: Tensor, *, stride: int) -> Tensor:
    """Zeros for a 3x3 window, as TensorFlow's "same" does for even sides: with a stride at the right and bottom."""
    return F.pad(features, (0, 2, 0, 2) if stride == 2 else (1, 1, 1, 1))
