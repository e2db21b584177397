"""What is minimised at one size while an object is painted, and the descent of its pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from imgstudio.core.pixels import Floats
from imgstudio.engine.device import autocast, guard
from imgstudio.engine.features import Features
from imgstudio.engine.harmonize.targets import REFERENCE, Wanted, at
from imgstudio.engine.style.descent import Descent
from imgstudio.engine.style.histograms import histogram_apart, quantiles, sample_of
from imgstudio.engine.style.statistics import TINY, roughness, statistics_distance, sums_of

RANGE: Final = 20.0
"""Weight of the squares by which colours leave 0..1."""
PULL: Final = 100.0
"""Weight of the squared distance to a colour that somebody painted."""
CONTENT: Final = 1.0
STYLE: Final = 2.5
HISTOGRAM: Final = 2.5
TONE: Final = 50.0
SMOOTHNESS: Final = 1.0
"""What a weight of 1 means."""
TONE_BLUR: Final = 3.0
"""Deviation (pixels) of the blur under which colours are held."""
HUE: Final = 4.0
"""How much more a difference of colour counts in that than one of light."""
CALM: Final = 2.0
"""Deviation (pixels) of the blur under which colours move, so that they do not speckle; light moves freely."""
HISTOGRAM_LAYERS: Final = (-1, 0, 3)
"""Of colours, grain and strokes."""
SAMPLE: Final = 1 << 12
"""Places of the object whose histogram is looked at, about."""
FIRST: Final = 0.01
"""Root mean square of the first step, on the object."""
SHARE: Final = 1e-3
"""Of the crop that an object counts for at least."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts."""

    content: float
    style: float
    histogram: float
    smoothness: float
    tone: float


@dataclass(frozen=True, eq=False, slots=True)
class Maps:
    """Where what counts, (1, c, h, w) each at the size painted at; None is everywhere alike."""

    tight: Tensor
    loose: Tensor
    style: Tensor | None = None
    content: Tensor | None = None
    pull: Tensor | None = None
    colour: Tensor | None = None


