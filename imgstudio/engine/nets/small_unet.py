"""A small U-Net to be trained from scratch, made of what a processor computes fastest: dense 3x3 convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.reach import reach_of
from imgstudio.engine.nets.upsampling import doubled

WIDTHS = (32, 48, 96, 128)
"""Planes at 1/2, 1/4, 1/8 and 1/16 of the size, for width 1."""
MULTIPLE = 16


def in_sixteens(planes: float) -> int:
    """The next multiple of 16, as processors compute bfloat16 in such groups; at least 16."""
    return max(16, 16 * round(planes / 16))


class Block(nn.Sequential):
    """Convolution 3x3, batch norm, ReLU."""

    def __init__(self, incoming: int, outgoing: int, *, stride: int = 1, dilation: int = 1) -> None:
        convolution = nn.Conv2d(
            incoming, outgoing, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
        )
        nn.init.kaiming_normal_(convolution.weight)
        super().__init__(convolution, nn.BatchNorm2d(outgoing), nn.ReLU(inplace=True))


class WholeView(nn.Module):
    """Adds to every place what the mean over the whole picture says."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.mix = nn.Linear(planes, planes)

    def forward(self, features: Tensor) -> Tensor:
        return features + F.relu(self.mix(features.mean((2, 3))))[:, :, None, None].to(features.dtype)


class Normalise(nn.Module):
    """Bring RGB 0..1 to about mean 0 and deviation 1."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        mean: Sequence[float] = (0.45, 0.45, 0.42),
        deviation: Sequence[float] = (0.27, 0.27, 0.28),
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(list(mean))[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(list(deviation))[:, None, None], persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        return (image - self.mean) / self.deviation


def small_encoder(width: float = 1.0) -> nn.Sequential:
    """Five stages: pixels as they come, then 1/2, 1/4, 1/8, 1/16 of the size, the last with a wide view."""
    half, quarter, eighth, deep = (in_sixteens(planes * width) for planes in WIDTHS)
    return nn.Sequential(
        Normalise(),
        nn.Sequential(Block(3, half, stride=2), Block(half, half)),
        nn.Sequential(Block(half, quarter, stride=2), Block(quarter, quarter)),
        nn.Sequential(Block(quarter, eighth, stride=2), Block(eighth, eighth)),
        nn.Sequential(
            Block(eighth, deep, stride=2),
            Block(deep, deep, dilation=2),
            Block(deep, deep, dilation=4),
            WholeView(deep),
        ),
    )


class Rise(nn.Module):
    """Enlarge to the size of what the encoder saw there, lay both side by side, and mix."""

    def __init__(self, incoming: int, beside: int, outgoing: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(Block(incoming + beside, outgoing), Block(outgoing, outgoing))

    def forward(self, features: Tensor, beside: Tensor) -> Tensor:
        larger = F.interpolate(features, scale_factor=2.0, mode="nearest")
        larger = larger[
            :, :, : beside.shape[2], : beside.shape[3]
        ]  # odd sides were rounded up on the way down
        mixed: Tensor = self.mix(torch.cat((larger, beside), 1))
        return mixed


class SmallUNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, classes_or_planes, h, w) without a range, float32; any size.

    Cutting a picture into tiles changes its output a little: the net also looks at the whole picture.
    """

    multiple_of = MULTIPLE
    """Pixels between places where a tile may begin."""
    is_global = True
    """Whether something in it looks at the whole picture, beyond `reach`."""
    overlap = 96
    """Context that a tile should have (pixels): what counts of `reach`."""

    def __init__(
        self, classes_or_planes: int, *, width: float = 1.0, encoder_width: float | None = None
    ) -> None:
        """Without an `encoder_width` the encoder is as wide as the rest."""
        super().__init__()
        self.planes = classes_or_planes
        half, quarter, eighth, _ = (in_sixteens(planes * width) for planes in WIDTHS)
        encoder_width = encoder_width or width
        *beside, deep = (in_sixteens(planes * encoder_width) for planes in WIDTHS)
        self.encoder = small_encoder(encoder_width)
        self.rises = nn.ModuleList(
            (
                Rise(deep, beside[2], eighth),
                Rise(eighth, beside[1], quarter),
                Rise(quarter, beside[0], half),
            )
        )
        # Training in bfloat16 is slow with odd numbers of planes: the head has some that nobody reads.
        self.head = nn.Conv2d(half, in_sixteens(classes_or_planes + 7), 1)
        nn.init.normal_(self.head.weight, std=0.02)
        self.reach = reach_of(self) + 2
        """Pixels; 2 for the smooth enlargement of the result."""

    def forward(self, image: Tensor) -> Tensor:
        seen = []
        features = image
        for stage in self.encoder:
            features = stage(features)
            seen.append(features)
        for rise, beside in zip(self.rises, reversed(seen[1:-1]), strict=True):
            features = rise(features, beside)
        # Plane by plane: enlarging and losses are a third faster than on planes side by side.
        answers = self.head(features)[:, : self.planes].float().contiguous()
        return doubled(answers, image)

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output: shallow half of the encoder, deep half, decoder."""
        stages = list(self.encoder)
        return [stages[:3], stages[3:], [*self.rises, self.head]]


ARCHITECTURE = Architecture("small_unet", SmallUNet)
