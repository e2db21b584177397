"""Trains the small network that recolours pasted objects, and fits the statistics that it starts from.

python -m training.defaults.harmonize --data ../shared/data --out runs/harmonize --fit
python -m training.defaults.harmonize --data ../shared/data --out runs/harmonize
python -m training.benchmarks.harmonize_photo --data ../shared/data --model runs/harmonize/model \
    --json runs/harmonize/scores.json
python -m training.defaults.harmonize --data ../shared/data --out runs/harmonize --export-only \
    --export resources/models/harmonize-photo --scores runs/harmonize/scores.json

Objects of photos are recoloured by random exposure, white, contrast, saturation, hue or another object's statistics,
as iHarmony4 was made (Cong 2020); the photo itself is the target. Without --minutes it lasts some epochs. --resume goes
on from the checkpoint; --export-only writes the model of the checkpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from imgstudio.core.pixels import Floats, from_float
from imgstudio.engine.harmonize.baseline import FITTED, Measured, Share, Shares, measured
from imgstudio.engine.harmonize.colour_change import ColourChange, change_of
from imgstudio.engine.harmonize.surroundings import SIDE
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets.harmonizenet import ARCHITECTURE, HarmonizeNet, changed
from imgstudio.learn.builders import one_cycle
from imgstudio.learn.plan import Optimiser, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.trainer import Trainer
from training.defaults.recoloured_objects import KINDS, SOURCES, Object, Pair, cropped, objects_in, pair_of
from training.defaults.script import given, options, run

LOG = logging.getLogger("training.harmonize")
PAIRS: Final = 40_000
"""Recolourings that are drawn before the training, which then needs no picture any more."""
BATCH: Final = 64
RATE: Final = 2e-3
EPOCHS: Final = 10.0
POINTS: Final = 128
"""Pixels of an object by which its change is judged while training."""
UNTOUCHED: Final = 0.08
"""Share of the pairs in which nothing is wrong."""
OFTEN: Final = {"transfer": 3.0, "mixed": 3.0}
"""How often kinds of recolouring come, against once for the others."""
USUAL: Final = 0.07
"""RMS error of a recoloured object, 0..1."""
SEEN: Final = 4.0 / 255
"""RMS error below which nobody sees one."""
DECIBELS: Final = 0.7
"""Share of the loss that counts errors by their logarithm; the rest, by themselves."""
JUDGE: Final = 0.1
"""Weight of knowing one's own error."""
JUDGED: Final = 350
"""Pairs of held-out photos for validation."""
FIT: Final = 560
"""Pairs of photos that are learned from, by which the statistics' shares are fitted."""
TOLD: Final = 5000
"""Pairs drawn between two lines of the log."""
SKIPS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SHARED: Final = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7)
LIMITS: Final = (
    "Recolours one object in one photo by exposure, white, saturation, hue and curves, the same for all of its "
    "pixels: it neither relights nor casts shadows. It knows statistics, not what things are. Synthetic recolourings "
    "are milder than some pastes; where it expects to do worse than statistics, they are used instead."
)


