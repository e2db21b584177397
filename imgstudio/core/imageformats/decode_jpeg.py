"""JPEG, also CMYK, 12-bit and multi-picture files (first picture)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

import cv2
import imagecodecs
import numpy as np

from imgstudio.core.imageformats import exif as exif_block
from imgstudio.core.imageformats import icc, ifd, iptc, xmp
from imgstudio.core.imageformats.channels import rgb_of_cmyk, scaled
from imgstudio.core.imageformats.content import Decoded, Header, Metadata
from imgstudio.core.imageformats.guard import Damaged, first_that_works, optional
from imgstudio.core.imageformats.jpegtables import Markers, jpeg_info, markers
from imgstudio.core.pixels import Array

EXIF_PREFIX: Final = b"Exif\0"
XMP_PREFIX: Final = b"http://ns.adobe.com/xap/1.0/\0"
LONG_XMP_PREFIX: Final = b"http://ns.adobe.com/xmp/extension/\0"
ICC_PREFIX: Final = b"ICC_PROFILE\0"
APP1, APP2, APP13 = 0xE1, 0xE2, 0xED


def header(data: bytes) -> Header:
    found = markers(data)
    if found.frame is None:
        raise Damaged("no frame header")
    notes: list[str] = []
    metadata = _metadata(found, notes)
    if not found.is_complete:
        notes.append("The file ends too early: the rest of the picture is missing and shown grey.")
    _note_other_pictures(found, metadata, notes)
    frame = found.frame
    return Header(
        width=frame.width,
        height=frame.height,
        bit_depth=frame.precision,
        grayscale=len(frame.sampling) == 1,
        orientation=optional(
            lambda: exif_block.orientation(metadata.exif, metadata.xmp),
            notes,
            "EXIF orientation",
            otherwise=1,
        ),
        metadata=metadata,
        jpeg=jpeg_info(found),
        warnings=tuple(notes),
    )


def _metadata(found: Markers, notes: list[str]) -> Metadata:
    def part(read: Callable[[Markers], bytes | None], what: str) -> bytes | None:
        return optional(lambda: read(found), notes, what)

    exif = part(_exif, "EXIF")
    if exif is None and found.bodies(APP1, EXIF_PREFIX):
        notes.append("The EXIF data of this file is damaged and was left out.")
    dpi = optional(lambda: _jfif_dpi(found) or exif_block.resolution(exif), notes, "resolution")
    if found.bodies(APP1, LONG_XMP_PREFIX):
        notes.append("Only the main part of the XMP data was read; the extended part is left out.")
    return Metadata(exif, part(_icc, "colour profile"), part(_xmp, "XMP"), part(_iptc, "IPTC"), dpi)


def _exif(found: Markers) -> bytes | None:
    bodies = found.bodies(APP1, EXIF_PREFIX)
    return exif_block.block_of(bodies[0][1:]) if bodies else None


def _xmp(found: Markers) -> bytes | None:
    return next(iter(found.bodies(APP1, XMP_PREFIX)), None)


def _icc(found: Markers) -> bytes | None:
    chunks: dict[int, bytes] = {}
    for body in found.bodies(APP2, ICC_PREFIX):
        chunks.setdefault(body[0], body[2:])
    return b"".join(chunks[number] for number in sorted(chunks)) or None


def _iptc(found: Markers) -> bytes | None:
    return iptc.from_photoshop(b"".join(found.bodies(APP13, iptc.PREFIX)))


def _jfif_dpi(found: Markers) -> tuple[float, float] | None:
    for body in found.bodies(0xE0, b"JFIF\0"):
        unit, x, y = struct.unpack_from(">BHH", body, 2)
        if unit in (1, 2) and x and y:
            factor = 2.54 if unit == 2 else 1.0
            return x * factor, y * factor
    return None


def _note_other_pictures(found: Markers, metadata: Metadata, notes: list[str]) -> None:
    if xmp.has_gain_map(metadata.xmp) or found.bodies(APP2, b"urn:iso:std:iso:ts:21496:-1\0"):
        notes.append("This is an HDR photo with a gain map; its standard picture is opened.")
        return
    blocks = found.bodies(APP2, b"MPF\0")
    count = optional(lambda: _picture_count(blocks[0]) if blocks else 1, notes, "picture index", otherwise=1)
    if count > 1:
        notes.append(f"The file holds {count} pictures; the first one is opened.")


def _picture_count(mpf: bytes) -> int:
    entry = ifd.first_ifd(mpf).entries.get(0xB001)
    return int(ifd.numbers(entry, ifd.byte_order(mpf))[0]) if entry is not None else 1


def decode(data: bytes, header: Header) -> Decoded:
    components = len(found.sampling) if (found := markers(data).frame) is not None else 3
    if components == 4:
        return _decode_cmyk(data, header)
    colour = "RGBA" if components == 3 and header.bit_depth == 8 else None

    def fast() -> Array:
        return np.asarray(imagecodecs.jpeg8_decode(data, outcolorspace=colour))

    pixels = first_that_works(fast, lambda: _by_opencv(data))
    return Decoded(scaled(pixels, header.bit_depth) if pixels.dtype != np.uint8 else pixels)


def _by_opencv(data: bytes) -> Array:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise Damaged("no picture data")
    return np.asarray(pixels)


def _decode_cmyk(data: bytes, header: Header) -> Decoded:
    # Every program that writes CMYK JPEG follows Adobe and stores paper, not ink.
    ink = 255 - np.asarray(imagecodecs.jpeg8_decode(data, outcolorspace="CMYK"))
    old = header.metadata
    rgb, note = rgb_of_cmyk(ink, old.icc if icc.colour_space(old.icc) == "CMYK" else None)
    return Decoded(rgb, Metadata(old.exif, None, old.xmp, old.iptc, old.dpi), (note,))


def reduced(data: bytes, header: Header, size: int) -> Array | None:
    """RGB decoded at 1/2, 1/4 or 1/8 where that still reaches `size`; None where it would not help."""
    share = max(header.width, header.height) // max(1, size)
    scales = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
    scale = next((scale for scale in scales if scale <= share), None)
    frame = markers(data).frame
    if scale is None or frame is None or len(frame.sampling) == 4:
        return None
    flags = scales[scale] | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return None if pixels is None else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
