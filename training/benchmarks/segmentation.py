"""Trains a recipe as the program does and judges the exported model as the filter uses it; for the benchmarks."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import to_float
from imgstudio.engine.device import pick_device
from imgstudio.engine.manifest import read_manifest
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.segment import Segmenter, facts_of
from imgstudio.learn.dataset.masks import mask_reader
from imgstudio.learn.dataset.reading import SampleReader
from imgstudio.learn.dataset.report import DatasetReport, Side
from imgstudio.learn.metrics import confusion, dices, segmentation_scores
from imgstudio.learn.recipe import AnyRecipe, Setup, TrainSession

LOG = logging.getLogger("training.segmentation")
SAVE_SECONDS, TELL_SECONDS = 120, 20
SAVED, MODEL = "checkpoint", "model"


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of one way of using a model."""

    name: str
    scores: dict[str, float]
    seconds: float
    """A picture."""


def train(recipe: AnyRecipe, setup: Setup[Any], out: Path, name: str, *, resume: bool) -> Path:
    """Run the whole plan and return the exported model's folder; goes on from `out` with `resume`."""
    session = recipe.start(setup)
    saved = out / SAVED
    if resume and saved.is_dir():
        session.restore(saved)
    _run(session, saved)
    session.save(saved)
    session.export(out / MODEL, name)
    return out / MODEL


def _run(session: TrainSession, saved: Path) -> None:
    told, kept, pictures, seconds = time.monotonic(), time.monotonic(), 0, 0.0
    for report in session.steps():
        pictures, seconds = pictures + report.images, seconds + report.seconds
        if report.note:
            LOG.info("%s", report.note)
        if report.validation is not None:
            LOG.info(
                "step %d: valid loss %.4f, %s",
                report.step,
                report.validation.loss,
                _short(report.validation.scores),
            )
        now = time.monotonic()
        if now - told > TELL_SECONDS:
            LOG.info(
                "%5.1f %%, step %d, epoch %.1f, loss %.4f, rate %.2e, %.1f pictures/s",
                100 * report.done, report.step, report.epoch, report.loss, report.rate, pictures / max(seconds, 1e-9),
            )  # fmt: skip
            told, pictures, seconds = now, 0, 0.0
        if now - kept > SAVE_SECONDS:
            session.save(saved)
            kept = now


def judged(model: Path, report: DatasetReport, side: Side = "valid") -> list[Judged]:
    """Score an exported model on the files of one side at their full size, without and with the mirrored picture."""
    manifest = read_manifest(model)
    device = pick_device("auto")
    network = ModelRegistry(model.parent).load(manifest.id, device)
    rows = []
    for mirrored in (False, True):
        facts = replace(facts_of(manifest), mirrored=mirrored)
        segmenter = Segmenter(network, facts, device)
        started = time.monotonic()
        table, own = _tables(segmenter, report, side)
        scores = segmentation_scores(table, manifest.classes)
        scores["Dice, mean of pictures"] = float(np.nanmean([dices(one)[-1] for one in own]))
        name = f"{side}, mirrored too" if mirrored else side
        rows.append(Judged(name, scores, (time.monotonic() - started) / max(1, len(own))))
    return rows


def _tables(
    segmenter: Segmenter, report: DatasetReport, side: Side
) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.int64]]]:
    """Of all pictures together, and of each."""
    reader = SampleReader(report.side(side), read_target=mask_reader(report))
    own = []
    for index in range(len(reader)):
        image, truth = reader[index]
        assert truth is not None
        segmenter.set_image(to_float(image), Progress())
        own.append(confusion(truth, segmenter.labels, len(report.classes)))
    return np.sum(own, axis=0), own


def table_of(rows: list[Judged], classes: tuple[str, ...]) -> str:
    """A Markdown table: one row a way of judging."""
    names = ["accuracy", "mean IoU", "Dice", *(f"IoU {name}" for name in classes)]
    lines = ["| | " + " | ".join([*names, "s a picture"]) + " |", "|---" * (len(names) + 2) + "|"]
    for row in rows:
        cells = [f"{row.scores[name]:.4f}" if name in row.scores else "-" for name in names]
        lines.append("| " + " | ".join([row.name, *cells, f"{row.seconds:.2f}"]) + " |")
    return "\n".join(lines)


def write_json(path: Path, rows: list[Judged]) -> None:
    values = {row.name: {name: round(value, 4) for name, value in row.scores.items()} for row in rows}
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")


def use_threads(count: int) -> None:
    import cv2

    torch.set_num_threads(count)
    cv2.setNumThreads(1)


def _short(scores: dict[str, float]) -> str:
    return ", ".join(
        f"{name} {scores[name]:.4f}" for name in ("accuracy", "mean IoU", "Dice") if name in scores
    )
