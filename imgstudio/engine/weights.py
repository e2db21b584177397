"""Weights as bytes: safetensors, and foreign .pth files without ever running what they contain."""

from __future__ import annotations

import io
import pickle  # noqa: TID251  only for the name of its error
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from imgstudio.core.errors import UserError
from imgstudio.core.paths import file_errors
from imgstudio.engine.hashing import sha256_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    StateDict: TypeAlias = dict[str, Tensor]

_WRAPPERS: Final = ("params_ema", "params", "state_dict", "model_state_dict", "model")
"""Keys under which training scripts commonly keep the state dict; the smoothed one first."""


def to_bytes(model: nn.Module | Mapping[str, Tensor], *, half: bool = False) -> bytes:
    """A safetensors file of a model or state dict; same weights, same bytes.

    With `half` floating-point tensors become float16, but for those that it cannot hold.
    """
    from safetensors.torch import save
    from torch import nn

    state = model.state_dict() if isinstance(model, nn.Module) else model
    # Cloned, because tensors that share memory are refused.
    return save({name: _halved(tensor, half).detach().cpu().clone() for name, tensor in state.items()})


def load(path: Path, sha256: str) -> StateDict:
    """Read a safetensors file on the CPU; raises UserError when it is missing, altered or damaged."""
    with file_errors(path):
        data = path.read_bytes()
    if sha256_of(data) != sha256:
        raise UserError(
            "The weights of the model were changed or damaged",
            f"The checksum of {path} is not the one in its description.",
            "Install the model again.",
        )
    return from_safetensors(data)


def from_safetensors(data: bytes) -> StateDict:
    """Parse a safetensors file; raises UserError."""
    from safetensors import SafetensorError
    from safetensors.torch import load as parsed

    try:
        return parsed(data)
    except SafetensorError as error:
        raise _unreadable(str(error)) from error


def from_pth(data: bytes) -> StateDict:
    """Parse a file of `torch.save` that holds nothing but tensors; raises UserError.

    Only for bytes whose checksum is known or that the user vouched for. Finds the state dict inside common
    wrappings and drops the "module." that parallel training adds.
    """
    import torch

    try:
        loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)  # noqa: TID251  this is the one place
    except (RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise _unreadable("It is damaged, or it holds more than weights.") from error
    return _unwrapped(loaded)


def _halved(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.contiguous()
    if not half or not tensor.is_floating_point():
        return tensor
    smaller = tensor.half()
    return smaller if bool(smaller.isfinite().all()) else tensor


def _unwrapped(loaded: Any) -> StateDict:
    import torch

    for wrapper in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(wrapper), Mapping):
            loaded = loaded[wrapper]
    if not isinstance(loaded, Mapping):
        raise _unreadable("It holds no named weights.")
    state = {
        str(name).removeprefix("module."): value
        for name, value in loaded.items()
        if isinstance(value, torch.Tensor)
    }
    if not state:
        raise _unreadable("It holds no named weights.")
    return state


def _unreadable(why: str) -> UserError:
    return UserError("The file with the weights cannot be read", why, "Choose another file.")