class HarmonizeTask:
    """Guards that no photo that judges is learned from."""

    goal = Goal("gain in dB")

    def __init__(self, data: Path, kept: Path, *, seed: int = 0) -> None:
        """Pairs drawn once are `kept` in that file, so that going on begins at once."""
        things = objects_in(data, held_out=False)
        self._count = len(things)
        self._rows = load_file(kept) if kept.is_file() else drawn(things, PAIRS, seed)
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            save_file(self._rows, kept)
        self._judged = judged_pairs(objects_in(data, held_out=True), JUDGED)
        self.train_count = PAIRS
        torch.manual_seed(seed)
        network = HarmonizeNet()
        network.normalise(self._rows["statistics"])
        self.network: nn.Module = network
        self.groups: Sequence[Sequence[nn.Module]] = [list(network.members)]

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """Statistics and pixels of pairs, and which member of the network must not learn from each."""
        chosen = torch.as_tensor(indices)
        return {**{name: values[chosen] for name, values in self._rows.items()}, "pair": chosen}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        answer = network(batch["statistics"])
        members = len(answer.each)
        base, seen = batch["base"], batch["seen"]
        squares = torch.stack([_squares(seen, base + numbers, batch) for numbers in answer.each])
        learns = batch["pair"][None] % members != torch.arange(members, device=base.device)[:, None]
        root, decibels = (squares + 1e-5).sqrt() / USUAL, (squares + SEEN**2).log() / 2
        colour = (1 - DECIBELS) * root + DECIBELS * decibels
        with torch.no_grad():
            truth = [_squares(seen, now, batch) for now in (base, base + answer.numbers)]
            logarithms = (torch.stack(truth, 1) + 1e-5).log() / 2
        return {
            "colour": colour[learns].mean(),
            "judgement": JUDGE * (answer.errors - logarithms).abs().mean(),
        }

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        """Mean PSNR on held-out objects beyond that of the statistics, in all and by kind."""
        gains: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for kind, pair, found in self._judged:
            changes = (found.change(), _change(network, found))
            errors = [object_error(change.applied(pair.composite), pair) for change in changes]
            gains[kind].append(10 * float(np.log10((errors[0] + 1e-5) / (errors[1] + 1e-5))))
        means = {kind: float(np.mean(values)) for kind, values in gains.items()}
        total = float(np.mean(list(means.values())))
        return Validation(-total, {self.goal.name: total, **means})

    def previews(self, network: nn.Module) -> list[PreviewRow]:
        """The first held-out objects."""
        rows = []
        for kind, pair, found in self._judged[: len(KINDS)]:
            change = _change(network, found)
            out = pair.composite + pair.mask[..., None] * (change.applied(pair.composite) - pair.composite)
            rows.append(
                PreviewRow(kind, from_float(pair.composite), from_float(out), from_float(pair.wanted))
            )
        return rows

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        """Write the model; its scores come from the benchmark."""
        return save_model(
            folder,
            network,
            half=True,
            id=folder.name,
            name=name,
            task="harmonize",
            architecture=ARCHITECTURE.id,
            tiling="internal",
            overlap=0,
            licence="Trained for imgstudio on the pictures named in the card",
            card={
                "data": dict(SOURCES),
                "training": {**training, "objects": self._count, "pairs": self.train_count},
                "limits": LIMITS,
            },
        )


def random_kind(random: np.random.Generator) -> str:
    """How a pair is recoloured; "none" now and then."""
    if random.random() < UNTOUCHED:
        return "none"
    weights = np.array([OFTEN.get(kind, 1.0) for kind in KINDS])
    return str(random.choice(KINDS, p=weights / weights.sum()))


def judged_pairs(things: Sequence[Object], count: int, seed: int = 1) -> list[tuple[str, Pair, Measured]]:
    """Fixed pairs, all kinds equally often, those that cannot be measured left out."""
    found = []
    for index in range(count):
        random = np.random.default_rng([seed, index])
        thing, other = (things[int(random.integers(len(things)))] for _ in range(2))
        kind = KINDS[index % len(KINDS)]
        pair = pair_of(thing, kind, random, other)
        statistics = measured(pair.composite, pair.mask)
        if statistics is not None:
            found.append((kind, pair, statistics))
    return found


def drawn(things: Sequence[Object], count: int, seed: int) -> Batch:
    """Recolourings of random objects: statistics, what the baseline says, some pixels before and after."""
    random = np.random.default_rng(seed)
    rows: list[Batch] = []
    while len(rows) < count:
        thing, other = (things[int(random.integers(len(things)))] for _ in range(2))
        pair = pair_of(cropped(thing, SIDE, random), random_kind(random), random, other)
        found = measured(pair.composite, pair.mask)
        if found is not None:
            rows.append(_row(pair, found, random))
            if len(rows) % TOLD == 0:
                LOG.info("%d of %d pairs", len(rows), count)
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def object_error(picture: Floats, pair: Pair) -> float:
    """Mean squared error on the object, 0..1."""
    squares = ((picture - pair.wanted) ** 2).mean(2)
    return float((squares * pair.mask).sum() / pair.mask.sum())


