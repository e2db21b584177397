"""Trains the network behind "Colorize" and writes its model folder.

python -m training.defaults.colorize --minutes 80 --out runs/colorize/run
python -m training.benchmarks.colorize --model runs/colorize/run/model --json runs/colorize/scores.json
python -m training.defaults.colorize --out runs/colorize/run --export-only --export resources/models/colorize \
    --scores runs/colorize/scores.json

Every colour photo is its own answer. The trunk starts from EfficientNet-Lite0, which comes from the model manager.
Regression of a and b, and the chances of a grid of colours with rare ones weighted up (Zhang, Isola & Efros 2016);
hints are simulated as in Zhang et al. 2017. --resume goes on from the checkpoint with the same arguments.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.pixels import Floats, resized, to_float
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.nets.colournet import ARCHITECTURE, UNIT, ColourNet, Hinted, Lent, Told
from imgstudio.engine.nets.lite0 import Lite0
from imgstudio.engine.registry import ModelRegistry
from imgstudio.learn.data import decoded
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.trainer import Trainer
from training.defaults.colorize_data import SOURCES, Photos, field_on, hints_on, judging, taken_apart
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

LOG = logging.getLogger("training.colorize")
EPOCHS: Final = 20.0
STAGES: Final = ((160, 0.6, 16), (224, 0.4, 8))
"""Side of the squares (pixels), share of the time, batch; one after the other."""
RATES: Final = (1.5e-3, 6e-4, 2e-6)
"""Of all but the trunk at the ends of the stages."""
LATER: Final = ((192, 0.5, 10), (256, 0.5, 6))
LATER_RATES: Final = (6e-4, 2.5e-4, 2e-6)
"""Of a sitting that begins with a trained network."""
TRUNK: Final = 0.1
"""Rate of the first layers, which know much already / rate of the last ones."""
WARM_UP: Final = 0.06
"""Share of the time in which the trunk rests and the rate climbs."""
TURN: Final = 1.0
"""Error of a or b (/ `UNIT`) up to which it counts squared: the answer is the mean of what may be, not its middle."""
EVENED: Final = 0.25
"""Power of a picture's error by which it counts less: 0.5 is best for decibels, 0 for likeness over all pictures."""
EASY: Final = 0.1
"""Share of the mean error that is added to that of each picture before the easier ones are weighted up."""
GUESSING, SPREAD = 0.03, 0.01
"""Weights of the chances and of the spread beside the regression."""
SMOOTH: Final = 12.0
"""Deviation with which a true colour is spread over its neighbours on the grid (Lab)."""
EVEN: Final = 0.5
"""Share of an even distribution in the one that says how rare a colour is."""
SHOWN: Final = 64
"""Pictures that judge during the training."""
HINTS: Final = 10
SIDE: Final = 256
LIMITS: Final = (
    "Proposes what photos of the same thing mostly look like: sky, grass, trees, skin, wood, stone, sand, water. Of "
    "clothes, cars, walls and all that may have any colour it knows nothing and stays near a warm grey; a hint settles "
    "it. Small things, crowds and interiors are often brownish. Learned from some 2,900 photos of today: uniforms, "
    "signs and fabrics of old photos are guesses, not history."
)


def plan_of(minutes: float, seed: int, *, later: bool = False) -> Plan:
    """Small squares first, then larger ones; the rate only falls after a short climb, with a new network's trunk at rest."""
    rule = Optimiser("adamw", weight_decay=2e-2, beta2=0.99)
    stages, rates = (LATER, LATER_RATES) if later else (STAGES, RATES)
    side, _, batch = stages[0]
    climb = Curve("linear", rates[0] / 50, rates[0])
    frozen = 0 if later else 2
    warm_up = WARM_UP / 3 if later else WARM_UP
    made = [
        Phase(
            "Climb",
            EPOCHS * warm_up,
            rate=climb,
            size=side,
            batch=batch,
            optimiser=rule,
            frozen=frozen,
            spread=TRUNK,
        )
    ]
    for (side, share, batch), start, end in zip(stages, rates[:-1], rates[1:], strict=True):
        length = EPOCHS * (share - (warm_up if side == stages[0][0] else 0))
        rate = Curve("cosine", start, end)
        made.append(
            Phase(f"{side} px", length, rate=rate, size=side, batch=batch, optimiser=rule, spread=TRUNK)
        )
    return Plan(tuple(made), minutes=minutes, seed=seed, clip=2.0, average_decay=0.998, validate_every=3.0)


