"""EXIF blocks (EXIF 2.32): reading, and patching in place so that maker notes keep their offsets."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from imgstudio.core.imageformats import xmp
from imgstudio.core.imageformats.ifd import (
    Entry,
    Ifd,
    byte_order,
    child_ifd,
    first_ifd,
    numbers,
    read_ifd,
    text,
)

EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
ORIENTATION: Final = 0x0112
_THUMB_AT, _THUMB_LENGTH = 0x0201, 0x0202
_STRIPS, _STRIP_LENGTHS = 0x0111, 0x0117
_SUMMARY: Final = {
    "Make": (0, 0x010F), "Model": (0, 0x0110), "Software": (0, 0x0131), "Artist": (0, 0x013B),
    "Copyright": (0, 0x8298), "Date": (EXIF_IFD, 0x9003), "Lens": (EXIF_IFD, 0xA434),
    "Exposure time (s)": (EXIF_IFD, 0x829A), "Aperture (f/)": (EXIF_IFD, 0x829D),
    "ISO": (EXIF_IFD, 0x8827), "Focal length (mm)": (EXIF_IFD, 0x920A),
}  # fmt: skip


def block_of(raw: bytes | None) -> bytes | None:
    """The TIFF block inside what a container stored; None when there is no sane one."""
    if raw is None:
        return None
    block = raw[6:] if raw[:4] == b"Exif" else raw
    try:
        first_ifd(block)
    except (struct.error, ValueError):
        return None
    return block


def orientation(block: bytes | None, packet: bytes | None = None) -> int:
    """1..8, from the XMP packet where EXIF is silent; 1 for anything that is not one of them."""
    entry = first_ifd(block).entries.get(ORIENTATION) if block is not None else None
    if block is None or entry is None or not entry.count:
        told = xmp.value_of(packet, xmp.TIFF, "Orientation") or ""
        return int(told) if told in tuple("12345678") else 1
    value = numbers(entry, byte_order(block))[0]
    return int(value) if value in range(1, 9) else 1


def resolution(block: bytes | None) -> tuple[float, float] | None:
    """Dots per inch of the main picture."""
    if block is None:
        return None
    order, tags = byte_order(block), first_ifd(block).entries
    if 0x011A not in tags or 0x011B not in tags:
        return None
    x, y = (float(numbers(tags[tag], order)[0]) for tag in (0x011A, 0x011B))
    unit = numbers(tags[0x0128], order)[0] if 0x0128 in tags else 2
    factor = 2.54 if unit == 3 else 1.0
    return (x * factor, y * factor) if x > 0 and y > 0 and unit in (2, 3) else None


def says_adobe_rgb(block: bytes | None) -> bool:
    """Whether the camera marked Adobe RGB by the DCF rule (interoperability index R03)."""
    exif = child_ifd(block, first_ifd(block), EXIF_IFD) if block is not None else None
    if block is None or exif is None:
        return False
    interop = child_ifd(block, exif, INTEROP_IFD)
    return interop is not None and 1 in interop.entries and text(interop.entries[1]) == "R03"


def summary(block: bytes | None) -> dict[str, str]:
    """The handful of tags that people look for, as text."""
    if block is None:
        return {}
    main = first_ifd(block)
    folders = {0: main, EXIF_IFD: child_ifd(block, main, EXIF_IFD)}
    out = {}
    for name, (folder, tag) in _SUMMARY.items():
        ifd = folders[folder]
        if ifd is not None and tag in ifd.entries:
            out[name] = _shown(ifd.entries[tag], byte_order(block))
    out["GPS"] = "yes" if has_location(block) else "no"
    return {name: value for name, value in out.items() if value}


def _shown(entry: Entry, order: str) -> str:
    if entry.kind == 2:
        return text(entry)
    values = numbers(entry, order)
    return f"{values[0]:.4g}" if values else ""


def has_location(block: bytes | None) -> bool:
    if block is None:
        return False
    gps = child_ifd(block, first_ifd(block), GPS_IFD)
    return gps is not None and any(tag in gps.entries for tag in (2, 4))


def upright(block: bytes, width: int | None = None, height: int | None = None) -> bytes:
    """Orientation set to 1 and, when given, the size tags to the picture's; all offsets stay."""
    out, order = bytearray(block), byte_order(block)
    main = first_ifd(block)
    exif = child_ifd(block, main, EXIF_IFD)
    _patch_number(out, order, main, ORIENTATION, 1)
    if width is not None and height is not None:
        for ifd, tags in ((main, (0x0100, 0x0101)), (exif, (0xA002, 0xA003))):
            for tag, value in zip(tags, (width, height), strict=True):
                _patch_number(out, order, ifd, tag, value)
    thumbnail = _thumbnail_ifd(block, main)
    _patch_number(out, order, thumbnail, ORIENTATION, 1)
    return bytes(out)


