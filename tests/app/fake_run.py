"""Run folders as a worker would have written them, without any training."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Sample, Split
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.recipe import Request
from imgstudio.learn.reports import Goal, RatePoint, RateSweep
from imgstudio.learn.runs.folder import (
    CHECKPOINT_STEPS,
    CHECKPOINTS,
    STATUS,
    STEPS,
    SWEEP,
    VALIDATIONS,
    RunFolder,
)
from imgstudio.learn.runs.reading import COLUMNS, step_line, validation_line
from imgstudio.learn.runs.records import Best, RunFacts, Status, StepRow, ValidationRow

CLASSES = ("Sky", "Building", "Road")
PLAN = Plan(
    (
        Phase("up", 3, rate=Curve("cosine", 1e-4, 4e-3), momentum=Curve("cosine", 0.95, 0.85)),
        Phase("down", 7, rate=Curve("cosine", 4e-3, 1e-6), momentum=Curve("cosine", 0.85, 0.95)),
    )
)


@dataclass(frozen=True)
class Recorded:
    """What a made-up run holds."""

    name: str = "Street scenes"
    recipe: str = "segment_unet"
    steps: int = 200
    every: int = 20
    """Steps between validations."""
    classes: tuple[str, ...] = CLASSES
    goal: str = "mean IoU"
    plan: Plan = PLAN
    params: tuple[tuple[str, object], ...] = ()
    minutes: float = 20.0
    created: str = "2026-01-05T10:00:00+00:00"
    level: float = 0.7
    """Score that it comes near to."""
    seed: int = 0


def make_run(parent: Path, recorded: Recorded | None = None, **more) -> RunFolder:
    """Write a finished run."""
    told = replace(recorded or Recorded(), **more)
    facts = RunFacts(
        told.name, told.recipe, dict(told.params), Request(told.minutes), told.created, "0.1", "cpu"
    )
    run = RunFolder.create(
        parent, told.name.lower().replace(" ", "-"), facts, told.plan, report(told, parent)
    )
    add_steps(run, told, 0, told.steps)
    rows = [validation(told, step) for step in range(told.every, told.steps + 1, told.every)]
    lines = "".join(validation_line(row) + "\n" for row in rows)
    (run.path / VALIDATIONS).write_text(lines, encoding="utf-8")
    if rows:
        best = max(rows, key=lambda row: row.scores[told.goal])
        keep_checkpoint(run, "best", best.step)
        write_status(run, "finished", told, Best(best.scores[told.goal], best.step))
    else:
        write_status(run, "finished", told, None)
    return run


def report(told: Recorded, folder: Path) -> DatasetReport:
    samples = tuple(Sample(folder / f"frame-{i:03d}.png") for i in range(10))
    classes = tuple(ClassShare(name, i, 1 / len(told.classes), 10) for i, name in enumerate(told.classes))
    return DatasetReport(folder, samples, Split(tuple(range(6)), tuple(range(6, 10))), classes=classes)


def add_steps(run: RunFolder, told: Recorded, first: int, last: int) -> None:
    """Append the steps first+1 .. last."""
    path = run.path / STEPS
    lines = [] if path.exists() else [",".join(COLUMNS)]
    random = np.random.default_rng([told.seed, first])
    turn = 0.3 * told.steps
    for step in range(first + 1, last + 1):
        phase = 0 if step <= turn else 1
        share = step / turn if phase == 0 else (step - turn) / (told.steps - turn)
        used = told.plan.phases[min(phase, len(told.plan.phases) - 1)]
        loss = (0.25 + 1.6 * np.exp(-6 * step / told.steps)) * random.lognormal(0, 0.25)
        rate, momentum = used.rate.at(share), used.momentum.at(share)
        row = StepRow(step, 0.8 * step, step / told.every, phase, float(loss), rate, momentum, 8)
        *numbers, terms = step_line(row)
        lines.append(",".join([*numbers, '"' + terms.replace('"', '""') + '"']))
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def validation(told: Recorded, step: int) -> ValidationRow:
    random = np.random.default_rng([told.seed, step])
    progress = 1 - np.exp(-4 * step / told.steps)
    score = float(told.level * progress * random.normal(1, 0.02))
    if not told.classes:
        scores = {told.goal: 30 + 10 * score, "SSIM": 0.5 + 0.5 * score}
        return ValidationRow(step, step / told.every, 0.8 * step, 0.1 * (1.5 - score), scores)
    by_class = {
        f"IoU {name}": score * (1.2 - 0.9 * i / len(told.classes)) for i, name in enumerate(told.classes)
    }
    scores = {"accuracy": 0.35 + 0.85 * score, "mean IoU": score, "Dice": 0.2 + score, **by_class}
    count = len(told.classes)
    table = (random.random((count, count)) ** 6 * 4000 * (1.1 - progress)).astype(np.int64)
    table += np.diag(random.integers(4000, 9000, count))
    pictures = tuple((f"/gone/frame-{i:03d}.png", 0.3 + 0.1 * i + 0.05 * score) for i in range(6, 10))
    return ValidationRow(step, step / told.every, 0.8 * step, 1.4 - score, scores, table, pictures)


def write_status(
    run: RunFolder, state: str, told: Recorded, best: Best | None, *, alive: bool = False
) -> None:
    status = Status(
        state=state,
        pid=os.getpid() if alive else 1,
        heartbeat=time.time() if alive else 0.0,
        step=told.steps,
        total_steps=told.steps,
        done=0.4 if alive else 1.0,
        goal=Goal(told.goal),
        best=best,
    )
    (run.path / STATUS).write_text(json.dumps(status.to_values()), encoding="utf-8")


def keep_checkpoint(run: RunFolder, name: str, step: int) -> None:
    folder = run.path / CHECKPOINTS
    (folder / name).mkdir(parents=True)
    file = folder / CHECKPOINT_STEPS
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | {name: step}))


def sweep(points: int = 100) -> RateSweep:
    """Falls between 1e-4 and 1e-2, explodes after 1e-1."""
    rates = np.geomspace(1e-7, 1.0, points)
    place = np.log10(rates)
    smooth = 1.6 - 1.1 / (1 + np.exp(-3 * (place + 2.8))) + np.exp(4 * (place + 0.9))
    noise = np.random.default_rng(0).normal(0, 0.06, points)
    told = tuple(
        RatePoint(float(r), float(s + n), float(s)) for r, s, n in zip(rates, smooth, noise, strict=True)
    )
    return RateSweep(told, steepest=1.6e-3, valley=3.2e-3, diverged=True)


def write_sweep(run: RunFolder, made: RateSweep) -> None:
    (run.path / SWEEP).write_text(json.dumps(made.to_values()), encoding="utf-8")