class ColorizeTask:
    """Guards that no picture that judges is ever learned from."""

    goal = Goal(f"PSNR at {HINTS}")

    def __init__(self, data: Path, start: Lite0 | ColourNet, *, seed: int = 0) -> None:
        """The network begins as `start`, or with its trunk."""
        self._photos = Photos(data)
        self._judged = judging(data)[::2][:SHOWN]
        torch.manual_seed(seed)
        network = ColourNet()
        if isinstance(start, Lite0):
            network.start_from(start)
        else:
            network.load_state_dict(start.state_dict())
        self.network: nn.Module = network
        self.groups: Sequence[Sequence[nn.Module]] = network.groups()
        self.train_count = len(self._photos)
        self._rarity = self._weights(network.centres)
        LOG.info("%d photos to learn from, %d that judge", len(self._photos), len(self._judged))

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        drawn = [self._photos.draw(index, phase.size, random) for index in indices]
        return {
            "grey": torch.from_numpy(np.stack([one.grey for one in drawn]))[:, None],
            "marks": _planes([one.hints.marks for one in drawn]),
            "field": _planes([one.hints.spread for one in drawn]),
            "ab": _planes([one.ab for one in drawn]),
            "lent_grey": torch.from_numpy(np.stack([one.lent_grey for one in drawn]))[:, None],
            "lent_ab": _planes([one.lent_ab for one in drawn]),
            "lends": torch.tensor([one.lends for one in drawn]),
        }

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        assert isinstance(network, ColourNet)
        seen = network.look(batch["grey"])
        lent = None
        lends = batch["lends"]
        if bool(lends.any()):
            lent = self._lent(network, batch, lends)
        told = network.colour(seen, Hinted(batch["marks"], batch["field"]), lent)
        return self._compared(network, told, batch["ab"])

    def _lent(self, network: ColourNet, batch: Batch, lends: Tensor) -> Lent:
        """What those pictures of the batch are lent that lend; only their own descriptions learn from it."""
        with torch.no_grad():
            found = network.lend(network.look(batch["lent_grey"][lends]), batch["lent_ab"][lends])
        whole = [part.new_zeros((len(lends), *part.shape[1:])) for part in found]
        for empty, part in zip(whole, found, strict=True):
            empty[lends] = part
        return Lent(*whole)

    def _compared(self, network: ColourNet, told: Told, ab: Tensor) -> Terms:
        half = F.avg_pool2d(ab, 2)
        error = F.huber_loss(told.ab, half, reduction="none", delta=TURN).sum(1)
        each = error.mean((1, 2), keepdim=True).detach()
        # A picture whose colours are nearly known shall not vanish beside one that is a riddle.
        weight = (each + EASY * each.mean()) ** -EVENED
        error = error * (weight / weight.mean())
        off = (told.ab.detach() - half).square().sum(1)
        spread = told.spread[:, 0].clamp(-5, 1)
        quarter = F.avg_pool2d(ab, 4) * UNIT
        apart = (quarter.permute(0, 2, 3, 1)[..., None, :] - network.centres).square().sum(-1)
        near = (-apart / (2 * SMOOTH * SMOOTH)).softmax(-1)
        near = near * self._rarity.to(near.device)
        chances = told.chances.permute(0, 2, 3, 1).log_softmax(-1)
        return {
            "error": error.mean() * 10,
            "chances": GUESSING * -(near * chances).sum(-1).mean(),
            "spread": SPREAD * (off * torch.exp(-2 * spread) / 2 + 2 * spread).mean(),
        }

    def _weights(self, centres: Tensor) -> Tensor:
        """(colours,): how much more a rare colour counts; their mean over what is seen is 1."""
        random = np.random.default_rng(0)
        counts = torch.full((len(centres),), 1e-3)
        for number in random.permutation(self.train_count)[:600]:
            ab = torch.from_numpy(self._photos.draw(int(number), 32, random).ab).reshape(-1, 2) * UNIT
            nearest = torch.cdist(ab, centres).argmin(1)
            counts += torch.bincount(nearest, minlength=len(centres)) / len(nearest)
        shares = counts / counts.sum()
        weights = 1 / ((1 - EVEN) * shares + EVEN / len(centres))
        made: Tensor = weights / (weights * shares).sum()
        return made

    def validate(self, network: nn.Module) -> Validation:
        """Photos that were kept back, without hints and with ten."""
        assert isinstance(network, ColourNet)
        rows, products = [], []
        for number, path in enumerate(self._judged):
            pixels = to_float(resized(decoded(path), SIDE, SIDE))
            grey, ab = taken_apart(pixels)
            row = []
            for count in (0, HINTS):
                hints = hints_on(ab, count, np.random.default_rng(number))
                made = colours_of(network, grey, hints)
                row.append(psnr(pixels, grey, made))
                if count == 0:
                    products.append([(made * ab).sum(), (made * made).sum(), (ab * ab).sum()])
            rows.append((path.name, row))
        both, own, true = np.sum(products, 0)
        means = np.mean([row for _, row in rows], 0)
        scores = {
            "PSNR at 0": float(means[0]),
            self.goal.name: float(means[1]),
            "likeness": float(both / np.sqrt(own * true)),
            "chroma": float(np.sqrt(own / true)),
        }
        worst = sorted(((name, row[1]) for name, row in rows), key=itemgetter(1))
        return Validation(-float(means[1]), scores, pictures=tuple(worst))

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
            task="colorize",
            architecture=ARCHITECTURE,
            multiple_of=ColourNet.multiple_of,
            data=SOURCES,
            training={"began as": "imagenet-lite0", **training},
            limits=LIMITS,
        )


