"""TIFF files from pixels and metadata: tifffile writes the picture, EXIF and GPS directories are hung on after."""

from __future__ import annotations

import io
import struct
from typing import Any, Final

from imgstudio.core.imageformats import exif, ifd
from imgstudio.core.imageformats.content import Metadata
from imgstudio.core.imageformats.encode import ExportOptions, Picture, at_depth
from imgstudio.core.imageformats.guard import optional

_COMPRESSIONS: Final = {
    "none": (None, None),
    "fast": ("adobe_deflate", {"level": 1}),
    "auto": ("adobe_deflate", {"level": 6}),
    "small": ("adobe_deflate", {"level": 9}),
}
_TEXTS: Final = (0x010E, 0x010F, 0x0110, 0x0132, 0x013B, 0x8298)
"""Description, make, model, date, artist, copyright: tags that TIFF keeps beside the picture."""
_XMP, _IPTC = 700, 33723
_BIG: Final = 2**32 - 2**25


def encode_tiff(picture: Picture, options: ExportOptions, notes: list[str]) -> bytes:
    import tifffile  # it takes a while, and few files are TIFF

    picture = at_depth(picture, options.bit_depth, 16, notes)
    pixels, metadata = picture.pixels, picture.metadata
    has_alpha = pixels.ndim == 3 and pixels.shape[2] in (2, 4)
    compression, how = _COMPRESSIONS[options.compression]
    is_big = pixels.nbytes > _BIG
    children = (
        {}
        if is_big
        else optional(
            lambda: _children(metadata.exif), notes, "EXIF", otherwise=dict[int, dict[int, ifd.Entry]]()
        )
    )
    if is_big and metadata.exif is not None:
        notes.append("Files over 4 GB keep no EXIF data.")
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        pixels,
        bigtiff=is_big,
        byteorder="<",
        photometric="minisblack" if picture.is_gray else "rgb",
        planarconfig="contig" if pixels.ndim == 3 else None,
        extrasamples=("unassalpha",) if has_alpha else None,
        compression=compression,
        compressionargs=how,
        predictor=True if compression else None,
        rowsperstrip=_rows_per_strip(pixels.nbytes, pixels.shape[0]),
        iccprofile=metadata.icc,
        resolution=metadata.dpi,
        resolutionunit="inch" if metadata.dpi else None,
        extratags=_tags(metadata, notes),
        software="imgstudio",
        metadata=None,
    )
    return _with_children(out.getvalue(), children)


def _rows_per_strip(size: int, rows: int) -> int:
    """Strips of about a megabyte."""
    return max(1, min(rows, rows * (1 << 20) // max(1, size)))


def _tags(metadata: Metadata, notes: list[str]) -> list[Any]:
    tags: list[Any] = [(exif.ORIENTATION, "H", 1, 1, True)]
    tags += optional(lambda: _texts(metadata.exif), notes, "EXIF", otherwise=[])
    if metadata.xmp is not None:
        tags.append((_XMP, "B", len(metadata.xmp), metadata.xmp, True))
    if metadata.iptc is not None:
        tags.append((_IPTC, "B", len(metadata.iptc), metadata.iptc, True))
    return tags


def _texts(block: bytes | None) -> list[Any]:
    if block is None:
        return []
    entries = ifd.first_ifd(block).entries
    return [
        (tag, "s", 0, entries[tag].raw.rstrip(b"\0"), True)
        for tag in _TEXTS
        if tag in entries and entries[tag].kind == 2 and entries[tag].raw.strip(b"\0")
    ]


def _children(block: bytes | None) -> dict[int, dict[int, ifd.Entry]]:
    """EXIF and GPS entries in little-endian order. Maker notes are kept as bytes."""
    if block is None:
        return {}
    order, main, out = ifd.byte_order(block), ifd.first_ifd(block), {}
    for tag in (exif.EXIF_IFD, exif.GPS_IFD):
        child = ifd.child_ifd(block, main, tag)
        if child is not None and child.entries:
            out[tag] = {
                t: ifd.in_order(entry, order, "<")
                for t, entry in child.entries.items()
                if t != exif.INTEROP_IFD
            }
    return out


def _with_children(tiff: bytes, children: dict[int, dict[int, ifd.Entry]]) -> bytes:
    """Append the directories, then a copy of the main one that points at them as well."""
    if not children:
        return tiff
    out = bytearray(tiff)
    main = ifd.first_ifd(tiff)
    rows = [(tag, tiff[entry.at : entry.at + 12]) for tag, entry in main.entries.items()]
    for tag, entries in children.items():
        out += b"\0" * (len(out) % 2)
        rows.append((tag, struct.pack("<HHII", tag, 4, 1, len(out))))
        out += ifd.ifd_bytes(entries, "<", len(out))
    out += b"\0" * (len(out) % 2)
    struct.pack_into("<I", out, 4, len(out))
    return bytes(out + struct.pack("<H", len(rows)) + b"".join(row for _, row in sorted(rows)) + bytes(4))
