"""How far a network sees: the largest distance from an output pixel to input that it depends on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

_WINDOWED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


@torch.no_grad()
def reach_of(network: nn.Module, side: int = 128, run: Callable[[Tensor], Any] | None = None) -> int:
    """Upper bound in pixels, found by watching the layers while `run` (default: the network) sees a picture.

    Adds up all windows, each by the pixels that its steps are apart, and the widest step, because cells of a
    coarse grid begin at different places; parallel branches are counted one after the other. What looks at
    the whole picture (global pooling, attention, normalisation by instance) is not counted. `side` must be
    a multiple of the coarsest step, which must be a power of two.
    """
    total, coarsest = 0.0, 1.0

    def watch(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal total, coarsest
        step = 2 ** round(math.log2(side / inputs[0].shape[-1]))  # rounded: some inputs have a border already
        kernel, dilation = (_pair(getattr(module, name, 1)) for name in ("kernel_size", "dilation"))
        # Half of an odd window, but all that an even one may lean to one side.
        total += step * max((k // 2) * d for k, d in zip(kernel, dilation, strict=True))
        coarsest = max(coarsest, step * max(_pair(module.stride)))

    handles = [m.register_forward_pre_hook(watch) for m in network.modules() if isinstance(m, _WINDOWED)]
    was_training = network.training
    try:
        network.eval()
        (run or network)(torch.zeros(1, 3, side, side))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    return int(total + coarsest - 1)


def _pair(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)
