"""What a bundled network, colour and texture say about places of a picture, as numbers that may be compared."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.pixels import Array, Floats, to_float
from imgstudio.engine.device import autocast, guard
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.superpixels import Patches
from imgstudio.engine.tensors import check_finite, padded_to_multiple, to_tensor

MODEL: Final = "cutout"
"""The bundled model whose trunk looks. Of the six that were tried, alone and together, it needed the fewest strokes."""
LAYERS: Final = ("stages.0", "stages.1", "stages.2", "stages.4", "stages.5")
"""Of its trunk: at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
MULTIPLE: Final = 32
_COLOUR_SHARE: Final = 0.5
"""Of colour and texture, where each layer of the network has 1."""
_COLOUR: Final = np.array([[50, 0, 0, 5, 3, 3], [25, 15, 15, 5, 4, 4]], np.float32)
"""Usual mean and deviation of a patch's mean L, a, b and of their deviations within it."""
_GRAIN: Final = (0, 1, 2, 4, 8, 16, 32)
"""Blurs of the noise that stands for a picture (pixels)."""
_SIDE: Final = 256
_LEAST: Final = 1e-3


class Eye:
    """Guards that a number means the same in every picture: each is measured against the same made-up one."""

    def __init__(self, device: torch.device, network: nn.Module | None = None) -> None:
        """`network`, in evaluation mode on the device, has `LAYERS`; None: the bundled one. Raises UserError."""
        self._device = device
        self._run = FeatureExtractor(network or ModelRegistry.of_user().load(MODEL, device), LAYERS)
        self._usual: list[tuple[Tensor, Tensor]] = []
        for planes in self._planes(_grain()):
            mean, deviation = planes.mean((2, 3)), planes.std((2, 3))
            self._usual.append((mean, deviation + _LEAST * planes.abs().amax() + 1e-6))

    def features(self, pixels: Array, patches: Patches) -> npt.NDArray[np.float16]:
        """(n, numbers) of the n patches of (h, w, 3) bytes; each group of numbers has a length of about 1.

        Raises OutOfMemory, NotFinite.
        """
        height, width = pixels.shape[:2]
        places = torch.from_numpy(_on_grid(patches.places, width, height)).to(self._device)
        parts = []
        for planes, (mean, deviation) in zip(self._planes(pixels), self._usual, strict=True):
            seen = F.avg_pool2d(planes, 3, 1, 1) if planes.shape[2] * 2 >= height else planes
            at = F.grid_sample(seen, places, mode="bilinear", padding_mode="border", align_corners=False)
            parts.append((at[0, :, 0].T - mean) / deviation / mean.shape[1] ** 0.5)
        deep = torch.cat(parts, 1)
        check_finite(deep, "live learning")
        both = np.concatenate((deep.cpu().numpy(), _colours(pixels, patches)), 1)
        return np.asarray(both.clip(-100, 100), np.float16)

    @torch.inference_mode()
    def _planes(self, pixels: Array) -> list[Tensor]:
        tensor = padded_to_multiple(to_tensor(to_float(pixels), self._device), MULTIPLE)
        with guard(), autocast(self._device):
            return [planes.float() for planes in self._run(tensor).values()]


def _on_grid(places: npt.NDArray[np.float64], width: int, height: int) -> Floats:
    """(1, 1, n, 2): x and y of places as `grid_sample` counts them on the padded picture, -1..1."""
    padded = [-(-side // MULTIPLE) * MULTIPLE for side in (width, height)]
    return np.asarray((2 * places + 1) / padded - 1, np.float32)[None, None]


def _colours(pixels: Array, patches: Patches) -> Floats:
    """(n, 6): mean and deviation of the patches' Lab."""
    lab = np.asarray(cv2.cvtColor(to_float(pixels), cv2.COLOR_RGB2Lab), np.float32)
    flat, count = patches.labels.ravel(), len(patches.sizes)

    def mean(plane: Floats) -> npt.NDArray[np.float64]:
        return np.asarray(np.bincount(flat, plane.ravel(), count) / patches.sizes)

    means = [mean(lab[..., plane]) for plane in range(3)]
    squares = [mean(lab[..., plane] ** 2) for plane in range(3)]
    spreads = [
        np.sqrt(np.maximum(square - middle**2, 0)) for square, middle in zip(squares, means, strict=True)
    ]
    numbers = np.stack([*means, *spreads], 1).astype(np.float32)
    return np.asarray((numbers - _COLOUR[0]) / _COLOUR[1] * np.float32(_COLOUR_SHARE / 6**0.5), np.float32)


@cache
def _grain() -> Array:
    """(h, w, 3) bytes of coloured noise with shapes of all sizes, always the same."""
    random = np.random.default_rng(0)
    total = np.zeros((_SIDE, _SIDE, 3), np.float32)
    for blur in _GRAIN:
        noise = random.normal(0, 1, total.shape).astype(np.float32)
        if blur:
            noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), blur), np.float32)
        total += noise / noise.std() * np.float32(blur + 1) ** np.float32(0.5)
    total /= total.std((0, 1))
    return np.asarray((115 + 64 * total).clip(0, 255), np.uint8)
