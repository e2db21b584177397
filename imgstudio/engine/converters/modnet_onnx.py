"""MODNet (Ke et al. 2022) as PyTorch wrote it to ONNX; the batch norms that it still has are folded in here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter
from imgstudio.engine.converters.in_order import state_in_order, stranger
from imgstudio.engine.converters.onnx_reader import Array, Graph, Node, constants, read_graph

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict

NAME: Final = "MODNet"
EPSILON: Final = 1e-5
"""Of a batch norm that says none, as ONNX has it."""


def convert(data: bytes, progress: Progress) -> StateDict:
    """Return the state of `nets.modnet.MODNet`; raises UserError when the file holds another network."""
    from imgstudio.engine.nets.modnet import MODNet

    progress.update(0.0, "Reading weights")
    graph = read_graph(data)
    return state_in_order(list(_weights(graph)), MODNet, NAME)


def _weights(graph: Graph) -> Iterator[Array | None]:
    """Of convolutions and matrices, each with the norm that follows it folded in."""
    known = constants(graph)
    last: list[Array | None] = []
    for node in graph.nodes:
        values = [known.get(name) for name in node.inputs[1:]]
        if node.operation == "BatchNormalization":
            last = list(_folded(last, values, node))
        elif node.operation in ("Conv", "MatMul"):
            yield from last
            last = values if node.operation == "Conv" else [None if v is None else v.T for v in values]
    yield from last


def _folded(layer: list[Array | None], norm: list[Array | None], node: Node) -> tuple[Array, Array]:
    """Weights and biases of a convolution and the batch norm of its first planes."""
    found = [values for values in (*layer, *norm) if values is not None]
    epsilon = node.attributes.get("epsilon", EPSILON)
    if len(found) != 6 or found[0].ndim != 4 or not isinstance(epsilon, float):
        raise stranger(NAME, "It has a batch norm that follows no convolution.")
    weight, bias, scale, shift, mean, variance = (values.astype(np.float32) for values in found)
    planes = len(scale)
    if not all(values.shape == (planes,) for values in (shift, mean, variance)) or planes > len(bias):
        raise stranger(NAME, "It has a batch norm of another size than its convolution.")
    steepness = scale / np.sqrt(variance + epsilon)
    weight[:planes] *= steepness[:, None, None, None]
    bias[:planes] = (bias[:planes] - mean) * steepness + shift
    return weight, bias


CONVERTER = Converter("modnet_onnx", convert)