class Objective:
    """Pixels of a size that move. Guards: where the loose mask is 0 they stay."""

    def __init__(
        self,
        features: Features,
        content: Tensor,
        now: Tensor,
        wanted: Wanted,
        weights: Weights,
        maps: Maps,
        check: Callable[[], None],
    ) -> None:
        """`content` and `now` are (1, 3, h, w): what it shows, and from where it begins."""
        self._features, self._wanted, self._weights, self._check = features, wanted, weights, check
        self.maps = maps
        self._fixed = now.clone()
        self.y = now.clone().requires_grad_()
        self._share = max(float(maps.tight.mean()), SHARE)
        self._descent = Descent(self.y, first=FIRST * self._share**0.5)
        with torch.no_grad(), autocast(now.device):
            layers = list(features(content).values())
        self._index = min(REFERENCE, len(layers) - 1)
        self._content = layers[self._index].float()
        place = at(maps.tight, self._content)
        self._tones = tones(content)
        self._content_size = float((place * self._centred(self._content, place).square()).sum()) + TINY

    def heed(self, maps: Maps) -> None:
        self.maps = maps
        self._descent.forget()

    def picture(self) -> Tensor:
        """(1, 3, h, w)."""
        return self._fixed + self.maps.loose * calmed(self.y - self._fixed)

    def pixels(self) -> Floats:
        """(h, w, 3) in 0..1."""
        made = self.picture().detach()[0].permute(1, 2, 0).float().cpu().numpy()
        return np.ascontiguousarray(np.clip(made, 0, 1), np.float32)

    def step(self) -> float:
        """One step of the descent; the loss before it. Raises Cancelled."""
        self._check()
        with guard():
            loss = self._looked()
            assert self.y.grad is not None
            self._descent.move(self.y.grad)
            return loss

    def _looked(self) -> float:
        """The loss of the picture as it stands, its gradient in `y.grad`."""
        self.y.grad = None
        loss = self.loss()
        loss.backward()
        return float(loss.detach())

    def loss(self) -> Tensor:
        return torch.stack(list(self.terms().values())).sum()

    def terms(self) -> dict[str, Tensor]:
        """By name, weighted."""
        x = self.picture()
        with autocast(x.device):
            layers = [values.float() for values in self._features(x).values()]
        seen = {-1: x, **dict(enumerate(layers))}
        freed = {index: self._freed(values) for index, values in seen.items()}
        w = self._weights
        return {
            "pixels": self._pixel_loss(x),
            "tone": TONE * w.tone * self._tone_loss(x),
            "content": CONTENT * w.content * self._content_loss(layers[self._index]),
            "style": STYLE * w.style * self._style_loss(freed),
            "histogram": HISTOGRAM * w.histogram * self._histogram_loss(freed),
        }

    def _pixel_loss(self, x: Tensor) -> Tensor:
        y, maps = self.y, self.maps
        beyond = (y - y.clamp(0, 1)).square().mean() / self._share
        loss = RANGE * beyond + SMOOTHNESS * self._weights.smoothness * roughness(x) / self._share
        if maps.pull is not None and maps.colour is not None:
            loss = loss + PULL * (maps.pull * (x - maps.colour).square()).mean() / self._share
        return loss

    def _content_loss(self, layer: Tensor) -> Tensor:
        place = at(self.maps.tight, layer)
        if self.maps.content is not None:
            place = place * at(self.maps.content, layer)
        return (place * (layer - self._content).square()).sum() / self._content_size

    def _tone_loss(self, x: Tensor) -> Tensor:
        """Distance of large patches of colour from those of what it shows."""
        change = tones(x) - self._tones
        light = change.mean(1, keepdim=True)
        apart = light.square() + HUE * (change - light).square()
        place = self.maps.loose if self.maps.pull is None else self.maps.loose * (1 - self.maps.pull)
        if self.maps.content is not None:
            place = place * self.maps.content
        return (place * apart).mean() / self.maps.loose.mean().clamp_min(TINY)

    def _style_loss(self, seen: dict[int, Tensor]) -> Tensor:
        losses = [
            statistics_distance(
                sums_of(seen[k], at(self.maps.tight, seen[k])).statistics(), target.statistics
            )
            for k, target in self._wanted.items()
        ]
        return torch.stack(losses).mean()

    def _histogram_loss(self, seen: dict[int, Tensor]) -> Tensor:
        loss = seen[-1].new_zeros(())
        if self._weights.histogram <= 0:
            return loss
        chosen = [k for k in HISTOGRAM_LAYERS if k in self._wanted]
        for k in chosen:
            target = self._wanted[k]
            assert target.quantiles is not None
            cover = at(self.maps.tight, seen[k]).flatten()
            places = cover.nonzero()[:, 0]
            places = places[:: max(1, len(places) // SAMPLE)]
            values, counted = seen[k].flatten(2)[..., None, places], cover[places].view(1, 1, 1, -1)
            own = quantiles(sample_of(values, counted))
            size = float(counted.sum()) * values.shape[1] * target.square + TINY
            loss = loss + histogram_apart(values, own, target.quantiles, counted) / (size * len(chosen))
        return loss

    def _freed(self, values: Tensor) -> Tensor:
        """The same values, whose gradients are as strong as the wishes for style say."""
        if self.maps.style is None:
            return values
        still = values.detach()
        return still + at(self.maps.style, values) * (values - still)

    @staticmethod
    def _centred(values: Tensor, place: Tensor) -> Tensor:
        return values - (place * values).sum((2, 3), keepdim=True) / place.sum().clamp_min(TINY)


def tones(picture: Tensor) -> Tensor:
    """(1, c, h, w): what is larger than brush strokes."""
    return blurred(picture, TONE_BLUR)


def calmed(change: Tensor) -> Tensor:
    """(1, 3, h, w) whose differences between the colours are blurred; linear."""
    light = change.mean(1, keepdim=True)
    return light + blurred(change - light, CALM)


def blurred(picture: Tensor, sigma: float) -> Tensor:
    """(1, c, h, w) under a bell of this deviation (pixels); beyond its edges all is 0."""
    reach, planes = math.ceil(2.5 * sigma), picture.shape[1]
    steps = torch.arange(-reach, reach + 1, device=picture.device, dtype=picture.dtype)
    bell = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = (bell / bell.sum()).expand(planes, 1, 1, -1)
    across = functional.conv2d(picture, kernel, padding=(0, reach), groups=planes)
    return functional.conv2d(across, kernel.transpose(2, 3), padding=(reach, 0), groups=planes)
