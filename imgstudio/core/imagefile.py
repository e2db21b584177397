"""Open picture files into upright straight RGBA and write them back with their metadata."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import (
    channels,
    decode_bmp,
    decode_jpeg,
    decode_pillow,
    decode_png,
    decode_tiff,
    exif,
    icc,
    iptc,
    sniff,
    xmp,
)
from imgstudio.core.imageformats import metadata as policy
from imgstudio.core.imageformats.content import Codec, Header, JpegInfo, Metadata
from imgstudio.core.imageformats.encode import (
    ExportOptions,
    Picture,
    arranged,
    encode_jpeg,
    encode_png,
    encode_webp,
)
from imgstudio.core.imageformats.encode_tiff import encode_tiff
from imgstudio.core.imageformats.guard import Damaged, guarded, optional
from imgstudio.core.imageformats.jpegtables import oriented
from imgstudio.core.imageformats.source import contents
from imgstudio.core.paths import write_atomically
from imgstudio.core.pixels import Array, resized, to_depth

__all__ = [
    "READABLE",
    "WRITABLE",
    "ExportOptions",
    "ImageFile",
    "JpegInfo",
    "Metadata",
    "export",
    "info",
    "read",
    "thumbnail",
]

Encoder: TypeAlias = Callable[[Picture, ExportOptions, list[str]], bytes]
_CODECS: Final[Mapping[str, Codec]] = {
    "JPEG": decode_jpeg,
    "PNG": decode_png,
    "TIFF": decode_tiff,
    "BMP": decode_bmp,
}
_ENCODERS: Final[Mapping[str, Encoder]] = {
    "JPEG": encode_jpeg,
    "PNG": encode_png,
    "TIFF": encode_tiff,
    "WebP": encode_webp,
}

READABLE: Final = {suffix: name for name, suffixes in sniff.SUFFIXES.items() for suffix in suffixes}
"""Lower-case suffix with its dot -> format name."""
WRITABLE: Final = {
    suffix: name for suffix, name in READABLE.items() if name in _ENCODERS and suffix not in (".mpo", ".apng")
}

_PLAUSIBLE: Final = 512
"""Pixels for one byte of file beyond which a large size is doubted: deflate packs at most 1032 bytes into one."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageFile:
    """A picture as it was opened."""

    pixels: Array
    """(h, w, 4) uint8 or uint16, straight RGBA, upright, in the colour space of `metadata.icc` (None: sRGB)."""
    had_alpha: bool
    metadata: Metadata
    """Orientation is already 1 in it."""
    jpeg: JpegInfo | None
    format: str
    """`JPEG`, `PNG`, ...: a value of READABLE, by content."""
    bit_depth: int
    """Bits a channel in the file, 1..64."""
    grayscale: bool
    warnings: tuple[str, ...]
    """Sentences for the user."""
    path: Path


def read(path: str | os.PathLike[str], *, max_megapixels: float = 400) -> ImageFile:
    """Open a picture; what is broken but usable comes with warnings. Raises UserError only."""
    path = Path(path)
    name, data, header, notes = _inspected(path)
    _check_size(path, header, len(data), max_megapixels)
    codec = _CODECS.get(name, decode_pillow)
    try:
        decoded = guarded(lambda: codec.decode(data, header))
        pixels = guarded(lambda: channels.upright(channels.to_rgba(decoded.pixels), header.orientation))
    except Damaged as failure:
        raise _damaged(path, name, failure) from failure
    notes += decoded.warnings
    kept = policy.as_read(decoded.metadata or header.metadata, grayscale=header.grayscale, notes=notes)
    turned = header.jpeg and oriented(header.jpeg, header.orientation, header.width, header.height)
    return ImageFile(
        pixels=pixels,
        had_alpha=header.has_alpha,
        metadata=kept,
        jpeg=turned,
        format=name,
        bit_depth=header.bit_depth,
        grayscale=header.grayscale,
        warnings=tuple(dict.fromkeys(notes)),
        path=path,
    )


def _inspected(path: Path) -> tuple[str, bytes, Header, list[str]]:
    """Format name by content, bytes, header, and the notes so far."""
    data = contents(path)
    by_suffix = sniff.by_suffix(path.suffix)
    name = sniff.sniffed(data) or ("TGA" if by_suffix == "TGA" else None)
    if name is None:
        raise UserError(
            f"{path.name} is not a picture this program knows",
            "Its content belongs to none of the known formats.",
            f"Known are {', '.join(dict.fromkeys(READABLE.values()))}.",
        )
    try:
        header = guarded(lambda: _CODECS.get(name, decode_pillow).header(data))
    except Damaged as failure:
        raise _damaged(path, name, failure) from failure
    notes = list(header.warnings)
    if by_suffix is not None and by_suffix != name:
        notes.append(f"The name ends in {path.suffix} but the file is {name}; it was opened as {name}.")
    return name, data, header, notes


def _damaged(path: Path, name: str, failure: Damaged | None = None) -> UserError:
    if failure is not None and isinstance(failure.__cause__, Image.DecompressionBombError):
        return UserError(f"{path.name} is too large to open safely", str(failure.__cause__))
    return UserError(
        f"{path.name} cannot be opened",
        f"It is a {name} file, but it is damaged or of an unusual kind.",
        "Look for another copy, or convert it with the program that made it.",
    )


