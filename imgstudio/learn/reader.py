"""Reads batches ahead of the training on one thread; which pictures belong to a batch depends on nothing else."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that determines a batch, with the plan and the seed."""

    step: int
    """That will use it, from 1."""
    seen: int
    """Pictures before it, over all epochs."""
    count: int
    phase: int

    def following(self) -> Order:
        """The next one of the same phase."""
        return dataclasses.replace(self, step=self.step + 1, seen=self.seen + self.count)


def pictures_of(order: Order, train_count: int, seed: int) -> list[int]:
    """Indices of its pictures: each epoch is a new permutation, and batches run on across their ends."""
    indices: list[int] = []
    while len(indices) < order.count:
        epoch, start = divmod(order.seen + len(indices), train_count)
        permutation = np.random.default_rng([seed, epoch, 1]).permutation(train_count)
        indices += permutation[start : start + order.count - len(indices)].tolist()
    return indices


class Reader(Generic[T]):
    """Guards that what it hands out was read for exactly the order that is asked for."""

    def __init__(self, read: Callable[[Order], T], ahead: int = 2) -> None:
        """`read` runs on the reading thread; `ahead` batches are kept ready."""
        self._read = read
        self._ahead = ahead
        self._pending: deque[tuple[Order, Future[T]]] = deque()
        self._thread = ThreadPoolExecutor(1, "reader")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def take(self, order: Order) -> T:
        """Return the batch, waiting for it if need be; raises what reading it raised."""
        if self._pending and self._pending[0][0] != order:
            self._forget()
        self._read_on(order, 1)
        _, batch = self._pending.popleft()
        self._read_on(order.following(), self._ahead)
        return batch.result()

    def _read_on(self, order: Order, count: int) -> None:
        if self._pending:
            order = self._pending[-1][0].following()
        while len(self._pending) < count:
            self._pending.append((order, self._thread.submit(self._read, order)))
            order = order.following()

    def _forget(self) -> None:
        while self._pending:
            self._pending.popleft()[1].cancel()
