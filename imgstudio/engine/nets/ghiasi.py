"""The network that paints a picture like any other one, given 100 numbers that tell how that one is painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.ghiasi_predictor import VECTOR, GhiasiPredictor
from imgstudio.engine.nets.reach import reach_of

Statistics: TypeAlias = list[Tensor]
"""(2, n, planes) for each normalisation, in order: mean and variance of what came in."""

_EPS = 1e-5
_BLOCKS = 5
_EDGE = 9
"""Window (pixels) of the first and of the last convolution."""


class _Visit:
    """Guards that every normalisation of one pass takes its own statistics, given or measured."""

    def __init__(self, vector: Tensor, given: Sequence[Tensor] | None) -> None:
        self.measured: Statistics = []
        self._vector = vector
        self._given: Iterator[Tensor] | None = None if given is None else iter(given)

    def normalise(self, layer: VectorNorm, features: Tensor) -> Tensor:
        statistics = _measured(features) if self._given is None else next(self._given)
        self.measured.append(statistics)
        normal: Tensor = layer(features, self._vector, statistics)
        return normal


class VectorNorm(nn.Module):
    """Bring each plane to mean 0 and deviation 1, then to those that the vector of the style asks for.

    Conditional instance normalisation (Dumoulin et al. 2016) with scale and shift that are linear in the vector.
    """

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.scale = nn.Linear(VECTOR, planes)
        self.shift = nn.Linear(VECTOR, planes)

    def forward(self, features: Tensor, vector: Tensor, statistics: Tensor) -> Tensor:
        mean, variance = statistics
        factor = _linear(self.scale, vector) / (variance + _EPS).sqrt()
        moved = _linear(self.shift, vector) - mean * factor
        moved, factor = (part[:, :, None, None].to(features.dtype) for part in (moved, factor))
        return torch.addcmul(moved, features, factor)


class StyledConv(nn.Module):
    """Mirrored border, convolution, normalisation to the style."""

    def __init__(self, incoming: int, outgoing: int, kernel: int = 3) -> None:
        super().__init__()
        self.paint = nn.Conv2d(incoming, outgoing, kernel, bias=False)
        self.norm = VectorNorm(outgoing)

    def forward(self, features: Tensor, visit: _Visit) -> Tensor:
        return visit.normalise(self.norm, _convolved(self.paint, features))


class Residual(nn.Module):
    """Two convolutions, added to what came in."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.first = StyledConv(planes, planes)
        self.second = StyledConv(planes, planes)

    def forward(self, features: Tensor, visit: _Visit) -> Tensor:
        change: Tensor = self.second(F.relu(self.first(features, visit)), visit)
        return features + change


class GhiasiPainter(nn.Module):
    """RGB (n, 3, h, w) in 0..1 and the vector of a style, (n or 1, 100), to the same size, 0..1, float32.

    The transformer of "Exploring the structure of a real-time, arbitrary neural artistic stylization network"
    (Ghiasi et al. 2017), in the narrow form of 8, 16 and 32 planes that Magenta published for small devices;
    `ghiasi_predictor` makes the vectors. Any size. Normalisation looks at the whole picture: for tiles, measure
    `statistics` of a smaller copy once and give them to each tile. Tiles must begin at multiples of 4 pixels.
    """

    multiple_of = 4
    is_global = True
    """Whether something in it looks at the whole picture, beyond `reach`."""
    vector_length = VECTOR
    """Numbers that make a style."""

    def __init__(self) -> None:
        super().__init__()
        self.contract = nn.ModuleList(
            (nn.Conv2d(3, 8, _EDGE), nn.Conv2d(8, 16, 3, stride=2), nn.Conv2d(16, 32, 3, stride=2))
        )
        self.residual = nn.ModuleList(Residual(32) for _ in range(_BLOCKS))
        self.expand = nn.ModuleList((StyledConv(32, 16), StyledConv(16, 8), StyledConv(8, 3, _EDGE)))
        self.reach = reach_of(self)
        """Pixels, when the statistics are given."""
        self.overlap = self.reach

    def forward(
        self, image: Tensor, style: Tensor | None = None, statistics: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Weighted means of vectors give styles in between; without one, the middle of all (0)."""
        return self._run(image, _Visit(_vector(image, style), statistics))

    @torch.no_grad()
    def statistics(self, image: Tensor, style: Tensor | None = None) -> Statistics:
        """What the normalisations see in `image` with this style, to be given to `forward` for its tiles."""
        visit = _Visit(_vector(image, style), None)
        self._run(image, visit)
        return visit.measured

    def _run(self, image: Tensor, visit: _Visit) -> Tensor:
        height, width = image.shape[2:]
        features = F.pad(image, (0, -width % 4, 0, -height % 4), mode="replicate")
        for layer in self.contract:
            features = F.relu(_convolved(layer, features))
        for pair in self.residual:
            features = pair(features, visit)
        for stroke in self.expand[:2]:
            features = F.relu(stroke(F.interpolate(features, scale_factor=2.0, mode="nearest"), visit))
        painted: Tensor = self.expand[2](features, visit)
        return painted[:, :, :height, :width].float().sigmoid()


class GhiasiStyle(nn.Module):
    """Both networks: `predictor` makes vectors of styles, `painter` paints with them. As a network it is its painter."""

    multiple_of = GhiasiPainter.multiple_of
    is_global = True

    def __init__(self) -> None:
        super().__init__()
        self.painter = GhiasiPainter()
        self.predictor = GhiasiPredictor()
        self.overlap = self.painter.overlap

    def forward(
        self, image: Tensor, style: Tensor | None = None, statistics: Statistics | None = None
    ) -> Tensor:
        painted: Tensor = self.painter(image, style, statistics)
        return painted


def _vector(image: Tensor, style: Tensor | None) -> Tensor:
    wide = torch.promote_types(image.dtype, torch.float32)
    return image.new_zeros((1, VECTOR), dtype=wide) if style is None else style


def _convolved(layer: nn.Module, features: Tensor) -> Tensor:
    """Convolve with a mirrored border; sides too short for a mirror repeat their last pixel."""
    assert isinstance(layer, nn.Conv2d)
    border = layer.kernel_size[0] // 2
    mode = "reflect" if min(features.shape[2:]) > border else "replicate"
    convolved: Tensor = layer(F.pad(features, (border,) * 4, mode))
    return convolved


def _measured(features: Tensor) -> Tensor:
    """(2, n, planes) mean and variance, at least float32."""
    wide = features.to(torch.promote_types(features.dtype, torch.float32))
    variance, mean = torch.var_mean(wide, (2, 3), correction=0)
    return torch.stack((mean, variance))


def _linear(layer: nn.Linear, vector: Tensor) -> Tensor:
    """(n, planes); without a matrix product, which autocast would round to bfloat16."""
    return (vector[:, None] * layer.weight).sum(2) + layer.bias


ARCHITECTURE = Architecture("ghiasi", GhiasiStyle)
