"""One size of a painting that is optimised: its objective, its tiles, its descent.

Pictures larger than a tile are gone through tile by tile, twice a step: first to sum the statistics of the whole, then
for the gradient of each tile towards them, which is that of the whole picture but for what features see beyond a
tile's context.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.device import autocast, guard
from imgstudio.engine.features import Features
from imgstudio.engine.style.descent import Descent
from imgstudio.engine.style.histograms import Sample, histogram_apart, quantiles, sample_of
from imgstudio.engine.style.settings import StylePicture, StyleSettings
from imgstudio.engine.style.statistics import Sums, roughness, sums_of
from imgstudio.engine.style.targets import style_apart, targets_of, tensor_of
from imgstudio.engine.style.windows import ALIGN, TILE, Tile, map_at, tiles_of
from imgstudio.engine.style.wishes import Wishes, resized

PAINTING: Final = 1280
"""Longer side at which paintings are looked at, at most (pixels)."""
RANGE: Final = 20.0
"""Weight of the squares by which colours leave 0..1."""
PULL: Final = 40.0
"""Weight of the squared distance to a colour that somebody painted."""
CONTENT: Final = 2.0
STYLE: Final = 12.0
SMOOTHNESS: Final = 1.0
HISTOGRAM: Final = 1.0
"""What a weight of 1 means."""
HISTOGRAM_LAYERS: Final = (1, 3)
"""Indices, finest first: of grain and of strokes (Risser 2017)."""


class Look(NamedTuple):
    """What is seen of a tile."""

    layers: list[Tensor]
    """Of its kept part, with gradients as strong as the wishes for style say."""
    sums: list[list[Sums]]
    """By layer, then style."""
    content: Tensor
    """The content's share of the loss."""


