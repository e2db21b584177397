"""The network that paints a picture in one of several styles, or in a blend of them, in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.reach import reach_of

Statistics: TypeAlias = list[Tensor]
"""(2, n, planes) for each normalisation, in order: mean and deviation of what came in."""

_EPS = 1e-5


class StyledNorm(nn.Module):
    """Bring each plane of each picture to mean 0 and deviation 1, then to those of the style.

    Conditional instance normalisation (Dumoulin et al. 2016).
    """

    def __init__(self, planes: int, styles: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(styles, planes))
        self.shift = nn.Parameter(torch.zeros(styles, planes))

    def forward(self, features: Tensor, style: Tensor, measured: Tensor) -> Tensor:
        # No matrix product: that would be rounded to bfloat16 in training.
        scale, shift = ((style[:, :, None] * table).sum(1) for table in (self.scale, self.shift))
        factor = scale / measured[1]
        moved = shift - measured[0] * factor
        return features * factor[:, :, None, None].to(features.dtype) + moved[:, :, None, None].to(
            features.dtype
        )


class _Visit:
    """Guards that every normalisation of one pass takes its own statistics, given or measured."""

    def __init__(self, style: Tensor, given: Sequence[Tensor] | None) -> None:
        self.style = style
        self.measured: Statistics = []
        self._given: Iterator[Tensor] | None = None if given is None else iter(given)

    def normalise(self, layer: StyledNorm, features: Tensor) -> Tensor:
        statistics = _measured(features) if self._given is None else next(self._given)
        self.measured.append(statistics)
        normal: Tensor = layer(features, self.style, statistics)
        return normal


class Stroke(nn.Module):
    """Mirrored border, convolution, styled normalisation."""

    def __init__(self, incoming: int, outgoing: int, kernel: int, styles: int, *, stride: int = 1) -> None:
        super().__init__()
        self.border = kernel // 2
        self.paint = nn.Conv2d(incoming, outgoing, kernel, stride=stride, bias=False)
        self.norm = StyledNorm(outgoing, styles)
        nn.init.kaiming_normal_(self.paint.weight)

    def forward(self, features: Tensor, visit: _Visit) -> Tensor:
        return visit.normalise(self.norm, self.paint(mirrored(features, self.border)))


class StrokePair(nn.Module):
    """Two strokes, added to what came in."""

    def __init__(self, planes: int, styles: int) -> None:
        super().__init__()
        self.first = Stroke(planes, planes, 3, styles)
        self.second = Stroke(planes, planes, 3, styles)

    def forward(self, features: Tensor, visit: _Visit) -> Tensor:
        change: Tensor = self.second(F.relu(self.first(features, visit)), visit)
        return features + change


class StyleNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to the same size, 0..1, float32.

    After Johnson et al. 2016, with nearest-neighbour enlargement before the convolutions. Normalisation looks
    at the whole picture: for tiles, measure `statistics` of a smaller copy once and give them to each tile.
    Tiles must begin at multiples of 4 pixels.
    """

    multiple_of = 4
    is_global = True
    """Whether something in it looks at the whole picture, beyond `reach`."""

    def __init__(self, styles: int = 1, *, width: int = 32, blocks: int = 4, edge: int = 9) -> None:
        super().__init__()
        if edge % 2 == 0:
            raise ValueError("the window at the edges must be odd")
        self.styles = styles
        self.first = Stroke(3, width, edge, styles)
        self.down = nn.ModuleList(
            (
                Stroke(width, 2 * width, 3, styles, stride=2),
                Stroke(2 * width, 4 * width, 3, styles, stride=2),
            )
        )
        self.blocks = nn.ModuleList(StrokePair(4 * width, styles) for _ in range(blocks))
        self.up = nn.ModuleList(
            (Stroke(4 * width, 2 * width, 3, styles), Stroke(2 * width, width, 3, styles))
        )
        self.border = edge // 2
        self.last = nn.Conv2d(width, 3, edge)
        nn.init.normal_(self.last.weight, std=0.01)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)
        self.reach = reach_of(self)
        """Pixels, when the statistics are given."""
        self.overlap = self.reach

    def forward(
        self, image: Tensor, style: Tensor | None = None, statistics: Sequence[Tensor] | None = None
    ) -> Tensor:
        """`style` (n, styles) mixes the styles, usually summing to 1; without, all take part alike."""
        visit = _Visit(self._style(image, style), statistics)
        return self._run(image, visit)

    @torch.no_grad()
    def statistics(self, image: Tensor, style: Tensor | None = None) -> Statistics:
        """What the normalisations see in `image`, to be given to `forward` for its tiles."""
        visit = _Visit(self._style(image, style), None)
        self._run(image, visit)
        return visit.measured

    def _style(self, image: Tensor, style: Tensor | None) -> Tensor:
        if style is None:
            return image.new_full((image.shape[0], self.styles), 1 / self.styles, dtype=torch.float32)
        return style

    def _run(self, image: Tensor, visit: _Visit) -> Tensor:
        features = F.relu(self.first(image - 0.5, visit))
        for stroke in self.down:
            features = F.relu(stroke(features, visit))
        for pair in self.blocks:
            features = pair(features, visit)
        for stroke in self.up:
            features = F.relu(stroke(F.interpolate(features, scale_factor=2.0, mode="nearest"), visit))
        # Sides that are no multiples of 4 were rounded up on the way down.
        features = features[:, :, : image.shape[2], : image.shape[3]]
        return self.last(mirrored(features, self.border)).float().sigmoid()

    def start_from(self, other: StyleNet) -> None:
        """Take over the strokes of `other`; every style here starts as the mean of the styles there.

        Raises RuntimeError when they differ in more than the number of styles.
        """
        state = other.state_dict()
        for name, module in self.named_modules():
            if isinstance(module, StyledNorm):
                for part in ("scale", "shift"):
                    mean = state[f"{name}.{part}"].mean(0, keepdim=True)
                    state[f"{name}.{part}"] = mean.repeat(self.styles, 1)
        self.load_state_dict(state)

    def groups(self) -> list[list[nn.Module]]:
        """Trunk, then first and last convolution, then the styles: a new style needs only the latter ones."""
        strokes = [module for module in self.modules() if isinstance(module, Stroke)]
        trunk = [stroke.paint for stroke in strokes if stroke is not self.first]
        return [list(trunk), [self.first.paint, self.last], [stroke.norm for stroke in strokes]]


def mirrored(features: Tensor, border: int) -> Tensor:
    """Extend (n, c, h, w) on all sides; sides too short for a mirror repeat their last pixel."""
    mode = "reflect" if min(features.shape[2:]) > border else "replicate"
    return F.pad(features, (border,) * 4, mode)


def _measured(features: Tensor) -> Tensor:
    """(2, n, planes) mean and deviation, float32."""
    variance, mean = torch.var_mean(features.float(), (2, 3), correction=0)
    return torch.stack((mean, (variance + _EPS).sqrt()))


ARCHITECTURE = Architecture("stylenet", StyleNet)
