"""Which class every pixel of a picture belongs to: a trained network over a whole picture, at the size it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, to_float
from imgstudio.engine.cutout import MATTED, Matte, fitted_map, matte
from imgstudio.engine.cutout_large import cut_out, part_of
from imgstudio.engine.device import autocast, guard
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.salience import salience
from imgstudio.engine.select.predictor import Predictor as Predictor
from imgstudio.engine.tensors import check_finite, padded_to_multiple, to_pixels, to_tensor
from imgstudio.engine.tiling import Seams, run_tiled

Labels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

TILE: Final = 1024
"""Pictures up to this side are seen whole (pixels): what is where in the scene tells the network much."""
_LARGER: Final = 1.25
"""A picture this much larger than those of the training is taken for the same scene with more pixels."""
SALIENT: Final = "cutout"
"""The bundled model that finds what stands out."""


@dataclass(frozen=True, slots=True)
class SizeRule:
    """How large a network must see a picture to see in it what it learned."""

    longest: int = 0
    """Longest side of the pictures that it learned from (pixels); 0: not known."""

    def seen(self, width: int, height: int, longer: int | None = None) -> tuple[int, int]:
        """Width and height at which a picture of this size is looked at; `longer` asks for a longer side.

        Pictures as large as those of the training are seen as they are, larger ones reduced to their size.
        """
        side = max(width, height)
        if longer is None:
            longer = self.longest if 0 < self.longest * _LARGER < side else side
        return max(1, round(width * longer / side)), max(1, round(height * longer / side))


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """What the description of a segmentation model says beyond its weights."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    size: SizeRule = SizeRule()
    mirrored: bool = False
    """Whether to average with the mirrored picture: a little better, twice the time."""

    def to_card(self) -> dict[str, Any]:
        """The part of a manifest's card, under "segment", that `facts_of` reads."""
        return {
            "colours": [list(colour) for colour in self.colours],
            "longest_side": self.size.longest,
            "mirrored": self.mirrored,
            "normalisation": "RGB 0..1; the network does the rest itself",
        }


def facts_of(manifest: ModelManifest) -> ClassFacts:
    """Read `ClassFacts.to_card`; whatever a card lacks takes a default."""
    card: Mapping[str, Any] = manifest.card.get("segment", {})
    colours = tuple((int(red), int(green), int(blue)) for red, green, blue in card.get("colours", ()))
    return ClassFacts(
        manifest.classes,
        (*colours, *class_colours(len(manifest.classes))[len(colours) :])[: len(manifest.classes)],
        SizeRule(int(card.get("longest_side", 0))),
        bool(card.get("mirrored", False)),
    )


def class_colours(count: int) -> tuple[Colour, ...]:
    """Colours that differ well: the first dark, the others by golden-angle steps of hue."""
    hues = [(0.08 + 0.61803 * index) % 1 for index in range(count)]
    values = np.array(
        [[hue * 179, 200 - 60 * (i % 3 == 2), 235 - 70 * (i % 2)] for i, hue in enumerate(hues)]
    )
    rgb = cv2.cvtColor(values.astype(np.uint8).reshape(1, -1, 3), cv2.COLOR_HSV2RGB)[0] if count else []
    made = [(int(red), int(green), int(blue)) for red, green, blue in rgb]
    return tuple([(40, 40, 48), *made[1:]][:count])


def resized(pixels: Floats, size: tuple[int, int]) -> Floats:
    """(h, w, c) at another (width, height): averaged when smaller, bicubic when larger."""
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    is_smaller = size[0] < width
    method = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.float32).clip(0, 1)


