"""Muon: momentum whose steps are made orthogonal, for the weights of hidden layers; Adam for everything else.

Jordan et al. 2024 (kellerjordan.github.io/posts/muon), with the step length of Liu et al. 2025
(arXiv:2502.16982), which makes it as long as one of Adam: rates that suit Adam suit Muon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, overload

import torch
from torch import Tensor

from imgstudio.engine.device import compute_dtype

LEAST_SIDE: Final = 24
"""Matrices with fewer rows or columns, as those that make colours of features, are left to Adam."""
STEP_LENGTH: Final = 0.2
"""Root of the mean square of a step of Adam, at rate 1."""
QUINTIC: Final = ((3.4445, -4.7750, 2.0315),) * 5
"""Coefficients of the Newton-Schulz steps: singular values come close to 1, not exactly there."""


class Muon(torch.optim.Optimizer):
    """Weights of two or more dimensions, (out, ...), count as matrices of `out` rows."""

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        *,
        betas: tuple[float, float] = (0.95, 0.99),
        eps: float = 1e-8,
    ) -> None:
        """The first beta is the momentum of both rules; decay is decoupled."""
        super().__init__(groups, {"lr": 0.0, "betas": betas, "eps": eps, "weight_decay": 0.0})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group)
        return loss

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        rate = group["lr"]
        state = self.state[parameter]
        if "exp_avg" not in state:
            state["exp_avg"] = torch.zeros_like(parameter)
        if is_matrix(parameter):
            direction = _orthogonal_step(gradient, state["exp_avg"], group["betas"][0])
        else:
            if "step" not in state:
                state["step"] = torch.zeros((), dtype=torch.float32)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
            direction = _adam_step(gradient, state, group)
        parameter.mul_(1 - rate * group["weight_decay"])
        parameter.sub_(direction, alpha=rate)


def is_matrix(parameter: Tensor) -> bool:
    """Whether its steps are made orthogonal."""
    if parameter.ndim < 2:
        return False
    rows = parameter.shape[0]
    return min(rows, parameter.numel() // max(rows, 1)) >= LEAST_SIDE


def orthogonalized(matrix: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """The nearest matrix with singular values of about 1, (rows, columns), by Newton-Schulz steps; float32.

    They are computed in `dtype`; None is bfloat16 where that is faster, which is exact enough.
    """
    is_tall = matrix.shape[0] > matrix.shape[1]
    turned = matrix.T if is_tall else matrix
    turned = (turned / (turned.norm() + 1e-12)).to(dtype or _dtype_on(matrix.device))
    for a, b, c in QUINTIC:
        square = turned @ turned.T
        turned = a * turned + (b * square + c * square @ square) @ turned
    return (turned.T if is_tall else turned).float()


@cache
def _dtype_on(device: torch.device) -> torch.dtype:
    # Never float16: small singular values would vanish.
    return torch.bfloat16 if compute_dtype(device) == torch.bfloat16 else torch.float32


def _orthogonal_step(gradient: Tensor, mean: Tensor, momentum: float) -> Tensor:
    mean.lerp_(gradient, 1 - momentum)
    ahead = gradient.lerp(mean, momentum)  # Nesterov
    matrix = ahead.float().reshape(len(ahead), -1)
    length = STEP_LENGTH * max(matrix.shape) ** 0.5
    return (length * orthogonalized(matrix)).reshape(gradient.shape).to(gradient.dtype)


def _adam_step(gradient: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> Tensor:
    first, second = group["betas"]
    state["step"] += 1
    count = float(state["step"])
    state["exp_avg"].lerp_(gradient, 1 - first)
    state["exp_avg_sq"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
    size = (state["exp_avg_sq"] / (1 - second**count)).sqrt_().add_(group["eps"])
    return state["exp_avg"] / (1 - first**count) / size
