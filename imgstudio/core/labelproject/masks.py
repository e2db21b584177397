"""Masks as PNG files: palette for classes, 16-bit grey for objects; quick to write after every stroke."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.guard import Damaged, guarded
from imgstudio.core.imageformats.pngchunks import SIGNATURE, ImageHeader, chunk
from imgstudio.core.imageformats.source import contents
from imgstudio.core.labels import (
    BACKGROUND,
    UNSEEN,
    IndexMask,
    LabelClass,
    ObjectMask,
    class_colour,
)

Bytes = npt.NDArray[np.uint8]

_GREY, _PALETTE = 0, 3
_EXACT: Final = 1 << 24
"""Pixels that OpenCV counts exactly: it tells them as 32-bit floats."""
_UP: Final = 2
"""Filter type: each byte minus the one above. Masks become nearly all zeros, which run lengths pack best."""
_MOST_PIXELS: Final = 400_000_000


def palette_of(classes: Iterable[LabelClass]) -> Bytes:
    """(256, 3) colours: black background, grey unseen, each class its own."""
    palette = np.array([class_colour(value) for value in range(256)], np.uint8)
    for known in classes:
        palette[known.value] = known.colour
    return palette


def palette_png(mask: IndexMask, palette: Bytes) -> bytes:
    """An 8-bit PNG of (h, w) values with (256, 3) colours."""
    return _png(np.ascontiguousarray(mask, np.uint8), _PALETTE, chunk(b"PLTE", palette.tobytes()))


def grey_png(mask: npt.NDArray[Any]) -> bytes:
    """An 8-bit or 16-bit grey PNG of (h, w) uint8 or uint16."""
    return _png(np.ascontiguousarray(mask), _GREY)


def _png(mask: npt.NDArray[Any], kind: int, more: bytes = b"") -> bytes:
    depth = mask.dtype.itemsize * 8
    height, width = mask.shape
    stored = mask.astype(mask.dtype.newbyteorder(">"), copy=False).view(np.uint8).reshape(height, -1)
    rows = np.empty((height, 1 + stored.shape[1]), np.uint8)
    rows[:, 0] = _UP
    rows[:1, 1:] = stored[:1]
    np.subtract(stored[1:], stored[:-1], out=rows[1:, 1:])
    packer = zlib.compressobj(6, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    packed = packer.compress(rows.data) + packer.flush()
    head = chunk(b"IHDR", ImageHeader(width, height, depth, kind, interlaced=False).packed())
    return SIGNATURE + head + more + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def read_index_mask(path: Path, classes: Iterable[LabelClass]) -> IndexMask:
    """(h, w) values of a mask file; colours that another program saved it in are looked up. Raises UserError."""
    pixels = _decoded(path)
    if pixels.ndim == 3:
        return _by_colour(path, pixels, palette_of(classes), {known.value for known in classes})
    if pixels.dtype != np.uint8:
        if pixels.max(initial=0) > UNSEEN:
            raise _refused(path, "It holds numbers beyond 255.")
        pixels = pixels.astype(np.uint8)
    return pixels


def read_object_mask(path: Path) -> ObjectMask:
    """(h, w) object numbers of a mask file; raises UserError."""
    pixels = _decoded(path)
    if pixels.ndim == 3:
        raise _refused(path, "It is coloured; objects are stored as grey numbers.")
    return pixels.astype(np.uint16, copy=False)


def read_grey(path: Path) -> npt.NDArray[np.uint8]:
    """(h, w) of an 8-bit grey file; raises UserError."""
    pixels = _decoded(path)
    if pixels.ndim == 3 or pixels.dtype != np.uint8:
        raise _refused(path, "It is not an 8-bit grey picture.")
    return pixels


def value_counts(mask: IndexMask) -> npt.NDArray[np.int64]:
    """(256,) pixels of each value."""
    flat = np.ascontiguousarray(mask).reshape(-1, 1)
    total = np.zeros(256, np.int64)
    for start in range(0, len(flat), _EXACT):
        total += (
            cv2.calcHist([flat[start : start + _EXACT]], [0], None, [256], [0, 256]).ravel().astype(np.int64)
        )
    return total


def _decoded(path: Path) -> npt.NDArray[Any]:
    data = contents(path)
    try:
        return guarded(lambda: _numbers(data))
    except Damaged as error:
        raise _refused(path, "It is damaged or of an unusual kind.") from error


def _numbers(data: bytes) -> npt.NDArray[Any]:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            raise ValueError("too large")
        if picture.mode == "1":
            return np.array(picture).astype(np.uint8)
        if picture.mode in ("P", "L"):
            return np.array(picture)
        if picture.mode in ("I", "I;16", "I;16B"):
            return np.asarray(picture).astype(np.uint16)
        if picture.mode in ("LA", "PA"):
            return np.ascontiguousarray(np.asarray(picture)[..., 0])
        pixels = np.array(picture.convert("RGB"))
    is_grey = (pixels[..., :1] == pixels[..., 1:]).all()
    return np.ascontiguousarray(pixels[..., 0]) if is_grey else pixels


def _by_colour(path: Path, pixels: Bytes, palette: Bytes, values: set[int]) -> IndexMask:
    known = sorted({BACKGROUND, UNSEEN} | values)
    packed = pixels.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    colours = palette[known].astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    order = np.argsort(colours)
    place = np.minimum(np.searchsorted(colours[order], packed), len(known) - 1)
    if (colours[order][place] != packed).any():
        raise _refused(path, "It is coloured, and some of its colours belong to no class.")
    found: IndexMask = np.asarray(known, np.uint8)[order][place]
    return found


def _refused(path: Path, why: str) -> UserError:
    return UserError(
        f"The mask {path.name} cannot be used",
        f"{why} ({path})",
        "Take an older copy of it, or move it away and label the picture again.",
    )
