"""COCO run lengths: a mask as counts of 0 and 1 by columns, plain or packed into text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from imgstudio.core.labels import Bools, Patch


def from_runs(counts: Sequence[int], height: int, width: int) -> Bools:
    """(height, width) of counts that begin with 0 and run down the columns; raises ValueError."""
    lengths = _checked(counts, height, width)
    values = np.arange(len(lengths)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)


def _checked(counts: Sequence[int], height: int, width: int) -> npt.NDArray[np.int64]:
    try:
        lengths = np.asarray(counts, np.int64)
    except OverflowError as error:
        raise ValueError("the run lengths are too large") from error
    if lengths.ndim != 1 or (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise ValueError(f"the run lengths do not fill {width} x {height} pixels")
    return lengths


def to_runs(mask: Bools) -> list[int]:
    """Counts of 0, 1, 0, ... down the columns of a (height, width) mask; the first may be 0."""
    flat = np.asarray(mask, np.bool_).T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    counts = np.diff(edges).tolist()
    return [0, *counts] if flat.size and flat[0] else counts


def runs_of_box(pixels: Bools, x: int, y: int, height: int, width: int) -> list[int]:
    """Counts for a (height, width) picture that holds `pixels` at `x`, `y` and nothing else."""
    columns = np.pad(np.asarray(pixels, np.bool_).T, ((0, 0), (1, 1))).view(np.int8)
    steps = np.diff(columns, axis=1)
    column, start = np.nonzero(steps == 1)
    stop = np.nonzero(steps == -1)[1]
    begins, ends = ((x + column) * height + y + place for place in (start, stop))
    if not len(begins):
        return [height * width]
    is_apart = begins[1:] != ends[:-1]  # a run down to the last row goes on at the top of the next column
    begins, ends = begins[np.r_[True, is_apart]], ends[np.r_[is_apart, True]]
    edges = np.stack([begins, ends], 1).reshape(-1)
    counts: list[int] = np.diff(np.r_[0, edges, height * width]).tolist()
    return counts if counts[-1] else counts[:-1]


def patch_of_runs(counts: Sequence[int], height: int, width: int) -> Patch:
    """The set pixels of a (height, width) picture, without empty borders; raises ValueError as `from_runs`."""
    lengths = _checked(counts, height, width)
    edges = np.cumsum(lengths)
    begins, ends = edges[0::2][: len(lengths) // 2], edges[1::2]
    is_filled = ends > begins
    if not is_filled.any():
        return Patch(0, 0, np.zeros((0, 0), np.bool_))
    left, right = int(begins[is_filled][0]) // height, (int(ends[is_filled][-1]) - 1) // height + 1
    first, last = left * height, right * height
    changes = np.zeros(last - first + 1, np.int8)
    np.add.at(changes, begins[is_filled] - first, 1)
    np.add.at(changes, ends[is_filled] - first, -1)
    columns = np.cumsum(changes[:-1], dtype=np.int8).view(np.bool_).reshape(right - left, height)
    rows = np.flatnonzero(columns.any(0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    return Patch(left, top, np.ascontiguousarray(columns[:, top:bottom].T))


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
