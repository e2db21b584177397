"""The only place where pixel formats are converted."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
"""uint8 or uint16 pixels, (height, width, channels)."""
Floats: TypeAlias = npt.NDArray[np.float32]

DEPTHS: Final = (np.dtype(np.uint8), np.dtype(np.uint16))


def top(dtype: npt.DTypeLike) -> int:
    """Value that stands for 1.0: 255 or 65535."""
    return 65535 if np.dtype(dtype) == np.uint16 else 255


def to_float(pixels: Array) -> Floats:
    """Map 0..255 or 0..65535 to 0..1."""
    return np.asarray(pixels * np.float32(1 / top(pixels.dtype)), np.float32)


def from_float(pixels: Floats, dtype: npt.DTypeLike = np.uint8) -> Array:
    """Map 0..1 to the whole range of `dtype`, rounding to nearest and clipping; NaN becomes 0."""
    scaled = pixels * np.float32(top(dtype))
    np.fmax(scaled, 0, out=scaled)  # fmax: NaN becomes 0
    np.minimum(scaled, top(dtype), out=scaled)
    stored: Array = np.rint(scaled, out=scaled).astype(dtype)
    return stored


def to_depth(pixels: Array, dtype: npt.DTypeLike) -> Array:
    """Convert between uint8 and uint16 so that black and white stay black and white."""
    if pixels.dtype == np.dtype(dtype):
        return pixels
    if np.dtype(dtype) == np.uint16:
        return np.asarray(pixels.astype(np.uint16) * np.uint16(257))
    return np.asarray((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def to_linear(encoded: Floats) -> Floats:
    """Decode sRGB (IEC 61966-2-1) to linear light, both 0..1."""
    high = cv2.pow((np.maximum(encoded, 0) + np.float32(0.055)) * np.float32(1 / 1.055), 2.4)
    low = encoded * np.float32(1 / 12.92)
    return np.where(encoded <= 0.04045, low, high.reshape(low.shape))


def to_srgb(linear: Floats) -> Floats:
    """Encode linear light as sRGB (IEC 61966-2-1), both 0..1."""
    high = cv2.pow(np.maximum(linear, 0), 1 / 2.4) * np.float32(1.055) - np.float32(0.055)
    low = linear * np.float32(12.92)
    return np.where(linear <= 0.0031308, low, high.reshape(low.shape))


def linear_of(pixels: Array) -> Floats:
    """Decode uint8 or uint16 sRGB pixels to linear light in 0..1, by table."""
    return np.take(_linear_table(pixels.dtype), pixels)


def from_linear(linear: Floats, dtype: npt.DTypeLike = np.uint8) -> Array:
    """Encode linear light as sRGB pixels; for uint8 by table, within 0.03 levels before rounding."""
    if np.dtype(dtype) != np.uint8:
        return from_float(to_srgb(linear), dtype)
    return np.take(_byte_table(), from_float(linear, np.uint16))


def through_table(values: Floats, table: Floats) -> Floats:
    """Send 0..1 values through a table of 65,536 entries; exact for pixels of 8 and 16 bits."""
    return np.take(table, from_float(values, np.uint16))


def table_inputs() -> Floats:
    """The values that the entries of a table for `through_table` stand for."""
    return np.arange(65536, dtype=np.float32) / np.float32(65535)


@cache
def _linear_table(dtype: np.dtype[np.generic]) -> Floats:
    return to_linear(np.arange(top(dtype) + 1, dtype=np.float32) / np.float32(top(dtype)))


@cache
def _byte_table() -> Array:
    return from_float(to_srgb(table_inputs()))


def premultiply(rgba: Floats) -> Floats:
    """Straight to premultiplied, (height, width, 4) in 0..1."""
    out = rgba.copy()
    out[..., :3] *= rgba[..., 3:]
    return out


def unpremultiply(rgba: Floats) -> Floats:
    """Premultiplied to straight; colour is 0 where alpha is 0."""
    out = rgba.copy()
    alpha = rgba[..., 3:]
    np.divide(rgba[..., :3], alpha, out=out[..., :3], where=alpha > 0)
    out[..., :3][np.broadcast_to(alpha <= 0, out[..., :3].shape)] = 0
    return out


def over_grey(rgba: Array) -> Floats:
    """(h, w, 3) in 0..1 of straight RGBA over middle grey: whatever colours lie where it is transparent do not count."""
    if int(rgba[..., 3].min(initial=top(rgba.dtype))) == top(rgba.dtype):
        return to_float(np.ascontiguousarray(rgba[..., :3]))
    pixels = to_float(rgba)
    alpha = pixels[..., 3:]
    return np.asarray(_GREY + alpha * (pixels[..., :3] - _GREY), np.float32)


def luma(rgb: Floats) -> Floats:
    """Rec. 601 luma of (height, width, 3) in 0..1."""
    if min(rgb.shape[:2]) == 0:
        return np.zeros(rgb.shape[:2], np.float32)
    # cv2 and not @: a matrix library's threads get in the way of the window's
    return np.asarray(cv2.transform(rgb, _LUMA), np.float32).reshape(rgb.shape[:2])


_GREY: Final = np.float32(0.5)
_LUMA: Final = np.array([[0.299, 0.587, 0.114]], np.float32)


def resized(pixels: Array, width: int, height: int) -> Array:
    """Resample: area averaging when shrinking, bicubic when growing. Give premultiplied colour."""
    if pixels.shape[1] == width and pixels.shape[0] == height:
        return pixels
    shrinking = width * height < pixels.shape[0] * pixels.shape[1]
    how = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    out = np.asarray(cv2.resize(pixels, (width, height), interpolation=how))
    return out.reshape(height, width, *pixels.shape[2:])
