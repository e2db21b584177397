"""Which format the first bytes of a file belong to, and which suffixes go with it."""

from __future__ import annotations

import re
from typing import Final

SUFFIXES: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "TIFF": (".tif", ".tiff"),
    "WebP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "AVIF": (".avif", ".avifs"),
    "HEIC": (".heic", ".heif", ".hif"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "TGA": (".tga",),
    "ICO": (".ico",),
    "JPEG 2000": (".jp2", ".j2k", ".jpx", ".jpc", ".j2c", ".jpf"),
    "QOI": (".qoi",),
    "PCX": (".pcx",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "DDS": (".dds",),
}
_MAGIC: Final = (
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("WebP", rb"RIFF....WEBP"),
    ("GIF", rb"GIF8[79]a"),
    ("AVIF", rb"....ftypavi[fs]"),
    ("HEIC", rb"....ftyp(?:hei[cxsm]|hev[cx]|heim|mif1|msf1)"),
    ("JPEG 2000", rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n"),
    ("QOI", rb"qoif"),
    ("DDS", rb"DDS "),
    ("SGI", rb"\x01\xda[\x00\x01][\x01\x02]"),
    ("PPM", rb"P[1-6][\s#]"),
    ("ICO", rb"\0\0\x01\0[^\0]\0"),
    ("PCX", rb"\x0a[\x00-\x05]\x01[\x01\x02\x04\x08]"),
    ("BMP", rb"BM"),
)
_AVIF_BRANDS: Final = re.compile(rb"....ftyp.{4,60}?avi[fs]", re.S)


def sniffed(data: bytes) -> str | None:
    """Name of the format, None for a stranger. TGA has no mark of its own."""
    if re.match(rb"....ftypmi", data, re.S) and _AVIF_BRANDS.match(data):
        return "AVIF"
    return next((name for name, magic in _MAGIC if re.match(magic, data, re.S)), None)


def by_suffix(suffix: str) -> str | None:
    return next((name for name, suffixes in SUFFIXES.items() if suffix.lower() in suffixes), None)