def _patch_number(out: bytearray, order: str, ifd: Ifd | None, tag: int, value: int) -> None:
    entry = ifd.entries.get(tag) if ifd is not None else None
    if entry is None:
        return
    wide = value > 65535
    struct.pack_into(order + "HHI", out, entry.at, tag, 4 if wide else 3, 1)
    struct.pack_into(order + ("I" if wide else "H2x"), out, entry.at + 8, value)


def without_location(block: bytes) -> bytes:
    """Without the GPS directory: its entry is taken out and its bytes are overwritten with zeros."""
    main = first_ifd(block)
    if GPS_IFD not in main.entries:
        return block
    out, order = bytearray(block), byte_order(block)
    gps = child_ifd(block, main, GPS_IFD)
    if gps is not None:
        for entry in gps.entries.values():
            _blank(out, entry.value_at, len(entry.raw))
        _blank(out, gps.at, gps.link_at + 4 - gps.at)
    at = main.entries[GPS_IFD].at
    tail = bytes(out[at + 12 : main.link_at + 4])
    out[at : at + len(tail)] = tail
    _blank(out, at + len(tail), 12)
    (count,) = struct.unpack_from(order + "H", out, main.at)
    struct.pack_into(order + "H", out, main.at, count - 1)
    return bytes(out)


def _blank(out: bytearray, at: int, length: int) -> None:
    stop = min(at + length, len(out))
    out[at:stop] = bytes(max(0, stop - at))


def _thumbnail_ifd(block: bytes, main: Ifd) -> Ifd | None:
    try:
        return read_ifd(block, main.link) if 8 <= main.link < len(block) else None
    except (struct.error, ValueError):
        return None


def with_thumbnail(block: bytes, jpeg: Callable[[], bytes]) -> bytes:
    """The embedded thumbnail replaced by `jpeg()`; one that is not a JPEG is taken out.

    The old picture is overwritten with zeros, for it may show what was cut away.
    A block without a thumbnail comes back as it is.
    """
    main = first_ifd(block)
    if not main.link:
        return block
    out, order = bytearray(block), byte_order(block)
    thumbnail = _thumbnail_ifd(block, main)
    place = _thumbnail_place(thumbnail, order)
    if thumbnail is None or place is None or place[0] + place[1] > len(block):
        _blank_strips(out, order, thumbnail)
        struct.pack_into(order + "I", out, main.link_at, 0)
        return bytes(out)
    at, old_length = place
    new = jpeg()
    _blank(out, at, old_length)
    if at + old_length == len(out):
        del out[at:]
    if len(new) > len(out) - at or len(new) > old_length:
        at = len(out)
        out += new
    out[at : at + len(new)] = new
    struct.pack_into(order + "I", out, thumbnail.entries[_THUMB_AT].at + 8, at)
    struct.pack_into(order + "HHII", out, thumbnail.entries[_THUMB_LENGTH].at, _THUMB_LENGTH, 4, 1, len(new))
    return bytes(out)


def without_thumbnail(block: bytes) -> bytes:
    """The link to the thumbnail cut and its picture blanked; trailing zeros are dropped."""
    main = first_ifd(block)
    out, order = bytearray(block), byte_order(block)
    if not main.link:
        return block
    thumbnail = _thumbnail_ifd(block, main)
    place = _thumbnail_place(thumbnail, order)
    if place is not None:
        _blank(out, *place)
    _blank_strips(out, order, thumbnail)
    struct.pack_into(order + "I", out, main.link_at, 0)
    kept = place[0] if place is not None and place[0] + place[1] >= len(out) else len(out)
    return bytes(out[:kept])


def _thumbnail_place(ifd: Ifd | None, order: str) -> tuple[int, int] | None:
    if ifd is None or _THUMB_AT not in ifd.entries or _THUMB_LENGTH not in ifd.entries:
        return None
    at, length = (numbers(ifd.entries[tag], order) for tag in (_THUMB_AT, _THUMB_LENGTH))
    return (int(at[0]), int(length[0])) if at and length and ifd.entries[_THUMB_AT].kind == 4 else None


def _blank_strips(out: bytearray, order: str, ifd: Ifd | None) -> None:
    if ifd is None or _STRIPS not in ifd.entries or _STRIP_LENGTHS not in ifd.entries:
        return
    places = (numbers(ifd.entries[tag], order) for tag in (_STRIPS, _STRIP_LENGTHS))
    for at, length in zip(*places, strict=False):
        _blank(out, int(at), int(length))
