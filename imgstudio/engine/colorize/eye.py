"""What the network says of a grey picture: asked once for the picture, and again, quickly, for every hint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Floats
from imgstudio.engine.colorize.field import Field, field_of, halved
from imgstudio.engine.colorize.propagation import Propagation
from imgstudio.engine.select.sight import resampled
from imgstudio.engine.tensors import check_finite, to_pixels, to_tensor

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from imgstudio.engine.nets.colournet import ColourNet, Lent, Seen, Told

MODEL: Final = "colorize"
"""The bundled model."""
SIDE: Final = 256
"""Of the square that has as many pixels as what the network sees."""
SHARP: Final = 0.38
"""Temperature of the chances where one of several likely colours is to be taken (Zhang et al. 2016)."""
LIKELY: Final = 0.7
"""Temperature of the chances that are shown to a person."""
_APART: Final = 22.0
"""Between two colours that are worth telling apart (Lab)."""


class Opinion(NamedTuple):
    """Colours of a picture at some size, (h, w, 2) each, Lab."""

    mean: Floats
    """The mean of what it can be: never far off, often pale."""
    lively: Floats
    """Nearer to the most likely one of several."""
    spread: Floats
    """(h, w): how far off `mean` is taken to be (Lab)."""
    near: Floats
    """(h, w), 0..1: how near hints are along the lightness."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A picture as the network has seen it."""

    seen: Seen
    size: tuple[int, int]
    """(height, width) of what it saw, multiples of 32."""
    ties: Propagation
    """Between its pixels, at half that size."""


class Eye:
    """Guards that the network sees pictures of the size that it learned from."""

    def __init__(self, network: ColourNet, device: torch.device) -> None:
        """`network`, in evaluation mode on `device`, or one that speaks as it does."""
        self._network = network
        self._device = device

    @property
    def hears_hints(self) -> bool:
        """Whether what it says depends on hints."""
        return self._network.hears_hints

    def look(self, lightness: Floats) -> Look:
        """At (h, w), 0..100. Raises OutOfMemory, NotFinite."""
        import torch

        from imgstudio.engine.device import guard

        size = _size(lightness.shape)
        seen = np.asarray(resampled(lightness, size[::-1]).clip(0, 100) / 100, np.float32)
        with torch.inference_mode(), guard():
            found = self._network.look(to_tensor(seen, self._device))
        check_finite(found.eighth, "colours")
        return Look(found, size, halved(seen * np.float32(100)))

    def lend(self, look: Look, ab: Floats) -> Lent:
        """The colours (h, w, 2), Lab, of a picture that was looked at, for another one."""
        import torch

        from imgstudio.engine.nets.colournet import UNIT

        fitting = np.asarray(resampled(ab, look.size[::-1]) / UNIT, np.float32)
        with torch.inference_mode():
            return self._network.lend(look.seen, to_tensor(fitting, self._device))

    def hear(self, look: Look, known: Floats, ab: Floats) -> Field:
        """Hints (h, w, 2) where `known`, (h, w) of 0 or 1, says so, at the size of what the network saw."""
        planes = np.dstack((ab * known[..., None], known)).astype(np.float32)
        small = cv2.resize(planes, look.size[::-1], interpolation=cv2.INTER_AREA)
        share = small[..., 2:]
        marks = np.where(share > 0, small / np.maximum(share, np.float32(1e-6)), 0)
        return field_of(look.ties, np.asarray(marks, np.float32))

    def opinion(self, look: Look, field: Field, shape: tuple[int, int], lent: Lent | None = None) -> Opinion:
        """With the hints that it heard; of this (height, width). Raises OutOfMemory, NotFinite."""
        from imgstudio.engine.nets.colournet import UNIT

        told = self._told(look, field, lent)
        size = shape[1], shape[0]
        mean = _enlarged(to_pixels(told.ab), size) * np.float32(UNIT)
        lively = _enlarged(to_pixels(self._decoded(told.chances, SHARP)), size)
        spread = np.exp(_enlarged(to_pixels(told.spread), size)).reshape(shape) * np.float32(UNIT)
        near = _enlarged(field.spread[..., 2:], size).reshape(shape)
        return Opinion(mean, lively, np.asarray(spread, np.float32), near.clip(0, 1))

    def likely(self, look: Look, field: Field, place: tuple[float, float]) -> list[tuple[float, Floats]]:
        """Chance and colour, (2,) Lab, of what a place may be, most likely first; `place` is (x, y) in 0..1."""
        told = self._told(look, field, None)
        height, width = told.chances.shape[2:]
        x, y = (
            min(length - 1, max(0, int(at * length)))
            for at, length in zip(place, (width, height), strict=True)
        )
        shares = (told.chances[0, :, y, x] / LIKELY).softmax(0).cpu().numpy()
        return _apart(shares, self._network.centres.cpu().numpy())

    def _told(self, look: Look, field: Field, lent: Lent | None) -> Told:
        import torch

        from imgstudio.engine.device import guard
        from imgstudio.engine.nets.colournet import UNIT, Hinted

        units = np.array([UNIT, UNIT, 1], np.float32)
        hints = Hinted(*(to_tensor(part / units, self._device) for part in field))
        with torch.inference_mode(), guard():
            told = self._network.colour(look.seen, hints, lent)
        check_finite(told.ab, "colours")
        return told

    def _decoded(self, chances: Tensor, temperature: float) -> Tensor:
        """(n, 2, h, w) Lab: the mean over the chances once they were sharpened."""
        import torch

        with torch.inference_mode():
            shares = (chances / temperature).softmax(1)
            return torch.einsum("nkhw,kc->nchw", shares, self._network.centres)


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width, multiples of 32, of about the shape's ratio and SIDE² pixels."""
    ratio = math.sqrt(min(4.0, max(0.25, shape[0] / shape[1])))
    height, width = (max(64, 32 * round(SIDE * side / 32)) for side in (ratio, 1 / ratio))
    return height, width


def _enlarged(maps: Floats, size: tuple[int, int]) -> Floats:
    how = cv2.INTER_AREA if maps.shape[1] > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(maps, size, interpolation=how), np.float32).reshape(*size[::-1], -1)


def _apart(shares: Floats, centres: Floats) -> list[tuple[float, Floats]]:
    """Each peak with the chances of what lies near it; what a peak has taken counts for no other one."""
    left = shares.copy()
    found: list[tuple[float, Floats]] = []
    while left.sum() > 0.02 and len(found) < 12:
        peak = centres[int(left.argmax())]
        near = np.hypot(*(centres - peak).T) < _APART
        chance = float(left[near].sum())
        colour = (left[near, None] * centres[near]).sum(0) / max(chance, 1e-9)
        found.append((chance, np.asarray(colour, np.float32)))
        left[near] = 0
    return sorted(found, key=lambda item: -item[0])


@cache
def bundled(device: str) -> ColourNet:
    """Raises UserError where it is missing."""
    import torch

    from imgstudio.engine.nets.colournet import ColourNet
    from imgstudio.engine.registry import ModelRegistry

    network = ModelRegistry.of_user().load(MODEL, torch.device(device))
    assert isinstance(network, ColourNet)
    return network
