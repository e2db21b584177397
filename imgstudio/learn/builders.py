"""Ready-made lists of phases for the usual ways to move the rate: one-cycle, restarts, steps, warm-up and cosine."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypedDict, Unpack

from imgstudio.learn.plan import Curve, Optimiser, Phase, Unit


class Settings(TypedDict, total=False):
    """Fields of `Phase` that all phases of a builder share."""

    unit: Unit
    optimiser: Optimiser
    size: int
    batch: int
    frozen: int
    frozen_norms: bool
    spread: float
    averages: bool


def one_cycle(
    length: float,
    rate: float,
    *,
    name: str = "",
    warm_up: float = 0.25,
    first: float = 0.04,
    last: float = 1e-4,
    momentum: tuple[float, float] = (0.95, 0.85),
    **settings: Unpack[Settings],
) -> tuple[Phase, ...]:
    """Climb to `rate` and come down again by half cosines while the momentum moves against it (Smith 2018).

    `warm_up` is the share of the climb, 0..1; `first` and `last` are the rates at the ends as shares of
    `rate`; `momentum` is that of the ends and that of the top.
    """
    high, low = momentum
    climb = Phase(
        _named(name, "climb"),
        length * warm_up,
        rate=Curve("cosine", rate * first, rate),
        momentum=Curve("cosine", high, low),
        **settings,
    )
    descent = Phase(
        _named(name, "descent"),
        length * (1 - warm_up),
        rate=Curve("cosine", rate, rate * last),
        momentum=Curve("cosine", low, high),
        **settings,
    )
    return tuple(phase for phase in (climb, descent) if phase.length > 0)


def warm_up_cosine(
    length: float,
    rate: float,
    *,
    name: str = "",
    warm_up: float = 0.03,
    first: float = 0.04,
    last: float = 0.002,
    momentum: float = 0.9,
    **settings: Unpack[Settings],
) -> tuple[Phase, ...]:
    """A short linear climb, then a long half cosine down; `warm_up`, `first`, `last` as in `one_cycle`."""
    steady = Curve("constant", momentum, momentum)
    climb = Phase(
        _named(name, "warm-up"),
        length * warm_up,
        rate=Curve("linear", rate * first, rate),
        momentum=steady,
        **settings,
    )
    descent = Phase(
        _named(name, "descent"),
        length * (1 - warm_up),
        rate=Curve("cosine", rate, rate * last),
        momentum=steady,
        **settings,
    )
    return tuple(phase for phase in (climb, descent) if phase.length > 0)


def sgdr(
    length: float,
    rate: float,
    *,
    name: str = "",
    cycles: int = 3,
    growth: float = 2.0,
    last: float = 0.01,
    momentum: float = 0.9,
    **settings: Unpack[Settings],
) -> tuple[Phase, ...]:
    """Cosines from `rate` to `last * rate` that start again, each `growth` times longer (Loshchilov 2017).

    Together they are `length` long.
    """
    shares = [growth**cycle for cycle in range(cycles)]
    return tuple(
        Phase(
            _named(name, f"cycle {number}"),
            length * share / sum(shares),
            rate=Curve("cosine", rate, rate * last),
            momentum=Curve("constant", momentum, momentum),
            **settings,
        )
        for number, share in enumerate(shares, 1)
    )


def step_decay(
    length: float,
    rate: float,
    *,
    name: str = "",
    at: Sequence[float] = (0.5, 0.75),
    factor: float = 0.1,
    momentum: float = 0.9,
    **settings: Unpack[Settings],
) -> tuple[Phase, ...]:
    """A constant rate that is multiplied by `factor` at each of the shares `at` (rising, 0..1) of the length."""
    ends = (0.0, *at, 1.0)
    return tuple(
        Phase(
            _named(name, f"step {number}"),
            length * (end - start),
            rate=Curve("constant", level := rate * factor ** (number - 1), level),
            momentum=Curve("constant", momentum, momentum),
            **settings,
        )
        for number, (start, end) in enumerate(itertools.pairwise(ends), 1)
    )


def progressive(
    length: float,
    rate: float,
    sizes: Sequence[int],
    *,
    shares: Sequence[float] = (),
    batches: Sequence[int] = (),
    drop: float = 0.3,
    warm_up: float = 0.25,
    **settings: Unpack[Settings],
) -> tuple[Phase, ...]:
    """A one-cycle for each picture size in turn, its top `drop` times that of the one before.

    `shares` of the length, by default nearly two thirds of what is left for each size but the last; `batches`,
    by default the same for all.
    """
    parts = shares or _falling_shares(len(sizes))
    phases: list[Phase] = []
    for index, size in enumerate(sizes):
        own: Settings = {**settings, "size": size}
        if batches:
            own["batch"] = batches[index]
        top = rate * drop**index
        phases += one_cycle(length * parts[index], top, name=f"{size} px", warm_up=warm_up, **own)
    return tuple(phases)


def _falling_shares(count: int) -> list[float]:
    shares, rest = [], 1.0
    for _ in range(count - 1):
        shares.append(0.65 * rest)
        rest -= shares[-1]
    return [*shares, rest]


def _named(name: str, part: str) -> str:
    return f"{name}, {part}" if name else part.capitalize()
