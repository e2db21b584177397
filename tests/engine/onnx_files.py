"""Writes small ONNX files by hand, for the tests of those who read them."""

from __future__ import annotations

import struct

import numpy as np


def varint(number: int) -> bytes:
    number %= 1 << 64
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def part(number: int, value: int | float | str | bytes) -> bytes:
    """One field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def tensor(name: str, values: np.ndarray) -> bytes:
    kind = {"float32": 1, "int8": 3, "int32": 6, "int64": 7}[values.dtype.name]
    sides = b"".join(part(1, side) for side in values.shape)
    return sides + part(2, kind) + part(8, name) + part(9, values.tobytes())


def node(operation: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    taken = b"".join(part(1, name) for name in inputs)
    return taken + part(2, output) + part(4, operation) + b"".join(part(5, a) for a in attributes)


def model(nodes: list[bytes], tensors: list[bytes]) -> bytes:
    graph = b"".join(part(1, n) for n in nodes) + b"".join(part(5, t) for t in tensors)
    return part(1, 8) + part(2, "by hand") + part(7, graph)
