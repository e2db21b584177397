"""What the scripts of the bundled networks share: options, the run with its checkpoints, the model at its end."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
import torch
from torch import nn

from imgstudio.engine.manifest import (
    MANIFEST_NAME,
    WEIGHTS_NAME,
    Architecture,
    ModelManifest,
    read_manifest,
    save_model,
)
from imgstudio.engine.weights import load
from imgstudio.learn.checkpoints import has_checkpoint
from imgstudio.learn.reports import StepReport
from imgstudio.learn.trainer import Trainer

LOG = logging.getLogger("training.defaults")
SAVE_SECONDS: Final = 180
TOLD: Final = 200
"""Steps between two lines of the log."""
MODEL: Final = "model"
"""Folder of the model in that of a run."""


def options(description: str, *, minutes: float = 120) -> argparse.ArgumentParser:
    """Those that every script has; `minutes` is what it takes if nothing is said."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--export", type=Path, help="model folder to write; default: a folder under --out")
    parser.add_argument("--export-only", action="store_true", help="only write the model of the checkpoint")
    parser.add_argument("--scores", type=Path, help="figures of the benchmark for the card (JSON)")
    return parser


def given(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options of this call; logging and threads are set by them."""
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    return args


def run(session: Trainer, args: argparse.Namespace, name: str) -> Path:
    """Train as the options say and write the model that users call `name`; returns its folder."""
    bring(session, args)
    folder: Path = args.export or args.out / MODEL
    session.export(folder, name)
    if args.scores:
        add_scores(folder, json.loads(args.scores.read_text(encoding="utf-8")))
    LOG.info("%s: %s", folder, read_manifest(folder).card)
    return folder


def bring(session: Trainer, args: argparse.Namespace) -> None:
    """Go on from the checkpoint if that was asked for, and train unless only the export was."""
    if (args.resume and has_checkpoint(args.out)) or args.export_only:
        session.restore(args.out)
    if not args.export_only:
        train(session, args.out)


def train(session: Trainer, out: Path) -> None:
    """Run to the end; save every few minutes and tell how it goes."""
    seen: list[list[float]] = []
    saved = time.monotonic()
    for report in session.steps():
        seen.append([report.loss, *report.terms.values()])
        if report.step % TOLD == 0:
            LOG.info("step %d, %.1f %%: %s", report.step, 100 * report.done, _means(seen))
            seen.clear()
        _tell(report)
        if time.monotonic() - saved > SAVE_SECONDS:
            session.save(out)
            saved = time.monotonic()
    session.save(out)


def add_scores(folder: Path, scores: Mapping[str, Any]) -> None:
    """Put figures of a benchmark into the card of a model."""
    manifest = read_manifest(folder)
    card = {**manifest.card, "scores": {**manifest.card.get("scores", {}), **scores}}
    (folder / MANIFEST_NAME).write_text(dataclasses.replace(manifest, card=card).to_json(), encoding="utf-8")


class Writes(Protocol):
    """A task, as far as it writes the model of a network."""

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest: ...


def finish(
    session: Trainer,
    task: Writes,
    args: argparse.Namespace,
    folder: str,
    name: str,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Write the model, with the figures that were given, to the folder that was or to this one of the run's.

    `before` is what `training_of` says of the model that this training began with.
    """
    place: Path = args.export or args.out / folder
    training = {**(before or {}), "steps": session.step, "seconds": round(session.seconds), "seed": args.seed}
    if args.scores:
        training["benchmark"] = json.loads(args.scores.read_text(encoding="utf-8"))
    task.export(session.network_now(), place, name, training)
    LOG.info("%s: %s", place, read_manifest(place).card)


def add_start(parser: argparse.ArgumentParser) -> None:
    """The option to begin with a model of the same script."""
    parser.add_argument(
        "--start", type=Path, help="model folder to begin from, trained by this script before"
    )


def training_of(folder: Path) -> dict[str, Any]:
    """What the card of a model says about its own training, as a part of that of the next one."""
    return {"before": read_manifest(folder).card.get("training", {})}


def save_whole_view(  # noqa: PLR0913  what a model says of itself
    network: nn.Module,
    folder: Path,
    name: str,
    *,
    task: str,
    architecture: Architecture,
    multiple_of: int,
    data: Mapping[str, Any],
    training: Mapping[str, Any],
    limits: str,
) -> ModelManifest:
    """Write the model of a network on the trunk of EfficientNet-Lite0 that sees a picture whole.

    `training["benchmark"]`, where given, is the scores of the card.
    """
    facts = {key: value for key, value in training.items() if key != "benchmark"}
    return save_model(
        folder,
        network,
        half=True,
        id=folder.name,
        name=name,
        task=task,
        architecture=architecture.id,
        multiple_of=multiple_of,
        minimum=multiple_of,
        tiling="discouraged",
        licence="Trained for imgstudio on the pictures named in the card; trunk from EfficientNet-Lite0, Apache-2.0",
        card={
            "data": data,
            "training": facts,
            "scores": training.get("benchmark", {}),
            "limits": limits,
        },
    )


def network_of(folder: Path, architecture: Architecture) -> nn.Module:
    """The network of a model folder, in evaluation mode."""
    manifest = read_manifest(folder)
    network = architecture.build(**manifest.hyperparameters)
    network.load_state_dict(load(folder / WEIGHTS_NAME, manifest.sha256))
    return network.eval().to(memory_format=torch.channels_last)


def _means(rows: list[list[float]]) -> str:
    """Of the loss and its terms; steps with fewer terms than the last one do not count."""
    return " ".join(f"{value:.5f}" for value in np.mean([r for r in rows if len(r) == len(rows[-1])], 0))


def _tell(report: StepReport) -> None:
    if report.note:
        LOG.info("step %d: %s", report.step, report.note)
    if report.validation is not None:
        scores = {name: round(value, 3) for name, value in report.validation.scores.items()}
        LOG.info("step %d, %.1f %%: %s", report.step, 100 * report.done, scores)
