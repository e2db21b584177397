"""TIFF 6.0 and BigTIFF, first page: any depth, planar or chunky, strips or tiles; Pillow takes over the rest."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imgstudio.core.imageformats import decode_pillow, exif, icc
from imgstudio.core.imageformats import ifd as tags
from imgstudio.core.imageformats.channels import rgb_of_cmyk, scaled, straight
from imgstudio.core.imageformats.content import Decoded, Header, Metadata
from imgstudio.core.imageformats.guard import Damaged, guarded, optional
from imgstudio.core.pixels import Array

if TYPE_CHECKING:
    import tifffile

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_DIRECT: Final = frozenset({_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK})
_JPEG: Final = 7
_COLOURS: Final = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_ASSOCIATED, _STRAIGHT = 1, 2
_KEPT_IN_EXIF: Final = frozenset({0x010E, 0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x013B, 0x8298})
"""Description, make, model, orientation, software, date, artist, copyright: all else describes the pixels' storage."""
_MISSING: Final = "Parts of the picture are missing or damaged in the file."


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the two libraries would log; with tifffile it is the only sign of missing parts."""
    said: list[str] = []

    def take(record: logging.LogRecord) -> bool:
        said.append(record.getMessage())
        return False

    loggers = [logging.getLogger(name) for name in ("tifffile", "PIL.TiffImagePlugin")]
    for logger in loggers:
        logger.addFilter(take)
    try:
        yield said
    finally:
        for logger in loggers:
            logger.removeFilter(take)


def _opened(data: bytes) -> tifffile.TiffFile:
    import tifffile  # it takes a while, and few files are TIFF

    return tifffile.TiffFile(io.BytesIO(data))


def _first_page(file: tifffile.TiffFile) -> Any:
    import tifffile

    page: Any = file.pages.first
    if not isinstance(page, tifffile.TiffPage) or page.imagewidth < 1 or page.imagelength < 1:
        raise Damaged("no picture in the first directory")
    return page


def header(data: bytes) -> Header:
    try:
        return guarded(lambda: _header(data))
    except Damaged:
        with _complaints():
            found = decode_pillow.header(data)
        return replace(
            found, orientation=optional(lambda: exif.orientation(data), [], "orientation", otherwise=1)
        )


def _header(data: bytes) -> Header:
    notes: list[str] = []
    with _complaints(), _opened(data) as file:
        page = _first_page(file)
        more = optional(lambda: len(file.pages), notes, "page list", otherwise=1)
        found = Header(
            width=page.imagewidth,
            height=page.imagelength * max(1, page.imagedepth),
            bit_depth=int(np.max(page.bitspersample)),
            grayscale=page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO),
            has_alpha=_alpha_kind(page) is not None,
        )
        if page.imagedepth > 1:
            raise Damaged("volumes are not pictures")
    if more > 1:
        notes.append(f"The file holds {more} pages; the first one is opened.")
    metadata = _metadata(data, notes)
    turn = optional(lambda: exif.orientation(metadata.exif, metadata.xmp), notes, "orientation", otherwise=1)
    return Header(
        found.width, found.height, found.bit_depth, found.grayscale, found.has_alpha, turn, metadata,
        warnings=tuple(notes),
    )  # fmt: skip


def _alpha_kind(page: Any) -> int | None:
    """ExtraSamples value of the channel right after the colours when that is alpha."""
    colours = _COLOURS.get(int(page.photometric), 3)
    if page.samplesperpixel <= colours:
        return None
    extra = page.extrasamples
    if not extra:
        return _STRAIGHT
    return int(extra[0]) if extra[0] in (_ASSOCIATED, _STRAIGHT) else None


def _metadata(data: bytes, notes: list[str]) -> Metadata:
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return _big_metadata(data, notes)
    main = tags.first_ifd(data)

    def raw(tag: int) -> bytes | None:
        return main.entries[tag].raw if tag in main.entries and main.entries[tag].raw else None

    return Metadata(
        optional(lambda: _exif_block(data, main), notes, "EXIF"),
        raw(34675),
        raw(700),
        _iim(raw(33723)),
        optional(lambda: exif.resolution(data), notes, "resolution"),
    )


def _iim(raw: bytes | None) -> bytes | None:
    """Some writers store the bytes as swapped longs."""
    if raw is None or raw[:1] == b"\x1c":
        return raw
    padded = raw + bytes(-len(raw) % 4)
    swapped = np.frombuffer(padded, ">u4").astype("<u4").tobytes()
    return swapped if swapped[:1] == b"\x1c" else None


def _big_metadata(data: bytes, notes: list[str]) -> Metadata:
    with _complaints(), _opened(data) as file:
        page = _first_page(file)

        def raw(tag: int) -> bytes | None:
            value = page.tags.valueof(tag)
            return bytes(value) if isinstance(value, bytes) and value else None

        def block() -> bytes:
            turn = page.tags.valueof(exif.ORIENTATION)
            entry = tags.Entry(exif.ORIENTATION, 3, 1, int(turn or 1).to_bytes(2, "little"))
            return tags.new_block({exif.ORIENTATION: entry}, {}, "<")

        notes.append("EXIF data of BigTIFF files is not read.")
        return Metadata(block(), raw(34675), raw(700), None, None)


def _exif_block(data: bytes, main: tags.Ifd) -> bytes | None:
    order = tags.byte_order(data)
    kept = {tag: entry for tag, entry in main.entries.items() if tag in _KEPT_IN_EXIF}
    children = {}
    for tag in (exif.EXIF_IFD, exif.GPS_IFD):
        child = tags.child_ifd(data, main, tag)
        if child is not None:
            children[tag] = {t: e for t, e in child.entries.items() if t != exif.INTEROP_IFD}
    return tags.new_block(kept, children, order) if kept or children else None


def decode(data: bytes, header: Header) -> Decoded:
    try:
        return guarded(lambda: _decode(data, header))
    except Damaged as failure:
        try:
            # Pillow turns TIFF by itself; the tag is reset first, for the turn is ours.
            with _complaints():
                return guarded(lambda: decode_pillow.decode(exif.upright(data), header))
        except Damaged:
            raise failure from None


def _decode(data: bytes, header: Header) -> Decoded:
    with _complaints() as said, _opened(data) as file:
        page = _first_page(file)
        if page.photometric not in _DIRECT and not (page.photometric == _YCBCR and page.compression == _JPEG):
            raise Damaged("colour space for Pillow")
        stored = page.asarray(maxworkers=1, squeeze=False)[0, 0]
        if page.planarconfig == 2 and page.samplesperpixel > 1:
            stored = np.moveaxis(page.asarray(maxworkers=1, squeeze=False)[:, 0, ..., 0], 0, -1)
        notes = [_MISSING] if said else []
        return _interpreted(stored, page, header, notes)


def _interpreted(stored: Array, page: Any, header: Header, notes: list[str]) -> Decoded:
    """From samples as stored to grey, RGB or RGBA."""
    colours, photometric = _COLOURS[int(page.photometric)], int(page.photometric)
    alpha = _alpha_kind(page)
    if stored.shape[2] > colours + (alpha is not None):
        notes.append("Extra channels of this TIFF were left out.")
    stored = stored[..., : colours + (alpha is not None)]
    if photometric == _PALETTE:
        return Decoded(_through_palette(stored[..., 0], page), warnings=tuple(notes))
    pixels = _unsigned(stored, int(np.max(page.bitspersample)), notes)
    if photometric == _WHITE_IS_ZERO:
        pixels = pixels.copy()
        pixels[..., 0] = np.array(np.iinfo(pixels.dtype).max, pixels.dtype) - pixels[..., 0]
    if alpha == _ASSOCIATED:
        pixels = straight(pixels)
    if photometric == _CMYK:
        return _from_cmyk(pixels, header.metadata, notes)
    return Decoded(pixels, warnings=tuple(notes))


def _unsigned(stored: Array, bits: int, notes: list[str]) -> Array:
    """uint8 or uint16 from any sample type, white staying white."""
    if stored.dtype == bool:
        return stored.astype(np.uint8) * np.uint8(255)
    if stored.dtype.kind in "fc":
        return _from_floats(stored, notes)
    if stored.dtype.kind == "i":
        stored = _from_signed(stored, bits)
    if bits > 16:
        notes.append(f"The file has {bits} bits a channel; it is opened with 16.")
        return scaled(stored, stored.dtype.itemsize * 8 if bits not in (24,) else bits)
    return scaled(stored, bits)


def _from_signed(stored: Array, bits: int) -> Array:
    """Signed samples: zero is black unless there are negative ones, then the least value is.

    Eight bits are taken as unsigned: writers of such files mean that, and other readers do so too.
    """
    unsigned = np.dtype(f"u{stored.dtype.itemsize}")
    if bits <= 8:
        return stored.view(unsigned)
    if int(stored.min(initial=0)) < 0:
        return np.asarray(stored.astype(np.int64) + (1 << (bits - 1)), unsigned)
    return np.asarray(stored.astype(unsigned) * unsigned.type(2), unsigned)


def _from_floats(stored: Array, notes: list[str]) -> Array:
    values = np.nan_to_num(np.real(stored).astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    outside = bool(values.size) and (float(values.min()) < 0.0 or float(values.max()) > 1.0)
    clipped = " Values outside 0 to 1 were cut off." if outside else ""
    notes.append("The file has floating-point pixels; it is opened with 16 bits." + clipped)
    return np.asarray(np.rint(np.clip(values, 0, 1) * np.float32(65535)), np.uint16)


def _through_palette(indices: Array, page: Any) -> Array:
    table = np.asarray(page.colormap)
    eight = (table >> 8).max() * 257 == table.max() or table.max() > 255
    colours = (table >> 8 if eight else table).astype(np.uint8).T
    return np.asarray(colours[np.minimum(indices, len(colours) - 1)])


def _from_cmyk(pixels: Array, old: Metadata, notes: list[str]) -> Decoded:
    if pixels.dtype == np.uint16:
        notes.append("16-bit CMYK was reduced to 8 bits.")
        pixels = (pixels >> 8).astype(np.uint8)
    profile = old.icc if icc.colour_space(old.icc) == "CMYK" else None
    rgb, note = rgb_of_cmyk(pixels[..., :4], profile)
    if pixels.shape[2] > 4:
        rgb = np.dstack([rgb, pixels[..., 4]])
    return Decoded(rgb, Metadata(old.exif, None, old.xmp, old.iptc, old.dpi), (*notes, note))
