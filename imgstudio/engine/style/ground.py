"""One size of a painting that is optimised: its targets, its tiles, its optimiser.

Pictures larger than a tile are gone through tile by tile, twice a step: first to sum the statistics of the whole, then
for the gradient of each tile towards them, which is that of the whole picture but for what features see beyond a
tile's context. Small pictures are descended by L-BFGS, large ones by Adam.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.device import autocast, guard
from imgstudio.engine.features import Features
from imgstudio.engine.style.statistics import (
    LayerStatistics,
    Sums,
    statistics_distance,
    sums_of,
    total_variation,
)
from imgstudio.engine.style.windows import ALIGN, TILE, Tile, map_at, tiles_of
from imgstudio.engine.style.wishes import Wishes, resized

PAINTING: Final = 1280
"""Longer side at which paintings are looked at, at most (pixels)."""
HISTORY: Final = 12
"""Of L-BFGS."""
LARGEST_LBFGS: Final = 1 << 20
"""Pixels; beyond, Adam, which remembers two pictures instead of two dozen."""
ADAM_RATE: Final = 0.02
RANGE: Final = 20.0
"""Weight of the squares by which colours leave 0..1."""
PULL: Final = 40.0
"""Weight of the squared distance to a colour that somebody painted."""
CONTENT: Final = 2.0
STYLE: Final = 12.0
SMOOTHNESS: Final = 0.1
"""What a weight of 1 means."""


@dataclass(frozen=True, eq=False, slots=True)
class StylePicture:
    """A painting, and where its style belongs."""

    pixels: Floats
    """(h, w, 3) in 0..1."""
    weight: float = 1.0
    place: Floats | None = None
    """(h, w) of the photo, 0..1; None is everywhere."""


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How a painting is made."""

    content: float = 1.0
    style: float = 1.0
    smoothness: float = 1.0
    strokes: float = 1.0
    """Size of what is taken over from a painting; above 1 larger."""
    side: int = 512
    """Longer side at which it is painted (pixels); larger photos get its enlargement."""
    steps: int = 40
    """At the last size; coarser ones have more."""
    seconds: float = 0.0
    """Ends after so long; 0 is never."""
    from_noise: bool = False
    content_layer: int = 2
    """Index into the layers, finest first."""
    seed: int = 0