def _check_size(path: Path, header: Header, size: int, max_megapixels: float) -> None:
    pixels = header.width * header.height
    is_suspicious = pixels > size * _PLAUSIBLE
    limit = max_megapixels / 4 if is_suspicious else max_megapixels
    if pixels < 1:
        raise _damaged(path, "picture")
    if pixels > limit * 1e6:
        doubt = f" for a file of only {size / 1000:,.0f} kB" if is_suspicious else ""
        needed = pixels / 1e6 * (4 if is_suspicious else 1)
        raise UserError(
            f"{path.name} is too large to open safely",
            f"It is {header.width} x {header.height} pixels, {pixels / 1e6:,.0f} megapixels,"
            f" and the limit is {limit:,.0f}{doubt}",
            f"If you trust the file, raise the limit to {np.ceil(needed):,.0f} megapixels in the settings.",
        )


def export(
    path: str | os.PathLike[str],
    pixels: Array,
    metadata: Metadata,
    options: ExportOptions | None = None,
    *,
    had_alpha: bool,
    recipe_xmp: str | None = None,
) -> tuple[str, ...]:
    """Write (h, w, 3|4) uint8 or uint16 straight pixels; the suffix chooses the format.

    `recipe_xmp` is recipe JSON, stored as the XMP property `imgstudio:Recipe`. Alpha is written where the
    picture had one or is not opaque. Returns sentences on what the format could not keep.
    Raises UserError; the old file is then untouched.
    """
    path, options, notes = Path(path), options or ExportOptions(), list[str]()
    name = WRITABLE.get(path.suffix.lower())
    if name is None:
        raise UserError(
            f"Pictures cannot be saved as “{path.suffix or path.name}”",
            "The end of the name chooses the format, and this one is not known.",
            f"Use one of {', '.join(WRITABLE)}.",
        )
    if (
        pixels.ndim != 3
        or pixels.shape[2] not in (3, 4)
        or not pixels.size
        or pixels.dtype not in (np.uint8, np.uint16)
    ):
        raise ValueError(f"not RGB or RGBA pixels: {pixels.shape} {pixels.dtype}")
    kept = policy.to_write(metadata, pixels, options.metadata, recipe_xmp, notes)
    picture = arranged(pixels, kept, options, had_alpha=had_alpha, notes=notes)
    try:
        encoded = guarded(lambda: _ENCODERS[name](picture, options, notes))
    except Damaged as failure:
        raise UserError(
            f"{path.name} could not be written as {name}", f"The encoder says: {failure}."
        ) from failure
    write_atomically(path, encoded)
    return tuple(dict.fromkeys(notes))


def thumbnail(path: str | os.PathLike[str], size: int) -> Array:
    """Upright (h, w, 4) uint8 preview whose longer side is at most `size`. Raises UserError."""
    path = Path(path)
    name, data, header, _ = _inspected(path)
    if name == "JPEG" and header.bit_depth == 8:
        small = optional(lambda: decode_jpeg.reduced(data, header, size), [], "picture")
        if small is not None:
            return _fitted(channels.upright(channels.to_rgba(small), header.orientation), size)
    return _fitted(to_depth(read(path).pixels, np.uint8), size)


def _fitted(pixels: Array, size: int) -> Array:
    height, width = pixels.shape[:2]
    scale = min(1.0, size / max(height, width))
    return resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def info(path: str | os.PathLike[str]) -> dict[str, object]:
    """What the file says about itself, without decoding it. Raises UserError."""
    path = Path(path)
    name, data, header, notes = _inspected(path)
    kept = policy.as_read(header.metadata, grayscale=header.grayscale, notes=notes)
    width, height = header.width, header.height
    if header.orientation >= 5:
        width, height = height, width
    out: dict[str, object] = {
        "file": str(path),
        "bytes": len(data),
        "format": name,
        "width": width,
        "height": height,
        "bit_depth": header.bit_depth,
        "grayscale": header.grayscale,
        "alpha": header.has_alpha,
        "orientation": header.orientation,
        "profile": icc.name(kept.icc) if kept.icc is not None else "none (shown as sRGB)",
        "dpi": kept.dpi,
        "exif": optional(lambda: exif.summary(kept.exif), notes, "EXIF", otherwise=dict[str, str]()),
        "has_xmp": kept.xmp is not None,
        "has_iptc": kept.iptc is not None,
        "has_location": _has_location(kept, notes),
        "digital_source_type": xmp.digital_source_type(kept.xmp),
        "content_credentials": b"c2pa" in data or xmp.has_content_credentials(kept.xmp),
        "recipe": xmp.recipe_of(kept.xmp),
    }
    if header.jpeg is not None:
        out["jpeg"] = _jpeg_summary(oriented(header.jpeg, header.orientation, header.width, header.height))
    return out | {"warnings": tuple(dict.fromkeys(notes))}


def _has_location(kept: Metadata, notes: list[str]) -> bool:
    in_exif = optional(lambda: exif.has_location(kept.exif), notes, "EXIF", otherwise=False)
    in_xmp = optional(lambda: xmp.has_location(kept.xmp), notes, "XMP", otherwise=False)
    return in_exif or in_xmp or optional(lambda: iptc.has_location(kept.iptc), notes, "IPTC", otherwise=False)


def _jpeg_summary(jpeg: JpegInfo) -> dict[str, object]:
    return {
        "quality": jpeg.quality,
        "subsampling": jpeg.subsampling,
        "grid": jpeg.grid,
        "luma_table": jpeg.luma.tolist(),
        "chroma_table": None if jpeg.chroma is None else jpeg.chroma.tolist(),
    }