def fitted_shares(pairs: Sequence[tuple[str, Pair, Measured]], rounds: int = 2) -> Shares:
    """Shares with the least mean RMS error, found one after the other on a grid."""
    points = [_points(pair, np.random.default_rng(index)) for index, (_, pair, _) in enumerate(pairs)]
    shares = Shares(*(Share(0.0, 0.0) for _ in Shares._fields))
    for _ in range(rounds):
        for name in Shares._fields:
            grid = [Share(float(skip), float(share)) for skip in SKIPS for share in SHARED]
            candidates = [shares._replace(**{name: share}) for share in grid]
            errors = [_error_of(candidate, pairs, points) for candidate in candidates]
            shares = candidates[int(np.argmin(errors))]
            LOG.info("%s: error %.5f", shares, min(errors))
    return shares


def plan_of(minutes: float, seed: int) -> Plan:
    """One cycle."""
    optimiser = Optimiser("adamw", weight_decay=0.05)
    phases = one_cycle(EPOCHS, RATE, warm_up=0.1, batch=BATCH, optimiser=optimiser)
    return Plan(phases, minutes=minutes, seed=seed, average_decay=0.998, validate_every=2.0, keep_every=0)


def main() -> None:
    parser = options("Train the network that recolours pasted objects.", minutes=0)
    parser.add_argument("--fit", action="store_true", help="only fit the statistics' shares and print them")
    args = given(parser)
    if args.fit:
        shares = fitted_shares(judged_pairs(objects_in(args.data, held_out=False), FIT, seed=2))
        LOG.info("now %s; fitted %s", FITTED, shares)
        return
    task = HarmonizeTask(args.data, args.out / "pairs.safetensors", seed=args.seed)
    run(Trainer(task, plan_of(args.minutes, args.seed), args.device), args, "Harmonize into photos")


def _row(pair: Pair, found: Measured, random: np.random.Generator) -> Batch:
    seen, wanted = _points(pair, random)
    return {
        "statistics": torch.from_numpy(found.vector())[None],
        "base": torch.from_numpy(found.change().numbers())[None],
        "brightness": torch.tensor([found.brightness]),
        "seen": torch.from_numpy(seen),
        "wanted": torch.from_numpy(wanted),
    }


def _squares(seen: Tensor, numbers: Tensor, batch: Batch) -> Tensor:
    """Mean squared errors (n,) of pixels (n, pixels, 3) after changes (n, COUNT)."""
    return (changed(seen, numbers, batch["brightness"]) - batch["wanted"]).square().mean((1, 2))


@torch.no_grad()
def _change(network: nn.Module, found: Measured) -> ColourChange:
    numbers = network(torch.from_numpy(found.vector())[None]).numbers[0].numpy()
    return change_of(found.change().numbers() + numbers, found.brightness)


def _points(pair: Pair, random: np.random.Generator, count: int = POINTS) -> tuple[Floats, Floats]:
    """Colours (1, count, 3) of the object before and after."""
    inside = np.flatnonzero(pair.mask > 0.9)
    chosen = random.choice(inside if inside.size else np.flatnonzero(pair.mask > 0.5), count)
    return pair.composite.reshape(-1, 3)[None, chosen], pair.wanted.reshape(-1, 3)[None, chosen]


def _error_of(
    shares: Shares, pairs: Sequence[tuple[str, Pair, Measured]], points: Sequence[tuple[Floats, Floats]]
) -> float:
    """Mean RMS error, 0..1."""
    errors = [
        float(np.sqrt(((found.change(shares).applied(seen) - wanted) ** 2).mean()))
        for (_, _, found), (seen, wanted) in zip(pairs, points, strict=True)
    ]
    return float(np.mean(errors))


if __name__ == "__main__":
    main()
