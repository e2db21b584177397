"""A painting network together with one that tells, from what is seen in a picture, how to paint like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.stylenet import Statistics, StyleNet


class StylePredictor(nn.Module):
    """What a perceptual net sees in a painting, to the vector of its style (Ghiasi et al. 2017)."""

    def __init__(self, seen: int, inner: int, length: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(seen))
        self.register_buffer("deviation", torch.ones(seen))
        self.squeeze = nn.Linear(seen, inner)
        self.spread = nn.Linear(inner, length)

    def measure(self, examples: Tensor) -> None:
        """Bring each number of later inputs to the mean and deviation that it has in `examples` (n, seen)."""
        self.mean.copy_(examples.mean(0))
        self.deviation.copy_(examples.std(0).clamp_min(1e-3))

    def forward(self, seen: Tensor) -> Tensor:
        """`appearance` of pictures, (n, seen), to (n, length)."""
        normal = ((seen - self.mean) / self.deviation).clamp(-4, 4)
        vector: Tensor = self.spread(F.gelu(self.squeeze(normal)))
        return vector


class AnyStyle(nn.Module):
    """`painter` knows some styles by heart, its table; `predictor` finds the vector of any other picture.

    As a network it is its painter.
    """

    multiple_of = StyleNet.multiple_of
    is_global = True

    def __init__(
        self, styles: int = 1, *, seen: int, inner: int = 128, width: int = 32, blocks: int = 5
    ) -> None:
        """`seen` is the length of `appearance` of the perceptual net that goes with it."""
        super().__init__()
        self.painter = StyleNet(styles, width=width, blocks=blocks)
        self.predictor = StylePredictor(seen, inner, self.painter.vector_length)
        plain = self.painter.vector()[0].detach()
        nn.init.normal_(self.predictor.spread.weight, std=0.01)
        with torch.no_grad():
            self.predictor.spread.bias.copy_(plain)
        self.overlap = self.painter.overlap

    def forward(
        self, image: Tensor, style: Tensor | None = None, statistics: Statistics | None = None
    ) -> Tensor:
        painted: Tensor = self.painter(image, style, statistics)
        return painted


def appearance(layers: Mapping[str, Tensor] | Sequence[Tensor]) -> Tensor:
    """(n, sum of planes * 2): mean and deviation of each plane of the layers (n, planes, h, w) of a picture."""
    values = layers.values() if isinstance(layers, Mapping) else layers
    parts = []
    for features in values:
        variance, mean = torch.var_mean(features.float(), (2, 3), correction=0)
        parts += [mean, (variance + 1e-8).sqrt()]
    return torch.cat(parts, 1)


ARCHITECTURE = Architecture("anystyle", AnyStyle)
