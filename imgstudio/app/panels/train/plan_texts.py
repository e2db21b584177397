"""Numbers of a plan in words: lengths, rates, what a phase is like."""

from __future__ import annotations

from typing import Final

from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.curves import number_text
from imgstudio.app.panels.train.plan_edits import shares
from imgstudio.learn.plan import CurveKind, OptimiserKind, Phase, Plan, Unit
from imgstudio.learn.timeline import steps_of

OPTIMISERS: Final[dict[OptimiserKind, str]] = {
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "muon": "Muon",
    "rmsprop": "RMSprop",
}
CURVES: Final[dict[CurveKind, str]] = {
    "constant": "constant",
    "linear": "linear",
    "cosine": "cosine",
    "exponential": "exponential",
    "polynomial": "polynomial",
}


def minutes_text(minutes: float) -> str:
    """As "40 s", "2.5 min", "1 h 20 min"."""
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    if minutes < 10:
        return f"{minutes:.1f} min".replace(".0 ", " ")
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def length_text(length: float, unit: Unit) -> str:
    """As "4.5 epochs", "1,200 steps"."""
    number = f"{length:,.0f}" if unit == "steps" or length >= 100 else f"{length:.3g}"
    if unit == "steps":
        return tr("{number} steps").format(number=number)
    return tr("1 epoch") if number == "1" else tr("{number} epochs").format(number=number)


def duration_text(plan: Plan, index: int, share: float) -> str:
    """How long a phase lasts: by the clock where there is a time budget."""
    if plan.minutes > 0:
        return minutes_text(plan.minutes * share)
    return length_text(plan.phases[index].length, plan.phases[index].unit)


def pictures_text(phase: Phase, *, is_short: bool = False) -> str:
    """As "192 px · batch 8", or without the words."""
    if is_short:
        return f"{phase.size or tr('auto')} · {phase.batch}"
    size = f"{phase.size} px" if phase.size else tr("usual size")
    return tr("{size} · batch {batch}").format(size=size, batch=phase.batch)


def rate_text(phase: Phase) -> str:
    """As "1.6e-4 → 4e-3"."""
    return _range(phase.rate.kind, phase.rate.start, phase.rate.end)


def momentum_text(phase: Phase) -> str:
    return _range(phase.momentum.kind, phase.momentum.start, phase.momentum.end)


def phase_lines(plan: Plan, index: int, share: float) -> list[tuple[str, str]]:
    """All that is to say of a phase, as (what, value)."""
    phase = plan.phases[index]
    lines = [(tr("Length"), length_text(phase.length, phase.unit))]
    if plan.minutes > 0:
        time = tr("about {time}").format(time=minutes_text(plan.minutes * share))
        lines = [(tr("Time"), f"{time} ({share:.0%})"), *lines]
    lines += [
        (tr("Rate"), f"{rate_text(phase)}, {tr(CURVES[phase.rate.kind])}"),
        (tr("Momentum"), momentum_text(phase)),
        (tr("Optimiser"), OPTIMISERS[phase.optimiser.kind]),
        (tr("Pictures"), pictures_text(phase)),
    ]
    if phase.frozen:
        lines.append((tr("At rest"), tr("the first {count} layer groups").format(count=phase.frozen)))
    if phase.spread != 1:
        lines.append((tr("First layers"), tr("{part} of the rate").format(part=plain_number(phase.spread))))
    if phase.averages:
        lines.append((tr("Weights"), tr("averaged (SWA)")))
    return lines


def plan_sentence(plan: Plan, train_count: int) -> str:
    """As "20 min · 3 phases · 92 pictures"."""
    phases = tr("1 phase") if len(plan.phases) == 1 else tr("{n} phases").format(n=len(plan.phases))
    pictures = tr("{n:,} pictures").format(n=train_count)
    if plan.minutes > 0:
        return " · ".join((minutes_text(plan.minutes), phases, pictures))
    steps = sum(steps_of(phase, train_count, plan.accumulate) for phase in plan.phases)
    return " · ".join((tr("{n:,} steps").format(n=steps), phases, pictures))


def spoken_plan(plan: Plan, train_count: int) -> str:
    """The whole picture in words, for those who cannot see it."""
    parts = [plan_sentence(plan, train_count)]
    for index, share in enumerate(shares(plan, train_count)):
        lines = "; ".join(f"{what}: {value}" for what, value in phase_lines(plan, index, share))
        parts.append(f"{plan.phases[index].name}: {lines}")
    return ". ".join(parts)


def plain_number(value: float) -> str:
    """Without zeros at the end: "0.95", "4e-3"."""
    text = number_text(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _range(kind: CurveKind, start: float, end: float) -> str:
    if kind == "constant" or start == end:
        return plain_number(start)
    return f"{plain_number(start)} → {plain_number(end)}"
