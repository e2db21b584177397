"""What the pages of the plots show of a run: loss, scores, and rate with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.chart import Line, Mark, Spot
from imgstudio.app.panels.train.colours import DARK_SERIES, TRAINING, VALIDATION, Ink
from imgstudio.app.panels.train.curves import By, Numbers, RunCurves, best_index, number_text, smoothed
from imgstudio.learn.reports import Goal

LARGEST_SHARE: Final = 1.5
"""Scores that never exceed it, such as IoU, are drawn apart from decibels and the like."""
RAW: Final = Ink("dim", width=1, alpha=0.3)
DOT: Final = 5.0
FEW: Final = 60
"""Validations up to which each has its dot."""
LEAST_PHASE: Final = 0.08
"""Share of the run from which the name of a phase finds room."""


@dataclass(frozen=True, eq=False, slots=True)
class Compared:
    """Another run whose curves are laid over those of the shown one."""

    key: str
    name: str
    colour: int
    curves: RunCurves
    goal: Goal | None = None


@dataclass(eq=False, slots=True)
class Shown:
    """Everything that the pages draw."""

    curves: RunCurves = field(default_factory=RunCurves)
    goal: Goal | None = None
    phases: Sequence[str] = ()
    """Names, in the order of the plan."""
    classes: Sequence[str] = ()
    compared: Sequence[Compared] = ()
    by: By = "step"


def loss_lines(shown: Shown) -> list[Line]:
    """Loss of every step, its trend, and the loss on pictures that are not learned from."""
    curves, by = shown.curves, shown.by
    x, raw = curves.column(by), curves.column("loss")
    valid_x, valid = curves.validation_x(by), curves.validation_losses()
    lines = [
        Line("raw", tr("Every step"), x, raw, RAW, bounds=False),
        Line("train", tr("Training"), x, smoothed(raw), Ink(TRAINING, 1.8)),
        Line("valid", tr("Validation"), valid_x, valid, _dotted(VALIDATION, len(valid))),
    ]
    # The order of the legend: what matters first.
    lines = [lines[1], lines[2], lines[0]]
    for run in shown.compared:
        own = run.curves
        trend = smoothed(own.column("loss"))
        lines.append(
            Line(
                f"{run.key} valid",
                run.name,
                own.validation_x(by),
                own.validation_losses(),
                _dotted(run.colour, len(own.validations)),
                row=run.key,
            )
        )
        faint = Ink(run.colour, 1.2, alpha=0.6)
        lines.append(Line(f"{run.key} train", run.name, own.column(by), trend, faint, row=run.key))
    return lines


def score_lines(shown: Shown) -> tuple[list[Line], list[Spot]]:
    """Every score of the validations; those of single classes wait in the legend. Shares and others apart."""
    curves = shown.curves
    x = curves.validation_x(shown.by)
    goal = shown.goal.name if shown.goal is not None else ""
    names = sorted(curves.score_names(), key=lambda name: (name != goal, _is_of_class(name, shown.classes)))
    columns = {name: curves.scores(name) for name in names}
    groups = (
        [name for name in names if _is_share(columns[name])],
        [name for name in names if not _is_share(columns[name])],
    )
    charts = [group for group in groups if group]
    if goal in groups[1]:
        charts.reverse()
    lines, spots = [], []
    taken = {run.colour for run in shown.compared}
    free = [number for number in range(len(DARK_SERIES)) if number not in taken]
    for index, name in enumerate(names):
        ink = _dotted(free[index % len(free)], len(x))
        quiet = _is_of_class(name, shown.classes)
        chart = next(number for number, group in enumerate(charts) if name in group)
        lines.append(Line(name, name, x, columns[name], ink, chart=chart, is_quiet=quiet))
        if shown.goal is not None and name == goal:
            spots = _best(shown.goal, x, columns[name], ink)
    for run in shown.compared:
        values = run.curves.scores(goal)
        ink = _dotted(run.colour, len(values), is_dashed=True)
        if np.isfinite(values).any():
            lines.append(Line(run.key, run.name, run.curves.validation_x(shown.by), values, ink))
    return lines, spots


def rate_lines(shown: Shown) -> tuple[list[Line], list[Mark]]:
    """Learning rate and momentum, and where phases begin."""
    curves = shown.curves
    x = curves.column(shown.by)
    lines = [
        Line("rate", tr("Rate"), x, curves.column("rate"), Ink(TRAINING, 1.8)),
        Line("momentum", tr("Momentum"), x, curves.column("momentum"), Ink(VALIDATION, 1.5), chart=1),
    ]
    for run in shown.compared:
        own, ink = run.curves, Ink(run.colour, 1.2, is_dashed=True)
        lines.append(
            Line(f"{run.key} rate", run.name, own.column(shown.by), own.column("rate"), ink, run.key)
        )
        lines.append(
            Line(
                f"{run.key} momentum",
                run.name,
                own.column(shown.by),
                own.column("momentum"),
                ink,
                run.key,
                chart=1,
            )
        )
    return lines, phase_marks(shown)


def phase_marks(shown: Shown) -> list[Mark]:
    """A mark where each phase begins, named where there is room."""
    starts = shown.curves.phase_starts(shown.by)
    x = shown.curves.column(shown.by)
    if len(starts) < 2:
        return []
    ends = [place for place, _ in starts[1:]] + [float(x[-1])]
    whole = float(x[-1] - x[0]) or 1.0
    marks = []
    for (start, phase), end in zip(starts, ends, strict=True):
        has_room = (end - start) / whole >= LEAST_PHASE and phase < len(shown.phases)
        name = shown.phases[phase] if has_room else ""
        marks.append(Mark(start, name, has_line=start > x[0]))
    return marks


def _best(goal: Goal, x: Numbers, values: Numbers, ink: Ink) -> list[Spot]:
    index = best_index(values, larger_is_better=goal.larger_is_better)
    if index is None:
        return []
    text = tr("best {score}").format(score=number_text(float(values[index])))
    return [Spot(float(x[index]), float(values[index]), text, ink)]


def _dotted(colour: int, points: int, *, is_dashed: bool = False) -> Ink:
    return Ink(colour, 1.5, is_dashed=is_dashed, dots=DOT if points <= FEW else 0.0)


def _is_share(values: Numbers) -> bool:
    finite = values[np.isfinite(values)]
    return not len(finite) or (float(finite.max()) <= LARGEST_SHARE and float(finite.min()) >= -LARGEST_SHARE)


def _is_of_class(name: str, classes: Sequence[str]) -> bool:
    """Such as "IoU road"."""
    return any(name.endswith(f" {title}") for title in classes)
