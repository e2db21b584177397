"""How far pictures are from the common look of some others, as a perceptual net sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from imgstudio.engine.features import Features
from imgstudio.engine.style.statistics import (
    LayerStatistics,
    relative_squares,
    statistics,
    statistics_distance,
)
from imgstudio.learn.perceptual import StyleWeights


class LookDistance:
    """Compares the mean statistics of one set of pictures with those of another (Gatys 2016, over many pictures).

    Means over the set, not picture by picture: pictures of one look differ among themselves.
    """

    def __init__(self, features: Features, looks: Iterable[Tensor]) -> None:
        """`looks` are (1, 3, h, w) in 0..1, one or more, on the device of `features`."""
        self._features = features
        self._wanted = self._mean_statistics(looks)

    def style(self, made: Iterable[Tensor]) -> float:
        """0: the same statistics as the look; about 1: foreign. Of (1, 3, h, w) pictures, one or more."""
        pairs = list(zip(self._mean_statistics(made), self._wanted, strict=True))
        return sum(float(statistics_distance(one, other)) for one, other in pairs) / len(pairs)

    @torch.no_grad()
    def content(self, made: Tensor, photo: Tensor) -> float:
        """0: the same things at the same places; about 1: nothing of them. Of two (n, 3, h, w)."""
        layers, wanted = (list(self._features(pictures).values()) for pictures in (made, photo))
        place = min(StyleWeights().content_layer, len(layers) - 1)
        return float(relative_squares(layers[place], wanted[place]))

    @torch.no_grad()
    def _mean_statistics(self, pictures: Iterable[Tensor]) -> list[LayerStatistics]:
        rows = [[statistics(layer) for layer in self._features(one).values()] for one in pictures]
        return [_mean(layer) for layer in zip(*rows, strict=True)]


def _mean(several: Sequence[LayerStatistics]) -> LayerStatistics:
    parts = zip(*several, strict=True)
    return LayerStatistics(*(torch.stack(part).mean(0) for part in parts))
