"""Reads the nodes and the numbers of ONNX files: no more of protocol buffers than that takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError

Array: TypeAlias = npt.NDArray[Any]
Attribute: TypeAlias = int | float | str | Array | tuple[int, ...] | tuple[float, ...]

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
"""How a field is stored (protocol buffers call it the wire type)."""
_WORD: Final = 1 << 64
_DTYPES: Final[dict[int, np.dtype[Any]]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    4: np.dtype("<u2"),
    5: np.dtype("<i2"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    9: np.dtype("?"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
    12: np.dtype("<u4"),
    13: np.dtype("<u8"),
}
"""TensorProto.DataType; texts, complex numbers and formats that numpy lacks are not read."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation."""

    operation: str
    """For example Conv."""
    inputs: tuple[str, ...]
    """Names of values; "" where an optional one is left out."""
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """What is computed, and from which numbers."""

    nodes: tuple[Node, ...]
    """In an order in which they can be computed."""
    numbers: dict[str, Array]
    """Those that are stored in the file, by name: weights, scales, sizes."""


def read_graph(data: bytes) -> Graph:
    """Parse the main graph of an ONNX file; runs nothing. Raises UserError.

    After onnx.proto3, from IR version 3 on. Numbers that are in other files or in a format that numpy lacks are
    refused; graphs inside nodes and sparse tensors are passed over.
    """
    try:
        graphs = _Message(memoryview(data)).messages(7)
        if len(graphs) != 1:
            raise _damaged("it holds no network")
        nodes = tuple(_node(message) for message in graphs[0].messages(1))
        return Graph(nodes, dict(_tensor(message) for message in graphs[0].messages(5)))
    except ValueError as error:  # of numpy, or of a text that is none
        raise _damaged(str(error)) from error


def constants(graph: Graph) -> dict[str, Array]:
    """All that is known before a picture comes: the stored numbers, and in float32 those stored as whole ones.

    By the names under which operations take them. Raises UserError when a scale does not fit its numbers.
    """
    known = dict(graph.numbers)
    for node in graph.nodes:
        if node.operation == "DequantizeLinear" and all(name in known for name in node.inputs if name):
            values, scale, *zero = (known[name] for name in node.inputs if name)
            axis = node.attributes.get("axis", 1)
            known[node.outputs[0]] = dequantised(values, scale, *zero, axis=axis)
    return known


def dequantised(values: Array, scale: Array, zero: Array | None = None, *, axis: Attribute = 1) -> Array:
    """(q - zero) * scale in float32, as ONNX defines DequantizeLinear without blocks.

    `scale` and `zero` hold one number, or one for each place along `axis`; raises UserError when they do not.
    """
    shifted = values.astype(np.int64)
    if zero is not None:
        shifted -= _along(zero.astype(np.int64), values, axis)
    return shifted.astype(np.float32) * _along(scale.astype(np.float32), values, axis)


def _along(row: Array, values: Array, axis: Attribute) -> Array:
    """Shape `row` so that it goes along one axis of `values`."""
    shape = [1] * values.ndim
    if row.size != 1:
        is_axis = isinstance(axis, int) and -values.ndim <= axis < values.ndim
        if not isinstance(axis, int) or not is_axis or row.size != values.shape[axis]:
            raise _damaged(f"{row.size} scales do not fit numbers of the shape {values.shape}")
        shape[axis] = row.size
    return row.reshape(shape)


class _Message:
    """Guards that each field of a message is taken as what it is stored as; raises UserError otherwise.

    A field is a list, because any may come more than once.
    """

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[int | memoryview]] = {}
        for number, value in _fields(data):
            self._fields.setdefault(number, []).append(value)

    def parts(self, number: int) -> list[memoryview]:
        values = self._fields.get(number, [])
        parts = [value for value in values if isinstance(value, memoryview)]
        if len(parts) != len(values):
            raise _damaged(f"field {number} is a number")
        return parts

    def messages(self, number: int) -> list[_Message]:
        return [_Message(part) for part in self.parts(number)]

    def texts(self, number: int) -> list[str]:
        return [bytes(part).decode("utf-8") for part in self.parts(number)]

    def text(self, number: int) -> str:
        return (self.texts(number) or [""])[-1]

    def integers(self, number: int) -> list[int]:
        """Signed; one a field, or many packed into one."""
        whole: list[int] = []
        for value in self._fields.get(number, []):
            whole += [value] if isinstance(value, int) else _packed(value)
        return [value - _WORD if value >= _WORD // 2 else value for value in whole]

    def floats(self, number: int, dtype: str = "<f4") -> list[float]:
        """One a field, or many packed into one."""
        return [float(x) for part in self.parts(number) for x in np.frombuffer(part, dtype)]


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The number and the value of each field of a message, in the order in which they are stored."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == _VARINT:
            whole, place = _varint(data, place)
            yield key >> 3, whole
            continue
        if kind == _BYTES:
            length, place = _varint(data, place)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise _damaged(f"fields of the kind {kind} are not known")
        if place + length > len(data):
            raise _damaged("it ends too early")
        yield key >> 3, data[place : place + length]
        place += length


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, lowest first, and the place behind it."""
    whole = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise _damaged("it ends too early")
        whole |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:
            return whole % _WORD, place
    raise _damaged("one of its numbers does not end")


def _packed(data: memoryview) -> list[int]:
    numbers, place = [], 0
    while place < len(data):
        whole, place = _varint(data, place)
        numbers.append(whole)
    return numbers


def _node(message: _Message) -> Node:
    found = (_attribute(inner) for inner in message.messages(5))
    attributes = {name: value for name, value in found if value is not None}
    return Node(message.text(4), tuple(message.texts(1)), tuple(message.texts(2)), attributes)


def _attribute(message: _Message) -> tuple[str, Attribute | None]:
    """Name and value; None for kinds that nobody here asks for: graphs, several texts, several tensors."""
    several = tuple(message.floats(7)) or tuple(message.integers(8))
    single: list[Attribute] = [*message.floats(2), *message.integers(3), *message.texts(4)]
    single += [_tensor(tensor)[1] for tensor in message.messages(5)]
    found: Attribute | None = several or (single[-1] if single else None)
    return message.text(1), found


def _tensor(message: _Message) -> tuple[str, Array]:
    """Name and numbers."""
    name, kind = message.text(8), (message.integers(2) or [0])[-1]
    dtype = _DTYPES.get(kind)
    if dtype is None:
        raise _damaged(f"numbers of the format {kind} are not known")
    if message.integers(14) == [1]:
        raise _damaged(f"the numbers of “{name}” are in another file")
    raw = message.parts(9)
    values: Array = np.frombuffer(raw[-1], dtype) if raw else _listed(message, dtype)
    return name, values.reshape(message.integers(1))


def _listed(message: _Message, dtype: np.dtype[Any]) -> Array:
    """Numbers that are stored one by one instead of as a block of bytes."""
    if dtype == np.float32:
        return np.array(message.floats(4), dtype)
    if dtype == np.float64:
        return np.array(message.floats(10, "<f8"), dtype)
    if dtype == np.float16:  # each as its bits
        return np.array(message.integers(5), np.uint16).view(dtype)
    whole = [number % _WORD for kind in (5, 7, 11) for number in message.integers(kind)]
    return np.array(whole, np.uint64).astype(dtype)  # the lower bits stay, and with them the sign


def _damaged(why: str) -> UserError:
    return UserError("The file with the weights cannot be read", f"ONNX: {why}.", "Choose another file.")
