"""Remembers earlier plans, so that a change can be taken back."""

from __future__ import annotations

import time
from typing import Final

from imgstudio.learn.plan import Plan

MOST: Final = 100
SETTLED: Final = 1.2
"""Seconds after which another change of the same thing is a step of its own."""


class PlanPast:
    """Guards: a drag of a slider is one step."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []
        self._what = ""
        self._when = 0.0

    def __bool__(self) -> bool:
        return bool(self._plans)

    def keep(self, plan: Plan, what: str = "") -> None:
        """`plan` is about to be changed; changes of the same `what` in a row count as one."""
        now = time.monotonic()
        is_same = bool(what) and what == self._what and now - self._when < SETTLED
        self._what, self._when = what, now
        if not is_same:
            self._plans = [*self._plans[1 - MOST :], plan]

    def take_back(self) -> Plan:
        self._what = ""
        return self._plans.pop()

    def forget(self) -> None:
        self._plans, self._what = [], ""
