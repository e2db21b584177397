"""U²-Net, small (Qin et al. 2020), as PyTorch wrote it to ONNX, with its batch norms folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter
from imgstudio.engine.converters.in_order import state_in_order
from imgstudio.engine.converters.onnx_reader import constants, read_graph

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


def convert(data: bytes, progress: Progress) -> StateDict:
    """Return the state of `nets.u2netp.U2NetP`; raises UserError when the file holds another network."""
    from imgstudio.engine.nets.u2netp import U2NetP

    progress.update(0.0, "Reading weights")
    graph = read_graph(data)
    known = constants(graph)
    convolutions = (node for node in graph.nodes if node.operation == "Conv")
    stored = [known.get(name) for node in convolutions for name in node.inputs[1:]]
    return state_in_order(stored, U2NetP, "U2-NetP")


CONVERTER = Converter("u2netp_onnx", convert)
