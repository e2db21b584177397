"""A slow copy of a network's weights and buffers: the moving average is better than any single step."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class Average:
    """Keeps `average = decay * average + (1 - decay) * weights` after every step.

    Early on the decay is smaller, so that the random start is soon forgotten. Buffers (the statistics of norms)
    are averaged too; whole numbers are copied.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.updates = 0
        self.weights: dict[str, Tensor] = {
            name: value.detach().clone() for name, value in module.state_dict().items()
        }

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        slow, fast = [], []
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                slow.append(self.weights[name])
                fast.append(value.detach())
            else:
                self.weights[name].copy_(value)
        torch._foreach_lerp_(slow, fast, 1 - decay)

    def load(self, weights: Mapping[str, Tensor], updates: int) -> None:
        """Go on from a saved average. Raises KeyError when a name is missing."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
        self.updates = updates

    def applied_to(self, module: M) -> M:
        """A copy of `module` that carries the averaged weights, in evaluation mode."""
        return steady_copy(module, self.weights)


def steady_copy(module: M, weights: Mapping[str, Tensor] | None = None) -> M:
    """A copy that no longer learns, in evaluation mode, with other weights if given."""
    steady = copy.deepcopy(module)
    if weights is not None:
        steady.load_state_dict(weights)
    for parameter in steady.parameters():
        parameter.grad = None
    return steady.eval().requires_grad_(requires_grad=False)
