"""What the codecs hand to each other: metadata, JPEG tables, headers and decoded pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from imgstudio.core.pixels import Array


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """What travels with the pixels, each part byte for byte as the file had it or None."""

    exif: bytes | None = None
    """TIFF-structured block, without the `Exif` prefix that JPEG puts before it."""
    icc: bytes | None = None
    """None means sRGB. A profile of the GRAY colour space stands with pixels where r = g = b."""
    xmp: bytes | None = None
    iptc: bytes | None = None
    """IIM data sets, without the Photoshop resource around them."""
    dpi: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class JpegInfo:
    """How a JPEG was compressed, told in the axes of the oriented picture."""

    luma: Array
    """(8, 8) uint16 quantisation steps, natural order, [vertical, horizontal] frequency."""
    chroma: Array | None
    subsampling: tuple[int, int]
    """Luma samples for one chroma sample, (horizontal, vertical): 4:2:0 is (2, 2)."""
    grid: tuple[int, int]
    """(x, y) of the first 8x8 block corner, 0..7 each."""
    quality: int
    """Nearest IJG quality, 1..100."""


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What is known before any pixel is decoded; width and height as stored, before orientation."""

    width: int
    height: int
    bit_depth: int = 8
    grayscale: bool = False
    has_alpha: bool = False
    orientation: int = 1
    metadata: Metadata = Metadata()
    jpeg: JpegInfo | None = None
    """Still in stored axes."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Pixels as stored: (h, w) grey, or (h, w, channels) grey+alpha, RGB or straight RGBA; uint8 or uint16."""

    pixels: Array
    metadata: Metadata | None = None
    """Set where decoding changed it, such as a CMYK profile that was used up."""
    warnings: tuple[str, ...] = ()


class Codec(Protocol):
    """A module that reads one family of formats. Both functions may raise anything."""

    def header(self, data: bytes) -> Header: ...

    def decode(self, data: bytes, header: Header) -> Decoded: ...
