"""Batches of a task by order: which pictures, cut by which random numbers, and what the user calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from imgstudio.learn.distributed import Processes
from imgstudio.learn.plan import Plan
from imgstudio.learn.reader import Order, pictures_of
from imgstudio.learn.task import Batch, Task

NAMED = 8
"""Most pictures that a note names."""


@runtime_checkable
class NamesPictures(Protocol):
    """A task that can tell what its training pictures are called."""

    def names(self, indices: Sequence[int]) -> Sequence[str]: ...


class Batches:
    """Guards that the same order, with the same plan, always gives the same batch."""

    def __init__(self, task: Task, plan: Plan, processes: Processes) -> None:
        self._task = task
        self._plan = plan
        self._processes = processes

    def whole(self, order: Order) -> Batch:
        """The batch on the CPU, pictures in channels_last, which convolutions like."""
        random = np.random.default_rng([self._plan.seed, order.step])
        batch = self._task.batch(self._indices(order), self._plan.phases[order.phase], random)
        return {
            name: tensor.contiguous(memory_format=torch.channels_last) if _is_picture(tensor) else tensor
            for name, tensor in batch.items()
        }

    def own(self, order: Order) -> Batch:
        """This process's slice of it."""
        part = self._processes.slice_of(order.count)
        return {name: tensor[part] for name, tensor in self.whole(order).items()}

    def names(self, order: Order) -> str:
        """Its pictures, for a sentence."""
        indices = self._indices(order)
        task: object = self._task
        names = task.names(indices) if isinstance(task, NamesPictures) else [str(i + 1) for i in indices]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"pictures {', '.join(names[:NAMED])}{more}"

    def _indices(self, order: Order) -> list[int]:
        return pictures_of(order, self._task.train_count, self._plan.seed)


def _is_picture(tensor: Tensor) -> bool:
    return tensor.ndim == 4 and tensor.is_floating_point()
