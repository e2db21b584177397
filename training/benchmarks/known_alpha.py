"""Things with hair pasted on photos, whose coverage and colours are therefore known everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Array, Floats, to_float
from imgstudio.learn.data import decoded
from training.defaults.cutout_data import example

LONGEST: Final = 1200
"""Pixels of the longer side."""
SOFT: Final = 1.2
"""Sigma of a plain edge (pixels)."""
HAIRS: Final = 500
LENGTH: Final = (8, 42)
"""Of a hair (pixels)."""
BITS: Final = 4
"""Of the fraction of coordinates, for OpenCV's lines."""


class Composite(NamedTuple):
    """A picture (h, w, 3), coverage (h, w) of the thing in it, and the thing's own colours (h, w, 3); 0..1."""

    pixels: Floats
    alpha: Floats
    colours: Floats


def composites(photos: list[Path], backgrounds: list[Path], count: int) -> Iterator[Composite]:
    """The things of every few of `photos`, each on a background of its own; always the same."""
    step = max(1, len(photos) // count)
    for number, path in enumerate(photos[::step][:count]):
        under = decoded(backgrounds[number * 17 % len(backgrounds)])
        yield composite(path, under, np.random.default_rng(number))


def composite(path: Path, under: Array, random: np.random.Generator) -> Composite:
    """The thing that the mask beside a photo outlines, enlarged, with a smooth outline and some hair."""
    one = example(path)
    factor = LONGEST / max(one.mask.shape)
    size = round(one.mask.shape[1] * factor), round(one.mask.shape[0] * factor)
    photo = cv2.resize(to_float(one.photo), size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    mask = cv2.GaussianBlur(to_float(one.mask), (0, 0), 1.0)
    body = cv2.resize(mask, size, interpolation=cv2.INTER_CUBIC) > 0.5
    core = cv2.erode(body.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=4)
    colours = _spread(np.asarray(photo, np.float32), core.astype(np.bool_))
    alpha = cv2.GaussianBlur(body.astype(np.float32), (0, 0), SOFT)
    alpha = np.maximum(alpha, _hair(body, random))
    ground = cv2.resize(to_float(under), size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    share = alpha[..., None]
    pixels = share * colours + (1 - share) * ground
    pixels = pixels + random.normal(0, 0.008, pixels.shape)
    return Composite(np.asarray(pixels.clip(0, 1), np.float32), np.asarray(alpha, np.float32), colours)


def _spread(photo: Floats, core: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    """Colours of the core, and outside of it those of its nearest pixel, smoothed."""
    _, labels = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros((int(labels.max()) + 1, 3), np.float32)
    nearest[labels[core]] = photo[core]
    outside = cv2.GaussianBlur(nearest[labels], (0, 0), 2)
    return np.asarray(np.where(core[..., None], photo, outside), np.float32)


def _hair(body: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], random: np.random.Generator) -> Floats:
    """Coverage of thin curls that grow out of the outline."""
    outlines, _ = cv2.findContours(body.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)[:, 0].astype(np.float64)
    canvas = np.zeros(body.shape, np.uint8)
    for place in random.integers(len(outline), size=HAIRS):
        root = outline[place]
        along = outline[(place + 6) % len(outline)] - outline[place - 6]
        away = np.arctan2(along[1], along[0]) + np.pi / 2 + random.normal(0, 0.35)
        curl, length = random.normal(0, 0.02), random.uniform(*LENGTH)
        steps = np.arange(0, length, 2.0)
        turned = away + curl * steps
        points = root + 2 * np.cumsum(np.stack((np.cos(turned), np.sin(turned)), 1), 0)
        line = np.rint(points * (1 << BITS)).astype(np.int32)[:, None]
        cv2.polylines(
            canvas,
            [line],
            isClosed=False,
            color=int(random.integers(150, 256)),
            lineType=cv2.LINE_AA,
            shift=BITS,
        )
    return to_float(canvas)
