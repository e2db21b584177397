"""The numbers behind the plots: columns that grow with a run, smoothed, by step, epoch or time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import StepRow, ValidationRow

By = Literal["step", "epoch", "minutes"]
Numbers: TypeAlias = npt.NDArray[np.float64]
COLUMNS: Final = ("step", "epoch", "minutes", "loss", "rate", "momentum", "phase")
SMOOTHED_SHARE: Final = 0.03
"""Of the run, on either side, over which the loss is averaged."""
LEAST_REACH: Final = 4


class RunCurves:
    """Everything that was measured in one run so far."""

    def __init__(self) -> None:
        self._table = np.empty((256, len(COLUMNS)))
        self._count = 0
        self.validations: Sequence[ValidationRow] = ()

    @classmethod
    def of(cls, run: RunFolder) -> RunCurves:
        """Read a run from its start."""
        made = cls()
        made.add(run.steps())
        made.validations = run.validations()
        return made

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Sequence[StepRow]) -> None:
        """Steps that follow those that are there."""
        needed = self._count + len(rows)
        if needed > len(self._table):
            grown = np.empty((2 * needed, len(COLUMNS)))
            grown[: self._count] = self._table[: self._count]
            self._table = grown
        for row in rows:
            self._table[self._count] = (
                row.step,
                row.epoch,
                row.seconds / 60,
                row.loss,
                row.rate,
                row.momentum,
                row.phase,
            )
            self._count += 1

    def column(self, name: str) -> Numbers:
        """One of COLUMNS, a number for each step."""
        return self._table[: self._count, COLUMNS.index(name)]

    def validation_x(self, by: By) -> Numbers:
        """Where the validations stand."""
        values = {
            "step": [row.step for row in self.validations],
            "epoch": [row.epoch for row in self.validations],
            "minutes": [row.seconds / 60 for row in self.validations],
        }[by]
        return np.array(values, np.float64)

    def validation_losses(self) -> Numbers:
        return np.array([row.loss for row in self.validations], np.float64)

    def scores(self, name: str) -> Numbers:
        """One score of every validation, nan where it has none."""
        return np.array([row.scores.get(name, np.nan) for row in self.validations], np.float64)

    def score_names(self) -> list[str]:
        """All that ever occurred, in the order of their first coming."""
        return list(dict.fromkeys(name for row in self.validations for name in row.scores))

    def phase_starts(self, by: By) -> list[tuple[float, int]]:
        """(place, phase) of every beginning of a phase."""
        phases = self.column("phase").astype(int)
        if not len(phases):
            return []
        starts = np.concatenate(([0], np.flatnonzero(np.diff(phases)) + 1))
        return [(float(self.column(by)[index]), int(phases[index])) for index in starts]


def smoothed(values: Numbers) -> Numbers:
    """Mean over the neighbours on both sides, without the lag of a running average; nan counts for nothing."""
    count = len(values)
    if not count:
        return values
    reach = max(LEAST_REACH, round(count * SMOOTHED_SHARE))
    is_number = np.isfinite(values)
    # Less the mean, so that the sums of a long run stay exact.
    middle = float(values[is_number].mean()) if is_number.any() else 0.0
    sums = np.concatenate(([0.0], np.cumsum(np.where(is_number, values - middle, 0.0))))
    counts = np.concatenate(([0], np.cumsum(is_number)))
    places = np.arange(count)
    first, last = np.maximum(places - reach, 0), np.minimum(places + reach + 1, count)
    numbers = counts[last] - counts[first]
    means = (sums[last] - sums[first]) / np.maximum(numbers, 1) + middle
    return np.where(numbers > 0, means, np.nan)


def nearest(places: Numbers, x: float) -> int:
    """Index of the place, of rising ones, that is nearest to `x`; there is at least one."""
    index = int(np.searchsorted(places, x))
    if index == 0:
        return 0
    if index == len(places):
        return index - 1
    return index if places[index] - x < x - places[index - 1] else index - 1


def best_index(values: Numbers, *, larger_is_better: bool) -> int | None:
    """Where the best finite value is, the first of equals; None when there is none."""
    if not np.isfinite(values).any():
        return None
    return int(np.nanargmax(values) if larger_is_better else np.nanargmin(values))


def number_text(value: float) -> str:
    """A measured number in at most six letters or so: "3.2e-3", "0.683", "37.35", "12,400"."""
    if not np.isfinite(value):
        return "-"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.01:
        digits, power = f"{value:.1e}".split("e")
        return f"{digits.removesuffix('.0')}e{int(power)}"
    if size < 10:
        return f"{value:.3f}"
    return f"{value:.2f}" if size < 1000 else f"{value:,.0f}"


def time_text(minutes: float) -> str:
    """As on a clock: "0:09", "4:12", "1:02:30"."""
    seconds = round(minutes * 60)
    hours, rest = divmod(seconds, 3600)
    clock = f"{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
    return f"{hours}:{clock}" if hours else clock
