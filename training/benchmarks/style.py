"""Painting by optimisation: how fast, how near, how much memory: `python -m training.benchmarks.style`.

The baseline is what the papers do: 500 steps of L-BFGS at one size, from the photo, in plain float32, towards the very
same objective (style of all layers, content, smoothness). Both are judged by it in float32, with the same net.
"""

from __future__ import annotations

import argparse
import logging
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, from_float, to_float
from imgstudio.engine.device import autocast
from imgstudio.engine.features import BUNDLED, FeatureExtractor, Features
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.ground import Ground, StylePicture, StyleSettings
from imgstudio.engine.style.optimise import Painter, sizes_of
from imgstudio.engine.style.wishes import Wishes, resized
from imgstudio.learn.data import decoded
from training.benchmarks.scores import markdown

LOG = logging.getLogger("training.style")
CPU = torch.device("cpu")
PAIRS = (
    ("golden_gate", "starry_night"),
    ("tubingen", "the_scream"),
    ("lion", "mosaic"),
)
BASELINE = 500
LOOKS = 25
"""Steps of the baseline between two looks at the objective."""


class Seen(NamedTuple):
    """The objective after so many seconds."""

    seconds: float
    objective: float


class Judge:
    """The objective at the last size, in float32, of any picture."""

    def __init__(
        self, features: FeatureExtractor, photo: Floats, style: Floats, settings: StyleSettings
    ) -> None:
        size = sizes_of(photo.shape[:2], settings.side)[-1]
        self._make = lambda picture: Ground(
            _plain(features),
            resized(photo, size),
            resized(picture, size),
            [StylePicture(style)],
            settings,
            Wishes(size),
            CPU,
            Progress(),
        )
        self.photo = photo

    def __call__(self, picture: Floats) -> float:
        return self._make(picture).objective()

    def descend(self) -> Iterator[float]:
        """The baseline: the objective before each step."""
        ground = self._make(self.photo)
        for _ in range(BASELINE):
            yield ground.step()


def _plain(features: FeatureExtractor) -> Features:
    """The same features in float32, whatever the processor is good at."""

    def seen(image: Tensor) -> dict[str, Tensor]:
        with torch.autocast("cpu", enabled=False):
            return features(image)

    return seen


def baseline(judge: Judge) -> list[Seen]:
    started, seen = time.monotonic(), []
    for step, objective in enumerate(judge.descend(), 1):
        if step % LOOKS == 0:
            seen.append(Seen(time.monotonic() - started, objective))
    return seen


def ours(
    features: FeatureExtractor, judge: Judge, style: Floats, settings: StyleSettings
) -> tuple[list[Seen], Array]:
    spent, seen = 0.0, []
    started = time.monotonic()
    last: Floats = judge.photo
    for step in Painter(features, judge.photo, [StylePicture(style)], settings, CPU, Progress()).steps():
        spent += time.monotonic() - started
        last = step.pixels
        if step.side == settings.side:
            seen.append(Seen(spent, judge(last)))
        started = time.monotonic()
    return seen, from_float(last, np.dtype(np.uint8))


def bare_step(features: FeatureExtractor, size: tuple[int, int]) -> float:
    """Seconds of the network forwards and backwards alone."""
    picture = torch.rand(1, 3, *size).requires_grad_()
    times = []
    for _ in range(4):
        started = time.monotonic()
        with autocast(CPU):
            total: Tensor = torch.stack([v.mean() for v in features(picture).values()]).sum()
        total.backward()
        times.append(time.monotonic() - started)
    return min(times[1:])


def full_step(judge: Judge, features: FeatureExtractor, style: Floats, settings: StyleSettings) -> float:
    size = sizes_of(judge.photo.shape[:2], settings.side)[-1]
    small = resized(judge.photo, size)
    ground = Ground(features, small, small, [StylePicture(style)], settings, Wishes(size), CPU, Progress())
    times = []
    for _ in range(4):
        started = time.monotonic()
        ground.step()
        times.append(time.monotonic() - started)
    return min(times[1:])


HEAD = (
    "photo",
    f"{BASELINE} x L-BFGS, one size",
    "ours",
    "reached the baseline's end in",
    "step / bare network",
    "MB above before",
)


def row_of(
    pair: tuple[str, str], features: FeatureExtractor, settings: StyleSettings, data: Path, out: Path | None
) -> list[str]:
    """What is told of a content and a painting."""
    content, painting = pair
    photo = to_float(decoded(data / "contents" / f"{content}.jpg"))
    style = to_float(decoded(data / "paintings" / f"{painting}.jpg"))
    judge = Judge(features, photo, style, settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made, picture = ours(features, judge, style, settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(out / f"{content}-{painting}.png")
    plain = baseline(judge)
    wanted = plain[-1].objective
    reached = next((one.seconds for one in made if one.objective <= wanted), None)
    bare = bare_step(features, sizes_of(photo.shape[:2], settings.side)[-1])
    full = full_step(judge, features, style, settings)
    return [
        f"{content}, {painting}",
        f"{judge(photo):.2f}",
        f"{wanted:.3f} in {plain[-1].seconds:.0f} s",
        f"{made[-1].objective:.3f} in {made[-1].seconds:.1f} s",
        "not" if reached is None else f"{reached:.1f} s, {reached / plain[-1].seconds:.1%}",
        f"{full / bare:.2f}",
        f"{(peak - before) / 1024:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure painting by optimisation.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--net", default=BUNDLED)
    parser.add_argument("--layers", nargs="*", default=())
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--steps", type=int, default=StyleSettings().steps)
    parser.add_argument("--pairs", type=int, default=len(PAIRS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for the pictures")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    features = FeatureExtractor(ModelRegistry.of_user().load(args.net), args.layers)
    settings = StyleSettings(side=args.side, steps=args.steps)
    rows = []
    for pair in PAIRS[: args.pairs]:
        rows.append(row_of(pair, features, settings, args.data, args.out))
        LOG.info("%s", rows[-1])
    print(markdown([f"{args.net}, {args.side} px", *HEAD], rows))


if __name__ == "__main__":
    main()
