"""What runs were set to, as named texts, and where they differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from imgstudio.app.i18n import tr
from imgstudio.core.errors import UserError
from imgstudio.core.params import describe
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.recipes import recipe_named
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import RunFacts

ABSENT: Final = ""
WHOLE_RUN: Final = {
    "minutes": "Time budget (min)",
    "seed": "Seed",
    "precision": "Precision",
    "accumulate": "Batches a step",
    "clip": "Gradient limit",
    "average_decay": "Average decay",
    "validate_every": "Validate every (epochs)",
    "keep_every": "Keep every (validations)",
}
PHASE: Final = {
    "name": "Phase names",
    "size": "Size",
    "batch": "Batch",
    "frozen": "Frozen groups",
    "frozen_norms": "Frozen norms",
    "spread": "Rate spread",
    "averages": "Collects averages",
}


def settings_of(run: RunFolder) -> dict[str, str]:
    """Everything that was chosen for a run, by a name for people; {} of a run that cannot be read."""
    try:
        facts, plan, report = run.facts(), run.plan(), run.report()
    except UserError:
        return {}
    return _of_facts(facts) | _of_data(report) | _of_plan(plan)


def differing(settings: Sequence[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
    """Names with the value of each run, only where not all are the same."""
    names = dict.fromkeys(name for one in settings for name in one)
    rows = [(name, [one.get(name, ABSENT) for one in settings]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def _of_facts(facts: RunFacts) -> dict[str, str]:
    labels: dict[str, str] = {}
    title = facts.recipe
    try:
        recipe = recipe_named(facts.recipe)
    except UserError:
        pass  # of another version: its own names must do
    else:
        title = tr(recipe.name)
        labels = {param.name: tr(param.label) for param in describe(recipe.params)}
    found = {tr("Recipe"): title}
    for name, value in facts.params.items():
        found[labels.get(name, name.replace("_", " ").capitalize())] = _told(value)
    found[tr("Time (min)")] = _told(facts.request.minutes)
    found[tr("Quality")] = _told(facts.request.quality)
    found[tr("Device")] = facts.device
    found[tr("Version")] = facts.program
    return found


def _of_data(report: DatasetReport) -> dict[str, str]:
    return {
        tr("Folder"): report.folder.name,
        tr("Pictures to learn from"): str(len(report.split.train)),
        tr("Pictures to judge by"): str(len(report.split.valid)),
        tr("Classes"): str(len(report.classes)),
    }


def _of_plan(plan: Plan) -> dict[str, str]:
    found = {tr(label): _told(getattr(plan, name)) for name, label in WHOLE_RUN.items()}
    stop = plan.early_stop
    found[tr("Early stop")] = tr("no") if stop is None else tr("after {n}").format(n=stop.patience)
    found[tr("Phases")] = str(len(plan.phases))
    phases = [_of_phase(phase) for phase in plan.phases]
    for name in phases[0]:
        values = [phase[name] for phase in phases]
        found[name] = values[0] if len(set(values)) == 1 else " / ".join(values)
    return found


def _of_phase(phase: Phase) -> dict[str, str]:
    found = {tr(label): _told(getattr(phase, name)) for name, label in PHASE.items()}
    found[tr("Length")] = f"{phase.length:.4g} {tr(phase.unit)}"
    found[tr("Rate")] = _curve(phase.rate)
    found[tr("Momentum")] = _curve(phase.momentum)
    for name, value in dataclasses.asdict(phase.optimiser).items():
        label = "Optimiser" if name == "kind" else name.replace("_", " ").capitalize()
        found[tr(label)] = _told(value)
    return found


def _curve(curve: Curve) -> str:
    if curve.kind == "constant":
        return _told(curve.start)
    return f"{curve.kind} {_told(curve.start)} → {_told(curve.end)}"


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
