"""PNG in all its colour types at 8 and 16 bits, with what is left of damaged files."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import cv2
import imagecodecs
import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import exif as exif_block
from imgstudio.core.imageformats import icc
from imgstudio.core.imageformats.content import Decoded, Header
from imgstudio.core.imageformats.guard import Damaged, guarded, optional
from imgstudio.core.imageformats.pngchunks import ImageHeader, chunks, metadata, rebuilt
from imgstudio.core.pixels import Array

_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ADAM7: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""x, y of the first pixel and steps in x, y of each pass."""


def _image_header(found: list[tuple[bytes, bytes]]) -> ImageHeader:
    body = dict(reversed(found)).get(b"IHDR", b"")
    if any(name == b"CgBI" for name, _ in found[:1]):
        raise UserError(
            "This PNG is in Apple's private form",
            "It was made for iPhone apps and other programs cannot read it.",
            "Convert it on a Mac first.",
        )
    width, height, depth, colour, _, _, interlace = struct.unpack_from(">IIBBBBB", body)
    if depth not in _DEPTHS.get(colour, ()) or not width or not height:
        raise Damaged("impossible header")
    return ImageHeader(width, height, depth, colour, interlace == 1)


def header(data: bytes) -> Header:
    found = list(chunks(data))
    head = _image_header(found)
    notes: list[str] = []
    grayscale = head.colour in (0, 4)
    kept = metadata(found, grayscale, notes)
    names = dict(reversed(found))
    transfer = icc.transfer_name(names[b"cICP"][1]) if len(names.get(b"cICP", b"")) >= 2 else None
    if transfer:
        notes.append(f"This is an HDR picture ({transfer}); it is shown as if it were a standard one.")
    if b"acTL" in names:
        notes.append("The file is an animation; its still picture is opened.")
    return Header(
        width=head.width,
        height=head.height,
        bit_depth=head.depth,
        grayscale=grayscale,
        has_alpha=head.colour in (4, 6) or b"tRNS" in names,
        orientation=optional(
            lambda: exif_block.orientation(kept.exif, kept.xmp), notes, "EXIF orientation", otherwise=1
        ),
        metadata=kept,
        warnings=tuple(notes),
    )


def decode(data: bytes, header: Header) -> Decoded:
    found = list(chunks(data))
    head = _image_header(found)
    compressed = b"".join(body for name, body in found if name == b"IDAT")
    names = dict(reversed(found))
    # A palette picture is decoded as grey to get its indices: transparency is then applied by us.
    plain = ImageHeader(
        head.width, head.height, head.depth, 0 if head.colour == 3 else head.colour, head.interlaced
    )
    notes: tuple[str, ...] = ()
    try:
        pixels = guarded(lambda: _pixels(plain, compressed))
    except Damaged:
        saved, share = _salvaged(plain, compressed)
        pixels = _pixels(plain, saved)
        notes = (f"The file is damaged: {share:.0%} of the picture data could be read.",)
    if head.colour == 3:
        return Decoded(_through_palette(pixels, head.depth, names), warnings=notes)
    return Decoded(_with_colour_key(pixels, head, names.get(b"tRNS")), warnings=notes)


def _pixels(head: ImageHeader, compressed: bytes) -> Array:
    """(h, w) or (h, w, channels); libspng knows 8-bit types and RGBA 16, OpenCV the others."""
    bare = rebuilt(head, compressed)
    if (head.depth <= 8 and head.colour != 4) or (head.depth == 16 and head.colour == 6):
        return np.asarray(imagecodecs.spng_decode(bare))
    if head.depth == 16 and head.colour == 4:
        # Four bytes a pixel like RGBA 8: PNG filters work on bytes, so the pairs come out whole.
        twin = ImageHeader(head.width, head.height, 8, 6, head.interlaced)
        raw = np.ascontiguousarray(imagecodecs.spng_decode(rebuilt(twin, compressed)))
        return raw.view(">u2").astype(np.uint16).reshape(head.height, head.width, 2)
    if head.colour == 4:
        # Two bytes a pixel like grey 16, for the same reason.
        twin = ImageHeader(head.width, head.height, 16, 0, head.interlaced)
        return (
            _by_opencv(rebuilt(twin, compressed))
            .astype(">u2")
            .view(np.uint8)
            .reshape(head.height, head.width, 2)
        )
    pixels = _by_opencv(bare)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)) if head.colour == 2 else pixels


