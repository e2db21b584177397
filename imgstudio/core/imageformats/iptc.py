"""IPTC-IIM 4 data sets, and the Photoshop resource block that carries them in JPEG."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

PREFIX: Final = b"Photoshop 3.0\0"
_IPTC_RESOURCE: Final = 0x0404
LOCATION: Final = frozenset({(2, 26), (2, 27), (2, 90), (2, 92), (2, 95), (2, 100), (2, 101)})
"""Content location code and name, city, sub-location, province, country code and name."""


def data_sets(iim: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(record, number, whole bytes of the data set); stops at the first byte that makes no sense."""
    at = 0
    while at + 5 <= len(iim) and iim[at] == 0x1C:
        record, number, size = iim[at + 1], iim[at + 2], struct.unpack_from(">H", iim, at + 3)[0]
        head = 5
        if size & 0x8000:
            extra = size & 0x7FFF
            size, head = int.from_bytes(iim[at + 5 : at + 5 + extra], "big"), 5 + extra
        yield record, number, iim[at : at + head + size]
        at += head + size


def has_location(iim: bytes | None) -> bool:
    return iim is not None and any((record, number) in LOCATION for record, number, _ in data_sets(iim))


def without_location(iim: bytes) -> bytes | None:
    """All data sets but those that name a place; None when nothing is left."""
    return b"".join(raw for record, number, raw in data_sets(iim) if (record, number) not in LOCATION) or None


def from_photoshop(resources: bytes) -> bytes | None:
    """IIM bytes inside a chain of `8BIM` resources."""
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, at + 4)
        name = 1 + resources[at + 6]
        at += 6 + name + name % 2
        (size,) = struct.unpack_from(">I", resources, at)
        at += 4
        if number == _IPTC_RESOURCE:
            return resources[at : at + size] or None
        at += size + size % 2
    return None


def to_photoshop(iim: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(iim)) + iim + b"\0" * (len(iim) % 2)
