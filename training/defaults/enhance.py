"""Trains the networks behind "Enhance" and writes their model folders, through the recipe that users have.

python -m training.defaults.enhance --variant x2 --minutes 240 --out runs/enhance-x2 --export resources/models/enhance-x2
python -m training.defaults.enhance --variant x4 --minutes 120 --out runs/enhance-x4 \
    --start-from resources/models/enhance-x2 --export resources/models/enhance-x4
python -m training.defaults.enhance --variant x2-real --minutes 120 --out runs/enhance-x2-real \
    --start-from resources/models/enhance-x2 --export resources/models/enhance-x2-real

--resume goes on from the checkpoint with the same --minutes; --export-only writes the model of the checkpoint.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch

from imgstudio.engine.manifest import MANIFEST_NAME, read_manifest
from imgstudio.learn.data import pictures_in
from imgstudio.learn.dataset.report import DatasetReport, Sample, Split
from imgstudio.learn.plan import Plan
from imgstudio.learn.recipe import Request
from imgstudio.learn.recipes.upscale import RECIPE, UpscaleParams, settings_of
from imgstudio.learn.reports import StepReport
from imgstudio.learn.tasks.upscale import UpscaleTask
from imgstudio.learn.trainer import Trainer

LOG = logging.getLogger("training.enhance")
SOURCES: Final = {
    "cid22": "CC BY-SA 4.0",
    "large_crops": "CC0, CC BY(-SA), GPL-2+, Unsplash",
    "bsds_train_test": "research",
}
"""Folders under photos, with their licences; all were made smaller since they were a JPEG file."""
VARIANTS: Final = {
    "x2": UpscaleParams(scale=2, channels=48, depth=7),
    "x4": UpscaleParams(scale=4, channels=48, depth=7),
    "x2-real": UpscaleParams(scale=2, channels=48, depth=7, pictures="from the web", enlarged=25.0),
}
NAMES: Final = {
    "x2": "Enhance x2, faithful",
    "x4": "Enhance x4, faithful",
    "x2-real": "Enhance x2, real-world",
}
HELD_OUT: Final = 40
"""One photo in so many is never trained on, only looked at."""
SAVE_SECONDS: Final = 180
MODEL: Final = "model"
"""Folder of the model in that of a run."""


def report_of(photos: Path) -> DatasetReport:
    """All photos of the sources, every 40th kept back."""
    paths = [path for folder in SOURCES for path in pictures_in(photos / folder)]
    held = range(0, len(paths), HELD_OUT)
    split = Split(
        train=tuple(index for index in range(len(paths)) if index not in held),
        valid=tuple(held),
        by=f"Every {HELD_OUT}th photo.",
    )
    return DatasetReport(photos, tuple(Sample(path) for path in paths), split)


def plan_of(report: DatasetReport, params: UpscaleParams, minutes: float, seed: int) -> Plan:
    plan = RECIPE.plan(report, params, Request(minutes, quality=0.7))
    return dataclasses.replace(plan, seed=seed)


def session_of(args: argparse.Namespace) -> Trainer:
    params = VARIANTS[args.variant]
    if args.start_from is not None:
        start = args.start_from
        folder = start if (start / MANIFEST_NAME).is_file() else start / MODEL
        params = dataclasses.replace(params, start_from=folder / MANIFEST_NAME)
    report = report_of(args.data / "photos")
    settings = dataclasses.replace(
        settings_of(params, Request(args.minutes)),
        licence="Trained for imgstudio on the photos named in the card",
        data={f"photos/{name}": licence for name, licence in SOURCES.items()},
        largest=0,
    )
    plan = plan_of(report, params, args.minutes, args.seed)
    return Trainer(UpscaleTask(report, settings, seed=args.seed), plan, args.device)


def train(session: Trainer, out: Path) -> None:
    """Run to the end; save every few minutes and tell how it goes."""
    seen: list[float] = []
    saved = time.monotonic()
    for report in session.steps():
        seen.append(report.loss)
        if report.step % 200 == 0:
            LOG.info("step %d, %.1f %%: loss %.5f", report.step, 100 * report.done, np.mean(seen))
            seen.clear()
        _tell(report)
        if time.monotonic() - saved > SAVE_SECONDS:
            session.save(out)
            saved = time.monotonic()
    session.save(out)


def _tell(report: StepReport) -> None:
    if report.note:
        LOG.info("step %d: %s", report.step, report.note)
    if report.validation is not None:
        scores = {name: round(value, 3) for name, value in report.validation.scores.items()}
        LOG.info("step %d, %.1f %%: %s", report.step, 100 * report.done, scores)


def add_scores(folder: Path, scores: Mapping[str, Any]) -> None:
    """Put figures of a benchmark into the card of a model."""
    manifest = read_manifest(folder)
    card = {**manifest.card, "scores": {**manifest.card.get("scores", {}), **scores}}
    (folder / MANIFEST_NAME).write_text(dataclasses.replace(manifest, card=card).to_json(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a network that enlarges pictures.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--variant", choices=tuple(VARIANTS), default="x2")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument(
        "--start-from", type=Path, help="model, or run with one, whose trunk this one begins with"
    )
    parser.add_argument("--export", type=Path, help="model folder to write; default: a folder under --out")
    parser.add_argument("--export-only", action="store_true", help="only write the model of the checkpoint")
    parser.add_argument("--scores", type=Path, help="figures of the benchmark for the card (JSON)")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    session = session_of(args)
    if (args.resume and args.out.is_dir()) or args.export_only:
        session.restore(args.out)
    if not args.export_only:
        train(session, args.out)
    folder = args.export or args.out / MODEL
    session.export(folder, NAMES[args.variant])
    if args.scores:
        add_scores(folder, json.loads(args.scores.read_text(encoding="utf-8")))
    LOG.info("%s: %s", folder, read_manifest(folder).card)


if __name__ == "__main__":
    main()
