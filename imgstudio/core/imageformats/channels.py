"""From any channel layout to upright straight RGBA, and premultiplied back to straight."""

from __future__ import annotations

import io
from typing import Final

import cv2
import numpy as np
from PIL import Image

from imgstudio.core.imageformats.guard import Damaged, guarded
from imgstudio.core.pixels import Array, top

_TO_RGBA: Final = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_RGB2RGBA}
_TURNS: Final = {
    3: cv2.ROTATE_180,
    6: cv2.ROTATE_90_CLOCKWISE,
    8: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def to_rgba(pixels: Array) -> Array:
    """(h, w), (h, w, 1..4) uint8 or uint16 to (h, w, 4); opaque where there was no alpha."""
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    if count == 4:
        return np.ascontiguousarray(pixels)
    if count == 2:
        return np.ascontiguousarray(pixels[..., (0, 0, 0, 1)])
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), _TO_RGBA[count]))


def upright(pixels: Array, orientation: int) -> Array:
    """Apply an EXIF orientation, 1..8."""
    if orientation in _TURNS:
        return np.asarray(cv2.rotate(pixels, _TURNS[orientation]))
    if orientation == 5:
        return np.asarray(cv2.transpose(pixels))
    if orientation == 7:
        return np.asarray(cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180))
    if orientation in (2, 4):
        return np.asarray(cv2.flip(pixels, 1 if orientation == 2 else 0))
    return pixels


def straight(premultiplied: Array) -> Array:
    """Divide colour by the last channel, rounding; colour is 0 where alpha is 0."""
    alpha = premultiplied[..., -1:].astype(np.uint64)
    colour = premultiplied[..., :-1].astype(np.uint64) * top(premultiplied.dtype) + alpha // 2
    divided = np.minimum(colour // np.maximum(alpha, 1), top(premultiplied.dtype)) * (alpha > 0)
    return np.asarray(np.concatenate([divided, alpha], axis=2), premultiplied.dtype)


def scaled(values: Array, bits: int) -> Array:
    """Unsigned integers of `bits` bits to uint8 (up to 8 bits) or uint16, white staying white."""
    if bits in (8, 16):
        return values.astype(np.uint8 if bits == 8 else np.uint16)
    kind, full = (np.uint8, 255) if bits < 8 else (np.uint16, 65535)
    if bits > 16:
        return np.asarray(values >> np.array(bits - 16, values.dtype), np.uint16)
    highest = (1 << bits) - 1
    return np.asarray((values.astype(np.uint32) * full + highest // 2) // highest, kind)


def rgb_of_cmyk(ink: Array, profile: bytes | None) -> tuple[Array, str]:
    """(h, w, 4) uint8, 255 = full ink, to sRGB (h, w, 3), and the sentence that says how."""
    if profile is not None:
        try:
            return guarded(
                lambda: _through_profile(ink, profile)
            ), "CMYK was converted to sRGB by its profile."
        except Damaged:
            pass
    paper = 255 - ink.astype(np.uint16)
    rgb = (paper[..., :3] * paper[..., 3:] + 127) // 255
    return rgb.astype(np.uint8), "CMYK without a usable profile was converted to sRGB roughly."


def _through_profile(ink: Array, profile: bytes) -> Array:
    from PIL import ImageCms

    picture = Image.frombuffer("CMYK", (ink.shape[1], ink.shape[0]), np.ascontiguousarray(ink).tobytes())
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return np.asarray(converted)
