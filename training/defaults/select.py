"""Trains the network behind selecting by clicks and writes its model folder.

python -m training.defaults.select --minutes 65 --out runs/select/run
python -m training.benchmarks.clicks --model runs/select/run/select --json runs/select/scores.json
python -m training.defaults.select --out runs/select/run --export-only --export resources/models/select \
    --scores runs/select/scores.json

It starts as the network of "Cut out subject", whose weights are bundled. Clicks are made where the network was wrong
a moment before, and its answer is what it starts from, as in RITM (Sofiiuk, Petrov & Konushin 2021); their loss looks
most at pixels that are wrong. --resume goes on from the checkpoint with the same arguments; --start begins
another training from a model that this one wrote, as was done twice for the bundled one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import Array
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.nets.clicknet import ARCHITECTURE, ClickNet
from imgstudio.engine.nets.salientnet import SalientNet
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.segment import SALIENT
from imgstudio.engine.select.guidance import INSIDE, OUTSIDE, PREVIOUS, draw
from imgstudio.engine.select.predictor import Predictor
from imgstudio.engine.select.prompts import Mark
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.trainer import Trainer
from training.defaults.clicking import next_click, overlap
from training.defaults.cutout import LICENCES, overlap_loss
from training.defaults.cutout_data import BACKGROUNDS, example, split
from training.defaults.script import (
    add_start,
    bring,
    finish,
    given,
    network_of,
    options,
    save_whole_view,
    training_of,
)
from training.defaults.select_data import SHARES, Questions

LOG = logging.getLogger("training.select")
EPOCHS: Final = 20.0
EPOCH: Final = 2000
"""Questions drawn in one."""
STAGES: Final = ((256, 0.6, 8), (320, 0.4, 6))
"""Side of the pictures (pixels), share of the time, batch; one after the other."""
RATES: Final = (8e-4, 3e-4, 2e-6)
"""Of the decoder and the guidance at the ends of the stages."""
TRUNK: Final = 0.12
"""Rate of the first layers, which know much already / rate of the decoder."""
WARM_UP: Final = 0.04
COARSE: Final = 0.3
"""Weight of each answer but the finest."""
OVERLAP: Final = 0.5
FOCUS: Final = 1.0
"""How much more the loss looks at pixels that are wrong."""
JUDGED: Final = 40
"""Pictures that judge during the training."""
CLICKS: Final = 4
"""That each of them gets."""
PICTURES: Final = {"camvid": "research", "nuclei": "CC0"}
LIMITS: Final = (
    "Learned things whose outline people had drawn: people, animals, objects, parts of streets, regions of photos. "
    "What one click means is a guess, the whole thing or a part of it (a woman or her dress): a second one settles it. "
    "Of things that touch it may take both. Thin parts (stems of glasses, legs of insects, wires) need clicks of their "
    "own; glass is taken as opaque, and what it shows with it."
)


def plan_of(minutes: float, seed: int) -> Plan:
    """Small pictures first, then larger ones; the rate only falls after a short climb."""
    rule = Optimiser("adamw", weight_decay=1e-2, beta2=0.99)
    climb = Curve("linear", RATES[0] / 50, RATES[0])
    side, _, batch = STAGES[0]
    made = [
        Phase("Climb", EPOCHS * WARM_UP, rate=climb, size=side, batch=batch, optimiser=rule, spread=TRUNK)
    ]
    for (side, share, batch), start, end in zip(STAGES, RATES[:-1], RATES[1:], strict=True):
        length = EPOCHS * (share - (WARM_UP if side == STAGES[0][0] else 0))
        rate = Curve("cosine", start, end)
        made.append(
            Phase(f"{side} px", length, rate=rate, size=side, batch=batch, optimiser=rule, spread=TRUNK)
        )
    return Plan(tuple(made), minutes=minutes, seed=seed, clip=5.0, average_decay=0.997, validate_every=4.0)


class SelectTask:
    """Guards that no picture that judges is ever learned from."""

    goal = Goal("IoU after 2 clicks")

    def __init__(self, data: Path, start: SalientNet, *, seed: int = 0) -> None:
        """`start` is the network whose weights are where this one begins."""
        self._questions = Questions(data)
        self._judged = split(data / "masks" / "ecssd")[1][:JUDGED]
        torch.manual_seed(seed)
        network = ClickNet()
        network.start_as(start)
        self.network: nn.Module = network
        self.groups: Sequence[Sequence[nn.Module]] = network.groups()
        self.train_count = EPOCH
        LOG.info("%d things to learn from, %d pictures that judge", len(self._questions), len(self._judged))

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        drawn = [self._questions.draw(phase.size, random) for _ in indices]
        images = np.stack([one.image for one in drawn])
        return {
            "image": torch.from_numpy(images).permute(0, 3, 1, 2),
            "mask": torch.from_numpy(np.stack([one.mask for one in drawn]))[:, None],
            "rounds": torch.tensor([one.rounds for one in drawn]),
        }

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        assert isinstance(network, ClickNet)
        wanted = batch["mask"]
        image = clicked(network, batch["image"], wanted, batch["rounds"])
        *coarse, finest = network.answers(image)
        pairs = [
            (scores, F.adaptive_avg_pool2d(wanted, (scores.shape[2], scores.shape[3]))) for scores in coarse
        ]
        mask = F.adaptive_avg_pool2d(wanted, (finest.shape[2], finest.shape[3]))
        return {
            "entropy": focused_loss(finest, mask),
            "overlap": OVERLAP * overlap_loss(finest, mask),
            "coarse": COARSE
            * sum((F.binary_cross_entropy_with_logits(s, m) for s, m in pairs), start=finest.new_zeros(())),
        }

    def validate(self, network: nn.Module) -> Validation:
        """Clicks in the middle of the largest error, on pictures of ECSSD that were kept back."""
        predictor = Predictor("cpu", network)
        rows = []
        for path in self._judged:
            photo, mask = example(path)
            rows.append((path.name, overlaps(predictor, photo, mask > 127, CLICKS)))
        means = np.mean([row for _, row in rows], 0)
        scores = {f"IoU after {count}": float(mean) for count, mean in enumerate(means, 1)}
        scores[self.goal.name] = scores["IoU after 2"]
        worst = sorted(((name, row[1]) for name, row in rows), key=itemgetter(1))
        return Validation(1 - scores["IoU after 2"], scores, pictures=tuple(worst))

    def previews(self, network: nn.Module) -> list[PreviewRow]:
        return []

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        """Write the model; `training["benchmark"]`, where given, is the scores of the card."""
        return save_whole_view(
            network,
            folder,
            name,
            task="select",
            architecture=ARCHITECTURE,
            multiple_of=ClickNet.multiple_of,
            data={
                **{source: PICTURES.get(source, "research") for source in SHARES},
                **{f"photos/{source}": LICENCES[source] for source in BACKGROUNDS},
            },
            training={"began as": SALIENT, **training},
            limits=LIMITS,
        )


def overlaps(predictor: Predictor, photo: Array, truth: Array, count: int) -> list[float]:
    """Intersection over union after each of so many clicks."""
    predictor.set_image(photo)
    found = np.zeros(truth.shape, np.bool_)
    clicks, scores = [], []
    for _ in range(count):
        click = next_click(found, truth)
        if click is not None:
            clicks.append(click)
            found = predictor.predict(clicks) > 0.5
        scores.append(overlap(found, truth))
    return scores


@torch.no_grad()
def clicked(network: nn.Module, image: Tensor, mask: Tensor, rounds: Tensor) -> Tensor:
    """The questions after a person has looked at the answers and clicked where they were wrong, so often."""
    image = image.clone()
    random = np.random.default_rng(int(torch.randint(1 << 31, ())))
    was_training = network.training
    network.eval()
    for count in range(int(rounds.max())):
        asked = (rounds > count).nonzero()[:, 0]
        shares = network(image[asked]).sigmoid().float()
        for index, share in zip(asked.tolist(), shares[:, 0], strict=True):
            image[index, 3 + PREVIOUS] = share
            _add_click(image[index], share.cpu().numpy() > 0.5, mask[index, 0].cpu().numpy() > 0.5, random)
    network.train(was_training)
    return image


def _add_click(image: Tensor, found: Array, truth: Array, random: np.random.Generator) -> None:
    click = next_click(found, truth, random)
    if click is None:
        return
    x, y, is_inside = click
    planes = [3 + INSIDE, 3 + OUTSIDE]
    inside, outside = (image[plane].byte().cpu().numpy() for plane in planes)
    mark = Mark(((x + 0.5, y + 0.5),), 0.0, is_inside)
    draw(mark, inside, outside, Rect(0, 0, *truth.shape[::-1]))
    image[planes] = torch.from_numpy(np.stack((inside, outside))).to(image)


def focused_loss(scores: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy, weighted by how wrong each pixel is; the weights of a picture have the mean 1.

    Normalised focal loss (Sofiiuk, Barinova & Konushin 2019).
    """
    entropy = F.binary_cross_entropy_with_logits(scores, mask, reduction="none")
    weight = (scores.sigmoid() - mask).abs().detach() ** FOCUS
    total = weight.sum((1, 2, 3)).clamp(min=1e-2 * mask[0].numel())
    return ((weight * entropy).sum((1, 2, 3)) / total).mean()


def started(folder: Path | None) -> tuple[SalientNet, dict[str, Any]]:
    """The network to begin from, and what the card says about its own training."""
    if folder is None:
        network = ModelRegistry.of_user().load(SALIENT)
        assert isinstance(network, SalientNet)
        return network, {}
    network = network_of(folder, ARCHITECTURE)
    assert isinstance(network, SalientNet)
    return network, training_of(folder)


def main() -> None:
    parser = options("Train the network that selects what is pointed at.", minutes=65)
    add_start(parser)
    args = given(parser)
    start, before = started(args.start)
    task = SelectTask(args.data, start, seed=args.seed)
    trainer = Trainer(task, plan_of(args.minutes, args.seed), args.device)
    bring(trainer, args)
    finish(trainer, task, args, "select", "Select by clicks", before)


if __name__ == "__main__":
    main()
