"""Weights whose names say nothing, taken in the order in which a graph computes with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.engine.converters.onnx_reader import Array

if TYPE_CHECKING:
    from torch import nn

    from imgstudio.engine.weights import StateDict


def state_in_order(stored: Sequence[Array | None], build: Callable[[], nn.Module], called: str) -> StateDict:
    """Return the state of what `build` makes, whose layers are declared in the same order, in float32.

    None is what the file does not hold. Raises UserError, which says what the network is `called`, when number or
    shapes are others.
    """
    import torch

    with torch.device("meta"):
        wanted = {name: tuple(tensor.shape) for name, tensor in build().state_dict().items()}
    if len(stored) != len(wanted):
        raise stranger(called, f"It has {len(stored)} weights and biases, not {len(wanted)}.")
    state: StateDict = {}
    for (name, shape), values in zip(wanted.items(), stored, strict=True):
        if values is None or values.shape != shape:
            found = "not in the file" if values is None else f"of the shape {values.shape}, not {shape}"
            raise stranger(called, f"Its {name} is {found}.")
        state[name] = torch.from_numpy(np.array(values, np.float32))
    return state


def stranger(called: str, why: str) -> UserError:
    return UserError(f"The weights are not those of {called}", why, "Choose another file.")
