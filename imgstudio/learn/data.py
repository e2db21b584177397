"""Photos held in memory as bytes, and crops drawn from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def pictures_in(folder: Path) -> list[Path]:
    """Picture files directly inside `folder`, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def decoded(path: Path) -> Bytes:
    """(h, w, 3) eight-bit RGB."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def load_photos(paths: Iterable[Path], smallest: int) -> list[Bytes]:
    """Decode all photos whose shorter side has at least `smallest` pixels."""
    photos = (decoded(path) for path in paths)
    return [photo for photo in photos if min(photo.shape[:2]) >= smallest]


def random_region(photos: list[Bytes], size: int, random: np.random.Generator) -> Bytes:
    """A (size, size, 3) square of one of the photos, turned and mirrored one of eight ways."""
    photo = photos[int(random.integers(len(photos)))]
    height, width = photo.shape[:2]
    top, left = int(random.integers(height - size + 1)), int(random.integers(width - size + 1))
    return turned(photo[top : top + size, left : left + size], int(random.integers(8)))


def enlarged(picture: Bytes, size: int) -> Bytes:
    """A square, (size, size, 3), of softer detail: what cameras make of their own full size."""
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


def turned(picture: npt.NDArray[np.uint8], way: int) -> Bytes:
    """One of the eight ways a square can lie, 0..7; 0 leaves it alone."""
    picture = np.rot90(picture, way % 4)
    return np.ascontiguousarray(picture[:, ::-1] if way >= 4 else picture)
