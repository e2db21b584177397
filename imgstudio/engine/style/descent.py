"""L-BFGS for pictures (Nocedal 1980): one look at the objective a step, large shapes moved as readily as grain."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

HISTORY: Final = 20
"""Steps that are remembered, at most."""
LEAST_HISTORY: Final = 3
HISTORY_BYTES: Final = 384 << 20
"""For what is remembered; large pictures remember fewer steps."""
FIRST: Final = 0.02
"""Root mean square of the first step (colours are 0..1)."""
LONGEST: Final = 0.1
"""Of any step."""
LEVELS: Final = 4
SLOPE: Final = 1.2
"""Shapes of twice the size are moved by 2**SLOPE as much for the same gradient; 0 is plain L-BFGS."""


class Descent:
    """Moves a picture against its gradients. Guards: what it remembers is of one objective, until `forget`."""

    @torch.no_grad()
    def __init__(self, x: Tensor, *, first: float = FIRST) -> None:
        """`x` (1, c, h, w) is moved in place, at first by `first` (root mean square)."""
        self._x, self._first = x, first
        self._most = max(LEAST_HISTORY, min(HISTORY, HISTORY_BYTES // (2 * x.numel() * x.element_size())))
        # Of an even gradient, less would arrive at the edges: they would stay behind.
        alike = evened(torch.ones_like(x))
        self._edges = (alike.amax() / alike).sqrt()
        self.forget()

    def forget(self) -> None:
        """The objective is another one from now on."""
        self._pairs: list[tuple[Tensor, Tensor, float]] = []
        self._before: tuple[Tensor, Tensor] | None = None

    @torch.no_grad()
    def move(self, gradient: Tensor) -> None:
        """One step, by the gradient where the picture is now."""
        if self._before is not None:
            self._remember(*self._before, gradient)
        step = self._direction(gradient)
        length = float(step.square().mean().sqrt())
        wanted = min(length, LONGEST) if self._pairs else self._first
        if length > 0:
            step *= -wanted / length
        self._before = step, gradient
        self._x += step

    def _remember(self, step: Tensor, before: Tensor, now: Tensor) -> None:
        change = now - before
        curvature = _dot(step, change)
        # Where the objective bends downwards the pair would turn steps uphill.
        if curvature > 1e-10 * _dot(change, change):
            self._pairs = [*self._pairs, (step, change, curvature)][-self._most :]

    def _direction(self, gradient: Tensor) -> Tensor:
        """The gradient times an estimate of the inverse curvature: the two-loop recursion."""
        direction = gradient.clone()
        shares = []
        for step, change, curvature in reversed(self._pairs):
            share = _dot(step, direction) / curvature
            direction.sub_(change, alpha=share)
            shares.append(share)
        direction = self._evened(direction)
        if not self._pairs:
            return direction
        _, change, curvature = self._pairs[-1]
        direction *= curvature / _dot(change, self._evened(change))
        for (step, change, curvature), share in zip(self._pairs, reversed(shares), strict=True):
            direction.add_(step, alpha=share - _dot(change, direction) / curvature)
        return direction

    def _evened(self, gradient: Tensor) -> Tensor:
        return self._edges * evened(self._edges * gradient)


def evened(gradient: Tensor) -> Tensor:
    """(1, c, h, w) as the gradient of a pyramid's levels would move the picture: symmetric, positive definite.

    Descending so is descending in a Laplacian pyramid of the picture, where large shapes take no more steps than grain.
    """
    kernel = gradient.new_tensor([1.0, 3.0, 3.0, 1.0])
    kernel = (kernel[:, None] * kernel / 64).expand(gradient.shape[1], 1, 4, 4)
    levels = [gradient]
    while len(levels) < LEVELS and min(levels[-1].shape[2:]) >= 4:
        levels.append(_smaller(levels[-1], kernel))
    made = torch.zeros_like(levels[-1])
    for number, level in reversed(list(enumerate(levels))):
        gain = 2 ** (SLOPE * number)
        made = made + level * (gain if number == 0 else gain - 2 ** (SLOPE * (number - 1)))
        if number > 0:
            made = _larger(made, levels[number - 1], kernel)
    return made


def _smaller(level: Tensor, kernel: Tensor) -> Tensor:
    return torch.nn.functional.conv2d(level, kernel, stride=2, padding=1, groups=level.shape[1])


def _larger(level: Tensor, like: Tensor, kernel: Tensor) -> Tensor:
    """The transpose of `_smaller`, that keeps constant pictures but for their edges."""
    odd = [like.shape[2] % 2, like.shape[3] % 2]
    return torch.nn.functional.conv_transpose2d(
        level, 4 * kernel, stride=2, padding=1, output_padding=odd, groups=level.shape[1]
    )


def _dot(one: Tensor, other: Tensor) -> float:
    return float(torch.dot(one.flatten(), other.flatten()))
