"""Stochastic weight averaging (Izmailov 2018): the plain mean of the weights at the ends of epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from imgstudio.learn.ema import steady_copy

M = TypeVar("M", bound=nn.Module)

LEAST = 2
"""Collected weights that make a mean worth having."""


class MeanWeights:
    """Guards that `weights` is the mean of all `count` collected ones; buffers are those of the last."""

    def __init__(self) -> None:
        self.count = 0
        self.weights: dict[str, Tensor] = {}

    @property
    def is_usable(self) -> bool:
        return self.count >= LEAST

    @torch.no_grad()
    def collect(self, module: nn.Module) -> None:
        self.count += 1
        learned = dict(module.named_parameters())
        for name, value in module.state_dict().items():
            if name not in self.weights:
                self.weights[name] = value.detach().clone()
            elif name in learned:
                self.weights[name].lerp_(value.detach(), 1 / self.count)
            else:
                self.weights[name].copy_(value)

    def load(self, weights: Mapping[str, Tensor], count: int, like: nn.Module) -> None:
        """Go on from saved ones; layouts are those of the module `like`."""
        self.count = count
        self.weights = {
            name: torch.empty_like(value).copy_(weights[name])
            for name, value in like.state_dict().items()
            if name in weights
        }

    def applied_to(self, module: M) -> M:
        """A copy of `module` with the mean weights, in evaluation mode; its norms still want `renew_norms`."""
        return steady_copy(module, self.weights)


def batch_norms(module: nn.Module) -> list[_BatchNorm]:
    """Layers whose statistics belong to certain weights, and are wrong for a mean of weights."""
    return [m for m in module.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]


@torch.no_grad()
def renew_norms(module: nn.Module, passes: Iterable[None]) -> None:
    """Measure the statistics of batch norms anew, as plain means over `passes`.

    Each item of `passes` sends a batch of training pictures through `module`.
    """
    norms = batch_norms(module)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    for _ in passes:
        pass
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
