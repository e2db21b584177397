"""How a GAN is laid out in a plan: phases of the generator, one called "critic", then those of both together."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from imgstudio.core.errors import UserError
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan

CRITIC: Final = "critic"
"""Name of the phase in which the critic learns alone."""
TOGETHER: Final = "together"
WITHOUT_MOMENTUM: Final = Curve("constant", 0.0, 0.0)
COSTS: Final = (1.0, 0.7, 2.5)
"""Of one picture in the three stages, for sharing out a time budget."""
LONGEST: Final = 20
"""Critic steps for one of the generator, at most."""


@dataclass(frozen=True, slots=True)
class GanSettings:
    """How generator and critic are weighed against each other."""

    pixel_weight: float = 50.0
    """Of the mean absolute error; the critic's opinion counts 1."""
    critic_weight: float = 1.0
    threshold: float = 0.65
    """The generator steps only after the critic's loss fell below this."""
    generations: int = 256
    """Pictures of the first generator that are saved for the critic to begin with."""
    critic_rate: float = 5.0
    """Critic's rate / generator's rate while both learn together."""


@dataclass(frozen=True, slots=True)
class GanPlans:
    """One plan for each network and stage, cut out of the user's."""

    generator: Plan
    critic: Plan
    together: Plan
    duel: Plan
    """The critic's side of `together`."""
    shares: tuple[float, float, float]
    """Of the three stages in the whole, summing to 1."""
    minutes: float
    """Budget of `together`, both sides; 0: none."""


def gan_phases(
    generator: tuple[Phase, ...],
    *,
    critic: float = 8,
    together: float = 10,
    rate: float = 1e-4,
    size: int = 0,
    batch: int = 0,
) -> tuple[Phase, ...]:
    """Add the critic's phases to those of a generator; `critic` and `together` in epochs.

    `together`: Adam without momentum (betas 0, 0.99), constant rate. `size` and `batch` 0: as in the
    generator's last phase.
    """
    last = generator[-1]
    size, batch = size or last.size, batch or last.batch
    alone = Phase(
        CRITIC,
        critic,
        rate=Curve("cosine", 1e-3, 1e-5),
        optimiser=Optimiser("adamw", weight_decay=1e-3),
        size=size,
        batch=batch,
    )
    both = Phase(
        TOGETHER,
        together,
        rate=Curve("constant", rate, rate),
        momentum=WITHOUT_MOMENTUM,
        optimiser=Optimiser("adamw", weight_decay=1e-3, beta2=0.99),
        size=size,
        batch=batch,
    )
    return (*generator, alone, both)


def is_gan(plan: Plan) -> bool:
    return any(phase.name == CRITIC for phase in plan.phases)


def gan_plans(plan: Plan, train_count: int, settings: GanSettings) -> GanPlans:
    """Cut a plan at its phase "critic"; raises UserError when nothing stands before or after it."""
    stages = _stages(plan.phases)
    counts = (train_count, settings.generations, train_count)
    costs = [
        cost * sum(_pictures(phase, count) * max(phase.size, 1) ** 2 for phase in stage)
        for cost, count, stage in zip(COSTS, counts, stages, strict=True)
    ]
    shares = [cost / sum(costs) for cost in costs]
    plan = dataclasses.replace(plan, early_stop=None)
    minutes = [plan.minutes * share for share in shares]
    # Half of the budget of the last stage: the critic uses about as much.
    generator, critic, together = (
        dataclasses.replace(plan, phases=stage, minutes=part)
        for stage, part in zip(stages, (minutes[0], minutes[1], minutes[2] / 2), strict=True)
    )
    duel = dataclasses.replace(
        plan,
        phases=tuple(_critic_side(phase, settings) for phase in stages[2]),
        minutes=0.0,
        seed=plan.seed + 1,
        validate_every=float(10**9),
    )
    return GanPlans(generator, critic, together, duel, (shares[0], shares[1], shares[2]), minutes[2])


def _stages(phases: tuple[Phase, ...]) -> tuple[tuple[Phase, ...], ...]:
    places = [index for index, phase in enumerate(phases) if phase.name == CRITIC]
    if len(places) != 1 or places[0] in (0, len(phases) - 1):
        raise UserError(
            "The plan is not one of a generator and its critic",
            "It needs phases of the generator, then one called “critic”, then one in which both learn.",
            "Start again from the proposed plan.",
        )
    return phases[: places[0]], phases[places[0] : places[0] + 1], phases[places[0] + 1 :]


def _pictures(phase: Phase, train_count: int) -> float:
    return phase.length * (train_count if phase.unit == "epochs" else phase.batch)


def _critic_side(phase: Phase, settings: GanSettings) -> Phase:
    """The same phase for the critic, long enough that the generator always ends first."""
    return dataclasses.replace(
        phase,
        length=phase.length * (LONGEST + 1),
        rate=Curve(
            "constant", phase.rate.start * settings.critic_rate, phase.rate.start * settings.critic_rate
        ),
        frozen=0,
        spread=1.0,
        averages=False,
    )