class Segmenter:
    """Guards that the shares of the classes belong to the picture that was set.

    The one way of using a network: training judges it by this class, filters run it by this class.
    """

    def __init__(
        self,
        network: nn.Module,
        facts: ClassFacts,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """`network`, in evaluation mode on `device`, is used as it is; `dtype` None: the fastest there."""
        self.facts = facts
        self._network, self._device, self._dtype = network, device or torch.device("cpu"), dtype
        self._shares: Floats | None = None

    def set_image(self, pixels: Floats, progress: Progress) -> None:
        """Look at (h, w, 3), 0..1, reduced or enlarged as the size rule says."""
        height, width = pixels.shape[:2]
        small = resized(pixels, self.facts.size.seen(width, height))
        shares = self.shares(small, progress, mirrored=self.facts.mirrored)
        self._shares = stretched(shares, (width, height))

    def predict(self, prompt: Sequence[int]) -> Floats:
        """How much every pixel belongs to any of these classes (indices): (h, w), 0..1."""
        assert self._shares is not None, "set_image comes first"
        return np.asarray(self._shares[..., list(prompt)].sum(2), np.float32)

    @property
    def labels(self) -> Labels:
        """(h, w) index of the likeliest class."""
        assert self._shares is not None, "set_image comes first"
        return np.asarray(self._shares.argmax(2), np.uint8)

    def shares(self, pixels: Floats, progress: Progress, *, mirrored: bool = False) -> Floats:
        """How likely each class is, (h, w, classes), 0..1, of (h, w, 3) seen at just this size.

        Tiles when it is large, smaller ones when memory runs out. Raises Cancelled, OutOfMemory.
        """
        multiple = int(getattr(self._network, "multiple_of", 1))
        return run_tiled(
            lambda window: self._window(window, multiple, mirrored=mirrored),
            pixels,
            progress,
            tile=TILE,
            overlap=int(getattr(self._network, "overlap", 64)),
            seams=Seams("blend", multiple, smallest=128),
        )

    @torch.inference_mode()
    def _window(self, window: Floats, multiple: int, *, mirrored: bool) -> Floats:
        height, width = window.shape[:2]
        tensor = padded_to_multiple(to_tensor(window, self._device), multiple)
        with guard():
            shares = self._softmax(tensor)
            if mirrored:
                shares = (shares + self._softmax(tensor.flip(3)).flip(3)) / 2
        check_finite(shares, "classes")
        return to_pixels(shares[..., :height, :width])

    def _softmax(self, tensor: torch.Tensor) -> torch.Tensor:
        with autocast(self._device, self._dtype):
            scores: torch.Tensor = self._network(tensor.contiguous(memory_format=torch.channels_last))
        return scores.float().softmax(1)


def stretched(shares: Floats, size: tuple[int, int]) -> Floats:
    """(h, w, classes) at another (width, height), linear between pixels."""
    height, width = shares.shape[:2]
    if (width, height) == size:
        return shares
    planes = [
        cv2.resize(shares[..., index], size, interpolation=cv2.INTER_LINEAR)
        for index in range(shares.shape[2])
    ]
    return np.stack(planes, axis=2)


def salient_mask(pixels: Array) -> Floats:
    """How much each pixel of (h, w, 3) uint8 sRGB belongs to what stands out: (h, w) float32, 0..1.

    The bundled network looks at the picture twice, the second time mirrored; where its map has an outline, the
    coverage there is found by matting. Where nothing stands out, all is near 0. Raises UserError for other arrays.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or min(pixels.shape[:2]) < 1:
        raise UserError(
            f"Pixels of shape {pixels.shape} and type {pixels.dtype} cannot be used",
            "",
            "Give (height, width, 3) bytes.",
        )
    large = to_float(pixels)
    height, width = pixels.shape[:2]
    side = min(max(height, width), MATTED)
    small = resized(large, SizeRule().seen(width, height, side))
    found = salience(_salient_network(), small)
    made = matte(small, found, Progress())
    mask = np.where(made.band, made.alpha, fitted_map(small, found))
    if small.shape == large.shape:
        return np.asarray(mask, np.float32)
    whole = Rect(0, 0, width, height)
    carried = cut_out(
        small, Matte(np.asarray(mask, np.float32), made.band), whole, Progress(), decontaminate=False
    )
    return part_of(carried, large, whole)[1]


@cache
def _salient_network() -> nn.Module:
    return ModelRegistry.of_user().load(SALIENT)
