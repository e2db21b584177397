"""A slow copy of a network's weights: the moving average is better than any single step."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class Average:
    """Keeps `average = decay * average + (1 - decay) * weights` after every step.

    Early on the decay is smaller, so that the random start is soon forgotten.
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
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value.detach(), 1 - decay)
            else:
                self.weights[name].copy_(value)

    def load(self, weights: dict[str, Tensor], updates: int) -> None:
        """Go on from a saved average. Raises KeyError when a name is missing."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
        self.updates = updates

    def applied_to(self, module: M) -> M:
        """A copy of `module` that carries the averaged weights, in evaluation mode."""
        steady = copy.deepcopy(module)
        steady.load_state_dict(self.weights)
        return steady.eval().requires_grad_(requires_grad=False)
