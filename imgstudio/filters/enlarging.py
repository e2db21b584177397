"""What filters that enlarge with a network share: transparent edges, plain resampling, the network itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from PIL import Image

from imgstudio.core.geometry import Size
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.filters.base import FilterInput, FloatImage

if TYPE_CHECKING:
    from imgstudio.engine.registry import ModelRegistry

VISIBLE: Final = 1e-3
"""Alpha from which on the colour of a pixel can be trusted."""


def with_model(
    image: FilterInput, registry: ModelRegistry, model_id: str, progress: Progress, *, best: bool = False
) -> FloatImage:
    """The pixels of `image` enlarged by an installed model of task "upscale", in 0..1; raises UserError."""
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.upscale import Upscaler

    device = pick_device(image.device)
    manifest = registry.manifest(model_id)
    upscaler = Upscaler(registry.load(model_id, device), manifest, device, image.precise)
    return np.clip(upscaler.enlarge(image.pixels, progress, best=best), 0, 1)


def resampled(pixels: FloatImage, size: Size) -> FloatImage:
    """Bicubic with proper anti-aliasing, (h, w, c) in 0..1, clipped."""
    if (pixels.shape[1], pixels.shape[0]) == tuple(size):
        return pixels
    planes = []
    for channel in range(pixels.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(pixels[..., channel]), mode="F")
        planes.append(np.asarray(plane.resize(size, Image.Resampling.BICUBIC), np.float32))
    return np.clip(np.stack(planes, axis=-1), 0, 1)


def straight_input(image: FilterInput) -> FloatImage:
    """Colours of premultiplied `image.pixels` without their alpha, going on where nothing is to be seen."""
    if image.alpha is None:
        return image.pixels
    return spread_colour(image.pixels, image.alpha)


def faded(colour: FloatImage, image: FilterInput) -> FloatImage:
    """Premultiply an enlarged colour with the alpha of its input, resampled just as alpha itself is."""
    if image.alpha is None:
        return colour
    size = Size(colour.shape[1], colour.shape[0])
    return colour * resampled(image.alpha[..., None], size)


def spread_colour(premultiplied: Floats, alpha: Floats) -> Floats:
    """Straight colour, (h, w, 3), where alpha is nothing that of the visible pixels nearby (push and pull)."""
    weight = np.where(alpha >= VISIBLE, alpha, np.float32(0))
    return np.clip(_filled(premultiplied * (weight > 0)[..., None], weight), 0, 1)


def _filled(weighted: Floats, weight: Floats) -> Floats:
    """Colours of `weighted` / `weight`; those without weight come from a picture half as large."""
    seen = weight > 0
    colour = np.asarray(weighted / np.where(seen, weight, np.float32(1))[..., None], np.float32)
    if bool(seen.all()) or not bool(seen.any()):
        return colour
    height, width = weight.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    coarse = np.asarray(cv2.resize(weighted, half, interpolation=cv2.INTER_AREA), np.float32)
    coarse_weight = np.asarray(cv2.resize(weight, half, interpolation=cv2.INTER_AREA), np.float32)
    # Whatever is seen counts fully one size below, or far colours would fade to nothing.
    lift = np.where(coarse_weight > 0, 1 / np.maximum(coarse_weight, np.float32(1e-9)), np.float32(0))
    deeper = _filled(coarse * lift[..., None], (coarse_weight > 0).astype(np.float32))
    around = cv2.resize(deeper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(seen[..., None], colour, around).astype(np.float32)
