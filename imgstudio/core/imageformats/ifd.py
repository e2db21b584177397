"""Directories of tags as TIFF 6.0 and EXIF 2.32 store them: reading, and writing new blocks."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_RATIONALS: Final = {5: "I", 10: "i"}
_SWAP_WIDTH: Final = {3: 2, 8: 2, 4: 4, 9: 4, 13: 4, 5: 4, 10: 4, 11: 4, 12: 8}
MAX_ENTRIES: Final = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag. `raw` is in the byte order of its block."""

    tag: int
    kind: int
    count: int
    raw: bytes
    at: int = 0
    """Where the twelve bytes of the entry lie in the block."""
    value_at: int = 0


@dataclass(frozen=True, slots=True)
class Ifd:
    """One directory, the place of its count, and the place and value of the link to the next."""

    entries: Mapping[int, Entry]
    at: int
    link_at: int
    link: int


def byte_order(block: bytes) -> str:
    """`<` or `>` from the first bytes of a TIFF block; ValueError when it is none."""
    orders = {b"II*\0": "<", b"MM\0*": ">"}
    if block[:4] not in orders or len(block) < 8:
        raise ValueError("not a TIFF block")
    return orders[block[:4]]


def read_ifd(block: bytes, offset: int) -> Ifd:
    """Directory at `offset`; entries that point outside the block are left out."""
    order = byte_order(block)
    (count,) = struct.unpack_from(order + "H", block, offset)
    if count > MAX_ENTRIES:
        raise ValueError("too many entries")
    entries: dict[int, Entry] = {}
    for at in range(offset + 2, min(offset + 2 + 12 * count, len(block) - 11), 12):
        entry = _read_entry(block, order, at)
        if entry is not None:
            entries.setdefault(entry.tag, entry)
    link_at = offset + 2 + 12 * count
    link = struct.unpack_from(order + "I", block, link_at)[0] if link_at + 4 <= len(block) else 0
    return Ifd(entries, offset, link_at, link)


def _read_entry(block: bytes, order: str, at: int) -> Entry | None:
    tag, kind, count = struct.unpack_from(order + "HHI", block, at)
    size = SIZES.get(kind, 0) * count
    value_at = at + 8 if size <= 4 else struct.unpack_from(order + "I", block, at + 8)[0]
    if kind not in SIZES or value_at + size > len(block):
        return None
    return Entry(tag, kind, count, block[value_at : value_at + size], at, value_at)


def first_ifd(block: bytes) -> Ifd:
    order = byte_order(block)
    return read_ifd(block, struct.unpack_from(order + "I", block, 4)[0])


def child_ifd(block: bytes, parent: Ifd, tag: int) -> Ifd | None:
    """Directory that `tag` of the parent points to, such as EXIF (34665) or GPS (34853)."""
    entry = parent.entries.get(tag)
    if entry is None or entry.kind not in (4, 13) or entry.count != 1:
        return None
    try:
        return read_ifd(block, int(numbers(entry, byte_order(block))[0]))
    except (struct.error, ValueError):
        return None


def numbers(entry: Entry, order: str) -> tuple[float, ...]:
    """Values of a number entry; rationals divided, with 0 for a zero denominator."""
    if entry.kind in _RATIONALS:
        parts = struct.unpack(f"{order}{2 * entry.count}{_RATIONALS[entry.kind]}", entry.raw)
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return tuple(above / below if below else 0.0 for above, below in pairs)
    if entry.kind not in _CODES:
        return tuple(entry.raw)
    return struct.unpack(f"{order}{entry.count}{_CODES[entry.kind]}", entry.raw)


def text(entry: Entry) -> str:
    return entry.raw.split(b"\0")[0].decode("utf-8", "replace").strip()


def in_order(entry: Entry, before: str, after: str) -> Entry:
    """The same entry with its values in another byte order."""
    width = _SWAP_WIDTH.get(entry.kind, 1)
    if before == after or width == 1:
        return entry
    raw = b"".join(entry.raw[i : i + width][::-1] for i in range(0, len(entry.raw), width))
    return Entry(entry.tag, entry.kind, entry.count, raw)


def long_entry(tag: int, value: int, order: str) -> Entry:
    return Entry(tag, 4, 1, struct.pack(order + "I", value))


def ifd_bytes(entries: Mapping[int, Entry], order: str, offset: int) -> bytes:
    """One directory followed by its values, made to lie at `offset` (even) of a block."""
    count = len(entries)
    values_at = offset + 2 + 12 * count + 4
    head, values = bytearray(struct.pack(order + "H", count)), bytearray()
    for tag in sorted(entries):
        entry = entries[tag]
        head += struct.pack(order + "HHI", tag, entry.kind, entry.count)
        if len(entry.raw) <= 4:
            head += entry.raw.ljust(4, b"\0")
        else:
            head += struct.pack(order + "I", values_at + len(values))
            values += entry.raw + b"\0" * (len(entry.raw) % 2)
    return bytes(head + b"\0\0\0\0" + values)


def new_block(main: Mapping[int, Entry], children: Mapping[int, Mapping[int, Entry]], order: str) -> bytes:
    """A whole TIFF block: `main` with one child directory for each tag of `children`."""
    placeholders = {tag: long_entry(tag, 0, order) for tag in children}
    offset = 8 + len(ifd_bytes({**main, **placeholders}, order, 8))
    tail, pointers = b"", {}
    for tag, entries in children.items():
        pointers[tag] = long_entry(tag, offset + len(tail), order)
        tail += ifd_bytes(entries, order, offset + len(tail))
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", 8) + ifd_bytes({**main, **pointers}, order, 8) + tail
