"""The network that paints a picture in one of several styles, or in a blend of them, in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.reach import reach_of
from imgstudio.engine.nets.upsampling import icnr

Statistics: TypeAlias = list[Tensor]
"""(2, n, planes) for each normalisation, in order: mean and variance of what came in."""

_EPS = 1e-5


class StyledNorm(nn.Module):
    """Bring each plane of each picture to mean 0 and deviation 1, then to those of the style.

    Conditional instance normalisation (Dumoulin et al. 2016).
    """

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.planes = planes

    def forward(self, features: Tensor, style: Tensor, given: Tensor | None) -> tuple[Tensor, Tensor]:
        """`style` is (2, n, planes), scale and shift; also returns the statistics, measured unless `given`."""
        count, planes, height, width = features.shape
        # Planes of all pictures in one row: the same as one picture for the kernels of batch normalisation.
        row = features.reshape(1, count * planes, height, width)
        scale, shift = (part.expand(count, planes).reshape(-1).to(_wide(features)) for part in style)
        if given is not None:
            mean, variance = (part.expand(count, planes).reshape(-1).to(_wide(features)) for part in given)
            normal = F.batch_norm(row, mean, variance, scale, shift, training=False, eps=_EPS)
            return normal.reshape(features.shape), given
        normal, mean, inverse = torch.native_batch_norm(row, scale, shift, None, None, True, 0.0, _EPS)  # noqa: FBT003
        seen = torch.stack((mean.detach(), inverse.detach().pow(-2) - _EPS)).reshape(2, count, planes)
        return normal.reshape(features.shape), seen


class _Visit:
    """Guards that every normalisation of one pass takes its own part of the style and its own statistics."""

    def __init__(self, style: Tensor, given: Sequence[Tensor] | None) -> None:
        self.measured: Statistics = []
        self._style = style
        self._place = 0
        self._given: Iterator[Tensor] | None = None if given is None else iter(given)

    def normalise(self, layer: StyledNorm, features: Tensor) -> Tensor:
        own = self._style[:, self._place : self._place + 2 * layer.planes]
        self._place += 2 * layer.planes
        style = own.reshape(len(own), 2, layer.planes).transpose(0, 1)
        normal, seen = layer(features, style, None if self._given is None else next(self._given))
        self.measured.append(seen)
        return normal


class Stroke(nn.Module):
    """Mirrored border, 3x3 convolution, styled normalisation."""

    def __init__(self, incoming: int, outgoing: int, *, stride: int = 1) -> None:
        super().__init__()
        self.paint = nn.Conv2d(incoming, outgoing, 3, stride=stride, bias=False)
        self.norm = StyledNorm(outgoing)
        nn.init.kaiming_normal_(self.paint.weight)

    def forward(self, features: Tensor, visit: _Visit) -> Tensor:
        return visit.normalise(self.norm, self.paint(mirrored(features)))


class StrokePair(nn.Module):
    """Two strokes, added to what came in."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.first = Stroke(planes, planes)
        self.second = Stroke(planes, planes)

    def forward(self, features: Tensor, visit: _Visit) -> Tensor:
        change: Tensor = self.second(F.relu(self.first(features, visit)), visit)
        return features + change


class StyleTable(nn.Module):
    """Vectors of the styles that a network knows: scale, then shift of each of its normalisations, in order."""

    def __init__(self, styles: int, planes: Sequence[int]) -> None:
        super().__init__()
        plain = torch.cat([torch.cat((torch.ones(count), torch.zeros(count))) for count in planes])
        self.vectors = nn.Parameter(plain.repeat(styles, 1))


class StyleNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to the same size, 0..1, float32.

    Residual blocks at a quarter of the size between down- and up-sampling, after Johnson et al. 2016; all other
    layers work at half the size and their planes are shuffled into pixels (Shi et al. 2016), which is three times
    as fast. Normalisation looks at the whole picture: for tiles, measure `statistics` of a smaller copy once and
    give them to each tile. Tiles must begin at multiples of 4 pixels.
    """

    multiple_of = 4
    is_global = True
    """Whether something in it looks at the whole picture, beyond `reach`."""

    def __init__(self, styles: int = 1, *, width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        self.width = width
        self.first = Stroke(12, width)
        self.down = Stroke(width, 2 * width, stride=2)
        self.blocks = nn.ModuleList(StrokePair(2 * width) for _ in range(blocks))
        self.up = Stroke(2 * width, width)
        self.last = nn.Conv2d(width, 12, 3)
        self.blur = nn.AvgPool2d(2, 1)
        icnr(self.last.weight, fill=lambda weight: nn.init.normal_(weight, std=0.01))
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)
        planes = [module.planes for module in self.modules() if isinstance(module, StyledNorm)]
        self.styles = StyleTable(styles, planes)
        self.reach = reach_of(self)
        """Pixels, when the statistics are given."""
        self.overlap = self.reach

    @property
    def vector_length(self) -> int:
        """Numbers that make a style."""
        return self.styles.vectors.shape[1]

    def vector(self, weights: Tensor | None = None) -> Tensor:
        """(n, vector_length) of (n, styles) weights, which usually sum to 1; without, the mean of all styles."""
        vectors = self.styles.vectors
        if weights is None:
            return vectors.mean(0, keepdim=True)
        # No matrix product: that would be rounded to bfloat16 in training.
        return (weights[:, :, None] * vectors).sum(1)

    def forward(
        self, image: Tensor, style: Tensor | None = None, statistics: Sequence[Tensor] | None = None
    ) -> Tensor:
        """`style` is (n or 1, vector_length): one that was learned, any other, or a weighted mean of some."""
        return self._run(image, _Visit(self.vector() if style is None else style, statistics))

    @torch.no_grad()
    def statistics(self, image: Tensor, style: Tensor | None = None) -> Statistics:
        """What the normalisations see in `image`, to be given to `forward` for its tiles."""
        visit = _Visit(self.vector() if style is None else style, None)
        self._run(image, visit)
        return visit.measured

    def _run(self, image: Tensor, visit: _Visit) -> Tensor:
        height, width = image.shape[2:]
        whole = F.pad(image, (0, -width % 4, 0, -height % 4), mode="replicate")
        features = F.relu(self.first(F.pixel_unshuffle(whole - 0.5, 2), visit))
        features = F.relu(self.down(features, visit))
        for pair in self.blocks:
            features = pair(features, visit)
        features = F.relu(self.up(F.interpolate(features, scale_factor=2.0, mode="nearest"), visit))
        shuffled = F.pixel_shuffle(self.last(mirrored(features)), 2)
        # The mean over 2x2 neighbours removes the lattice that shuffling leaves (Sugawara et al. 2018).
        painted = self.blur(F.pad(shuffled, (1, 0, 1, 0), mode="reflect"))
        return painted[:, :, :height, :width].float().sigmoid()

    def start_from(self, other: StyleNet) -> None:
        """Take over the strokes of `other`; every style here starts as the mean of the styles there.

        Raises RuntimeError when they differ in more than the number of styles.
        """
        state = other.state_dict()
        state["styles.vectors"] = (
            state["styles.vectors"].mean(0, keepdim=True).repeat(len(self.styles.vectors), 1)
        )
        self.load_state_dict(state)

    def groups(self) -> list[list[nn.Module]]:
        """Trunk, then first and last convolution, then the styles: a new style needs only the latter ones."""
        strokes = [module for module in self.modules() if isinstance(module, Stroke)]
        trunk = [stroke.paint for stroke in strokes if stroke is not self.first]
        return [list(trunk), [self.first.paint, self.last], [self.styles]]


def mirrored(features: Tensor) -> Tensor:
    """Extend (n, c, h, w) by one on all sides; sides too short for a mirror repeat their last pixel."""
    mode = "reflect" if min(features.shape[2:]) > 1 else "replicate"
    return F.pad(features, (1, 1, 1, 1), mode=mode)


def _wide(features: Tensor) -> torch.dtype:
    """Format of what belongs to whole planes."""
    return torch.promote_types(features.dtype, torch.float32)


ARCHITECTURE = Architecture("stylenet", StyleNet)
