"""What a painting's layers are like, gone through in tiles, and how far a picture is from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from imgstudio.core.pixels import Floats
from imgstudio.engine.device import autocast
from imgstudio.engine.features import Features
from imgstudio.engine.style.histograms import Sample, quantiles, sample_of
from imgstudio.engine.style.settings import Measure
from imgstudio.engine.style.statistics import (
    LayerStatistics,
    Sums,
    statistics_distance,
    sums_of,
    wasserstein,
)
from imgstudio.engine.style.windows import tiles_of


class Target(NamedTuple):
    """What a layer shall be like."""

    statistics: LayerStatistics
    quantiles: Tensor | None
    """(c, QUANTILES); None where histograms do not count."""
    square: float
    """Mean square of the layer's values."""


def targets_of(features: Features, picture: Tensor, tile: int, *, histograms: bool) -> list[Target]:
    """Of each layer of (1, 3, h, w)."""
    sums: list[Sums] = []
    samples: list[Sample] = []
    for part in tiles_of((picture.shape[2], picture.shape[3]), tile):
        with autocast(picture.device):
            layers = [part.inner(values) for values in features(picture[part.seen]).values()]
        own = [sums_of(values) for values in layers]
        sums = [a.plus(b) for a, b in zip(sums, own, strict=True)] if sums else own
        if histograms:
            found = [sample_of(values) for values in layers]
            samples = [a.plus(b) for a, b in zip(samples, found, strict=True)] if samples else found
    return [
        Target(one.statistics(), quantiles(samples[k]) if samples else None, _mean_square(one))
        for k, one in enumerate(sums)
    ]


def style_apart(
    rows: Sequence[Sequence[Sums]],
    targets: Sequence[Sequence[Target]],
    weights: Sequence[float],
    measure: Measure,
) -> Tensor:
    """Mean over layers, of the weighted sum over styles; `rows` by layer, then style, `targets` by style first."""
    distance = wasserstein if measure == "wasserstein" else statistics_distance
    losses = [
        weight * distance(sums.statistics(), target[layer].statistics)
        for layer, row in enumerate(rows)
        for sums, weight, target in zip(row, weights, targets, strict=True)
    ]
    return torch.stack(losses).sum() / len(rows)


def tensor_of(values: Floats, device: torch.device) -> Tensor:
    """(1, c, h, w) of (h, w, c) or (h, w)."""
    planes = values[..., None] if values.ndim == 2 else values
    return torch.from_numpy(planes.astype("float32")).permute(2, 0, 1)[None].to(device).contiguous()


def _mean_square(sums: Sums) -> float:
    traces = sums.products.diagonal(dim1=1, dim2=2).mean(1) / sums.weight
    return float(traces.mean()) + 1e-8
