"""Measures schedules and the rate finder: `python -m training.benchmarks.schedules --data ../shared/data`.

Two small real tasks: naming the things in CamVid's frames (a network with batch norm, AdamW) and taking noise off
photos (one without norms, Adam). For each rate of a grid of 7 and each seed, a constant rate and a one-cycle
with that top train equally long. Then a one-cycle of 60 % of the steps, whose top nobody tuned (it is what the
finder suggests for that seed), has to reach the validation loss of the best constant rate, and the suggestions
have to lie within a factor 3 of the best top. Losses are means over the seeds, of the last weights: no moving
average helps anybody. The exit status is 1 when something is missed.

What to expect: the frames keep both promises. The noise keeps that of the finder but not the other: after 300
steps its loss still falls so fast that nothing replaces steps; with 1000 the shorter one-cycle draws level.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.jobs import Progress
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.learn.builders import Settings, one_cycle
from imgstudio.learn.data import decoded, pictures_in
from imgstudio.learn.plan import Curve, Optimiser, OptimiserKind, Phase, Plan
from imgstudio.learn.recipe import Diverged
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.trainer import Trainer
from training.benchmarks.scores import markdown

Bytes = npt.NDArray[np.uint8]
RATES: tuple[float, ...] = tuple(np.geomspace(1e-4, 1e-1, 7).tolist())
SHARES = (0.4, 0.6)
"""Of the steps of the constant rate that the one-cycle gets; the last has to do."""
FACTOR = 3.0
"""Between suggestion and best rate of the grid at most."""
VOID, CLASSES = 11, 11
FRAME = (96, 72)
SIDE, NOISE = 48, 0.1


def block(planes: int, width: int, stride: int = 1, *, norm: bool) -> nn.Sequential:
    convolution = nn.Conv2d(planes, width, 3, stride, 1, bias=not norm)
    return nn.Sequential(convolution, nn.BatchNorm2d(width) if norm else nn.Identity(), nn.ReLU())


class Classifier(nn.Module):
    """A class for each pixel, computed at a quarter of the size."""

    def __init__(self) -> None:
        super().__init__()
        widths = ((3, 16, 2), (16, 32, 2), (32, 48, 1), (48, 48, 1), (48, 32, 1))
        self.body = nn.Sequential(*(block(a, b, stride, norm=True) for a, b, stride in widths))
        self.head = nn.Conv2d(32, CLASSES, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        coarse = self.head(self.body(pictures))
        return F.interpolate(coarse, pictures.shape[2:], mode="bilinear", align_corners=False)


class Cleaner(nn.Module):
    """What to take away from noisy pictures, computed at half the size."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            block(12, 32, norm=False),
            *(block(32, 32, norm=False) for _ in range(3)),
            nn.Conv2d(32, 12, 3, 1, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures - F.pixel_shuffle(self.body(F.pixel_unshuffle(pictures, 2)), 2)


@dataclass(eq=False)
class Small:
    """A task in memory: pairs of input and target that are mirrored at random."""

    network: nn.Module
    train: tuple[Tensor, Tensor]
    valid: tuple[Tensor, Tensor]
    loss: Callable[[Tensor, Tensor], Tensor]

    def __post_init__(self) -> None:
        self.goal = Goal("loss", larger_is_better=False)
        self.groups: Sequence[Sequence[nn.Module]] = [[self.network]]
        self.train_count = len(self.train[0])

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """Half of all batches are mirrored."""
        pictures, targets = (part[list(indices)] for part in self.train)
        if random.random() < 0.5:
            pictures, targets = pictures.flip(-1), targets.flip(-1)
        return {"pictures": pictures, "targets": targets}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        return {"loss": self.loss(network(batch["pictures"]), batch["targets"])}

    def validate(self, network: nn.Module) -> Validation:
        pairs = zip(*(part.split(32) for part in self.valid), strict=True)
        losses = [float(self.loss(network(x), y)) * len(x) for x, y in pairs]
        loss = sum(losses) / len(self.valid[0])
        return Validation(loss, {"loss": loss})

    def previews(self, network: nn.Module) -> list[PreviewRow]:
        return []

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        return save_model(
            folder,
            network,
            id="small",
            name=name,
            task="benchmark",
            architecture="benchmark",
            card=dict(training),
        )


def frames(folder: Path, side: str) -> tuple[Tensor, Tensor]:
    """Small CamVid frames (n, 3, h, w), about -1..1, and their classes (n, h, w)."""
    paths = pictures_in(folder / side)
    small = [cv2.resize(decoded(path), FRAME, interpolation=cv2.INTER_AREA) for path in paths]
    pictures = np.asarray(small, np.uint8)
    masks = [Image.open(folder / f"{side}annot" / f"{path.stem}.png") for path in paths]
    classes = [cv2.resize(np.asarray(mask), FRAME, interpolation=cv2.INTER_NEAREST) for mask in masks]
    return _planes(pictures) * 4 - 2, torch.from_numpy(np.stack(classes)).long()


def noisy(paths: Sequence[Path], seed: int) -> tuple[Tensor, Tensor]:
    """Two crops of each photo (n, 3, h, w), -0.5..0.5, with noise and without."""
    random = np.random.default_rng(seed)
    crops = []
    for photo in map(decoded, paths):
        for _ in range(2):
            top, left = (int(random.integers(side - SIDE + 1)) for side in photo.shape[:2])
            crops.append(photo[top : top + SIDE, left : left + SIDE])
    clean = _planes(np.stack(crops)) - 0.5
    grain = torch.from_numpy(random.normal(0, NOISE, clean.shape).astype(np.float32))
    return clean + grain, clean


def _planes(pictures: Bytes) -> Tensor:
    return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255).contiguous()


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the two tasks, and how long a constant rate trains it."""

    name: str
    make: Callable[[int], Small]
    """With fresh weights of a seed."""
    steps: int
    batch: int
    optimiser: OptimiserKind

    def trainer(self, phases: Sequence[Phase], seed: int) -> Trainer:
        plan = Plan(tuple(phases), seed=seed, precision="float32", average_decay=0, validate_every=0)
        return Trainer(self.make(seed), plan, "cpu")

    def loss(self, phases: Sequence[Phase], seed: int) -> float:
        """On the validation side after training by `phases`; worse than anything when it diverges."""
        loss = float("inf")
        try:
            for report in self.trainer(phases, seed).steps():
                loss = report.validation.loss if report.validation is not None else loss
        except Diverged:
            return float("inf")
        return loss

    def settings(self) -> Settings:
        return {"unit": "steps", "batch": self.batch, "optimiser": Optimiser(self.optimiser)}

    def constant(self, rate: float) -> list[Phase]:
        return [Phase("Constant", self.steps, rate=Curve("constant", rate, rate), **self.settings())]

    def cycle(self, rate: float, share: float = 1.0) -> list[Phase]:
        return list(one_cycle(share * self.steps, rate, **self.settings()))

    def suggestion(self, seed: int) -> float:
        trainer = self.trainer(self.cycle(RATES[0]), seed)
        return trainer.find_rate(Progress()).valley


def subjects(data: Path) -> list[Subject]:
    """Read everything; about 40 MB."""
    scenes = frames(data / "camvid", "train"), frames(data / "camvid", "val")
    photos = [path for name in ("cid22", "large_crops") for path in pictures_in(data / "photos" / name)]
    grains = noisy(photos, 0), noisy(pictures_in(data / "bench" / "bsd100"), 1)

    def classify(seed: int) -> Small:
        torch.manual_seed(seed)
        return Small(Classifier(), *scenes, lambda out, truth: F.cross_entropy(out, truth, ignore_index=VOID))

    def clean(seed: int) -> Small:
        torch.manual_seed(seed)
        return Small(Cleaner(), *grains, F.l1_loss)

    return [
        Subject("CamVid classes", classify, 300, 8, "adamw"),
        Subject("noise on photos", clean, 300, 8, "adam"),
    ]


@dataclass(frozen=True, slots=True)
class Result:
    """Means over the seeds, for one subject."""

    name: str
    constant: list[float]
    cycle: list[float]
    """Losses by rate of the grid."""
    suggested: list[float]
    """By seed."""
    short: list[float]
    """Losses of shorter one-cycles with the suggested top, by share."""

    @property
    def best_constant(self) -> int:
        return int(np.argmin(self.constant))

    @property
    def best_top(self) -> float:
        return RATES[int(np.argmin(self.cycle))]

    @property
    def factors(self) -> list[float]:
        """How far each suggestion is from the best top, above 1 either way."""
        return [max(rate / self.best_top, self.best_top / rate) for rate in self.suggested]

    @property
    def is_quick(self) -> bool:
        return self.short[-1] <= self.constant[self.best_constant]

    @property
    def is_near(self) -> bool:
        return max(self.factors) <= FACTOR


def measured(subject: Subject, seeds: Sequence[int], say: Callable[[str], None]) -> Result:
    def mean(phases: Mapping[int, list[Phase]]) -> float:
        return float(np.mean([subject.loss(own, seed) for seed, own in phases.items()]))

    tops = {seed: subject.suggestion(seed) for seed in seeds}
    say(f"{subject.name}: suggested {', '.join(f'{rate:.2g}' for rate in tops.values())}")
    constant, cycle = [], []
    for rate in RATES:
        constant.append(mean(dict.fromkeys(seeds, subject.constant(rate))))
        cycle.append(mean(dict.fromkeys(seeds, subject.cycle(rate))))
        say(f"{subject.name}, {rate:.2g}: constant {constant[-1]:.4f}, one-cycle {cycle[-1]:.4f}")
    short = [mean({seed: subject.cycle(top, share) for seed, top in tops.items()}) for share in SHARES]
    return Result(subject.name, constant, cycle, list(tops.values()), short)


def tables(results: Sequence[Result]) -> str:
    grid = [
        [result.name, kind, *(f"{loss:.4f}" for loss in losses)]
        for result in results
        for kind, losses in (("constant", result.constant), ("one-cycle", result.cycle))
    ]
    quick = [
        [
            result.name,
            f"{result.constant[result.best_constant]:.4f} at {RATES[result.best_constant]:.2g}",
            *(f"{loss:.4f}" for loss in result.short),
            "yes" if result.is_quick else "no",
        ]
        for result in results
    ]
    near = [
        [
            result.name,
            f"{result.best_top:.2g}",
            ", ".join(f"{rate:.2g}" for rate in result.suggested),
            f"{max(result.factors):.1f}",
            "yes" if result.is_near else "no",
        ]
        for result in results
    ]
    shares = [f"one-cycle, {share:.0%} of the steps" for share in SHARES]
    return "\n\n".join(
        (
            markdown(["validation loss", "schedule", *(f"{rate:.2g}" for rate in RATES)], grid),
            markdown(["task", "best constant rate", *shares, f"as good in {SHARES[-1]:.0%}"], quick),
            markdown(["task", "best top", "suggested", "largest factor", f"within {FACTOR:g}"], near),
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare schedules, and the rate finder with a grid.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)

    results = [measured(subject, range(args.seeds), say) for subject in subjects(args.data)]
    print(tables(results))
    return 0 if all(result.is_quick and result.is_near for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
