"""Networks around the very same weights as others, so that what is hung into one does not disturb the others."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

from torch import nn

N = TypeVar("N", bound=nn.Module)


def with_shared_tensors(network: N) -> N:
    """The same layers again around the very same weights, in evaluation mode, changing nothing in place."""
    tensors = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    copied = copy.deepcopy(network, dict(tensors)).eval()
    for module in copied.modules():
        if hasattr(module, "inplace"):
            vars(module)["inplace"] = False
    return copied


def heeding(network: N, check: Callable[[], None]) -> N:
    """The same network again, around the same weights, that calls `check` before each convolution; it may raise."""
    copied = with_shared_tensors(network)
    for module in copied.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(lambda layer, inputs: check())
    return copied
