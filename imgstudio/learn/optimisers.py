"""Makes optimisers for layer groups, sets their rates, and turns their memory into named tensors and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from imgstudio.learn.freezing import LayerGroups
from imgstudio.learn.muon import Muon
from imgstudio.learn.plan import Optimiser

LAYER_GROUP = "layer_group"
"""Key of a torch parameter group that tells which layer group it is part of."""


def make_optimiser(settings: Optimiser, layers: LayerGroups) -> torch.optim.Optimizer:
    """An optimiser of all groups, frozen or not: parameters without a gradient are left alone.

    Biases and the scales of norms do not decay.
    """
    groups = []
    for index, members in enumerate(layers.members):
        for decays in (True, False):
            chosen = [parameter for _, parameter in members if (parameter.ndim > 1) is decays]
            decay = settings.weight_decay if decays else 0.0
            if chosen:
                groups.append({"params": chosen, "weight_decay": decay, LAYER_GROUP: index})
    return _made(settings, groups)


def _made(settings: Optimiser, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    device = groups[0]["params"][0].device.type
    fused = device in ("cpu", "cuda")
    betas = (0.9, settings.beta2)
    if settings.kind == "adam":
        return torch.optim.Adam(groups, lr=0.0, betas=betas, eps=settings.eps, fused=fused)
    if settings.kind == "adamw":
        return torch.optim.AdamW(groups, lr=0.0, betas=betas, eps=settings.eps, fused=fused)
    if settings.kind == "muon":
        return Muon(groups, betas=betas, eps=settings.eps)
    if settings.kind == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=0.9, nesterov=settings.nesterov, fused=fused)
    return torch.optim.RMSprop(groups, lr=0.0, alpha=settings.beta2, eps=settings.eps, momentum=0.9)


def set_rates(
    optimiser: torch.optim.Optimizer, rate: float, momentum: float, factors: Sequence[float]
) -> None:
    """Give each layer group its share, `factors`, of the rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * factors[group[LAYER_GROUP]]
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        else:
            # RMSprop makes room for its momentum only if there is some at the first step.
            group["momentum"] = max(momentum, 1e-9)


def optimiser_tensors(
    optimiser: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Its memory as `<parameter>/<what>`."""
    return {
        f"{name}/{what}": value
        for name, parameter in parameters.items()
        for what, value in optimiser.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    }


def load_optimiser(
    optimiser: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor]
) -> None:
    """Replace the memory of `optimiser` by what `optimiser_tensors` returned."""
    optimiser.state.clear()
    for key, value in tensors.items():
        name, what = key.rsplit("/", 1)
        optimiser.state[parameters[name]][what] = _placed(value, parameters[name], is_count=what == "step")


def _placed(value: Tensor, parameter: nn.Parameter, *, is_count: bool) -> Tensor:
    """Where and how the kernels expect it: like the parameter, which may be channels_last."""
    if is_count:
        return value.to(parameter.device, copy=True)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
