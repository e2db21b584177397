"""A U-Net on any encoder: it asks where the encoder halves the size and climbs back through those places."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.encoders import encoder_kind
from imgstudio.engine.nets.reach import reach_of
from imgstudio.engine.nets.small_unet import Block, in_sixteens
from imgstudio.engine.nets.upsampling import ShuffleUp, doubled

WIDTHS = (96, 64, 48, 32, 16)
"""Planes after each doubling; the last at the size of the picture."""
_WIDEST = 256
"""Most planes at the bottom, unless the widths say more."""
_SIDE = 128
"""Of the picture with which an encoder is tried (pixels)."""


class Level(NamedTuple):
    """What an encoder gives at one size."""

    layer: int
    """The last one of that size."""
    step: int
    """Pixels of the picture per pixel here."""
    planes: int


@torch.no_grad()
def levels_of(encoder: nn.Sequential) -> list[Level]:
    """Run a dummy through `encoder` and note its last layer of each size, the largest first."""
    was_training = encoder.training
    features = torch.zeros(1, 3, _SIDE, _SIDE)
    levels: dict[int, Level] = {1: Level(-1, 1, 3)}
    for index, layer in enumerate(encoder.eval()):
        features = layer(features)
        step = _SIDE // features.shape[-1]
        levels[step] = Level(index, step, features.shape[1])
    encoder.train(was_training)
    steps = [*levels]
    if any(finer * 2 != coarser for finer, coarser in pairwise(steps)):
        raise ValueError(f"each size of the encoder must be half of the one before, not 1/{steps}")
    return list(levels.values())


class Attention(nn.Module):
    """Every place looks at all others (Zhang et al. 2018); starts by adding nothing."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        inner = in_sixteens(planes / 8)
        self.ask = nn.Conv1d(planes, inner, 1, bias=False)
        self.key = nn.Conv1d(planes, inner, 1, bias=False)
        self.value = nn.Conv1d(planes, planes, 1, bias=False)
        self.strength = nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        flat = features.flatten(2)
        layers = (self.ask, self.key, self.value)
        ask, key, value = (layer(flat).transpose(1, 2)[:, None] for layer in layers)  # one head
        # Computed piece by piece inside: the matrix of all pairs is never held.
        seen = F.scaled_dot_product_attention(ask, key, value)[:, 0].transpose(1, 2)
        return features + (self.strength * seen).view_as(features)


class Climb(nn.Module):
    """Double the size, lay what the encoder saw there beside it, and mix."""

    def __init__(self, incoming: int, beside: int, outgoing: int, *, blur: bool) -> None:
        super().__init__()
        self.up = ShuffleUp(incoming, in_sixteens(incoming / 2), blur=blur)
        self.norm = nn.BatchNorm2d(beside)
        self.mix = nn.Sequential(
            Block(in_sixteens(incoming / 2) + beside, outgoing), Block(outgoing, outgoing)
        )

    def forward(self, features: Tensor, beside: Tensor) -> Tensor:
        larger = self.up(features)[:, :, : beside.shape[2], : beside.shape[3]]
        mixed: Tensor = self.mix(torch.cat((larger, self.norm(beside)), 1))
        return mixed


