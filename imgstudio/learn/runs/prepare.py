"""Turns what a person asked for into a run folder that a worker can take up."""

from __future__ import annotations

import re
import shutil
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors
from imgstudio.core.version import __version__
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Plan
from imgstudio.learn.recipe import AnyRecipe, Request, Setup
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import RunFacts

LEAST_SPACE: Final = 256 << 20
"""Bytes that must be free: checkpoints are written next to each other before one replaces the other."""


def prepare(
    recipe: AnyRecipe,
    report: DatasetReport,
    params: Any,
    plan: Plan,
    request: Request,
    parent: Path,
    name: str,
) -> RunFolder:
    """Make the run folder; raises UserError for data with errors, wrong parameters or a full disk.

    `name` is any text; the folder gets a plain form of it, and never one that is there already.
    """
    return prepare_in(recipe, Setup(report, params, plan, request), parent, name, plain_name(name))


def prepare_in(recipe: AnyRecipe, setup: Setup[Any], parent: Path, name: str, folder_name: str) -> RunFolder:
    """As `prepare`, with the device of `setup` and a folder of another name."""
    declared.check(setup.params)
    refuse_bad_data(setup.report)
    _refuse_full_disk(parent)
    facts = RunFacts(
        name=name.strip() or recipe.name,
        recipe=recipe.id,
        params=declared.to_json(setup.params),
        request=setup.request,
        created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        program=__version__,
        device=setup.device,
    )
    return RunFolder.create(parent, folder_name or recipe.id, facts, setup.plan, setup.report)


def refuse_bad_data(report: DatasetReport) -> None:
    """Raises UserError with what the check found."""
    if report.errors:
        first, more = report.errors[0], len(report.errors) - 1
        others = f" There are {more} more problems." if more else ""
        files = (
            f" ({', '.join(first.files[:3])}{', …' if len(first.files) > 3 else ''})" if first.files else ""
        )
        raise UserError(
            f"“{report.folder.name}” cannot be trained on", f"{first.what}{files}{others}", first.what_to_do
        )
    if not report.split.train:
        raise UserError(
            f"“{report.folder.name}” cannot be trained on",
            "No picture is left to learn from.",
            "Add pictures to the folder.",
        )


def plain_name(name: str) -> str:
    """Lower-case letters, digits and hyphens, at most 48; "" when nothing is left."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:48].strip("-")


def at_rate(plan: Plan, rate: float) -> Plan:
    """The same plan with its highest learning rate at `rate`: what a click on the sweep means."""
    factor = rate / max(max(phase.rate.start, phase.rate.end) for phase in plan.phases)
    return replace(
        plan, phases=tuple(replace(phase, rate=phase.rate.scaled(factor)) for phase in plan.phases)
    )


def _refuse_full_disk(parent: Path) -> None:
    ensured(parent)
    with file_errors(parent):
        free = shutil.disk_usage(parent).free
    if free < LEAST_SPACE:
        raise UserError(
            "There is too little space for a training",
            f"{free >> 20} MB are free in {parent}; {LEAST_SPACE >> 20} MB are needed.",
            "Free some space or choose another disk.",
        )
