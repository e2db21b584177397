"""WebP, BMP, GIF, AVIF and the lesser formats through Pillow, whose plug-ins are called one by one."""

from __future__ import annotations

import importlib
import io
import re
import struct
from collections.abc import Callable
from typing import Final

import imagecodecs
import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile as PillowFile

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import exif as exif_block
from imgstudio.core.imageformats import icc
from imgstudio.core.imageformats.channels import rgb_of_cmyk, scaled
from imgstudio.core.imageformats.content import Decoded, Header, Metadata
from imgstudio.core.imageformats.guard import Damaged, guarded, optional
from imgstudio.core.imageformats.sniff import sniffed
from imgstudio.core.pixels import Array

_PLUGINS: Final = {
    "WebP": ("WebPImagePlugin", "WEBP"),
    "BMP": ("BmpImagePlugin", "BMP"),
    "GIF": ("GifImagePlugin", "GIF"),
    "AVIF": ("AvifImagePlugin", "AVIF"),
    "TIFF": ("TiffImagePlugin", "TIFF"),
    "PPM": ("PpmImagePlugin", "PPM"),
    "TGA": ("TgaImagePlugin", "TGA"),
    "ICO": ("IcoImagePlugin", "ICO"),
    "JPEG 2000": ("Jpeg2KImagePlugin", "JPEG2000"),
    "QOI": ("QoiImagePlugin", "QOI"),
    "PCX": ("PcxImagePlugin", "PCX"),
    "SGI": ("SgiImagePlugin", "SGI"),
    "DDS": ("DdsImagePlugin", "DDS"),
}
_GRAY: Final = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L"})
_DEEP: Final = frozenset({"I;16", "I;16B", "I;16L", "I", "F"})


def _open(data: bytes) -> PillowFile:
    """Call the plug-in itself: Image.open would refuse by a limit that is not the user's."""
    name = sniffed(data) or "TGA"
    if name == "HEIC":
        return _open_heic(data)
    module, key = _PLUGINS[name]
    importlib.import_module(f"PIL.{module}")
    factory: Callable[[io.BytesIO, str], PillowFile] = Image.OPEN[key][0]
    return factory(io.BytesIO(data), "")


def _open_heic(data: bytes) -> PillowFile:
    try:
        plugin = importlib.import_module("pillow_heif")
    except ImportError:
        raise UserError(
            "HEIC pictures cannot be opened here",
            "The add-on that reads them, pillow-heif, is not installed.",
            "Install pillow-heif into the same Python, or convert the file to JPEG.",
        ) from None
    plugin.register_heif_opener()
    factory: Callable[[io.BytesIO, str], PillowFile] = Image.OPEN["HEIF"][0]
    return factory(io.BytesIO(data), "")


def header(data: bytes) -> Header:
    try:
        picture = guarded(lambda: _open(data))
    except Damaged:
        at = data.find(b"ispe") + 8
        if sniffed(data) != "AVIF" or at < 8:
            raise
        # The decoder refuses very large pictures; the size is told all the same.
        return Header(*struct.unpack_from(">II", data, at))
    notes: list[str] = []
    metadata = _metadata(picture, notes)
    frames = optional(lambda: int(getattr(picture, "n_frames", 1)), notes, "frame list", otherwise=1)
    name = sniffed(data)
    if frames > 1 and name in ("GIF", "WebP", "AVIF"):
        notes.append(f"The file holds {frames} frames; the first one is opened.")
    transfer = _transfer(data) if name in ("AVIF", "HEIC") else None
    if transfer is not None:
        notes.append(f"This is an HDR picture ({transfer}); it is shown as if it were a standard one.")
    return Header(
        width=picture.width,
        height=picture.height,
        bit_depth=_avif_depth(data) if name == "AVIF" else (16 if picture.mode in _DEEP else 8),
        grayscale=picture.mode in _GRAY,
        has_alpha=_has_alpha(picture),
        orientation=optional(
            lambda: exif_block.orientation(metadata.exif, metadata.xmp),
            notes,
            "EXIF orientation",
            otherwise=1,
        ),
        metadata=metadata,
        warnings=tuple(notes),
    )


def _has_alpha(picture: Image.Image) -> bool:
    return bool(picture.has_transparency_data)


def _metadata(picture: PillowFile, notes: list[str]) -> Metadata:
    info = picture.info

    def raw(key: str) -> bytes | None:
        value = info.get(key)
        return bytes(value) if isinstance(value, bytes) and value else None

    exif = optional(lambda: exif_block.block_of(raw("exif")), notes, "EXIF")
    if exif is None and raw("exif") is not None:
        notes.append("The EXIF data of this file is damaged and was left out.")
    dpi = optional(lambda: _dpi(info.get("dpi")), notes, "resolution")
    return Metadata(exif, raw("icc_profile"), raw("xmp"), None, dpi)


def _dpi(value: object) -> tuple[float, float] | None:
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    x, y = float(value[0]), float(value[1])
    return (x, y) if x > 1 and y > 1 else None


def _avif_depth(data: bytes) -> int:
    """8, 10 or 12 from the AV1 configuration box (AV1-ISOBMFF 2.3.3)."""
    at = data.find(b"av1C")
    flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _transfer(data: bytes) -> str | None:
    found = re.search(rb"colrnclx..(..)", data, re.S)
    return icc.transfer_name(int.from_bytes(found.group(1), "big")) if found else None


def decode(data: bytes, header: Header) -> Decoded:
    if header.bit_depth > 8 and sniffed(data) == "AVIF":
        return Decoded(scaled(np.asarray(imagecodecs.avif_decode(data)), header.bit_depth))
    picture = _open(data)
    notes: list[str] = []
    try:
        guarded(picture.load)
    except Damaged:
        # Without tiles left to read, load() hands out the rows that were decoded before the failure.
        picture.tile = []
        guarded(picture.load)
        notes.append("The file is damaged: a part of the picture is missing.")
    if picture.size != (header.width, header.height):
        raise Damaged("the size changed while decoding")
    return _converted(picture, header.metadata, notes)


def _converted(picture: Image.Image, old: Metadata, notes: list[str]) -> Decoded:
    mode, metadata = picture.mode, None
    if mode in _DEEP:
        pixels = _from_deep(np.asarray(picture), notes)
    elif mode == "CMYK":
        profile = old.icc if icc.colour_space(old.icc) == "CMYK" else None
        pixels, note = rgb_of_cmyk(np.asarray(picture), profile)
        notes.append(note)
        metadata = Metadata(old.exif, None, old.xmp, old.iptc, old.dpi)
    elif mode == "LAB":
        pixels = _rgb_of_lab(picture)
        notes.append("Lab colour was converted to sRGB.")
        metadata = Metadata(old.exif, None, old.xmp, old.iptc, old.dpi)
    elif _has_alpha(picture):
        pixels = np.asarray(picture.convert("RGBA"))
    elif mode in ("L", "1"):
        pixels = np.asarray(picture.convert("L"))
    else:
        pixels = np.asarray(picture.convert("RGB"))
    return Decoded(pixels, metadata, tuple(notes))


def _from_deep(values: Array, notes: list[str]) -> Array:
    if values.dtype.kind == "f":
        notes.append(
            "The file has floating-point pixels; it is opened with 16 bits, values outside 0 to 1 cut off."
        )
        return np.asarray(np.rint(np.clip(np.nan_to_num(values), 0, 1) * 65535), np.uint16)
    return np.clip(values, 0, 65535).astype(np.uint16)


def _rgb_of_lab(picture: Image.Image) -> Array:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB"))
