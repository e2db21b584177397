"""Second stage of "Remove JPEG artifacts": a small half-resolution net over the frozen first one.

python -m training.defaults.dejpeg_refine --data ../shared/data --base runs/dejpeg-first --minutes 20 --threads 2

`--base` is the model folder that training.defaults.dejpeg wrote. Only brightness is refined.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from imgstudio.engine.dejpeg import Dejpeg
from imgstudio.engine.manifest import ModelManifest, read_manifest, save_model
from imgstudio.engine.nets.dejpeg import DejpegNet, Refiner
from imgstudio.engine.weights import from_safetensors
from imgstudio.learn.checkpoints import has_checkpoint
from imgstudio.learn.data import decoded, load_photos, pictures_in
from imgstudio.learn.jpeg_pairs import CROP, MARGIN, Shares, random_batch
from imgstudio.learn.loop import Loop, LoopSettings, Terms
from imgstudio.learn.schedule import OneCycle
from training.defaults.dejpeg import HELD_OUT, SOURCES, _gain

LOG = logging.getLogger("training.dejpeg_refine")
REFINER = {"refine_channels": 32, "refine_pairs": 3}
SHARES = Shares(untouched=0.02, nearly_untouched=0.02, twice=0.06, told=0.6, enlarged=0.12, grained=0.4)
FLOOR = 1e-5
SAVE_SECONDS = 120


class RefineSession:
    """The frozen first stage, the refiner that learns, and the photos held out to judge it."""

    def __init__(self, photos: Path, base: Path, minutes: float, rate: float) -> None:
        self._manifest = read_manifest(base)
        paths = [path for folder in SOURCES for path in pictures_in(photos / folder)]
        held = paths[::HELD_OUT]
        self._held = [decoded(path)[:224, :224] for path in held]
        pool = load_photos([path for path in paths if path not in set(held)], CROP + MARGIN)
        torch.manual_seed(0)
        self.net = DejpegNet(**(self._manifest.hyperparameters | REFINER)).to(
            memory_format=torch.channels_last
        )
        stored = from_safetensors((base / "weights.safetensors").read_bytes())
        missing, unexpected = self.net.load_state_dict(
            {k: v.float() for k, v in stored.items()}, strict=False
        )
        assert not unexpected
        assert all(name.startswith("refiner.") for name in missing)
        self.net.requires_grad_(requires_grad=False)
        assert isinstance(self.net.refiner, Refiner)
        self.net.refiner.requires_grad_(requires_grad=True)

        def losses(module: nn.Module, random: np.random.Generator) -> Terms:
            batch = random_batch(pool, 16, random, SHARES)
            with torch.no_grad():
                guess = self.net.estimator(self.net.estimator.habits(batch.blocks))
                guessed = torch.cat((guess, torch.zeros(len(guess), 1)), 1)
                told = torch.cat((batch.told, torch.ones(len(guess), 1)), 1)
                condition = torch.where(batch.is_told[:, None], told, guessed)
            errors = self.net(batch.spoiled, condition, batch.phase)[:, 0] - batch.clean[:, 0]
            return {"picture": 0.01 * (errors.square().mean((1, 2)) + FLOOR).log().mean()}

        settings = LoopSettings(10**6, 60 * minutes, OneCycle(rate), decay=0.998)
        self.loop = Loop(self.net.refiner, losses, settings)

    def scores(self) -> dict[str, float]:
        """Mean gain in dB of the brightness of held-out photos, blind, by quality."""
        model = Dejpeg(self._averaged())
        gains = {q: np.mean([_gain(model, photo, q) for photo in self._held]) for q in (10, 20, 40, 80, 95)}
        return {f"quality {quality}": round(float(gain), 3) for quality, gain in gains.items()}

    def export(self, folder: Path, scores: dict[str, Any]) -> ModelManifest:
        """Write both stages as one model; the first stage's card is carried on."""
        fields = asdict(self._manifest)
        for name in ("sha256", "schema", "source"):
            fields.pop(name, None)
        card = dict(self._manifest.card)
        first = dict(card.get("training", {}))
        card["training"] = {
            "first stage": first.get("first stage", first),
            "refiner": {"steps": self.loop.step, "seconds": round(self.loop.seconds)},
        }
        card["scores"] = {"held-out photos, gain in dB": self.scores(), **scores}
        net = self._averaged()
        fields |= {
            "card": card,
            "hyperparameters": self._manifest.hyperparameters | REFINER,
            "overlap": net.reach,
        }
        return save_model(folder, net, half=True, **fields)

    def _averaged(self) -> DejpegNet:
        made = DejpegNet(**(self._manifest.hyperparameters | REFINER))
        made.load_state_dict(self.net.state_dict())
        assert self.net.refiner is not None
        assert made.refiner is not None
        made.refiner.load_state_dict(self.loop.average.applied_to(self.net.refiner).state_dict())
        return made.to(memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--base", type=Path, required=True, help="model folder of the first stage")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/dejpeg-refine"), help="folder of the checkpoint"
    )
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--export", type=Path, default=Path("resources/models/dejpeg"))
    parser.add_argument("--export-only", action="store_true")
    parser.add_argument("--scores", type=Path, help="figures of the benchmark for the card (JSON)")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    session = RefineSession(args.data / "photos", args.base, args.minutes, args.rate)
    if (args.resume and has_checkpoint(args.out)) or args.export_only:
        session.loop.resume(args.out)
    if not args.export_only:
        train(session, args.out)
    scores = json.loads(args.scores.read_text(encoding="utf-8")) if args.scores else {}
    LOG.info("%s", session.export(args.export, scores).card)


def train(session: RefineSession, out: Path) -> None:
    """Run to the end, saving every few minutes."""
    saved, seen = time.monotonic(), []
    for report in session.loop.steps():
        seen.append(report.loss)
        if report.step % 100 == 0:
            LOG.info("step %d, %.1f %%: %.6f", report.step, 100 * report.done, np.mean(seen))
            seen.clear()
        if time.monotonic() - saved > SAVE_SECONDS:
            session.loop.save(out)
            saved = time.monotonic()
    session.loop.save(out)


if __name__ == "__main__":
    main()
