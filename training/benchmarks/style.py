"""Painting by optimisation: how fast, how near, how much memory: `python -m training.benchmarks.style`.

The baseline is what the papers do: 500 steps of torch's L-BFGS at one size, from the photo, in plain float32, towards
the very same objective (style of all layers, content, smoothness). Both are judged by it in float32, with the same net.
`--peer PYTHON` adds pystiche 1.0 on the same net and pair, run by a Python that has it, judged alike; its weights are
set so that its terms start as large as ours.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.engine.device import autocast
from imgstudio.engine.features import BUNDLED, FeatureExtractor, Features
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.ground import CONTENT, SMOOTHNESS, STYLE, Ground
from imgstudio.engine.style.optimise import Painter, sizes_of
from imgstudio.engine.style.settings import StylePicture, StyleSettings
from imgstudio.engine.style.targets import tensor_of
from imgstudio.engine.style.wishes import Wishes, resized
from imgstudio.learn.data import decoded
from training.benchmarks.scores import markdown

LOG = logging.getLogger("training.style")
clock = time.thread_time
"""Seconds that the thread computed (torch's others compute beside it): another program's do not count."""
CPU = torch.device("cpu")
PAIRS = (
    ("golden_gate", "starry_night"),
    ("tubingen", "the_scream"),
    ("lion", "mosaic"),
)
BASELINE = 500
HALF_A_MEGAPIXEL = 500_000
JUDGED = 10
"""Of ours every so many steps, if it was shown."""
HISTORY = 12
"""Of the baseline; torch's own, 100, costs more time than it saves."""
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
        self.photo = photo
        self.size = sizes_of(photo.shape[:2], settings.side)[-1]
        self._ground = Ground(
            _plain(features),
            resized(photo, self.size),
            resized(photo, self.size),
            [StylePicture(style)],
            settings,
            Wishes(self.size),
            CPU,
            Progress(),
        )

    def __call__(self, picture: Floats) -> float:
        with torch.no_grad():
            self._ground.x.copy_(tensor_of(resized(picture, self.size), CPU))
        return self._ground.objective()

    def descend(self, steps: int) -> Iterator[float]:
        """The baseline: the objective before each step."""
        self(self.photo)
        optimiser = torch.optim.LBFGS(
            [self._ground.x], lr=1.0, max_iter=1, history_size=HISTORY, tolerance_grad=0, tolerance_change=0
        )
        for _ in range(steps):
            yield float(optimiser.step(self._ground.objective))


def _plain(features: FeatureExtractor) -> Features:
    """The same features in float32, whatever the processor is good at."""

    def seen(image: Tensor) -> dict[str, Tensor]:
        with torch.autocast("cpu", enabled=False):
            return features(image)

    return seen


def baseline(judge: Judge, steps: int) -> list[Seen]:
    started, seen = clock(), []
    for step, objective in enumerate(judge.descend(steps), 1):
        if step % LOOKS == 0:
            seen.append(Seen(clock() - started, objective))
    return seen


class Painted(NamedTuple):
    seen: list[Seen]
    picture: Floats


def ours(features: FeatureExtractor, judge: Judge, style: Floats, settings: StyleSettings) -> Painted:
    spent, seen = 0.0, []
    started = clock()
    last: Floats = judge.photo
    for step in Painter(features, judge.photo, [StylePicture(style)], settings, CPU, Progress()).steps():
        spent += clock() - started
        last = step.pixels
        if step.side == max(judge.size) and (step.step == step.total or step.step % JUDGED == 0):
            seen.append(Seen(spent, judge(last)))
        started = clock()
    return Painted(seen, last)


def latency(features: FeatureExtractor, photo: Floats, style: Floats) -> float:
    """Seconds from a stroke to the picture that heeds it, at half a megapixel."""
    height, width = photo.shape[:2]
    side = round(max(height, width) * (HALF_A_MEGAPIXEL / (height * width)) ** 0.5)
    large = resized(
        photo, (round(height * side / max(height, width)), round(width * side / max(height, width)))
    )
    settings = StyleSettings(side=side, steps=6)
    painter = Painter(features, large, [StylePicture(style)], settings, CPU, Progress())
    changed: float | None = None
    for step in painter.steps():
        if changed is not None:
            return clock() - changed
        if step.side == side:
            coverage = np.zeros(large.shape[:2], np.float32)
            coverage[: side // 4, : side // 4] = 1
            changed = clock()
            painter.wishes.more(coverage)
            painter.change()
    raise RuntimeError("it ended before the stroke counted")


def is_repeatable(features: FeatureExtractor, photo: Floats, style: Floats) -> bool:
    """Whether the same seed makes the same picture, bit by bit."""
    settings = StyleSettings(side=160, steps=10, from_noise=True, seed=3)
    one, other = (
        list(Painter(features, photo, [StylePicture(style)], settings, CPU, Progress()).steps())[-1].pixels
        for _ in range(2)
    )
    return np.array_equal(one, other)


def peer(python: Path, judge: Judge, style: Floats, net: str, steps: int) -> list[Seen]:
    """Pystiche's pictures of the same pair, judged."""
    with tempfile.TemporaryDirectory() as folder:
        job, made = Path(folder) / "job.npz", Path(folder) / "made.npz"
        small = resized(judge.photo, judge.size)
        factor = max(judge.size) / max(style.shape[:2])
        alike = resized(style, (round(style.shape[0] * factor), round(style.shape[1] * factor)))
        np.savez(job, photo=small, style=alike)
        command = [str(python), "-m", "training.benchmarks.style", "--net", net, "--threads"]
        command += [
            str(torch.get_num_threads()),
            "--peer-steps",
            str(steps),
            "--as-peer",
            str(job),
            str(made),
        ]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
        with np.load(made) as found:
            return [
                Seen(float(t), judge(p)) for t, p in zip(found["seconds"], found["pictures"], strict=True)
            ]


def be_peer(job: Path, made: Path, net: str, steps: int) -> None:
    """What `--peer` runs: pystiche's own losses and its own loop on our net."""
    for name in ("alexnet", "vgg"):  # pystiche asks for what newer torchvisions have not
        sizes = ("11", "13", "16", "19")
        names = [name] if name == "alexnet" else [f"vgg{n}{end}" for n in sizes for end in ("", "_bn")]
        vars(importlib.import_module(f"torchvision.models.{name}"))["model_urls"] = dict.fromkeys(names, "")
    pystiche: Any = importlib.import_module("pystiche")
    loss: Any = importlib.import_module("pystiche.loss")
    optim: Any = importlib.import_module("pystiche.optim")
    network = ModelRegistry.of_user().load(net)
    layers = FeatureExtractor(network).layers
    encoder = pystiche.enc.MultiLayerEncoder(list(network.eval().named_children()))
    with np.load(job) as given:
        photo, style = (
            torch.from_numpy(given[k]).permute(2, 0, 1)[None].contiguous() for k in ("photo", "style")
        )
    content = layers[StyleSettings().content_layer]
    with torch.no_grad():
        held = float(encoder(photo, content).square().mean())
        grams = [
            float(pystiche.gram_matrix(encoder(style, k), normalize=True).square().mean()) for k in layers
        ]
    criterion = loss.PerceptualLoss(
        loss.FeatureReconstructionLoss(encoder.extract_encoder(content), score_weight=CONTENT / held),
        loss.MultiLayerEncodingLoss(
            encoder,
            layers,
            lambda one, weight: loss.GramLoss(one, score_weight=weight),
            layer_weights=[STYLE / len(layers) / size for size in grams],
        ),
        loss.TotalVariationLoss(exponent=1.0, score_weight=SMOOTHNESS),
        content_image=photo,
        style_image=style,
    )
    seconds, pictures, now = [], [], photo.clone()
    optimiser = optim.default_image_optimizer(now)
    for _ in range(-(-steps // LOOKS)):
        started = clock()
        optim.image_optimization(now, criterion, optimiser, num_steps=LOOKS, quiet=True)
        seconds.append(clock() - started)
        pictures.append(now.detach()[0].permute(1, 2, 0).numpy().copy())
    np.savez(made, seconds=np.cumsum(seconds), pictures=np.stack(pictures))


def bare_step(features: FeatureExtractor, size: tuple[int, int]) -> float:
    """Seconds of the network forwards and backwards alone."""
    picture = torch.rand(1, 3, *size).requires_grad_()
    times = []
    for _ in range(4):
        started = clock()
        with autocast(CPU):
            total: Tensor = torch.stack([v.mean() for v in features(picture).values()]).sum()
        total.backward()
        times.append(clock() - started)
    return min(times[1:])


def full_step(judge: Judge, features: FeatureExtractor, style: Floats, settings: StyleSettings) -> float:
    size = sizes_of(judge.photo.shape[:2], settings.side)[-1]
    small = resized(judge.photo, size)
    ground = Ground(features, small, small, [StylePicture(style)], settings, Wishes(size), CPU, Progress())
    times = []
    for _ in range(4):
        started = clock()
        ground.step()
        times.append(clock() - started)
    return min(times[1:])


HEAD = (
    "photo",
    "L-BFGS, one size",
    "ours",
    "ours, longer",
    "reached the baseline's end in",
    "pystiche",
    "step / bare network",
    "MB above before",
)


def row_of(pair: tuple[str, str], features: FeatureExtractor, args: argparse.Namespace) -> list[str]:
    """What is told of a content and a painting."""
    settings = StyleSettings(side=args.side, steps=args.steps)
    photo, style = pair_of(pair, args.data)
    # Given at the size it is painted at: enlarging the result and making it small again would lose its grain.
    photo = resized(photo, sizes_of(photo.shape[:2], settings.side)[-1])
    judge = Judge(features, photo, style, settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = ours(features, judge, style, settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    LOG.info("ours %s", made.seen)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(from_float(made.picture, np.dtype(np.uint8)))
        picture.save(args.out / f"{'-'.join(pair)}.png")
    longer = None
    if args.longer:
        longer = ours(features, judge, style, replace(settings, steps=args.longer * settings.steps))
        LOG.info("longer %s", longer.seen)
    plain = baseline(judge, args.baseline)
    LOG.info("plain %s", plain)
    other = peer(args.peer, judge, style, args.net, args.peer_steps) if args.peer else []
    LOG.info("pystiche %s", other)
    seen = [*made.seen, *(longer.seen if longer else ())]
    reached = next((one for one in seen if plain and one.objective <= plain[-1].objective), None)
    bare, full = bare_step(features, judge.size), full_step(judge, features, style, settings)
    return [
        ", ".join(pair),
        f"{judge(photo):.2f}",
        f"{told(plain)} ({args.baseline} steps)" if plain else "",
        told(made.seen),
        told(longer.seen) if longer else "",
        "not" if reached is None else f"{reached.seconds:.1f} s, {reached.seconds / plain[-1].seconds:.1%}",
        f"{told(other)} ({args.peer_steps} steps)" if other else "",
        f"{full / bare:.2f}",
        f"{(peak - before) / 1024:.0f}",
    ]


def told(seen: list[Seen]) -> str:
    return f"{seen[-1].objective:.3f} in {seen[-1].seconds:.1f} s"


def pair_of(pair: tuple[str, str], data: Path) -> tuple[Floats, Floats]:
    content, painting = pair
    photo = to_float(decoded(data / "contents" / f"{content}.jpg"))
    return photo, to_float(decoded(data / "paintings" / f"{painting}.jpg"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure painting by optimisation.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--net", default=BUNDLED)
    parser.add_argument("--layers", nargs="*", default=())
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--steps", type=int, default=StyleSettings().steps)
    parser.add_argument("--baseline", type=int, default=BASELINE, help="steps of the baseline; 0: none")
    parser.add_argument(
        "--longer", type=int, default=3, help="ours once more with so many times the steps; 0: not"
    )
    parser.add_argument("--pairs", type=int, default=len(PAIRS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for the pictures")
    parser.add_argument(
        "--peer", type=Path, help="a Python that has pystiche, torch and what imgstudio needs"
    )
    parser.add_argument("--peer-steps", type=int, default=100)
    parser.add_argument("--as-peer", type=Path, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    if args.as_peer:
        job, made = args.as_peer
        be_peer(job, made, args.net, args.peer_steps)
        return
    features = FeatureExtractor(ModelRegistry.of_user().load(args.net), args.layers)
    photo, style = pair_of(PAIRS[0], args.data)
    LOG.info("stroke to change at 0.5 megapixels: %.2f s", latency(features, photo, style))
    LOG.info("same seed, same picture: %s", is_repeatable(features, photo, style))
    rows = []
    for pair in PAIRS[: args.pairs]:
        rows.append(row_of(pair, features, args))
        LOG.info("%s", rows[-1])
    print(markdown([f"{args.net}, {args.side} px", *HEAD], rows))


if __name__ == "__main__":
    main()
