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
import logging
from pathlib import Path
from typing import Final

from imgstudio.engine.manifest import MANIFEST_NAME
from imgstudio.learn.data import pictures_in
from imgstudio.learn.dataset.report import DatasetReport, Sample, Split
from imgstudio.learn.plan import Plan
from imgstudio.learn.recipe import Request
from imgstudio.learn.recipes.upscale import RECIPE, UpscaleParams, settings_of
from imgstudio.learn.tasks.upscale import UpscaleTask
from imgstudio.learn.trainer import Trainer
from training.defaults.script import MODEL, given, options, run

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


def main() -> None:
    parser = options("Train a network that enlarges pictures.")
    parser.add_argument("--variant", choices=tuple(VARIANTS), default="x2")
    parser.add_argument(
        "--start-from", type=Path, help="model, or run with one, whose trunk this one begins with"
    )
    args = given(parser)
    run(session_of(args), args, NAMES[args.variant])


if __name__ == "__main__":
    main()
