"""BMP: Pillow first, a second decoder for the bit fields and headers that Pillow does not know."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np

from imgstudio.core.imageformats import decode_pillow
from imgstudio.core.imageformats.content import Decoded, Header
from imgstudio.core.imageformats.guard import Damaged, first_that_works


def header(data: bytes) -> Header:
    return first_that_works(lambda: decode_pillow.header(data), lambda: _header(data))


def _header(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<ii" if size >= 40 else "<HH", data, 18)
    if width < 1 or height == 0:
        raise Damaged("impossible size")
    return Header(
        width, abs(height), has_alpha=struct.unpack_from("<I", data, 66)[0] != 0 if size >= 56 else False
    )


def decode(data: bytes, header: Header) -> Decoded:
    return first_that_works(lambda: decode_pillow.decode(data, header), lambda: _decode(data, header))


def _decode(data: bytes, header: Header) -> Decoded:
    pixels = np.asarray(imagecodecs.bmp_decode(data))
    if pixels.shape[:2] != (header.height, header.width):
        raise Damaged("the size changed while decoding")
    if pixels.ndim == 3 and pixels.shape[2] == 4 and not header.has_alpha:
        pixels = pixels[..., :3]
    return Decoded(np.ascontiguousarray(pixels))
