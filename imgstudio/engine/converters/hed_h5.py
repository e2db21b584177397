"""The VGG16 part of an edge detector (HED, Xie & Tu 2015) that Keras saved as HDF5."""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


def convert(data: bytes, progress: Progress) -> StateDict:
    """Return the state of `nets.vgg.Vgg` (VGG16 without its last pooling); raises UserError.

    Turns (height, width, in, out) into (out, in, height, width), and blue-green-red into red-green-blue. The
    heads that draw the edges are left out.
    """
    from imgstudio.engine.nets.vgg import VGG16_CONVOLUTIONS

    state: StateDict = {}
    try:
        with _hdf5().File(io.BytesIO(data), "r") as file:
            for block, count in enumerate(VGG16_CONVOLUTIONS, 1):
                progress.update((block - 1) / len(VGG16_CONVOLUTIONS), "Reading weights")
                for number in range(count):
                    layer = f"conv2d_{number}" if number else "conv2d"
                    values = file[f"block{block}/layers/{layer}/vars"]
                    state |= _layer(f"conv{block}_{number + 1}", values)
    except (OSError, KeyError, ValueError) as error:
        raise UserError(
            "The file with the weights cannot be read", str(error), "Choose another file."
        ) from error
    return state


def _layer(name: str, values: Any) -> StateDict:
    import torch

    kernel = np.asarray(values["0"], np.float32).transpose(3, 2, 0, 1)
    if name == "conv1_1":
        kernel = kernel[:, ::-1]
    bias = np.asarray(values["1"], np.float32)
    return {
        f"{name}.weight": torch.from_numpy(np.ascontiguousarray(kernel)),
        f"{name}.bias": torch.from_numpy(bias),
    }


def _hdf5() -> Any:
    try:
        return importlib.import_module("h5py")
    except ImportError as error:
        raise UserError(
            "Files of the kind HDF5 cannot be read",
            "The Python package h5py is not installed.",
            "Install it with: pip install h5py",
        ) from error


CONVERTER = Converter("hed_h5", convert)