@torch.no_grad()
def colours_of(network: ColourNet, grey: Floats, hints: Floats) -> Floats:
    """(h, w, 2) / `UNIT` that the network says of (h, w) and (h, w, 3)."""
    field = field_on(grey, hints)
    told = network(torch.from_numpy(grey)[None, None], Hinted(*(_planes([part]) for part in field)))
    large = F.interpolate(told.ab, grey.shape, mode="bilinear", align_corners=False)
    return np.asarray(large[0].permute(1, 2, 0).numpy(), np.float32)


def psnr(pixels: Floats, grey: Floats, ab: Floats) -> float:
    """Of a picture (h, w, 3) against lightness in 0..1 with colours / `UNIT`, in decibels."""
    lab = np.dstack([grey * 100, ab * UNIT]).astype(np.float32)
    made = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)
    return float(-10 * np.log10(np.square(made - pixels).mean()))


def _planes(pictures: Sequence[Floats]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


def started(folder: Path | None) -> tuple[Lite0 | ColourNet, dict[str, Any]]:
    """What the training begins with, and what is known of the training before it."""
    if folder is None:
        classifier = ModelRegistry.of_user().load("imagenet-lite0")
        assert isinstance(classifier, Lite0)
        return classifier, {}
    network = network_of(folder, ARCHITECTURE)
    assert isinstance(network, ColourNet)
    return network, training_of(folder)


def main() -> None:
    parser = options("Train the network that colorizes.", minutes=80)
    add_start(parser)
    args = given(parser)
    start, before = started(args.start)
    task = ColorizeTask(args.data, start, seed=args.seed)
    trainer = Trainer(task, plan_of(args.minutes, args.seed, later=args.start is not None), args.device)
    bring(trainer, args)
    finish(trainer, task, args, "model", "Colorize", before)


if __name__ == "__main__":
    main()