def _by_opencv(bare: bytes) -> Array:
    pixels = cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise Damaged("no picture data")
    return np.asarray(pixels)


def _through_palette(gray: Array, depth: int, names: dict[bytes, bytes]) -> Array:
    """RGB, or RGBA where the palette has transparent entries; missing entries are black."""
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = 255
    colours = np.frombuffer(names.get(b"PLTE", b"")[:768], np.uint8)
    palette[: len(colours) // 3, :3] = colours[: len(colours) // 3 * 3].reshape(-1, 3)
    alpha = np.frombuffer(names.get(b"tRNS", b"")[:256], np.uint8)
    palette[: len(alpha), 3] = alpha
    indices = gray if depth == 8 else gray // (255 // ((1 << depth) - 1))
    return palette[indices] if len(alpha) else np.ascontiguousarray(palette[indices][..., :3])


def _with_colour_key(pixels: Array, head: ImageHeader, key: bytes | None) -> Array:
    """Alpha 0 where a grey or RGB pixel equals the tRNS colour."""
    if key is None or head.colour not in (0, 2) or len(key) < 2 * head.channels:
        return pixels
    wanted = np.frombuffer(key[: 2 * head.channels], ">u2").astype(np.uint32)
    if head.depth < 8:
        wanted = wanted * 255 // ((1 << head.depth) - 1)
    planes = pixels.reshape(*pixels.shape[:2], head.channels)
    clear = (planes == wanted).all(axis=2)
    full = 65535 if head.depth == 16 else 255
    alpha = np.where(clear, 0, full).astype(pixels.dtype)
    return np.dstack([planes, alpha])


def _salvaged(head: ImageHeader, compressed: bytes) -> tuple[bytes, float]:
    """Picture data made whole with zeros, and the share of it that was there; Damaged when nothing was."""
    passes = _passes(head)
    expected = sum(rows * length for rows, length in passes)
    found = _inflated_part(compressed, expected)
    if not found:
        raise Damaged("no picture data")
    raw = np.zeros(expected, np.uint8)
    raw[: len(found)] = np.frombuffer(found, np.uint8)
    at = 0
    for rows, length in passes:
        filters = raw[at : at + rows * length].reshape(rows, length)[:, 0]
        filters[filters > 4] = 0
        at += rows * length
    return zlib.compress(raw.tobytes(), 1), len(found) / expected


def _passes(head: ImageHeader) -> list[tuple[int, int]]:
    """(rows, bytes in a row with its filter byte) of the picture, or of each interlacing pass that is not empty."""
    bits = head.depth * head.channels
    if not head.interlaced:
        return [(head.height, 1 + (head.width * bits + 7) // 8)]
    sizes = [(-(-(head.width - x) // dx), -(-(head.height - y) // dy)) for x, y, dx, dy in _ADAM7]
    return [(rows, 1 + (width * bits + 7) // 8) for width, rows in sizes if width > 0 and rows > 0]


def _inflated_part(compressed: bytes, limit: int) -> bytes:
    """As much as comes out before the first error."""
    stream = zlib.decompressobj()
    pieces: list[bytes] = []
    size = 0
    for at in range(0, len(compressed), 1024):
        try:
            piece = stream.decompress(compressed[at : at + 1024], limit - size)
        except zlib.error:
            break
        pieces.append(piece)
        size += len(piece)
        if size >= limit or stream.eof:
            break
    return b"".join(pieces)[:limit]
