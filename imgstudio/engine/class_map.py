"""What a trained network sees in a whole picture: the likeliest class of every pixel, and how unsure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, luma
from imgstudio.engine.device import pick_device
from imgstudio.engine.edges import applied, fitted, taps
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.segment import Segmenter, facts_of, resized
from imgstudio.engine.tensors import NotFinite

EDGES: Final = 3
"""How far an outline may move to follow an edge of the picture (pixels that the network sees)."""
STRIP: Final = 1 << 20
"""Pixels of the large picture that are looked at together."""


@dataclass(frozen=True, eq=False, slots=True)
class ClassMap:
    """What is where."""

    indices: npt.NDArray[np.uint8]
    """(h, w) indices into the classes of the model."""
    unsure: npt.NDArray[np.uint8]
    """(h, w) 0 certain .. 255: the second likeliest class is as likely as the likeliest."""


def class_map(
    registry: ModelRegistry, model_id: str, pixels: Floats, progress: Progress, device: str = "auto"
) -> ClassMap:
    """Of (h, w, 3), 0..1, as the model's filter sees it. Raises UserError, Cancelled, OutOfMemory."""
    facts = facts_of(registry.manifest(model_id))
    height, width = pixels.shape[:2]
    small = resized(pixels, facts.size.seen(width, height))
    shares = _shares(registry, model_id, small, progress.part(0.0, 0.8), device)
    fit = fitted(shares, luma(small), EDGES)
    columns = taps(0, width, width, shares.shape[1])
    indices, unsure = np.empty((height, width), np.uint8), np.empty((height, width), np.uint8)
    step = max(1, STRIP // width)
    for top in progress.part(0.8, 1.0).track(range(0, height, step)):
        bottom = min(height, top + step)
        rows = taps(top, bottom, height, shares.shape[0])
        maps = applied(fit, luma(pixels[top:bottom]), rows, columns)
        indices[top:bottom] = maps.argmax(2)
        unsure[top:bottom] = _doubt(maps)
    return ClassMap(indices, unsure)


def _doubt(maps: Floats) -> npt.NDArray[np.uint8]:
    """(h, w), 255 where the two likeliest classes are equally likely, 0 where only one is (margin sampling)."""
    if maps.shape[2] < 2:
        return np.zeros(maps.shape[:2], np.uint8)
    two = np.partition(maps, -2, axis=2)[..., -2:]
    margin = (two[..., 1] - two[..., 0]) / np.maximum(two.sum(2), 1e-6)
    return np.asarray(np.rint(255 * (1 - margin.clip(0, 1))), np.uint8)


def _shares(
    registry: ModelRegistry, model_id: str, small: Floats, progress: Progress, device_name: str
) -> Floats:
    """(h, w, classes), 0..1, at the size that the network wants."""
    device = pick_device(device_name)
    network, facts = registry.load(model_id, device), facts_of(registry.manifest(model_id))
    try:
        return Segmenter(network, facts, device).shares(small, progress, mirrored=facts.mirrored)
    except NotFinite:  # half precision overflowed
        exact = Segmenter(network, facts, device, torch.float32)
        return exact.shares(small, progress, mirrored=facts.mirrored)
