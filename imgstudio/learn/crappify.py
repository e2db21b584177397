"""Spoils clean pictures on purpose, so that a network can learn the way back: JPEG in all its kinds."""

from __future__ import annotations

import io

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from imgstudio.engine.jpeg import JpegTables, standard_tables

Bytes = npt.NDArray[np.uint8]


def compressed(picture: Bytes, tables: JpegTables) -> Bytes:
    """(h, w, 3) through an encoder and back; gray tables give three equal planes."""
    draft = io.BytesIO()
    luma = tables.luma.flatten().int().tolist()
    if tables.chroma is None:
        Image.fromarray(picture).convert("L").save(draft, "JPEG", qtables=[luma])
    else:
        both = [luma, tables.chroma.flatten().int().tolist()]
        Image.fromarray(picture).save(draft, "JPEG", qtables=both, subsampling=tables.subsampling)
    draft.seek(0)
    return np.asarray(Image.open(draft).convert("RGB"))


def grayed(picture: Bytes) -> Bytes:
    """Three equal planes of brightness, as a gray file opens."""
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def grained(picture: Bytes, random: np.random.Generator) -> Bytes:
    """With the grain of a film or a sensor: mostly of brightness, sharp or a little soft, 1..8 levels strong."""
    shape = (*picture.shape[:2], 1)
    grain = random.standard_normal(shape, np.float32)
    colour = random.standard_normal(picture.shape, np.float32)
    grain = grain + np.float32(random.uniform(0, 0.7)) * colour
    if random.random() < 0.5:
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), float(random.uniform(0.35, 0.9))), np.float32)
    grain *= np.float32(random.uniform(1, 8)) / grain.std()
    return np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)


def random_quality(random: np.random.Generator) -> float:
    """Half of all pictures in 10..40, the rest anywhere in 5..95."""
    return float(random.uniform(10, 40) if random.random() < 0.5 else random.uniform(5, 95))


def camera_table(table: Tensor, quality: float, random: np.random.Generator) -> Tensor:
    """A table as cameras and other programs make them: another slope, another level, a little noise.

    `table` (8, 8) is the standard one of quality 50.
    """
    ladder = np.add.outer(np.arange(8), np.arange(8)) / 7 - 1
    percent = 50 / quality if quality < 50 else 2 - quality / 50
    logs = np.log(table.numpy().astype(np.float64) * percent + 0.5)
    slope = random.uniform(0.5, 1.1)
    logs = logs.mean() + slope * (logs - logs.mean()) + random.normal(0, 0.3) * ladder
    logs += random.normal(0, random.uniform(0, 0.15), (8, 8))
    return torch.from_numpy(np.clip(np.rint(np.exp(logs)), 1, 255).astype(np.float32))


def random_tables(random: np.random.Generator, quality: float) -> JpegTables:
    """Standard tables mostly; camera-like ones for three in ten; now and then gray or another subsampling."""
    tables = standard_tables(quality)
    luma, chroma = tables.luma, tables.chroma
    if random.random() < 0.3:
        middle = standard_tables(50)
        assert middle.chroma is not None
        luma = camera_table(middle.luma, quality, random)
        other = float(np.clip(quality * random.uniform(0.7, 1.3), 3, 98))
        chroma = camera_table(middle.chroma, other, random)
    choice = random.random()
    if choice < 0.1:
        return JpegTables(luma, None)
    subsampling = "4:4:4" if choice < 0.28 else "4:2:2" if choice < 0.38 else "4:2:0"
    return JpegTables(luma, chroma, subsampling)
