"""JPEG, PNG and WebP files from pixels and metadata."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from typing import Final, Literal

import imagecodecs
import numpy as np
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import exif, icc, iptc, pngchunks, xmp
from imgstudio.core.imageformats.content import Metadata
from imgstudio.core.imageformats.decode_jpeg import ICC_PREFIX, XMP_PREFIX
from imgstudio.core.imageformats.guard import optional
from imgstudio.core.imageformats.metadata import Policy
from imgstudio.core.pixels import Array, to_depth, top

Compression = Literal["auto", "none", "fast", "small"]
_SEGMENT: Final = 65533
_SIDES: Final = {"JPEG": 65500, "WebP": 16383}
_PNG_LEVELS: Final = {"none": 0, "auto": 3, "small": 9}
_PNG_RLE, _PNG_SUB = 3, 16


@dataclass(frozen=True)
class ExportOptions:
    """How a file is written; what a format does not know is ignored."""

    quality: int = 92
    """1..100, JPEG and lossy WebP."""
    subsampling: Literal["auto", "4:4:4", "4:2:2", "4:2:0"] = "auto"
    """JPEG; `auto` is 4:4:4 from quality 92 up, else 4:2:0."""
    bit_depth: int | None = None
    """8 or 16; None keeps what the pixels have where the format can."""
    lossless: bool = False
    """WebP."""
    metadata: Policy = "keep"
    compression: Compression = "auto"
    """PNG and TIFF."""
    background: tuple[int, int, int] = (255, 255, 255)
    """8-bit colour behind transparent pixels in formats without alpha."""
    grayscale: bool = False
    """Write one channel where the picture has no colour; done anyway when the profile is a grey one."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels as they will be stored: (h, w), (h, w, 2) grey+alpha, (h, w, 3) or (h, w, 4)."""

    pixels: Array
    metadata: Metadata

    @property
    def is_gray(self) -> bool:
        return self.pixels.ndim == 2 or self.pixels.shape[2] == 2


def arranged(
    pixels: Array, metadata: Metadata, options: ExportOptions, *, had_alpha: bool, notes: list[str]
) -> Picture:
    """Drop alpha that says nothing and colour that is not there; make the profile fit what is left."""
    if (
        pixels.shape[2] == 4
        and not had_alpha
        and int(pixels[..., 3].min(initial=top(pixels.dtype))) == top(pixels.dtype)
    ):
        pixels = pixels[..., :3]
    is_gray_profile = icc.colour_space(metadata.icc) == "GRAY"
    if (options.grayscale and metadata.icc is None) or is_gray_profile:
        red, green, blue = (pixels[..., i] for i in range(3))
        if np.array_equal(red, green) and np.array_equal(red, blue):
            gray = red if pixels.shape[2] == 3 else pixels[..., (0, 3)]
            return Picture(gray.copy(), metadata)  # one pixel keeps strides that encoders refuse
    profile = metadata.icc
    if profile is not None and is_gray_profile:
        gray_profile = profile
        profile = optional(lambda: icc.rgb_from_gray(gray_profile), notes, "grey profile")
    return Picture(np.ascontiguousarray(pixels), replace(metadata, icc=profile))


def at_depth(picture: Picture, bits: int | None, deepest: int, notes: list[str]) -> Picture:
    """Convert to the wanted depth, at most what the format can hold."""
    present = 16 if picture.pixels.dtype == np.uint16 else 8
    wanted = min(bits or present, deepest)
    if wanted < present and bits is None:
        notes.append(f"The picture has {present} bits a channel; this format keeps {wanted}.")
    return Picture(to_depth(picture.pixels, np.uint16 if wanted == 16 else np.uint8), picture.metadata)


def check_sides(name: str, pixels: Array) -> None:
    limit = _SIDES.get(name)
    if limit is not None and max(pixels.shape[:2]) > limit:
        raise UserError(
            f"The picture is too large for {name}",
            f"It is {pixels.shape[1]} x {pixels.shape[0]} pixels and {name} allows {limit} on a side.",
            "Save it as PNG or TIFF, or make it smaller.",
        )


def flattened(picture: Picture, background: tuple[int, int, int], notes: list[str]) -> Picture:
    """Lay the picture on a colour."""
    pixels = picture.pixels
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return picture
    notes.append("This format has no transparency; the picture was laid on the background colour.")
    alpha = pixels[..., -1:].astype(np.float32) / top(pixels.dtype)
    behind = np.array(background, np.float32) * (top(pixels.dtype) / 255)
    if picture.is_gray:
        behind = behind.mean(keepdims=True)
    mixed = pixels[..., :-1] * alpha + behind * (1 - alpha)
    out = np.rint(mixed).astype(pixels.dtype)
    return Picture(out[..., 0] if picture.is_gray else out, picture.metadata)


