"""JPEG markers (ITU-T T.81): segments, quantisation tables, sampling and quality."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imgstudio.core.imageformats.content import JpegInfo
from imgstudio.core.pixels import Array

_SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SOS, _EOI, _DQT = 0xDA, 0xD9, 0xDB
_END_OF_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.S)
_ANNEX_K: Final = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
"""Luma table K.1 of the standard, which quality 50 stands for."""


def _zigzag() -> Array:
    """Natural position of each of the 64 coefficients in stored order."""
    cells = [(y, x) for y in range(8) for x in range(8)]
    cells.sort(key=lambda c: (c[0] + c[1], c[0] if (c[0] + c[1]) % 2 else c[1]))
    return np.array([8 * y + x for y, x in cells])


@dataclass(frozen=True, slots=True)
class Segment:
    """One marker segment; `body` is without marker and length."""

    marker: int
    body: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """SOF: precision in bits, size as stored, (horizontal, vertical) sampling and table of each component."""

    precision: int
    width: int
    height: int
    sampling: tuple[tuple[int, int], ...]
    tables: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Markers:
    """All that the marker segments of the first picture say."""

    segments: tuple[Segment, ...]
    frame: Frame | None
    is_complete: bool
    """Whether the end marker was met."""

    def bodies(self, marker: int, prefix: bytes) -> list[bytes]:
        """What follows `prefix` in each segment of that marker."""
        n = len(prefix)
        return [s.body[n:] for s in self.segments if s.marker == marker and s.body[:n] == prefix]


def markers(data: bytes) -> Markers:
    """Walk to the end of the first picture; never raises on broken data."""
    segments: list[Segment] = []
    frame, is_complete = None, False
    for segment in _walk(data):
        if segment.marker == _EOI:
            is_complete = True
            break
        segments.append(segment)
        if segment.marker in _SOF and frame is None:
            frame = _frame(segment.body)
    return Markers(tuple(segments), frame, is_complete)


def _walk(data: bytes) -> Iterator[Segment]:
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        marker = data[at + 1]
        if marker in (0x00, 0xFF):
            at += 1
            continue
        if marker in _ALONE or marker == _EOI:
            yield Segment(marker, b"")
            at += 2
            continue
        if at + 4 > len(data):
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield Segment(marker, data[at + 4 : at + 2 + length])
        at += 2 + max(2, length)
        if marker == _SOS:
            found = _END_OF_SCAN.search(data, at)
            if found is None:
                return
            at = found.start()


def _frame(body: bytes) -> Frame | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return None
    precision, height, width, count = struct.unpack_from(">BHHB", body)
    parts = [body[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    sampling = tuple((part[1] >> 4, part[1] & 15) for part in parts)
    return Frame(precision, width, height, sampling, tuple(part[2] for part in parts))


def quantisation_tables(found: Markers) -> dict[int, Array]:
    """(8, 8) uint16 tables by number, natural order."""
    tables: dict[int, Array] = {}
    for segment in found.segments:
        at = 0
        while segment.marker == _DQT and at < len(segment.body):
            wide, number = segment.body[at] >> 4, segment.body[at] & 15
            size = 128 if wide else 64
            raw = segment.body[at + 1 : at + 1 + size]
            if len(raw) < size:
                break
            natural = np.zeros(64, np.uint16)
            natural[_zigzag()] = np.frombuffer(raw, ">u2" if wide else np.uint8)
            tables.setdefault(number, natural.reshape(8, 8))
            at += 1 + size
    return tables


def ijg_table(quality: int) -> Array:
    """(8, 8) luma table of the Independent JPEG Group's quality scale, 1..100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    scaled = (np.array(_ANNEX_K) * scale + 50) // 100
    return np.asarray(np.clip(scaled, 1, 255), np.uint16).reshape(8, 8)


def estimated_quality(luma: Array) -> int:
    """IJG quality whose luma table is nearest; exact for files made by that scale."""
    distances = [np.abs(ijg_table(q).astype(int) - luma.astype(int)).sum() for q in range(1, 101)]
    return int(np.argmin(distances)) + 1


def jpeg_info(found: Markers) -> JpegInfo | None:
    """Tables and sampling as stored, before orientation."""
    frame, tables = found.frame, quantisation_tables(found)
    if frame is None or not frame.tables or frame.tables[0] not in tables:
        return None
    luma = tables[frame.tables[0]]
    has_chroma = len(frame.tables) >= 3
    ratio: tuple[int, ...] = (1, 1)
    if has_chroma and all(frame.sampling[1]):
        ratio = tuple(max(1, a // b) for a, b in zip(frame.sampling[0], frame.sampling[1], strict=True))
    return JpegInfo(
        luma=luma,
        chroma=tables.get(frame.tables[1]) if has_chroma else None,
        subsampling=(ratio[0], ratio[1]),
        grid=(0, 0),
        quality=estimated_quality(luma),
    )


def oriented(info: JpegInfo, orientation: int, width: int, height: int) -> JpegInfo:
    """The same in the axes of the upright picture; `width` and `height` are as stored."""
    swaps = orientation >= 5
    if swaps:
        width, height = height, width
    flips_x, flips_y = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    grid = (width % 8 if flips_x else 0, height % 8 if flips_y else 0)
    if not swaps:
        return replace(info, grid=grid)
    chroma = None if info.chroma is None else np.ascontiguousarray(info.chroma.T)
    turned = (info.subsampling[1], info.subsampling[0])
    luma = np.ascontiguousarray(info.luma.T)
    return JpegInfo(luma, chroma, turned, grid, info.quality)
