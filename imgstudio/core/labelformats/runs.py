"""COCO run lengths: a mask as counts of 0 and 1 by columns, plain or packed into text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imgstudio.core.labels import Bools


def from_runs(counts: Sequence[int], height: int, width: int) -> Bools:
    """(height, width) of counts that begin with 0 and run down the columns; raises ValueError."""
    lengths = np.asarray(counts, np.int64)
    if lengths.ndim != 1 or (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise ValueError(f"the run lengths do not fill {width} x {height} pixels")
    values = np.arange(len(lengths)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)


def to_runs(mask: Bools) -> list[int]:
    """Counts of 0, 1, 0, ... down the columns of a (height, width) mask; the first may be 0."""
    flat = np.asarray(mask, np.bool_).T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    counts = np.diff(edges).tolist()
    return [0, *counts] if flat.size and flat[0] else counts


def unpacked(text: str | bytes) -> list[int]:
    """Counts from the packed text of the COCO tools: five bits a character, differences from the third on.

    Raises ValueError.
    """
    data = text.encode("ascii") if isinstance(text, str) else text
    counts: list[int] = []
    value = shift = 0
    for byte in data:
        bits = byte - 48
        if not 0 <= bits < 64:
            raise ValueError("the packed run lengths hold a character that does not belong there")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("the packed run lengths end too early")
    return counts


def packed(counts: Sequence[int]) -> str:
    """The text that `unpacked` reads."""
    out = bytearray()
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        is_open = True
        while is_open:
            bits = value & 0x1F
            value >>= 5
            is_open = value != (-1 if bits & 0x10 else 0)
            out.append(48 + (bits | 0x20 if is_open else bits))
    return out.decode("ascii")