class Ground:
    """One size of a painting: its targets, its tiles, its optimiser."""

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
        self._styles, self._size, self._tile = styles, photo.shape[:2], tile
        self.side = max(self._size)
        self._tiles = tiles_of(self._size, tile)
        self._photo = self._tensor(photo)
        self.x = self._tensor(now).requires_grad_()
        self._weights = _shares([style.weight for style in styles])
        with torch.no_grad():
            self._wanted = [self._statistics_of(style, self.side) for style in styles]
            self._content = [self._content_of(tile) for tile in self._tiles]
        self._content_size = sum(float(part.float().square().sum()) for part in self._content)
        self._loss = math.nan
        self.heed(wishes)

    def heed(self, wishes: Wishes) -> None:
        """Descend towards these wishes from now on, from the picture as it stands."""
        self._maps = {
            name: self._tensor(resized(values, self._size))
            for name in ("style", "content", "pull", "colour")
            if (values := getattr(wishes, name)) is not None
        }
        self._places = [self._place(style, index, wishes) for index, style in enumerate(self._styles)]
        self._optimiser = self._made_optimiser()  # what the old one remembers is of another objective

    def step(self) -> float:
        """One step of the optimiser; the loss before it. Raises Cancelled."""
        self._progress.token.check()
        with guard():
            self._optimiser.step(self._closure)
        return self._loss

    def objective(self) -> float:
        """What is minimised, of the picture as it stands; moves nothing."""
        with guard():
            return self._closure()

    def pixels(self) -> Floats:
        """(h, w, 3) in 0..1."""
        picture = self.x.detach()[0].permute(1, 2, 0).float().cpu().numpy()
        return np.ascontiguousarray(np.clip(picture, 0, 1), np.float32)

    def _closure(self) -> float:
        self._optimiser.zero_grad()
        loss = self._pixel_loss()
        loss.backward()
        total = float(loss.detach()) + self._feature_loss()
        self._loss = total
        return total

    def _pixel_loss(self) -> Tensor:
        x = self.x
        beyond = (x - x.clamp(0, 1)).square().mean()
        loss = RANGE * beyond + SMOOTHNESS * self._settings.smoothness * total_variation(x)
        if "pull" in self._maps:
            pull = self._maps["pull"]
            apart = pull * (x - self._maps["colour"]).square()
            loss = loss + PULL * apart.sum() / x.numel()
        return loss

    def _feature_loss(self) -> float:
        """Backward through style and content; returns their value."""
        if len(self._tiles) == 1:
            sums, content = self._looked(self._tiles[0], 0)
            loss = self._style_loss(sums) + content
            loss.backward()
            return float(loss.detach())
        with torch.no_grad():
            whole: list[list[Sums]] = []
            for index, tile in enumerate(self._tiles):
                sums, _ = self._looked(tile, index)
                whole = sums if not whole else _added(whole, sums)
        leaves = [[Sums(*(part.detach().requires_grad_() for part in own)) for own in row] for row in whole]
        style = self._style_loss(leaves)
        style.backward()
        total = float(style.detach())
        for index, tile in enumerate(self._tiles):
            sums, content = self._looked(tile, index)
            towards = content
            for row, own in zip(leaves, sums, strict=True):
                for leaf, part in zip(row, own, strict=True):
                    towards = (
                        towards + _along(leaf.values, part.values) + _along(leaf.products, part.products)
                    )
            towards.backward()
            total += float(content.detach())
        return total

    def _looked(self, tile: Tile, index: int) -> tuple[list[list[Sums]], Tensor]:
        """Sums of each layer for each style, and the content's share of the loss."""
        with autocast(self._device):
            found = list(self._features(self.x[tile.seen]).values())
        layers = [tile.inner(values) for values in found]
        rows = []
        for values in layers:
            free = self._freed(values, tile)
            rows.append(
                [
                    sums_of(free, None if place is None else map_at(place, tile, free))
                    for place in self._places
                ]
            )
        place = min(self._settings.content_layer, len(layers) - 1)
        apart = (layers[place].float() - self._content[index].float()).square()
        held = self._maps.get("content")
        if held is not None:
            apart = apart * map_at(held, tile, apart)
        content = CONTENT * self._settings.content * apart.sum() / (self._content_size + 1e-8)
        return rows, content

    def _style_loss(self, rows: Sequence[Sequence[Sums]]) -> Tensor:
        losses = [
            weight * statistics_distance(sums.statistics(), wanted[layer])
            for layer, row in enumerate(rows)
            for sums, weight, wanted in zip(row, self._weights, self._wanted, strict=True)
        ]
        return STYLE * self._settings.style * torch.stack(losses).sum() / len(rows)

    def _freed(self, values: Tensor, tile: Tile) -> Tensor:
        """The same values, whose gradients are as strong as the wishes for style say."""
        wish = self._maps.get("style")
        if wish is None:
            return values
        strength = map_at(wish, tile, values).to(values.dtype)
        still = values.detach()
        return still + strength * (values - still)

    def _content_of(self, tile: Tile) -> Tensor:
        with autocast(self._device):
            found = list(self._features(self._photo[tile.seen]).values())
        return tile.inner(found[min(self._settings.content_layer, len(found) - 1)]).detach()

    def _statistics_of(self, style: StylePicture, side: int) -> list[LayerStatistics]:
        """Of the painting at the size at which its strokes fit."""
        height, width = style.pixels.shape[:2]
        factor = min(side * self._settings.strokes, PAINTING) / max(height, width)
        size = (max(ALIGN, round(height * factor)), max(ALIGN, round(width * factor)))
        picture = self._tensor(resized(style.pixels, size))
        whole: list[Sums] = []
        for tile in tiles_of(size, self._tile):
            with autocast(self._device):
                found = self._features(picture[tile.seen])
            sums = [sums_of(tile.inner(values)) for values in found.values()]
            whole = [a.plus(b) for a, b in zip(whole, sums, strict=True)] if whole else sums
        return [one.statistics() for one in whole]

    def _place(self, style: StylePicture, index: int, wishes: Wishes) -> Tensor | None:
        """Where a style counts: its own region, changed by what was asked for by brush."""
        own = None if style.place is None else resized(style.place, self._size)
        if wishes.places:
            own = np.ones(self._size, np.float32) if own is None else own
            for number, values in wishes.places.items():
                asked = np.clip(resized(values, self._size), 0, 1)
                own = np.maximum(own, asked) if number == index else own * (1 - asked)
        return None if own is None else self._tensor(own)

    def _made_optimiser(self) -> torch.optim.Optimizer:
        if self.x.shape[2] * self.x.shape[3] > LARGEST_LBFGS:
            return torch.optim.Adam([self.x], lr=ADAM_RATE, betas=(0.9, 0.99))
        return torch.optim.LBFGS(
            [self.x], lr=1.0, max_iter=1, history_size=HISTORY, tolerance_grad=0, tolerance_change=0
        )

    def _tensor(self, values: Floats) -> Tensor:
        """(1, c, h, w) of (h, w, c) or (h, w)."""
        planes = values[..., None] if values.ndim == 2 else values
        return (
            torch.from_numpy(planes.astype(np.float32)).permute(2, 0, 1)[None].to(self._device).contiguous()
        )


def _along(leaf: Tensor, part: Tensor) -> Tensor:
    """What moving `part` does to the loss that went backwards through `leaf`."""
    assert leaf.grad is not None
    return (leaf.grad * part).sum()


def _shares(weights: Sequence[float]) -> list[float]:
    total = sum(weights) or 1.0
    return [weight / total for weight in weights]


def _added(one: list[list[Sums]], other: list[list[Sums]]) -> list[list[Sums]]:
    return [[a.plus(b) for a, b in zip(r, s, strict=True)] for r, s in zip(one, other, strict=True)]
