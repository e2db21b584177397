"""The flattened picture of a project, encoded in bands that later saves use again where nothing changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from imgstudio.core.blend import flatten
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.oraformat import png
from imgstudio.core.oraformat.kept import KeptPictures, layers_likeness
from imgstudio.core.pixels import Array, to_depth, top
from imgstudio.core.snapshot import DocumentSnapshot
from imgstudio.core.tiles import TILE

_COARSE: Final = 1024
"""Pixels of the longer side that the thumbnail is made from."""


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    piece: png.Piece
    is_opaque: bool
    coarse: Array
    """Every n-th pixel both ways, 8 bits."""

    @property
    def nbytes(self) -> int:
        return len(self.piece.chunk) + self.coarse.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """The whole PNG, and a small version of the picture."""

    data: bytes
    coarse: Array


def merged(
    snapshot: DocumentSnapshot, profile: bytes | None, kept: KeptPictures, progress: Progress
) -> Merged:
    """Flatten and encode what the document shows; alpha that says nothing is left out."""
    bounds = snapshot.bounds
    rects = [Rect(0, y, bounds.width, min(TILE, bounds.height - y)) for y in range(0, bounds.height, TILE)]

    def made(channels: int) -> list[_Band]:
        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(lambda rect: _band(snapshot, rect, channels, kept, progress), rects))

    channels = 3 if _covers(snapshot) else 4
    bands = made(channels)
    if channels == 3 and not all(band.is_opaque for band in bands):
        channels, bands = 4, made(4)
    head = png.Head(bounds.width, bounds.height, snapshot.dtype.itemsize * 8)
    data = png.joined(head, channels, (band.piece for band in bands), profile)
    return Merged(data, np.concatenate([band.coarse for band in bands]))


def _covers(snapshot: DocumentSnapshot) -> bool:
    """A quick guess: whether the picture is opaque at its corners and in the middle."""
    width, height = snapshot.bounds.width, snapshot.bounds.height
    places = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (width // 2, height // 2)]
    alphas = [flatten(snapshot, Rect(x, y, 1, 1))[0, 0, 3] for x, y in places]
    return all(alpha == top(snapshot.dtype) for alpha in alphas)


def _band(
    snapshot: DocumentSnapshot, rect: Rect, channels: int, kept: KeptPictures, progress: Progress
) -> _Band:
    """With `channels` 3 a band that needs alpha has an empty piece, which nobody will use."""
    progress.token.check()
    step = max(1, max(snapshot.bounds.width, snapshot.bounds.height) // _COARSE)
    likeness = layers_likeness(list(snapshot.layers), rect).joined(
        "merged", channels, step, snapshot.dtype.str
    )
    found = kept.find(likeness, _Band)
    if found is not None:
        return found
    pixels = flatten(snapshot, rect)
    is_opaque = bool(pixels[..., 3].min() == top(pixels.dtype))
    coarse = to_depth(np.ascontiguousarray(pixels[-rect.y % step :: step, ::step]), np.uint8)
    piece = png.Piece(b"", 0, 0)
    if is_opaque or channels == 4:
        piece = png.piece(pixels if channels == 4 else png.without_alpha(pixels))
    band = _Band(piece, is_opaque, coarse)
    kept.keep(likeness, band, band.nbytes)
    return band