def encode_jpeg(picture: Picture, options: ExportOptions, notes: list[str]) -> bytes:
    check_sides("JPEG", picture.pixels)
    picture = flattened(at_depth(picture, options.bit_depth, 8, notes), options.background, notes)
    sampling = options.subsampling
    if sampling == "auto":
        sampling = "4:4:4" if options.quality >= 92 else "4:2:0"
    encoded = imagecodecs.jpeg8_encode(
        np.ascontiguousarray(picture.pixels),
        level=options.quality,
        subsampling=None if picture.is_gray else sampling.replace(":", ""),
        optimize=True,
    )
    return _with_segments(bytes(encoded), picture.metadata, notes)


def _with_segments(jpeg: bytes, metadata: Metadata, notes: list[str]) -> bytes:
    """Put JFIF density, EXIF, XMP, profile and IPTC between the start and the tables."""
    (jfif_length,) = struct.unpack_from(">H", jpeg, 4)
    x, y = (min(65535, max(1, round(v))) for v in metadata.dpi) if metadata.dpi else (1, 1)
    jfif = b"JFIF\0\1\1" + struct.pack(">BHHBB", 1 if metadata.dpi else 0, x, y, 0, 0)
    out = jpeg[:2] + _segment(0xE0, jfif)
    block = metadata.exif
    if block is not None and len(block) + 6 > _SEGMENT:
        large = block
        block = optional(lambda: exif.without_thumbnail(large), notes, "EXIF")
        notes.append("The EXIF data is too long for JPEG with its thumbnail, which was left out.")
    packet = metadata.xmp
    if packet is not None and len(packet) + len(XMP_PREFIX) > _SEGMENT:
        packet = xmp.shortened(packet, _SEGMENT - len(XMP_PREFIX))
        notes.append("The XMP data is too long for JPEG; only a part of it was kept.")
    named = [
        (0xE1, b"Exif\0\0", block, "EXIF"),
        (0xE1, XMP_PREFIX, packet, "XMP"),
        (0xED, iptc.PREFIX, iptc.to_photoshop(metadata.iptc) if metadata.iptc else None, "IPTC"),
    ]
    for marker, prefix, body, name in named:
        if body is not None and len(prefix) + len(body) > _SEGMENT:
            notes.append(f"The {name} data is too long for JPEG and was left out.")
        elif body is not None:
            out += _segment(marker, prefix + body)
    return out + _profile_segments(metadata.icc) + jpeg[4 + jfif_length :]


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _profile_segments(profile: bytes | None) -> bytes:
    if profile is None:
        return b""
    size = _SEGMENT - len(ICC_PREFIX) - 2
    parts = [profile[at : at + size] for at in range(0, len(profile), size)]
    return b"".join(
        _segment(0xE2, ICC_PREFIX + bytes((number, len(parts))) + part)
        for number, part in enumerate(parts, 1)
    )


def encode_png(picture: Picture, options: ExportOptions, notes: list[str]) -> bytes:
    picture = at_depth(picture, options.bit_depth, 16, notes)
    if picture.metadata.iptc is not None:
        notes.append("PNG has no place for IPTC data; it was left out.")
    deep = picture.pixels.dtype == np.uint16
    if options.compression == "fast" or (options.compression == "auto" and deep):
        # Run lengths of differences to the left: noise in low bytes makes more effort a waste at 16 bits.
        encoded = bytes(imagecodecs.png_encode(picture.pixels, 1, strategy=_PNG_RLE, filter=_PNG_SUB))
    else:
        encoded = bytes(imagecodecs.png_encode(picture.pixels, _PNG_LEVELS[options.compression]))
    after_ihdr = 8 + 25
    extra = pngchunks.metadata_chunks(picture.metadata)
    return encoded[:after_ihdr] + extra + encoded[after_ihdr:]


def encode_webp(picture: Picture, options: ExportOptions, notes: list[str]) -> bytes:
    check_sides("WebP", picture.pixels)
    picture = at_depth(picture, options.bit_depth, 8, notes)
    metadata, pixels = picture.metadata, picture.pixels
    if metadata.iptc is not None:
        notes.append("WebP has no place for IPTC data; it was left out.")
    if picture.is_gray:
        pixels = pixels[..., (0, 0, 0, 1)] if pixels.ndim == 3 else np.dstack([pixels] * 3)
    profile = metadata.icc
    if profile is not None and icc.colour_space(profile) == "GRAY":
        gray = profile
        profile = optional(lambda: icc.rgb_from_gray(gray), notes, "grey profile")
    mode = "RGBA" if pixels.shape[2] == 4 else "RGB"
    size = (pixels.shape[1], pixels.shape[0])
    image = Image.frombuffer(mode, size, np.ascontiguousarray(pixels).tobytes())
    out = io.BytesIO()
    image.save(
        out,
        "WEBP",
        quality=options.quality,
        lossless=options.lossless,
        exact=True,
        method=4,
        icc_profile=profile or b"",
        exif=b"Exif\0\0" + metadata.exif if metadata.exif is not None else b"",
        xmp=metadata.xmp or b"",
    )
    return out.getvalue()