class Tail(nn.Module):
    """The last doubling, to the size of the picture, with the picture itself laid beside where asked."""

    def __init__(self, incoming: int, beside: int, outgoing: int, *, blur: bool, residual: bool) -> None:
        super().__init__()
        self.up = ShuffleUp(incoming, outgoing, blur=blur)
        self.mix = nn.Conv2d(outgoing + beside, outgoing, 3, padding=1) if beside else None
        self.pair = (
            nn.Sequential(
                nn.Conv2d(outgoing, outgoing, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.Conv2d(outgoing, outgoing, 3, padding=1),
            )
            if residual
            else None
        )

    def forward(self, features: Tensor, picture: Tensor) -> Tensor:
        larger: Tensor = self.up(features)[:, :, : picture.shape[2], : picture.shape[3]]
        if self.mix is not None:
            larger = F.relu(self.mix(torch.cat((larger, picture.to(larger.dtype)), 1)))
        return larger if self.pair is None else F.relu(larger + self.pair(larger))


class UNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, classes_or_planes, h, w), float32; any size.

    The idea is fastai's DynamicUnet. `y_range` squeezes the output into a range by a sigmoid; `adds_input`
    adds the picture to the output, so that the net learns a change and starts with almost none. Without
    `full_size` the last doubling is a plain smooth enlargement of the answers, without weights: enough for masks,
    and the layers that cost most in training are gone; `residual_last` and `input_cross` then mean nothing.
    """

    def __init__(  # noqa: PLR0913  the settings of a network, all in its description
        self,
        encoder: str,
        classes_or_planes: int,
        *,
        widths: Sequence[int] | None = None,
        blur: bool = True,
        self_attention: bool = False,
        y_range: Sequence[float] | None = None,
        residual_last: bool = True,
        input_cross: bool = True,
        adds_input: bool = False,
        full_size: bool = True,
    ) -> None:
        super().__init__()
        if adds_input and (classes_or_planes != 3 or y_range):
            raise ValueError("a picture can only be added to three planes without a range")
        self.planes, self.y_range, self.adds_input = classes_or_planes, y_range, adds_input
        self.encoder_name = encoder
        self.encoder = encoder_kind(encoder).build()
        picture, *coarser = levels_of(self.encoder)
        self.multiple_of = coarser[-1].step
        self.widths = _widths(widths, len(coarser))
        self._full_layer = picture.layer
        self._shallow = 1 + next((level.layer for level in coarser if level.step == 4), 0)
        self._kept = tuple(level.layer for level in coarser[:-1])
        deepest = coarser[-1].planes
        bottom = max(self.widths[0], min(_WIDEST, in_sixteens(deepest / 2)))
        self.bottom = nn.Sequential(
            nn.BatchNorm2d(deepest), nn.ReLU(), Block(deepest, bottom), Block(bottom, bottom)
        )
        beside = [level.planes for level in reversed(coarser[:-1])]
        self.climbs = _climbs((bottom, *self.widths[:-1]), beside, blur=blur)
        half = self.widths[-2] if len(self.widths) > 1 else bottom
        self._attention_after = max(0, len(self.climbs) - 3)
        self.attention = Attention(self.widths[self._attention_after]) if self_attention else None
        seen, last = picture.planes if input_cross else 0, self.widths[-1] if full_size else half
        tail = partial(Tail, half, seen, last, blur=blur, residual=residual_last)
        self.tail = tail() if full_size else None
        self.head = _head(last, classes_or_planes, 1e-3 if adds_input else 0.02)
        self.is_global = self_attention or encoder == "small"
        """Whether something in it looks at the whole picture, beyond `reach`."""
        self.reach = reach_of(self, _SIDE) + (0 if full_size else 2)
        """Pixels."""
        self.overlap = min(self.reach, 4 * self.multiple_of)
        """Context that a tile should have (pixels): what counts of `reach`."""

    def forward(self, image: Tensor) -> Tensor:
        kept = {}
        features = image
        for index, layer in enumerate(self.encoder):
            features = layer(features)
            if index == self._full_layer or index in self._kept:
                kept[index] = features
        features = self.bottom(features)
        for index, (climb, place) in enumerate(zip(self.climbs, reversed(self._kept), strict=True)):
            features = climb(features, kept[place])
            if self.attention is not None and index == self._attention_after:
                features = self.attention(features)
        if self.tail is not None:
            features = self.tail(features, kept.get(self._full_layer, image))
        # Plane by plane: enlarging and losses are a third faster than on planes side by side.
        answers = self.head(features)[:, : self.planes].float().contiguous()
        return self._finished(doubled(answers, image) if self.tail is None else answers, image)

    def _finished(self, answers: Tensor, image: Tensor) -> Tensor:
        if self.adds_input:
            return image.float() + answers
        if self.y_range is None:
            return answers
        low, high = self.y_range
        return low + (high - low) * answers.sigmoid()

    def load_encoder(self, body: nn.Module) -> None:
        """Copy the weights of another row of the same layers, such as `Lite0.body()`; raises RuntimeError."""
        self.encoder.load_state_dict(body.state_dict())

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output: encoder down to 1/4, the rest of it, decoder."""
        layers = list(self.encoder)
        last = [part for part in (self.attention, self.tail, self.head) if part is not None]
        return [layers[: self._shallow], layers[self._shallow :], [self.bottom, *self.climbs, *last]]


def _climbs(widths: Sequence[int], beside: Sequence[int], *, blur: bool) -> nn.ModuleList:
    """From each of the widths to the next, one for each of what lies beside."""
    return nn.ModuleList(
        Climb(incoming, planes, outgoing, blur=blur)
        for (incoming, outgoing), planes in zip(pairwise(widths), beside, strict=True)
    )


def _widths(asked: Sequence[int] | None, doublings: int) -> tuple[int, ...]:
    if asked is None:
        return WIDTHS[-doublings:]
    if len(asked) != doublings:
        raise ValueError(f"the encoder halves the size {doublings} times: as many widths are needed")
    return tuple(asked)


def _head(incoming: int, planes: int, deviation: float) -> nn.Conv2d:
    # Training in bfloat16 is slow with odd numbers of planes: the head has some that nobody reads.
    head = nn.Conv2d(incoming, in_sixteens(planes + 7), 1)
    nn.init.normal_(head.weight, std=deviation)
    assert head.bias is not None
    nn.init.zeros_(head.bias)
    return head


ARCHITECTURE = Architecture("unet", UNet)
