"""Look at many files at once, with progress and cancel."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from imgstudio.core.jobs import Progress

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 64


def looked_at(items: Sequence[T], look: Callable[[T], R], progress: Progress, message: str) -> list[R]:
    """`look` at every item on a few threads (decoders let go of the interpreter); results in order.

    Raises Cancelled; files not yet begun are then left.
    """
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1), thread_name_prefix="look") as pool:
        results = _in_order(items, look, pool)
        try:
            return list(progress.track(results, message, total=len(items)))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _in_order(items: Sequence[T], look: Callable[[T], R], pool: ThreadPoolExecutor) -> Iterator[R]:
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(pool.submit(look, item))
        if len(waiting) >= _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
