"""PNG chunks (W3C PNG, third edition): walking, building, and the metadata kept in them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from imgstudio.core.imageformats import exif as exif_block
from imgstudio.core.imageformats import icc
from imgstudio.core.imageformats.content import Metadata
from imgstudio.core.imageformats.guard import optional

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD: Final = b"XML:com.adobe.xmp"
_SRGB_GAMMA: Final = 45455
_METRE: Final = 39.3701
_MAX_METADATA: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """IHDR."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def channels(self) -> int:
        return {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[self.colour]

    def packed(self) -> bytes:
        return struct.pack(
            ">IIBBBBB", self.width, self.height, self.depth, self.colour, 0, 0, self.interlaced
        )


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, body) of each chunk; a cut last chunk gives what is there. Checksums are not looked at."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + size]
        if name == b"IEND":
            return
        at += 12 + size


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def rebuilt(head: ImageHeader, compressed: bytes) -> bytes:
    """A bare PNG of one IDAT chunk."""
    return SIGNATURE + chunk(b"IHDR", head.packed()) + chunk(b"IDAT", compressed) + chunk(b"IEND", b"")


def inflated(body: bytes, limit: int = _MAX_METADATA) -> bytes:
    return bytes(zlib.decompressobj().decompress(body, limit))


def metadata(found: Sequence[tuple[bytes, bytes]], grayscale: bool, notes: list[str]) -> Metadata:
    """Everything but the pixels, also from the `Raw profile` texts of older programs."""
    first: dict[bytes, bytes] = {}
    for name, body in found:
        first.setdefault(name, body)
    texts = optional(lambda: _texts(found), notes, "text", otherwise=dict[bytes, bytes]())
    exif_raw = first.get(b"eXIf") or _raw_profile(texts, "exif", notes) or _raw_profile(texts, "APP1", notes)
    exif = optional(lambda: exif_block.block_of(exif_raw), notes, "EXIF")
    if exif_raw is not None and exif is None:
        notes.append("The EXIF data of this file is damaged and was left out.")
    packet = texts.get(XMP_KEYWORD) or _raw_profile(texts, "xmp", notes)
    iptc_raw = _raw_profile(texts, "iptc", notes)
    return Metadata(
        exif,
        optional(lambda: _profile(first, grayscale), notes, "colour profile"),
        packet,
        _iim(iptc_raw),
        optional(lambda: _dpi(first.get(b"pHYs")), notes, "resolution"),
    )


def _iim(raw: bytes | None) -> bytes | None:
    at = raw.find(b"\x1c") if raw is not None else -1
    return raw[at:] if raw is not None and at >= 0 else None


def _profile(first: dict[bytes, bytes], grayscale: bool) -> bytes | None:
    """iCCP; without it a profile made from gAMA and cHRM where they differ from sRGB."""
    if b"iCCP" in first:
        _, _, rest = first[b"iCCP"].partition(b"\0")
        return inflated(rest[1:])
    if b"sRGB" in first or b"gAMA" not in first or b"cICP" in first:
        return None
    gamma = struct.unpack(">I", first[b"gAMA"])[0]
    points: Sequence[float] = icc.SRGB_PRIMARIES
    if b"cHRM" in first and not grayscale:
        points = [value / 100000 for value in struct.unpack(">8I", first[b"cHRM"])]
    is_srgb = abs(gamma - _SRGB_GAMMA) < 600 and max(
        abs(a - b) for a, b in zip(points, icc.SRGB_PRIMARIES, strict=True)
    ) < 0.005  # fmt: skip
    # A wild exponent is a mistake of the writer, not a colour space.
    return None if is_srgb or not 25000 <= gamma <= 110000 else icc.gamma_profile(100000 / gamma, points)


def _dpi(body: bytes | None) -> tuple[float, float] | None:
    if body is None:
        return None
    x, y, unit = struct.unpack(">IIB", body)
    return (x / _METRE, y / _METRE) if unit == 1 and x and y else None


def _texts(found: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    out: dict[bytes, bytes] = {}
    for name, body in found:
        keyword, _, rest = body.partition(b"\0")
        if name == b"tEXt":
            out.setdefault(keyword, rest)
        elif name == b"zTXt":
            out.setdefault(keyword, inflated(rest[1:]))
        elif name == b"iTXt":
            packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
            out.setdefault(keyword, inflated(text) if packed else text)
    return out


def _raw_profile(texts: dict[bytes, bytes], kind: str, notes: list[str]) -> bytes | None:
    """Hexadecimal block after a name and a length, each on its own line."""
    text = texts.get(f"Raw profile type {kind}".encode())
    if text is None:
        return None
    digits = text.split(maxsplit=2)[-1].decode("latin-1")
    return optional(lambda: bytes.fromhex(digits), notes, kind.upper())


def metadata_chunks(metadata: Metadata) -> bytes:
    """Chunks to put right after IHDR; IPTC has no place in a PNG."""
    out = b""
    if metadata.icc is not None:
        out += chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc))
    if metadata.dpi is not None:
        x, y = (min(2**31 - 1, max(1, round(value * _METRE))) for value in metadata.dpi)
        out += chunk(b"pHYs", struct.pack(">IIB", x, y, 1))
    if metadata.exif is not None:
        out += chunk(b"eXIf", metadata.exif)
    if metadata.xmp is not None:
        out += chunk(b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + metadata.xmp)
    return out
