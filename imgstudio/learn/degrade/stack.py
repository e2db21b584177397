"""The crappify designer: a mix of degradations with the odds of each, as a value that can be saved and tried."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.pixels import Array, Floats, from_float, to_float
from imgstudio.engine.discovery import declared as found_in
from imgstudio.learn import degrade
from imgstudio.learn.degrade.base import Degrader


@dataclass(frozen=True, slots=True)
class Step:
    """One degradation of a mix. Raises UserError when it is not known or a value is out of range."""

    degrader: str
    """Id of a Degrader."""
    params: Any
    """Of that degrader's parameter class."""
    chance: float = 1.0
    """How often it happens, 0..1."""

    def __post_init__(self) -> None:
        if not isinstance(self.params, degrader_named(self.degrader).params):
            raise TypeError(f"{self.degrader} does not take {type(self.params).__name__}")
        declared.check(self.params)
        if not 0 <= self.chance <= 1:
            raise UserError(f"A chance of {self.chance:g} is not possible", "", "Give a number from 0 to 1")


@dataclass(frozen=True, slots=True)
class Degradation:
    """A mix: its steps happen one after the other, each with its chance."""

    steps: tuple[Step, ...] = ()

    def applied(self, picture: Floats, random: np.random.Generator) -> Floats:
        """Spoil (h, w, 3) sRGB in 0..1; the same generator state gives the same result."""
        for step in self.steps:
            # Drawn for every step alike: the chance of one never changes what the others do.
            seed, roll = int(random.integers(2**63)), float(random.random())
            if roll < step.chance:
                picture = degrader_named(step.degrader).run(picture, step.params, np.random.default_rng(seed))
        return picture

    def applied_to_bytes(self, picture: Array, random: np.random.Generator) -> Array:
        """As `applied`, for (h, w, 3) uint8."""
        return from_float(self.applied(to_float(picture), random)) if self.steps else picture

    def to_json(self) -> str:
        return json.dumps(
            [
                {"degrader": s.degrader, "chance": s.chance, "params": declared.to_json(s.params)}
                for s in self.steps
            ]
        )

    def sentence(self) -> str:
        """What it does, for a card: "JPEG (100 %), Noise (50 %)"."""
        return (
            ", ".join(f"{degrader_named(s.degrader).name} ({s.chance:.0%})" for s in self.steps) or "nothing"
        )


def degraders() -> tuple[Degrader[Any], ...]:
    """All there are, in the order in which a new mix lists them."""
    return _degraders()


def degrader_named(degrader_id: str) -> Degrader[Any]:
    """Raises UserError naming those there are."""
    for item in degraders():
        if item.id == degrader_id:
            return item
    known = ", ".join(item.id for item in degraders())
    raise UserError(f"There is no degradation “{degrader_id}”", "", f"Known are: {known}")


def step(degrader_id: str, chance: float = 1.0, **values: Any) -> Step:
    """A step with some values other than the defaults; raises UserError."""
    return Step(degrader_id, declared.from_json(degrader_named(degrader_id).params, values), chance)


def degradation_from_json(text: str) -> Degradation:
    """Read `Degradation.to_json`; raises UserError."""
    try:
        items = json.loads(text)
        return Degradation(
            tuple(step(item["degrader"], float(item["chance"]), **item["params"]) for item in items)
        )
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            "The mix of degradations cannot be read",
            f"{type(error).__name__}: {error}",
            "Design it again, or leave it empty for the proposed one.",
        ) from error


def preview(pictures: Sequence[Array], mix: Degradation, seed: int = 0) -> tuple[Array, ...]:
    """What a mix does to some (h, w, 3) uint8 pictures: the same for the same seed."""
    return tuple(
        mix.applied_to_bytes(picture, np.random.default_rng([seed, index]))
        for index, picture in enumerate(pictures)
    )


@cache
def _degraders() -> tuple[Degrader[Any], ...]:
    return tuple(sorted(found_in(degrade, "DEGRADER", Degrader), key=lambda item: item.stage))
