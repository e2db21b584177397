"""Trains the network behind "Remove JPEG artifacts" and writes its model folder.

python -m training.defaults.dejpeg --data ../shared/data --minutes 74 --out runs/dejpeg
python -m training.benchmarks.dejpeg --data ../shared/data --json runs/dejpeg/scores.json
python -m training.defaults.dejpeg --data ../shared/data --out runs/dejpeg --export-only --scores runs/dejpeg/scores.json
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from imgstudio.core.pixels import from_float, to_float
from imgstudio.engine.dejpeg import ALIGN, Dejpeg
from imgstudio.engine.jpeg import standard_tables
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets.dejpeg import ARCHITECTURE, DejpegNet, strength
from imgstudio.learn.checkpoints import has_checkpoint
from imgstudio.learn.crappify import compressed
from imgstudio.learn.data import decoded, load_photos, pictures_in
from imgstudio.learn.jpeg_pairs import CROP, MARGIN, Batch, Shares, random_batch
from imgstudio.learn.loop import Loop, LoopSettings, Terms
from imgstudio.learn.losses import charbonnier
from imgstudio.learn.recipe import Recipe, StepReport
from imgstudio.learn.schedule import OneCycle
from imgstudio.learn.scores import psnr_y

LOG = logging.getLogger("training.dejpeg")
SOURCES = {
    "cid22": "CC BY-SA 4.0",
    "large_crops": "CC0, CC BY(-SA), GPL-2+, Unsplash",
    "bsds_train_test": "research",
}
"""Folders under photos, with their licences."""
TOTAL_STEPS = 60_000
HELD_OUT = 40
"""One photo in so many is never trained on, only looked at."""
NET = {"channels": 48, "deep_channels": 96, "pairs": 1, "deep_pairs": 4}
PLANE_WEIGHTS = (0.8, 0.1, 0.1)
"""Of errors in brightness and the two colours."""
CONDITION_WEIGHT = 0.1
FINISH = 0.8
"""Share of a run after which it finishes."""
FINISH_WEIGHT, FINISH_FLOOR = 0.008, 1e-5
"""Makes its gradients as long as those before; squared error below which there is nothing left to gain."""
SAVE_SECONDS, SCORE_SECONDS = 180, 600
LIMITS = (
    "Made for photos. Repairs blocks, ringing and lost colour of JPEG files of quality 5 to 84, also when cropped or "
    "saved in another format or more finely since; from quality 88 on, and where no trace of a compression is "
    "found, for example after resizing, it changes nothing. Texture that the file no longer holds stays lost."
)


@dataclass(frozen=True, slots=True)
class DejpegParams:
    """What a run can be told."""

    total_steps: int = TOTAL_STEPS
    minutes: float = math.inf
    """Ends the run, with its schedule, after so much time even when steps are left."""
    batch: int = 16
    rate: float = 2e-3
    seed: int = 0
    shares: Shares = field(default_factory=Shares)


def weighted_losses(net: nn.Module, batch: Batch, *, finishing: bool) -> Terms:
    """Distance of the repaired from the clean crop, and of the guessed from the true condition.

    Little spoiled crops have small errors; they weigh more, or nobody would learn from them. At the end of a
    run, `finishing`, the distance is the mean PSNR itself: the logarithm of each crop's squared error.
    """
    assert isinstance(net, DejpegNet)
    guess = net.estimator(net.estimator.habits(batch.blocks))
    guessed = torch.cat((guess.detach(), torch.zeros(len(guess), 1)), 1)
    told = torch.cat((batch.told, torch.ones(len(guess), 1)), 1)
    condition = torch.where(batch.is_told[:, None], told, guessed)
    repaired = net(batch.spoiled, condition, batch.phase)
    planes = torch.tensor(PLANE_WEIGHTS)[:, None, None]
    errors = (repaired - batch.clean) * planes
    if finishing:
        picture = FINISH_WEIGHT * (errors.square().sum(1).mean((1, 2)) + FINISH_FLOOR).log().mean()
    else:
        distances = charbonnier(errors).sum(1).mean((1, 2))
        picture = ((0.1 / strength(batch.worst)).sqrt() * distances).mean()
    return {
        "picture": picture,
        "condition": CONDITION_WEIGHT * (guess - batch.worst).abs().mean(),
    }


class DejpegSession:
    """One run: the loop, the photos it learns from and those it is judged by."""

    def __init__(self, photos: Path, params: DejpegParams) -> None:
        paths = [path for folder in SOURCES for path in pictures_in(photos / folder)]
        held = paths[::HELD_OUT]
        self.total_steps = params.total_steps
        self._held = [decoded(path)[:224, :224] for path in held]
        pool = load_photos([path for path in paths if path not in set(held)], CROP + MARGIN)

        def losses(module: nn.Module, random: np.random.Generator) -> Terms:
            batch = random_batch(pool, params.batch, random, params.shares)
            return weighted_losses(module, batch, finishing=self.loop.done > FINISH)

        torch.manual_seed(params.seed)
        self._net = DejpegNet(**NET).to(memory_format=torch.channels_last)
        schedule = OneCycle(params.rate)
        seconds = 60 * params.minutes
        self.loop = Loop(
            self._net, losses, LoopSettings(params.total_steps, seconds, schedule, seed=params.seed)
        )

    def steps(self) -> Iterator[StepReport]:
        return self.loop.steps()

    def scores(self) -> dict[str, float]:
        """Mean gain in dB of the brightness of held-out photos, blind, by quality."""
        model = self._model()
        return {
            f"quality {quality}": float(np.mean([_gain(model, photo, quality) for photo in self._held]))
            for quality in (10, 20, 40, 80, 95)
        }

    def preview(self) -> npt.NDArray[np.uint8]:
        """A held-out photo at quality 15: spoiled at the left, repaired at the right."""
        spoiled = compressed(self._held[0], standard_tables(15))
        return np.hstack((spoiled, _repaired(self._model(), spoiled)))

    def export(self, folder: Path, scores: Mapping[str, Any] | None = None) -> ModelManifest:
        """Write the averaged weights; `scores` of a benchmark go into the card beside those of the run."""
        net = self.loop.average.applied_to(self._net)
        return save_model(
            folder,
            net,
            half=True,
            id="dejpeg",
            name="Remove JPEG artifacts",
            task="dejpeg",
            architecture=ARCHITECTURE.id,
            hyperparameters=NET,
            multiple_of=ALIGN,
            minimum=ALIGN,
            overlap=net.reach,
            licence="Trained for imgstudio on the photos named in the card",
            card={
                "data": {f"photos/{name}": licence for name, licence in SOURCES.items()},
                "training": {"steps": self.loop.step, "seconds": round(self.loop.seconds)},
                "scores": {"held-out photos, gain in dB": _rounded(self.scores()), **(scores or {})},
                "limits": LIMITS,
            },
        )

    def _model(self) -> Dejpeg:
        return Dejpeg(self.loop.average.applied_to(self._net))


def problems(photos: Path) -> list[str]:
    """What is missing before training can start."""
    return [f"The folder {photos / name} is missing." for name in SOURCES if not (photos / name).is_dir()]


RECIPE = Recipe("dejpeg", "Remove JPEG artifacts", DejpegParams, problems, DejpegSession)


def train(session: DejpegSession, out: Path) -> None:
    """Run to the end; save every few minutes and tell how it goes."""
    seen: list[list[float]] = []
    saved = scored = time.monotonic()
    for report in session.steps():
        seen.append([report.loss, *report.terms.values()])
        if report.step % 100 == 0:
            means = " ".join(f"{value:.5f}" for value in np.mean(seen, 0))
            LOG.info("step %d, %.1f %%: %s", report.step, 100 * report.done, means)
            seen.clear()
        if time.monotonic() - saved > SAVE_SECONDS:
            session.loop.save(out)
            saved = time.monotonic()
        if time.monotonic() - scored > SCORE_SECONDS:
            LOG.info("%s", _rounded(session.scores()))
            scored = time.monotonic()
    session.loop.save(out)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the network that repairs JPEG pictures.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/dejpeg"), help="folder of the checkpoint")
    parser.add_argument("--steps", type=int, default=TOTAL_STEPS)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--export", type=Path, default=Path("resources/models/dejpeg"))
    parser.add_argument("--export-only", action="store_true", help="only write the model of the checkpoint")
    parser.add_argument("--scores", type=Path, help="figures of the benchmark for the card (JSON)")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    params = DejpegParams(args.steps, args.minutes, seed=args.seed)
    session = DejpegSession(args.data / "photos", params)
    if (args.resume and has_checkpoint(args.out)) or args.export_only:
        session.loop.resume(args.out)
    if not args.export_only:
        train(session, args.out)
    scores = json.loads(args.scores.read_text(encoding="utf-8")) if args.scores else None
    manifest = session.export(args.export, scores)
    LOG.info("%s: %s", args.export, manifest.card)


def _repaired(model: Dejpeg, spoiled: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    image = to_float(spoiled)
    return from_float(model.restore(image, model.estimate(image)))


def _gain(model: Dejpeg, photo: npt.NDArray[np.uint8], quality: int) -> float:
    spoiled = compressed(photo, standard_tables(quality))
    return psnr_y(_repaired(model, spoiled), photo) - psnr_y(spoiled, photo)


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in scores.items()}


if __name__ == "__main__":
    main()
