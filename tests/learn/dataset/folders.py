"""Folders of small pictures and masks as users bring them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from imgstudio.core.jobs import Progress
from imgstudio.learn.dataset.check import check_segmentation


def picture(seed, size=(48, 40)):
    """(h, w, 3) of smooth random colours; different seeds look different, neighbours in `film` alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def film(step, scene=0, size=(48, 40)):
    """A frame: a scene that slowly turns into another one."""
    first, last = picture(1000 + scene, size).astype(float), picture(2000 + scene, size).astype(float)
    share = step / 60
    return (first * (1 - share) + last * share).astype(np.uint8)


def mask(seed=0, values=(0, 1), size=(48, 40)):
    """(h, w) upright stripes of the values, a little moved by the seed."""
    stripes = np.asarray(values)[(np.arange(size[0]) * len(values) // size[0] + seed) % len(values)]
    return np.repeat(stripes[None], size[1], 0).astype(np.uint8)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def save_palette(path, numbers, colours):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(numbers)
    image.putpalette([channel for colour in colours for channel in colour])
    image.save(path)
    return path


def pairs(folder, count=12, *, names="{:03}", mask_names=None, masks="masks", values=(0, 1), seed=0):
    """images/*.jpg and masks/*.png of unlike pictures."""
    for index in range(count):
        stem = names.format(index)
        save(folder / "images" / f"{stem}.jpg", picture(seed + index), quality=92)
        other = (mask_names or names).format(index)
        save(folder / masks / f"{other}.png", mask(index, values))
    return folder


def checked(folder, **options):
    return check_segmentation(folder, Progress(), **options)


def told(report, *words):
    """The findings that hold all the words."""
    return [f for f in report.findings if all(w.lower() in f"{f.what} {f.what_to_do}".lower() for w in words)]


def write_json(path: Path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path
