"""A training run on disk: what it was started with, what happened so far, and a letterbox for its worker."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from pathlib import Path
from typing import Any, Final

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors, user_data, write_atomically
from imgstudio.learn.dataset.manifest import report_from_json, report_to_json
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Plan, plan_from_json
from imgstudio.learn.recipe import Request
from imgstudio.learn.reports import RateSweep
from imgstudio.learn.runs.control import Control, post
from imgstudio.learn.runs.files import read_values
from imgstudio.learn.runs.process import is_running
from imgstudio.learn.runs.reading import GrowingTable, step_row, sweep_from, validation_row
from imgstudio.learn.runs.records import (
    Command,
    KeptCheckpoint,
    PreviewFiles,
    RunFacts,
    Status,
    StepRow,
    ValidationRow,
    status_from,
)

RUN: Final = "run.json"
DATA: Final = "data.json"
STATUS: Final = "status.json"
STEPS: Final = "steps.csv"
VALIDATIONS: Final = "validations.jsonl"
SWEEP: Final = "rate.json"
SWEEP_SO_FAR: Final = "rate-so-far.json"
PREVIEWS: Final = "previews"
NAMES: Final = "names.json"
CHECKPOINTS: Final = "checkpoints"
CHECKPOINT_STEPS: Final = "steps.json"
MODEL: Final = "model"
LOG: Final = "log.txt"
FORMAT: Final = 1
PATIENCE: Final = 15.0
"""Seconds without a heartbeat after which a worker counts as dead."""


class RunFolder:
    """One run. Reading needs no torch and is cheap to repeat: files that grow are read on from where they were."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._steps: GrowingTable[StepRow] = GrowingTable(path / STEPS)
        self._validations: GrowingTable[ValidationRow] = GrowingTable(path / VALIDATIONS)

    @classmethod
    def create(
        cls, parent: Path, folder_name: str, facts: RunFacts, plan: Plan, report: DatasetReport
    ) -> RunFolder:
        """Make a new run in `parent`; when the name is taken, name-2, name-3, ... Raises UserError."""
        ensured(parent)
        path = _claimed(parent, folder_name)
        write_atomically(path / DATA, report_to_json(report))
        run = cls(path)
        run._write_facts(facts, plan)
        return run

    def facts(self) -> RunFacts:
        """Raises UserError where the folder is no run."""
        values = self._values()
        return RunFacts(
            name=values["name"],
            recipe=values["recipe"],
            params=values["params"],
            request=Request(**values["request"]),
            created=values["created"],
            program=values["program"],
            device=values["device"],
        )

    def plan(self) -> Plan:
        return plan_from_json(json.dumps(self._values()["plan"]))

    def report(self) -> DatasetReport:
        """The data as they were checked."""
        with file_errors(self.path / DATA):
            return report_from_json((self.path / DATA).read_text(encoding="utf-8"))

    def change_plan(self, plan: Plan) -> None:
        """Train by another plan, as after a sweep of the rate; only before the first step. Raises UserError."""
        if self.is_alive or self.has_started:
            raise UserError(
                "The plan cannot be changed any more",
                "This run has begun.",
                "Start a new run with the other plan.",
            )
        self._write_facts(self.facts(), plan)

    def status(self) -> Status:
        """How it stands; a run that was only prepared has the state "preparing" and no process."""
        values = read_values(self.path / STATUS)
        try:
            return Status() if values is None else status_from(values)
        except (ValueError, TypeError):
            return Status()

    @property
    def is_alive(self) -> bool:
        """Whether a worker is at it."""
        status = self.status()
        return (
            not status.is_over and abs(time.time() - status.heartbeat) < PATIENCE and is_running(status.pid)
        )

    @property
    def was_interrupted(self) -> bool:
        """Whether its worker died without saying goodbye; it can be resumed."""
        is_alive, status = self.is_alive, self.status()  # in this order: its last word may come in between
        has_begun = status.pid > 0 or status.state != "preparing"
        return has_begun and not status.is_over and not is_alive

    @property
    def has_started(self) -> bool:
        """Whether there is a checkpoint to resume from, or at least a step."""
        return self.status().step > 0 or bool(self.kept_checkpoints())

    def send(self, command: Command) -> None:
        """Ask the worker; it obeys between two steps. Raises UserError when the letter cannot be written."""
        post(self.path, command)

    def wishes(self) -> Control:
        """What the worker was asked for."""
        return Control.read(self.path)

    def steps(self, after: int = 0) -> list[StepRow]:
        """Rows whose step is larger than `after`."""
        rows = self._steps.read(step_row)
        first = len(rows)
        while first and rows[first - 1].step > after:
            first -= 1
        return rows[first:]

    def validations(self) -> list[ValidationRow]:
        return list(self._validations.read(validation_row))

    def sweep(self) -> RateSweep | None:
        """The learning-rate sweep, once it was made."""
        values = read_values(self.path / SWEEP)
        return None if values is None else sweep_from(values)

    def sweep_so_far(self) -> RateSweep | None:
        """The learning-rate sweep that is being made."""
        values = read_values(self.path / SWEEP_SO_FAR)
        return None if values is None else sweep_from(values)

    def preview_steps(self) -> list[int]:
        """Steps of which there are previews, rising."""
        folder = self.path / PREVIEWS
        return sorted(int(path.name) for path in folder.glob("[0-9]" * 8) if path.is_dir())

    def preview(self, step: int) -> list[PreviewFiles]:
        folder = self.path / PREVIEWS
        names = (read_values(folder / NAMES) or {}).get("names", [])
        files = []
        for index, name in enumerate(names):
            output, truth = folder / f"{step:08d}" / f"{index}-output.jpg", folder / f"{index}-truth.jpg"
            if output.is_file():
                shown = truth if truth.is_file() else None
                files.append(PreviewFiles(name, folder / f"{index}-input.jpg", output, shown))
        return files

    def kept_checkpoints(self) -> list[KeptCheckpoint]:
        """Whole checkpoints: numbered ones by step, then best, then last."""
        folder = self.path / CHECKPOINTS
        known = read_values(folder / CHECKPOINT_STEPS) or {}
        kept = [
            KeptCheckpoint(path.name, path, int(path.name.removeprefix("step-")))
            for path in sorted(folder.glob("step-*"))
        ]
        named = [name for name in ("best", "last") if (folder / name).is_dir()]
        return kept + [KeptCheckpoint(name, folder / name, known.get(name)) for name in named]

    @property
    def model(self) -> Path | None:
        """The folder of the kept model; its parent works as a root of a model registry."""
        folder = self.path / MODEL
        return folder if (folder / "model.json").is_file() else None

    def delete(self) -> None:
        """Remove the run with all it made; installed models stay. Raises UserError while it is at work."""
        if self.is_alive:
            raise UserError("This run is at work", "", "Stop it first.")
        with file_errors(self.path):
            shutil.rmtree(self.path)

    def _values(self) -> dict[str, Any]:
        values = read_values(self.path / RUN)
        if values is None or values.get("format") != FORMAT:
            newer = values is not None and isinstance(values.get("format"), int)
            raise UserError(
                f"“{self.path.name}” is not a training run",
                "It was made by a newer imgstudio." if newer else f"{self.path / RUN} is missing or damaged.",
                "Update imgstudio." if newer else "Choose the folder of a run.",
            )
        return values

    def _write_facts(self, facts: RunFacts, plan: Plan) -> None:
        values = {"format": FORMAT, **dataclasses.asdict(facts), "plan": dataclasses.asdict(plan)}
        write_atomically(self.path / RUN, json.dumps(values, indent=2, ensure_ascii=False))


def runs_folder() -> Path:
    """Where runs lie unless the user says otherwise."""
    return user_data() / "runs"


def runs_in(parent: Path) -> list[RunFolder]:
    """All runs in a folder, newest first; whatever else lies there is passed over."""
    found = []
    for file in parent.glob(f"[!.]*/{RUN}"):
        run = RunFolder(file.parent)
        try:
            found.append((run.facts().created, run))
        except (UserError, KeyError, TypeError):
            continue
    found.sort(key=lambda item: (item[0], item[1].path.name), reverse=True)
    return [run for _, run in found]


def _claimed(parent: Path, name: str) -> Path:
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}-{number}")
        with file_errors(path):
            try:
                path.mkdir()
            except FileExistsError:
                number += 1
            else:
                return path
