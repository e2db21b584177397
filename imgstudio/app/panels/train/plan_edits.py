"""What a person can do to the phases of a plan, as plain functions from one plan to the next."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from imgstudio.learn.builders import Settings, one_cycle, progressive, sgdr, step_decay, warm_up_cosine
from imgstudio.learn.gan_plan import COSTS, CRITIC, GanSettings
from imgstudio.learn.plan import Phase, Plan, Unit
from imgstudio.learn.timeline import steps_of

LEAST_SHARE: Final = 0.004
"""Of the whole, that a phase keeps while its boundary is dragged."""
GROWTH: Final = (0.5, 0.75, 1.0)
"""Sizes of the progressive layout, relative to the largest."""
SIZE_STEP: Final = 16
USUAL_SIZE: Final = 256
"""Pixels, where a plan leaves the size to the task."""

Build = Callable[[float, float, Phase], tuple[Phase, ...]]
"""(length, highest rate, phase whose settings are kept) -> phases."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A usual way to lay out phases."""

    id: str
    name: str
    help: str
    build: Build


LAYOUTS: Final = (
    Layout(
        "one_cycle",
        "One cycle",
        "The rate climbs and comes down once; the momentum moves against it.",
        lambda length, rate, like: one_cycle(length, rate, **_settings(like)),
    ),
    Layout(
        "sgdr",
        "Restarts (SGDR)",
        "Three cosines, each twice as long as the one before.",
        lambda length, rate, like: sgdr(length, rate, **_settings(like)),
    ),
    Layout(
        "step_decay",
        "Steps",
        "A constant rate that falls to a tenth at one half and at three quarters.",
        lambda length, rate, like: step_decay(length, rate, **_settings(like)),
    ),
    Layout(
        "warm_up_cosine",
        "Warm-up and cosine",
        "A short climb, then one long way down.",
        lambda length, rate, like: warm_up_cosine(length, rate, **_settings(like)),
    ),
    Layout(
        "progressive",
        "Growing pictures",
        "A cycle each on small, larger and full-size pictures.",
        lambda length, rate, like: progressive(length, rate, growing(like.size), **_settings(like)),
    ),
)


def layout_named(layout_id: str) -> Layout:
    return next(layout for layout in LAYOUTS if layout.id == layout_id)


def growing(size: int) -> list[int]:
    """Picture sizes up to `size`, in pixels."""
    largest = size or USUAL_SIZE
    return [max(SIZE_STEP, round(largest * part / SIZE_STEP) * SIZE_STEP) for part in GROWTH[:-1]] + [largest]


def shares(plan: Plan, train_count: int) -> tuple[float, ...]:
    """Of the time, by phase; summing to 1: a step costs as many pixels as it sees."""
    largest = max(phase.size for phase in plan.phases) or 1
    critic = next((i for i, phase in enumerate(plan.phases) if phase.name == CRITIC), len(plan.phases))
    costs = []
    for index, phase in enumerate(plan.phases):
        stage = int(index >= critic) + int(index > critic)
        count = GanSettings().generations if stage == 1 else train_count
        steps = steps_of(phase, count, plan.accumulate)
        costs.append(COSTS[stage] * steps * phase.batch * float(phase.size or largest) ** 2)
    return tuple(cost / sum(costs) for cost in costs)


def with_phase(plan: Plan, index: int, phase: Phase) -> Plan:
    return replace(plan, phases=(*plan.phases[:index], phase, *plan.phases[index + 1 :]))


def moved(plan: Plan, source: int, target: int) -> Plan:
    """Take a phase to another place; `target` is its index afterwards."""
    phases = list(plan.phases)
    phases.insert(target, phases.pop(source))
    return replace(plan, phases=tuple(phases))


def duplicated(plan: Plan, index: int) -> Plan:
    """A copy, with a name of its own, stands after the phase."""
    phase = plan.phases[index]
    copy = replace(phase, name=_free_name(plan, phase.name))
    return replace(plan, phases=(*plan.phases[: index + 1], copy, *plan.phases[index + 1 :]))


def without(plan: Plan, index: int) -> Plan:
    """The last phase stays: a plan has at least one."""
    if len(plan.phases) == 1:
        return plan
    return replace(plan, phases=(*plan.phases[:index], *plan.phases[index + 1 :]))


def with_boundary(plan: Plan, train_count: int, index: int, share: float) -> Plan:
    """Let phase `index` take this share of the time; the next one gives or gets the difference."""
    now = shares(plan, train_count)
    both = now[index] + now[index + 1]
    least = min(LEAST_SHARE, both / 2)
    share = min(max(share, least), both - least)
    first = _stretched(plan.phases[index], share / now[index])
    second = _stretched(plan.phases[index + 1], (both - share) / now[index + 1])
    return with_phase(with_phase(plan, index, first), index + 1, second)


def added(plan: Plan, index: int, layout: Layout) -> Plan:
    """Put a layout after a phase: as long as that phase, with its settings and its highest rate."""
    like = plan.phases[index]
    phases = _tidy(layout.build(like.length, top_rate(like), like))
    return replace(plan, phases=(*plan.phases[: index + 1], *phases, *plan.phases[index + 1 :]))


def laid_out(plan: Plan, layout: Layout, train_count: int) -> Plan:
    """Replace all phases by a layout of the same length, rate and largest pictures."""
    lengths, unit = lengths_of(plan, train_count)
    like = max(plan.phases, key=lambda phase: phase.size)
    like = replace(like, unit=unit, frozen=0, spread=1.0, averages=False)
    return replace(plan, phases=_tidy(layout.build(lengths[-1], max(map(top_rate, plan.phases)), like)))


def lengths_of(plan: Plan, train_count: int) -> tuple[tuple[float, ...], Unit]:
    """At the boundaries of phases, from 0 on: in steps where all phases count steps, else in epochs."""
    unit: Unit = "steps" if all(phase.unit == "steps" for phase in plan.phases) else "epochs"
    lengths = (
        phase.length if phase.unit == unit else phase.length * phase.batch * plan.accumulate / train_count
        for phase in plan.phases
    )
    return tuple(itertools.accumulate(lengths, initial=0.0)), unit


def top_rate(phase: Phase) -> float:
    return phase.rate.start if phase.rate.kind == "constant" else max(phase.rate.start, phase.rate.end)


def _settings(phase: Phase) -> Settings:
    return Settings(
        unit=phase.unit,
        optimiser=phase.optimiser,
        size=phase.size,
        batch=phase.batch,
        frozen=phase.frozen,
        frozen_norms=phase.frozen_norms,
        spread=phase.spread,
    )


def _stretched(phase: Phase, factor: float) -> Phase:
    return replace(phase, length=_tidy_length(phase.length * factor, phase.unit))


def _tidy(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    return tuple(replace(phase, length=_tidy_length(phase.length, phase.unit)) for phase in phases)


def _tidy_length(length: float, unit: Unit) -> float:
    if unit == "steps":
        return float(max(1, round(length)))
    return max(0.001, round(length, 1 if length >= 20 else 2 if length >= 1 else 3))


def _free_name(plan: Plan, name: str) -> str:
    plain = re.sub(r" \d+$", "", name)
    taken = {phase.name for phase in plan.phases}
    return next(made for number in range(2, 10**6) if (made := f"{plain} {number}") not in taken)
