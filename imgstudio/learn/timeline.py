"""Where a run is in its plan: phase, rate and momentum, by steps or by the time spent; no torch."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

from imgstudio.learn.plan import Curve, Phase, Plan

LONGEST_RESERVE = 0.1
"""Share of a time budget that is kept for the last validation at most."""
MOST_JUDGING = 0.2
"""Share of a time budget that validations within phases take at most."""


@dataclass(frozen=True, slots=True)
class Landing:
    """The run ends early: the rate falls from where it was to where the plan would have ended."""

    start: float
    """Steps, or with a time budget seconds, when it began."""
    length: float
    """Likewise."""
    done: float
    """Share of the plan that was over, 0..1."""
    rate: Curve
    momentum: Curve


@dataclass(slots=True)
class Where:
    """The numbers that a checkpoint keeps of a timeline."""

    step: int = 0
    seconds: float = 0.0
    """Spent on steps, validations, previews and checkpoints, over all sittings."""
    seen: int = 0
    """Pictures of all steps."""
    phase: int = 0
    """Index; the number of phases when the run is over."""
    since_step: int = 0
    since_seconds: float = 0.0
    """Start of the phase."""
    work: float = 0.0
    """Pixels of all steps, relative: measures the pace."""
    reserve: float = 0.0
    """Seconds of the budget kept for the last validation."""
    judging: float = 0.0
    """Seconds of all validations."""
    judged: int = 0
    """Validation periods that are over."""
    landing: Landing | None = None


def steps_of(phase: Phase, train_count: int, accumulate: int = 1) -> int:
    """Optimisation steps of a phase that is as long as it says; at least one."""
    if phase.unit == "steps":
        return max(1, round(phase.length))
    return max(1, round(phase.length * train_count / (phase.batch * accumulate)))


class Timeline:
    """Guards that phases follow each other, each with at least one step, and end where the plan says."""

    def __init__(self, plan: Plan, train_count: int) -> None:
        self.where = Where()
        self._plan = plan
        self._train_count = train_count
        self._steps = [steps_of(phase, train_count, plan.accumulate) for phase in plan.phases]
        largest = max(phase.size for phase in plan.phases) or 1
        self._work = [self._pictures(phase) * float(phase.size or largest) ** 2 for phase in plan.phases]
        costs = [steps * work for steps, work in zip(self._steps, self._work, strict=True)]
        self._ends = [0.0, *(end / sum(costs) for end in itertools.accumulate(costs))]

    @property
    def phase(self) -> Phase:
        return self._plan.phases[self._index]

    @property
    def pictures(self) -> int:
        """Of the next step: the effective batch."""
        return self._pictures(self.phase)

    @property
    def is_over(self) -> bool:
        return self.where.phase >= len(self._plan.phases)

    @property
    def is_timed(self) -> bool:
        return self._plan.minutes > 0

    @property
    def share(self) -> float:
        """Of the present phase (or the landing) that is over, 0..1."""
        if self.where.landing is not None:
            return min(1.0, (self._now - self.where.landing.start) / self.where.landing.length)
        if not self.is_timed:
            return min(1.0, (self.where.step - self.where.since_step) / self._steps[self._index])
        allotted = max(self._end_second(self._index) - self.where.since_seconds, 1e-9)
        return min(1.0, (self.where.seconds - self.where.since_seconds) / allotted)

    @property
    def done(self) -> float:
        """Share of the run that is over, 0..1, by the work of its phases."""
        if self.is_over:
            return 1.0
        landing = self.where.landing
        if landing is not None:
            return landing.done + (1 - landing.done) * self.share
        start, end = self._ends[self._index], self._ends[self._index + 1]
        return start + (end - start) * self.share

    @property
    def rate(self) -> float:
        return (self.where.landing or self.phase).rate.at(self.share)

    @property
    def momentum(self) -> float:
        return (self.where.landing or self.phase).momentum.at(self.share)

    @property
    def total_steps(self) -> int:
        """Exact without a time budget, else estimated from the pace so far."""
        where = self.where
        if self.is_over:
            return where.step
        if not self.is_timed and where.landing is not None:
            return round(where.landing.start + where.landing.length)
        if not self.is_timed or where.work == 0:
            return sum(self._steps)
        pace = where.seconds / where.work
        seconds = [end - start for start, end in itertools.pairwise(self._remaining_seconds())]
        coming = zip(seconds, self._work[self._index :], strict=False)
        return where.step + round(sum(part / (pace * work) for part, work in coming))

    @property
    def epoch(self) -> float:
        return self.where.seen / self._train_count

    @property
    def wants_validation(self) -> bool:
        """Whether one is due within the phase; with a time budget it also has to be worth its time."""
        if self._periods <= self.where.judged:
            return False
        if not self.is_timed:
            return True
        left = self._budget - self.where.seconds
        return self.where.judging <= MOST_JUDGING * self.where.seconds and left > 2 * self.where.reserve

    def advance(self) -> None:
        """One step was done in the present phase."""
        self.where.step += 1
        self.where.seen += self.pictures
        self.where.work += self._work[self._index]

    def turn(self) -> bool:
        """Go to the next phase (after a landing: to the end) if the present one is over; say whether it was."""
        where = self.where
        if self.is_over or self.share < 1:
            return False
        where.phase = len(self._plan.phases) if where.landing is not None else where.phase + 1
        where.landing = None
        where.since_step, where.since_seconds = where.step, where.seconds
        return True

    def judge(self, seconds: float) -> None:
        """A validation took so long; keep as much of a time budget for the last one."""
        self.where.seconds += seconds
        self.where.judging += seconds
        self.where.judged = self._periods
        self.where.reserve = min(seconds, LONGEST_RESERVE * self._budget)

    def land(self, share: float) -> bool:
        """Begin to land over `share` of what was done so far; False when the plan's own end is nearer."""
        if self.is_over or self.where.landing is not None:
            return False
        length = max(share * self._now, 1e-9 if self.is_timed else 1.0)
        if not self.is_timed:
            length = float(round(length))
        end = self._budget - self.where.reserve if self.is_timed else float(sum(self._steps))
        if length >= end - self._now:
            return False
        last = self._plan.phases[-1]
        rate, momentum = self.rate, self.momentum
        self.where.landing = Landing(
            self._now,
            length,
            self.done,
            Curve("cosine", rate, min(rate, last.rate.at(1))),
            Curve("cosine", momentum, last.momentum.at(1)),
        )
        return True

    def facts(self) -> dict[str, Any]:
        return dataclasses.asdict(self.where)

    def restore(self, facts: dict[str, Any]) -> None:
        landing = facts.get("landing")
        self.where = Where(**{**facts, "landing": _landing_from(landing) if landing else None})

    @property
    def _index(self) -> int:
        return min(self.where.phase, len(self._plan.phases) - 1)

    @property
    def _budget(self) -> float:
        return 60 * self._plan.minutes

    @property
    def _now(self) -> float:
        return self.where.seconds if self.is_timed else float(self.where.step)

    @property
    def _periods(self) -> int:
        every = self._plan.validate_every
        return int(self.epoch / every) if every > 0 else 0

    def _pictures(self, phase: Phase) -> int:
        return phase.batch * self._plan.accumulate

    def _end_second(self, index: int) -> float:
        return self._ends[index + 1] * (self._budget - self.where.reserve)

    def _remaining_seconds(self) -> list[float]:
        """Now and the ends of the present and all later phases."""
        now, landing = self.where.seconds, self.where.landing
        if landing is not None:
            return [now, max(now, landing.start + landing.length)]
        ends = [self._end_second(index) for index in range(self._index, len(self._work))]
        return [now, *(max(now, end) for end in ends)]


def _landing_from(values: dict[str, Any]) -> Landing:
    curves = {name: Curve(**values[name]) for name in ("rate", "momentum")}
    return Landing(**{**values, **curves})
