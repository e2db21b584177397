"""How fast a run goes and when it will be over, from measured steps and validations."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from imgstudio.learn.plan import Phase, Plan
from imgstudio.learn.reports import StepReport

WINDOW: Final = 30.0
"""Seconds of steps that the present speed is measured over."""


class Pace:
    """Guards that steps are weighed by their work: one with pictures of twice the side counts four times."""

    def __init__(self, plan: Plan, total_steps: int, train_count: int) -> None:
        self._plan = plan
        self._work = _work_of_phases(plan, max(1, train_count))
        self._total_steps = max(1, total_steps)
        self._recent: deque[tuple[float, float, int]] = deque()
        self._step = 0
        self._between = 0.0
        self._validations = 0
        self._first = 0

    def add(self, report: StepReport, wall: float) -> None:
        """A step that took `wall` seconds, with validation and whatever was done after it."""
        seconds = report.seconds or wall
        if not self._step:
            self._first = report.step - 1
        self._recent.append(
            (self._done_at(report.step) - self._done_at(report.step - 1), seconds, report.images)
        )
        while len(self._recent) > 2 and sum(item[1] for item in self._recent) > WINDOW:
            self._recent.popleft()
        self._step = report.step
        self._between += max(0.0, wall - seconds)
        self._validations += report.validation is not None

    @property
    def images_per_second(self) -> float:
        """Of training alone."""
        seconds = sum(item[1] for item in self._recent)
        return sum(item[2] for item in self._recent) / seconds if seconds else 0.0

    def left(self, done: float, total_steps: int) -> float | None:
        """Seconds until the end, validations included; None before the first step."""
        if not self._step:
            return None
        if self._plan.minutes > 0:
            return 60 * self._plan.minutes * (1 - done)
        self._total_steps = max(1, total_steps)
        work, seconds = (sum(item[index] for item in self._recent) for index in (0, 1))
        if work <= 0:
            return None
        here = self._done_at(self._step)
        sat = here - self._done_at(self._first)
        between = self._between / sat if self._validations and sat > 0 else 0.0
        return (1 - here) * (seconds / work + between)

    def _done_at(self, step: int) -> float:
        """Share of the work that is over after a step."""
        planned = sum(steps for steps, _ in self._work)
        everything = sum(steps * cost for steps, cost in self._work)
        position, over = step / self._total_steps * planned, 0.0
        for steps, cost in self._work:
            over += min(steps, max(0.0, position)) * cost
            position -= steps
        return min(1.0, over / everything)


def _work_of_phases(plan: Plan, train_count: int) -> list[tuple[float, float]]:
    """(steps, work of one step) of each phase."""
    is_sized = all(phase.size > 0 for phase in plan.phases)
    return [
        (_steps_of(phase, train_count), phase.batch * (phase.size**2 if is_sized else 1.0))
        for phase in plan.phases
    ]


def _steps_of(phase: Phase, train_count: int) -> float:
    if phase.unit == "steps":
        return max(1.0, phase.length)
    return max(1.0, phase.length * math.ceil(train_count / max(1, phase.batch)))
