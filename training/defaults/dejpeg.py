"""Trains the network behind "Remove JPEG artifacts" and writes its model folder.

python -m training.defaults.dejpeg --data ../shared/data --minutes 74 --out runs/dejpeg
python -m training.benchmarks.dejpeg --data ../shared/data --json runs/dejpeg/scores.json
python -m training.defaults.dejpeg --data ../shared/data --out runs/dejpeg --export-only --scores runs/dejpeg/scores.json \
    --export resources/models/dejpeg
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from imgstudio.core.pixels import from_float, to_float
from imgstudio.engine.dejpeg import ALIGN, Dejpeg
from imgstudio.engine.jpeg import standard_tables
from imgstudio.engine.manifest import WEIGHTS_NAME, ModelManifest, read_manifest, save_model
from imgstudio.engine.nets.dejpeg import ARCHITECTURE, DejpegNet, strength
from imgstudio.engine.weights import load
from imgstudio.learn.builders import warm_up_cosine
from imgstudio.learn.crappify import compressed
from imgstudio.learn.data import decoded, load_photos, pictures_in
from imgstudio.learn.jpeg_pairs import CROP, MARGIN, Shares, random_batch
from imgstudio.learn.losses import charbonnier
from imgstudio.learn.plan import Curve, Optimiser, OptimiserKind, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.scores import psnr_y
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.trainer import Trainer
from training.defaults.script import MODEL, bring, given, options

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
NET = {"channels": 48, "deep_channels": 96, "pairs": 2, "deep_pairs": 4}
PLANE_WEIGHTS = (0.8, 0.1, 0.1)
"""Of errors in brightness and the two colours."""
CONDITION_WEIGHT = 0.1
FINISH = 0.6
"""Share of a run after which it finishes."""
FINISH_NAME = "Finish"
FINISH_RATE = 0.3
"""Rate at which it begins to, as a share of the highest."""
FINISH_WEIGHT, FINISH_FLOOR = 0.008, 1e-5
"""Makes its gradients as long as those before; squared error below which there is nothing left to gain."""
SCORE_STEPS = 2000
QUALITIES = (10, 20, 40, 80, 95)
"""Of the held-out photos."""
LIMITS = (
    "Made for photos. Repairs blocks, ringing and lost colour of JPEG files of quality 5 to 84, also when cropped or "
    "saved in another format or more finely since; from quality 88 on, and where no trace of a compression is "
    "found, for example after resizing, it changes nothing. Texture that the file no longer holds stays lost."
)


@dataclass(frozen=True, slots=True)
class DejpegParams:
    """What a run can be told."""

    total_steps: int = TOTAL_STEPS
    minutes: float = 0.0
    """Above 0 a run lasts so long, whatever its steps."""
    batch: int = 16
    rate: float = 2e-3
    rule: OptimiserKind = "muon"
    seed: int = 0
    start_from: Path | None = None
    """Folder of a model with no more pairs, which this one begins with."""
    is_polish: bool = False
    """Only finish: for a network that has learned already."""
    shares: Shares = field(default_factory=Shares)


def plan_of(params: DejpegParams, train_count: int) -> Plan:
    """A short climb and a cosine down; the last two fifths, with their own loss, end it."""
    rule, momentum = Optimiser(params.rule), Curve("constant", 0.95, 0.95)
    main = warm_up_cosine(
        FINISH * params.total_steps,
        params.rate,
        warm_up=0.03 / FINISH,
        last=FINISH_RATE,
        unit="steps",
        optimiser=rule,
        batch=params.batch,
    )
    finish = Phase(
        FINISH_NAME,
        (1 if params.is_polish else 1 - FINISH) * params.total_steps,
        "steps",
        Curve("polynomial", FINISH_RATE * params.rate, 0.002 * params.rate),
        optimiser=rule,
        batch=params.batch,
    )
    wanted = (finish,) if params.is_polish else (*main, finish)
    phases = (dataclasses.replace(phase, momentum=momentum) for phase in wanted)
    return Plan(
        tuple(phases),
        minutes=params.minutes,
        seed=params.seed,
        precision="auto",
        clip=0.5,
        average_decay=0.999,
        validate_every=SCORE_STEPS * params.batch / train_count,
    )


def weighted_losses(net: nn.Module, batch: Batch) -> Terms:
    """Distance of the repaired from the clean crop, and of the guessed from the true condition.

    Little spoiled crops have small errors; they weigh more, or nobody would learn from them. At the end of a
    run, "finishing", the distance is the mean PSNR itself: the logarithm of each crop's squared error.
    """
    assert isinstance(net, DejpegNet)
    guess = net.estimator(net.estimator.habits(batch["blocks"]))
    guessed = torch.cat((guess.detach(), torch.zeros_like(guess[:, :1])), 1)
    told = torch.cat((batch["told"], torch.ones_like(guess[:, :1])), 1)
    condition = torch.where(batch["is_told"][:, None], told, guessed)
    repaired = net(batch["spoiled"], condition, batch["phase"])
    errors = (repaired - batch["clean"]) * repaired.new_tensor(PLANE_WEIGHTS)[:, None, None]
    if bool(batch["finishing"].all()):
        picture = FINISH_WEIGHT * (errors.square().sum(1).mean((1, 2)) + FINISH_FLOOR).log().mean()
    else:
        distances = charbonnier(errors).sum(1).mean((1, 2))
        picture = ((0.1 / strength(batch["worst"])).sqrt() * distances).mean()
    return {
        "picture": picture,
        "condition": CONDITION_WEIGHT * (guess - batch["worst"]).abs().mean(),
    }


class DejpegTask:
    """The photos it learns from and those it is judged by."""

    goal = Goal("gain in dB")

    def __init__(self, photos: Path, params: DejpegParams) -> None:
        paths = [path for folder in SOURCES for path in pictures_in(photos / folder)]
        held = paths[::HELD_OUT]
        self._names = [path.name for path in held]
        self._held = [decoded(path)[:224, :224] for path in held]
        self._pool = load_photos([path for path in paths if path not in set(held)], CROP + MARGIN)
        self._shares = params.shares
        torch.manual_seed(params.seed)
        network = DejpegNet(**NET)
        self.network: nn.Module = network
        if params.start_from is not None:
            network.start_from(net_of(params.start_from))
        self.groups: Sequence[Sequence[nn.Module]] = [[self.network]]
        self.train_count = len(self._pool)

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """Places in any photos: an epoch only counts as many of them as there are photos."""
        batch = random_batch(self._pool, len(indices), random, self._shares)
        tensors: Batch = {f.name: getattr(batch, f.name) for f in dataclasses.fields(batch)}
        return tensors | {"finishing": torch.full((len(indices),), phase.name == FINISH_NAME)}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        return weighted_losses(network, batch)

    def validate(self, network: nn.Module) -> Validation:
        """Mean gain in dB of the brightness of held-out photos, blind, by quality."""
        model = _model(network)
        gains = np.array([[_gain(model, photo, quality) for quality in QUALITIES] for photo in self._held])
        scores = dict(
            zip((f"quality {quality}" for quality in QUALITIES), gains.mean(0).tolist(), strict=True)
        )
        mean = float(gains.mean())
        worst = sorted(zip(self._names, gains.mean(1).tolist(), strict=True), key=itemgetter(1))
        return Validation(-mean, {self.goal.name: mean, **scores}, pictures=tuple(worst))

    def previews(self, network: nn.Module) -> list[PreviewRow]:
        """A held-out photo at quality 15."""
        spoiled = compressed(self._held[0], standard_tables(15))
        return [PreviewRow(self._names[0], spoiled, _repaired(_model(network), spoiled), self._held[0])]

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        """Write the model; `training["benchmark"]`, where given, stands in the card beside the gains."""
        assert isinstance(network, DejpegNet)
        scores = {key: value for key, value in self.validate(network).scores.items() if key != self.goal.name}
        return save_model(
            folder,
            network,
            half=True,
            id="dejpeg",
            name=name,
            task="dejpeg",
            architecture=ARCHITECTURE.id,
            hyperparameters=NET,
            multiple_of=ALIGN,
            minimum=ALIGN,
            overlap=network.reach,
            licence="Trained for imgstudio on the photos named in the card",
            card={
                "data": {f"photos/{source}": licence for source, licence in SOURCES.items()},
                "training": {
                    key: training[key] for key in ("steps", "seconds", "began as") if key in training
                },
                "scores": {"held-out photos, gain in dB": _rounded(scores), **training.get("benchmark", {})},
                "limits": LIMITS,
            },
        )


def main() -> None:
    parser = options("Train the network that repairs JPEG pictures.", minutes=0.0)
    parser.add_argument("--steps", type=int, default=TOTAL_STEPS, help="if --minutes are not given")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--rule", choices=("muon", "adam"), default="muon", help="optimiser")
    parser.add_argument("--start-from", type=Path, help="model folder that this one begins with")
    parser.add_argument("--polish", action="store_true", help="only finish the model of --start-from")
    args = given(parser)
    params = DejpegParams(
        args.steps,
        args.minutes,
        rate=args.rate,
        rule=args.rule,
        seed=args.seed,
        start_from=args.start_from,
        is_polish=args.polish,
    )
    task = DejpegTask(args.data / "photos", params)
    trainer = Trainer(task, plan_of(params, task.train_count), args.device)
    bring(trainer, args)
    benchmark = json.loads(args.scores.read_text(encoding="utf-8")) if args.scores else {}
    training = {"steps": trainer.step, "seconds": round(trainer.seconds), "benchmark": benchmark}
    if args.start_from is not None:
        training["began as"] = _described(args.start_from)
    folder = args.export or args.out / MODEL
    manifest = task.export(trainer.network_now(), folder, "Remove JPEG artifacts", training)
    LOG.info("%s: %s", folder, manifest.card)


def _model(network: nn.Module) -> Dejpeg:
    assert isinstance(network, DejpegNet)
    return Dejpeg(network)


def net_of(folder: Path) -> DejpegNet:
    """The network of a model folder."""
    manifest = read_manifest(folder)
    net = ARCHITECTURE.build(**manifest.hyperparameters)
    assert isinstance(net, DejpegNet)
    net.load_state_dict(load(folder / WEIGHTS_NAME, manifest.sha256))
    return net


def _described(folder: Path) -> str:
    """A model that another one began as, for the card."""
    manifest = read_manifest(folder)
    before = manifest.card.get("training", {})
    return f"{manifest.sha256[:12]}, after {before.get('steps')} steps and {before.get('seconds')} seconds"


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
