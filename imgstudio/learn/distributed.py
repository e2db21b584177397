"""Several processes that train one network together, started by `torchrun`; all their talk goes through accelerate.

Every process reads the same batches and takes its slice of each, so that together they do what one would do with
the whole batch. The main process alone decides, judges and writes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import Tensor, nn

from imgstudio.core.errors import UserError
from imgstudio.engine.device import pick_device

if TYPE_CHECKING:
    from accelerate import Accelerator

T = TypeVar("T")


def process_count() -> int:
    """Processes that `torchrun` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process is the one that writes files and answers the user."""
    return int(os.environ.get("RANK", "0")) == 0


class Processes:
    """Guards that what must be equal in all processes is; with one process everything is as it comes."""

    def __init__(self, device: str = "auto") -> None:
        """Raises UserError when there are several processes and accelerate is missing."""
        self.count = process_count()
        self._accelerator = _accelerator(device) if self.count > 1 else None
        self.device = pick_device(device) if self._accelerator is None else self._accelerator.device
        self.rank = 0 if self._accelerator is None else self._accelerator.process_index

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def slice_of(self, count: int) -> slice:
        """Which of `count` pictures belong to this process."""
        return slice(count * self.rank // self.count, count * (self.rank + 1) // self.count)

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each of `values` added up over all processes."""
        if self._accelerator is None:
            return list(values)
        numbers = torch.tensor(values, dtype=torch.float64, device=self.device)
        return cast(Tensor, self._accelerator.reduce(numbers, "sum")).tolist()

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in at least one process."""
        return self.sums([float(flag)])[0] > 0

    def from_main(self, value: T) -> T:
        """What the main process says."""
        if self._accelerator is None:
            return value
        from accelerate.utils import broadcast_object_list

        values: list[Any] = [value]
        broadcast_object_list(values)
        return values[0]

    def leave(self) -> None:
        """At the end: wait until all are done, then hang up; who left earlier would take the others along."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()
            leave_group()

    @torch.no_grad()
    def add_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give every process the sum of all gradients; a parameter without one anywhere keeps none."""
        if self._accelerator is None:
            return
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        present = torch.tensor([float(p.grad is not None) for p in parameters], device=self.device)
        flat = torch.cat([part.reshape(-1) for part in parts] + [present])
        total = cast(Tensor, self._accelerator.reduce(flat, "sum"))
        sizes = [part.numel() for part in parts]
        *sums, present = total.split([*sizes, len(parts)])
        for parameter, part, is_there in zip(parameters, sums, present.tolist(), strict=True):
            if is_there:
                # Gradients have the layout of their parameter.
                parameter.grad = torch.empty_like(parameter).copy_(part.reshape(parameter.shape))

    @torch.no_grad()
    def mean_buffers(self, module: nn.Module) -> None:
        """Let the statistics of norms be those of all slices."""
        floating = [buffer for buffer in module.buffers() if buffer.is_floating_point()]
        if self._accelerator is None or not floating:
            return
        flat = torch.cat([buffer.reshape(-1) for buffer in floating])
        mean = cast(Tensor, self._accelerator.reduce(flat, "mean"))
        for buffer, part in zip(floating, mean.split([b.numel() for b in floating]), strict=True):
            buffer.copy_(part.reshape(buffer.shape))


def leave_group() -> None:
    """Close the lines to other processes: one that ends with them open may be aborted by their threads."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _accelerator(device: str) -> Accelerator:
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise UserError(
            "Training with several processes is not installed",
            "It needs the package accelerate.",
            'Install it with: pip install "imgstudio[distributed]"',
        ) from error
    return Accelerator(cpu=pick_device(device).type == "cpu")
