"""Distances by what a perceptual network sees: features, their statistics, and the style of a painting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from imgstudio.engine.features import Features
from imgstudio.engine.style.statistics import (
    TINY,
    LayerStatistics,
    relative_squares,
    statistics,
    statistics_distance,
    total_variation,
)


@dataclass(frozen=True, slots=True)
class FeatureWeights:
    """What counts how much in `FeatureLoss`. Every part is relative to the truth, so nets may be exchanged."""

    pixel: float = 1.0
    features: float = 0.1
    texture: float = 0.02
    """Of the statistics of features (Gram terms): how fine detail is distributed, not where it lies."""
    layers: tuple[float, ...] = (5.0, 15.0, 2.0)
    """Of the last layers, finest first (Johnson 2016 as taught by fastai); only their ratio matters."""


@dataclass(frozen=True, slots=True)
class StyleWeights:
    """What counts how much in `StyleLoss`."""

    content: float = 2.0
    style: float = 12.0
    smoothness: float = 0.1
    content_layer: int = 2
    """Index into the layers, finest first; the last one where there are fewer."""


class FeatureLoss:
    """Pixel, feature and texture distance of restored pictures from the true ones."""

    def __init__(self, features: Features, weights: FeatureWeights | None = None) -> None:
        self.features = features
        self.weights = weights or FeatureWeights()

    def __call__(self, output: Tensor, truth: Tensor) -> dict[str, Tensor]:
        """Weighted terms "pixel", "features" and "texture" of (n, 3, h, w) pictures in 0..1; float32 scalars."""
        weights = self.weights
        terms = {"pixel": weights.pixel * (output.float() - truth.float()).abs().mean()}
        if weights.features == 0 and weights.texture == 0:
            return terms
        made = _maps(self.features, output)
        with torch.no_grad():
            wanted = _maps(self.features, truth)
        layers = list(_weighted_layers(made, wanted, weights.layers))
        terms["features"] = (
            weights.features * torch.stack([w * relative_l1(a, b) for w, a, b in layers]).sum()
        )
        if weights.texture > 0:
            distances = [w * statistics_distance(statistics(a), statistics(b)) for w, a, b in layers]
            terms["texture"] = weights.texture * torch.stack(distances).sum()
        return terms


class StyleLoss:
    """Content of one picture, style of another (Gatys 2016, Johnson 2016), both relative to their size."""

    def __init__(self, features: Features, painting: Tensor, weights: StyleWeights | None = None) -> None:
        """`painting` is (1, 3, h, w) in 0..1, at the size at which its strokes are to be learned."""
        self.features = features
        self.weights = weights or StyleWeights()
        with torch.no_grad():
            self.targets = [statistics(layer) for layer in _maps(features, painting)]

    def __call__(self, output: Tensor, content: Tensor) -> dict[str, Tensor]:
        """Weighted terms "content", "style" and "smoothness" of (n, 3, h, w) pictures in 0..1; float32 scalars."""
        weights = self.weights
        made = _maps(self.features, output)
        place = min(weights.content_layer, len(made) - 1)
        with torch.no_grad():
            wanted = _maps(self.features, content)[place]
        return {
            "content": weights.content * relative_squares(made[place], wanted),
            "style": weights.style * self.style_distance(made),
            "smoothness": weights.smoothness * total_variation(output),
        }

    def style_distance(self, made: Sequence[Tensor]) -> Tensor:
        """Mean over the layers of how far their statistics are from the painting's; 0 = the same, about 1 = foreign."""
        distances = [
            statistics_distance(
                statistics(layer), LayerStatistics(*(part.to(layer.device) for part in target))
            )
            for layer, target in zip(made, self.targets, strict=True)
        ]
        return torch.stack(distances).mean()


def relative_l1(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference / mean absolute value of `wanted`."""
    wanted = wanted.detach().float()
    return (made.float() - wanted).abs().mean() / (wanted.abs().mean() + TINY)


def relative_squares_each(made: Tensor, wanted: Tensor) -> Tensor:
    """(n,): mean squared difference / mean square of `wanted`, of each picture of two batches (n, ...)."""
    wanted = wanted.detach().float().flatten(1)
    squares = (made.float().flatten(1) - wanted).square().mean(1)
    return squares / (wanted.square().mean(1) + TINY)


@torch.no_grad()
def feature_distance(
    features: Features, output: Tensor, truth: Tensor, layers: tuple[float, ...] = FeatureWeights().layers
) -> float:
    """How different two batches look to a perceptual net: 0 = alike; comparable for one and the same net only."""
    pairs = _weighted_layers(_maps(features, output), _maps(features, truth), layers)
    return float(sum(weight * float(relative_l1(made, wanted)) for weight, made, wanted in pairs))


def _maps(features: Features, pictures: Tensor) -> list[Tensor]:
    return list(features(pictures).values())


def _weighted_layers(
    made: Sequence[Tensor], wanted: Sequence[Tensor], weights: tuple[float, ...]
) -> Iterator[tuple[float, Tensor, Tensor]]:
    """The last layers with their weights, which then sum to one."""
    used = weights[-len(made) :]
    start = len(made) - len(used)
    for weight, one, other in zip(used, made[start:], wanted[start:], strict=True):
        yield weight / sum(used), one, other