class Ground:
    """One size of a painting: its objective, its tiles, its descent."""

    def __init__(  # noqa: PLR0913  what a painting is made of
        self,
        features: Features,
        photo: Floats,
        now: Floats,
        styles: Sequence[StylePicture],
        settings: StyleSettings,
        wishes: Wishes,
        device: torch.device,
        progress: Progress,
        *,
        tile: int = TILE,
    ) -> None:
        self._features, self._settings, self._device, self._progress = features, settings, device, progress
        self._styles, self._size = styles, photo.shape[:2]
        self.side = max(self._size)
        self._tiles = tiles_of(self._size, tile)
        self.x = self._tensor(now).requires_grad_()
        self._descent = Descent(self.x)
        self._weights = _shares([style.weight for style in styles])
        with torch.no_grad():
            self._targets = [
                targets_of(features, self._painting(style), tile, histograms=settings.histogram > 0)
                for style in styles
            ]
            pixels = self._tensor(photo)
            self._content = [self._content_of(pixels, tile) for tile in self._tiles]
        self._content_size = sum(float(part.float().square().sum()) for part in self._content)
        self.heed(wishes)

    def heed(self, wishes: Wishes) -> None:
        """Descend towards these wishes from now on, from the picture as it stands."""
        self._maps = {
            name: self._tensor(resized(values, self._size))
            for name in ("style", "content", "pull", "colour")
            if (values := getattr(wishes, name)) is not None
        }
        self._places = [self._place(style, index, wishes) for index, style in enumerate(self._styles)]
        self._descent.forget()

    def rest(self) -> None:
        """Let go of the memory of the descent."""
        self._descent.forget()
        self.x.grad = None

    @torch.no_grad()
    def put(self, picture: Floats) -> None:
        """Go on from a picture (h, w, 3) of any size."""
        self.x.copy_(self._tensor(resized(picture, self._size)))
        self._descent.forget()

    @torch.no_grad()
    def add(self, change: Floats) -> None:
        """Change the picture as another size of it was changed, (h, w, 3)."""
        self.x += self._tensor(resized(change, self._size))
        self._descent.forget()

    def step(self) -> float:
        """One step of the descent; the loss before it. Raises Cancelled."""
        self._progress.token.check()
        loss = self.objective()
        assert self.x.grad is not None
        with guard():
            self._descent.move(self.x.grad)
        return loss

    def objective(self) -> float:
        """What is minimised, of the picture as it stands, its gradient in `x.grad`; moves nothing."""
        with guard():
            self.x.grad = None
            loss = self._pixel_loss()
            loss.backward()
            return float(loss.detach()) + self._feature_loss()

    def pixels(self) -> Floats:
        """(h, w, 3) in 0..1."""
        picture = self.x.detach()[0].permute(1, 2, 0).float().cpu().numpy()
        return np.ascontiguousarray(np.clip(picture, 0, 1), np.float32)

    def _pixel_loss(self) -> Tensor:
        x = self.x
        beyond = (x - x.clamp(0, 1)).square().mean()
        loss = RANGE * beyond + SMOOTHNESS * self._settings.smoothness * roughness(x)
        if "pull" in self._maps:
            pull = self._maps["pull"]
            apart = pull * (x - self._maps["colour"]).square()
            loss = loss + PULL * apart.sum() / x.numel()
        return loss

    def _feature_loss(self) -> float:
        """Backward through style and content; returns their value."""
        if len(self._tiles) == 1:
            look = self._looked(self._tiles[0], 0)
            own = self._quantiles([self._samples(look, self._tiles[0])])
            loss = (
                self._style_loss(look.sums) + look.content + self._histogram_loss(look, self._tiles[0], own)
            )
            loss.backward()
            return float(loss.detach())
        whole: list[list[Sums]] = []
        samples = []
        with torch.no_grad():
            for index, tile in enumerate(self._tiles):
                look = self._looked(tile, index)
                whole = look.sums if not whole else _added(whole, look.sums)
                samples.append(self._samples(look, tile))
        own = self._quantiles(samples)
        leaves = [[Sums(*(part.detach().requires_grad_() for part in one)) for one in row] for row in whole]
        style = self._style_loss(leaves)
        style.backward()
        return float(style.detach()) + sum(
            self._descend_tile(index, tile, leaves, own) for index, tile in enumerate(self._tiles)
        )

    def _descend_tile(
        self, index: int, tile: Tile, leaves: list[list[Sums]], own: list[list[Tensor]]
    ) -> float:
        """Backward through a tile; returns what it adds to the loss."""
        look = self._looked(tile, index)
        added = look.content + self._histogram_loss(look, tile, own)
        towards = added
        for row, sums in zip(leaves, look.sums, strict=True):
            for leaf, part in zip(row, sums, strict=True):
                towards = towards + _along(leaf.values, part.values) + _along(leaf.products, part.products)
        towards.backward()
        return float(added.detach())

    def _looked(self, tile: Tile, index: int) -> Look:
        with autocast(self._device):
            found = list(self._features(self.x[tile.seen]).values())
        layers = [tile.inner(values) for values in found]
        chosen = layers[self._content_index(len(layers))]
        apart = (chosen.float() - self._content[index].float()).square()
        held = self._maps.get("content")
        if held is not None:
            apart = apart * map_at(held, tile, apart)
        content = CONTENT * self._settings.content * apart.sum() / (self._content_size + 1e-8)
        free = [self._freed(values, tile) for values in layers]
        return Look(free, [[sums_of(v, p) for p in self._places_at(tile, v)] for v in free], content)

    def _style_loss(self, rows: Sequence[Sequence[Sums]]) -> Tensor:
        apart = style_apart(rows, self._targets, self._weights, self._settings.measure)
        return STYLE * self._settings.style * apart

    def _histogram_layers(self) -> list[int]:
        if self._settings.histogram <= 0:
            return []
        return [k for k in HISTOGRAM_LAYERS if k < len(self._targets[0])]

    def _samples(self, look: Look, tile: Tile) -> list[list[Sample]]:
        """By layer whose histogram counts, then style."""
        return [
            [sample_of(look.layers[k], place) for place in self._places_at(tile, look.layers[k])]
            for k in self._histogram_layers()
        ]

    def _quantiles(self, samples: Sequence[list[list[Sample]]]) -> list[list[Tensor]]:
        """Of the picture that these tiles make, by layer, then style."""
        whole = samples[0]
        for more in samples[1:]:
            whole = [[a.plus(b) for a, b in zip(r, s, strict=True)] for r, s in zip(whole, more, strict=True)]
        return [[quantiles(sample) for sample in row] for row in whole]

    def _histogram_loss(self, look: Look, tile: Tile, own: list[list[Tensor]]) -> Tensor:
        """A tile's share of the loss."""
        loss = look.content.new_zeros(())
        for k, row in zip(self._histogram_layers(), own, strict=True):
            values = look.layers[k]
            share = tile.size[0] * tile.size[1] / (self._size[0] * self._size[1] * values.numel())
            places = self._places_at(tile, values)
            for target, weight, have, place in zip(
                (targets[k] for targets in self._targets), self._weights, row, places, strict=True
            ):
                assert target.quantiles is not None
                apart = histogram_apart(values, have, target.quantiles, place)
                loss = loss + weight * share / target.square * apart
        return HISTOGRAM * self._settings.histogram * self._settings.style * loss

    def _places_at(self, tile: Tile, like: Tensor) -> list[Tensor | None]:
        return [None if place is None else map_at(place, tile, like) for place in self._places]

    def _freed(self, values: Tensor, tile: Tile) -> Tensor:
        """The same values, whose gradients are as strong as the wishes for style say."""
        wish = self._maps.get("style")
        if wish is None:
            return values
        strength = map_at(wish, tile, values).to(values.dtype)
        still = values.detach()
        return still + strength * (values - still)

    def _content_index(self, layers: int) -> int:
        return min(self._settings.content_layer, layers - 1)

    def _content_of(self, photo: Tensor, tile: Tile) -> Tensor:
        with autocast(self._device):
            found = list(self._features(photo[tile.seen]).values())
        return tile.inner(found[self._content_index(len(found))]).detach()

    def _painting(self, style: StylePicture) -> Tensor:
        """At the size at which its strokes fit."""
        height, width = style.pixels.shape[:2]
        factor = min(self.side * self._settings.strokes, PAINTING) / max(height, width)
        size = (max(ALIGN, round(height * factor)), max(ALIGN, round(width * factor)))
        return self._tensor(resized(style.pixels, size))

    def _place(self, style: StylePicture, index: int, wishes: Wishes) -> Tensor | None:
        """Where a style counts: its own region, changed by what was asked for by brush."""
        own = None if style.place is None else np.clip(resized(style.place, self._size), 0, 1)
        if wishes.places:
            own = np.ones(self._size, np.float32) if own is None else own
            for number, values in wishes.places.items():
                asked = np.clip(resized(values, self._size), 0, 1)
                own = np.maximum(own, asked) if number == index else own * (1 - asked)
        return None if own is None else self._tensor(own)

    def _tensor(self, values: Floats) -> Tensor:
        return tensor_of(values, self._device)


def _along(leaf: Tensor, part: Tensor) -> Tensor:
    """What moving `part` does to the loss that went backwards through `leaf`."""
    assert leaf.grad is not None
    return (leaf.grad * part).sum()


def _shares(weights: Sequence[float]) -> list[float]:
    total = sum(weights) or 1.0
    return [weight / total for weight in weights]


def _added(one: list[list[Sums]], other: list[list[Sums]]) -> list[list[Sums]]:
    return [[a.plus(b) for a, b in zip(r, s, strict=True)] for r, s in zip(one, other, strict=True)]
