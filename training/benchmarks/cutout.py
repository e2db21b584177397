"""Measures "Cut out subject": `python -m training.benchmarks.cutout --data ../shared/data`.

Pictures of ECSSD that were never learned from, composites whose coverage and colours are known, and time. Beside
the network of the program, those that the model manager has are measured where they are installed:
`imgstudio models install cutout-u2netp portrait-modnet`. On photos of people these two are strangers to what they
see; the network of the program learned from most of them.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import nn

from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, to_float
from imgstudio.engine.cutout import Matte, fitted_map, matte
from imgstudio.engine.harmonize.masks import decontaminated
from imgstudio.engine.matting_colours import edge_colours, unmixed
from imgstudio.engine.nets.salientnet import ARCHITECTURE
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.salience import salience
from imgstudio.filters.builtin.cutout import FILTER, MODELS, CutoutParams
from imgstudio.filters.runner import capture
from imgstudio.learn.data import decoded, pictures_in
from imgstudio.learn.saliency_scores import SaliencyScores, boundary_f
from training.benchmarks.known_alpha import Composite, composites
from training.benchmarks.scores import Means, keep, markdown, say
from training.defaults.cutout_data import example, split
from training.defaults.script import network_of

MODEL: Final = Path("resources/models/cutout")
Way = Callable[[Array], Floats]
GRABCUT_ROUNDS: Final = 5
LOOKS: Final = 5
BACKGROUNDS: Final = {"black": (0.0, 0.0, 0.0), "white": (1.0, 1.0, 1.0), "green": (0.1, 0.8, 0.1)}


def installed() -> dict[str, nn.Module]:
    """Networks of the model manager that are there, by what the filter calls them."""
    registry = ModelRegistry.of_user()
    others = {name: model for name, model in MODELS.items() if name != "own"}
    return {name: registry.load(m) for name, m in others.items() if registry.state(m) == "installed"}


def centre_prior(photo: Array) -> Floats:
    """A bump in the middle: what one guesses without looking."""
    height, width = photo.shape[:2]
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width))
    return np.asarray(np.exp(-2 * (rows[:, None] ** 2 + columns[None] ** 2)), np.float32)


def grab_cut(photo: Array) -> Floats:
    """OpenCV's GrabCut from a box that leaves a tenth on each side."""
    height, width = photo.shape[:2]
    box = width // 10, height // 10, width - 2 * (width // 10), height - 2 * (height // 10)
    found = np.zeros((height, width), np.uint8)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(photo), found, box, *models, GRABCUT_ROUNDS, cv2.GC_INIT_WITH_RECT)
    return ((found == cv2.GC_FGD) | (found == cv2.GC_PR_FGD)).astype(np.float32)


def enlarged(found: Floats, photo: Array) -> Floats:
    return np.asarray(cv2.resize(found, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def seen_by(network: nn.Module, *, mirrored: bool) -> Way:
    """What a network says, plainly enlarged."""
    return lambda photo: enlarged(salience(network, to_float(photo), mirrored=mirrored), photo)


def cut_by(network: nn.Module) -> Way:
    """What the filter cuts out."""

    def cut(photo: Array) -> Floats:
        pixels = to_float(photo)
        return matte(pixels, salience(network, pixels), Progress()).alpha

    return cut


def ways_of(network: nn.Module, others: Mapping[str, nn.Module]) -> dict[str, Way]:
    """Everything that makes a map of a photo, by name."""

    def fitted(photo: Array) -> Floats:
        return fitted_map(to_float(photo), salience(network, to_float(photo)))

    def masked(photo: Array) -> Floats:
        pixels = to_float(photo)
        found = salience(network, pixels)
        made = matte(pixels, found, Progress())
        return np.asarray(np.where(made.band, made.alpha, fitted_map(pixels, found)), np.float32)

    ways: dict[str, Way] = {
        "centre prior": centre_prior,
        "GrabCut of OpenCV": grab_cut,
        "network, bilinear": seen_by(network, mirrored=False),
        "network twice, bilinear": seen_by(network, mirrored=True),
        "twice, guided filter": fitted,
        "salient_mask": masked,
        "cut-out": cut_by(network),
    }
    for name, other in others.items():
        ways[f"{name}, bilinear"] = seen_by(other, mirrored=False)
        ways[f"{name} twice, bilinear"] = seen_by(other, mirrored=True)
        ways[f"{name}, cut-out"] = cut_by(other)
    return ways


def outline_table(ways: Mapping[str, Way], photos: list[Path], title: str) -> dict[str, dict[str, float]]:
    """Also returns the figures, for the card."""
    scores = {name: SaliencyScores() for name in ways}
    edges: dict[str, list[float]] = {name: [] for name in ways}
    for path in photos:
        one = example(path)
        truth = one.mask > 127
        for name, way in ways.items():
            found = way(one.photo)
            scores[name].add(found, truth)
            edges[name].append(boundary_f(found > 0.5, truth))
    figures = {
        name: {
            "max F": round(scores[name].max_f, 4),
            "MAE": round(scores[name].mae, 4),
            "boundary F, 3 px": round(float(np.mean(edges[name])), 4),
        }
        for name in ways
    }
    say(f"\n## {len(photos)} {title}\n")
    say(markdown(["way", "max F", "MAE", "boundary F (3 px)"], [[n, *_texts(f)] for n, f in figures.items()]))
    return figures


def alpha_table(network: nn.Module, made: list[Composite]) -> dict[str, dict[str, float]]:
    """Edges against known coverage; the network's map, and the true coverage seen as coarsely as the network does."""
    rows = {}
    for source in ("network", "truth seen coarsely"):
        means = Means()
        for one in made:
            coarse = salience(network, one.pixels) if source == "network" else coarsely(one.alpha)
            truth = one.alpha > 0.5
            maps = {
                "bilinear": cv2.resize(coarse, truth.shape[::-1], interpolation=cv2.INTER_LINEAR),
                "guided": fitted_map(one.pixels, coarse),
                "matted": matte(one.pixels, coarse, Progress()).alpha,
            }
            for name, found in maps.items():
                means.add({f"F {name}": boundary_f(found > 0.5, truth)})
                means.add({f"SAD {name}": float(np.abs(found - one.alpha).sum()) / 1000})
        rows[source] = {name: round(means.mean(name), 4) for name in means.values}
    say(
        f"\n## {len(made)} composites with hair, 1200 px: boundary F (3 px) and sum of errors of coverage (thousands)\n"
    )
    head = ["map", *next(iter(rows.values()))]
    say(markdown(head, [[name, *_texts(figures)] for name, figures in rows.items()]))
    return rows


def coarsely(alpha: Floats) -> Floats:
    """(288, 288) as a network without any mistake but its size would see it."""
    small = cv2.resize(alpha, (144, 144), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (288, 288), interpolation=cv2.INTER_LINEAR), np.float32)


def rim_table(made: list[Composite]) -> dict[str, float]:
    """Error of the rim's colours on plain backgrounds, with the coverage that matting finds and the true one."""
    rows: list[list[object]] = []
    figures: dict[str, float] = {}
    head = ["coverage"]
    for source in ("matted", "true"):
        means = Means()
        for one in made:
            found = matte(one.pixels, coarsely(one.alpha), Progress()) if source == "matted" else _true(one)
            own = unmixed(one.pixels, found.alpha, edge_colours(one.pixels, found.alpha))
            ways = {
                "as it is": one.pixels,
                "cleaned": own,
                "multi-level": decontaminated(one.pixels, found.alpha),
            }
            rim = (one.alpha > 0.02) & (one.alpha < 0.98)
            for name, colours in ways.items():
                for ground, value in BACKGROUNDS.items():
                    seen = _laid(colours, found.alpha, value)
                    wanted = _laid(one.colours, one.alpha, value)
                    means.add({f"{name}, {ground}": 255 * float(np.abs(seen - wanted)[rim].mean())})
        rows.append([source, *(means.mean(name) for name in means.values)])
        figures |= {f"{source} coverage, {name}": round(means.mean(name), 2) for name in means.values}
        head = ["coverage", *means.values]
    say("\n## Rim on plain backgrounds: mean error of colours (levels of 255)\n")
    say(markdown(head, rows))
    return figures


def looks_table(networks: Mapping[str, nn.Module], photo: Array) -> dict[str, float]:
    """What looking costs, without the edge; the least of a few, after one that does not count."""
    pixels, figures = to_float(photo), {}
    for name, network in networks.items():
        taken = []
        for _ in range(LOOKS + 1):
            started = time.perf_counter()
            salience(network, pixels)
            taken.append(time.perf_counter() - started)
        figures[name] = round(min(taken[1:]), 3)
    say(f"\n## Seconds of two looks, {torch.get_num_threads()} threads\n")
    say(markdown(["network", "seconds"], [[name, f"{seconds:.3f}"] for name, seconds in figures.items()]))
    return figures


def speed_table(photo: Array) -> dict[str, float]:
    """The whole filter on a document, as the window runs it."""
    figures = {}
    rows = []
    for name, (width, height) in {"1 MP": (1200, 840), "24 MP": (6000, 4000)}.items():
        large = cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC)
        document = Document.from_pixels(np.dstack((large, np.full((height, width), 255, np.uint8))))
        layer = document.active
        assert layer is not None
        started = time.perf_counter()
        capture(document, layer, FILTER, CutoutParams()).run(Progress())
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append([name, seconds, f"{peak:.0f}"])
        figures[name] = round(seconds, 2)
    say(f"\n## Seconds, {torch.get_num_threads()} threads\n")
    say(markdown(["picture", "seconds", "peak memory of the process (MB)"], rows))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--pictures", type=int, default=0, help="only so many of ECSSD; 0: all that judge")
    parser.add_argument("--composites", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here, for the card of the model")
    parser.add_argument("--only", choices=("ecssd", "people", "alpha", "rim", "speed"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    network, others = network_of(args.model, ARCHITECTURE), installed()
    judged = split(args.data / "masks" / "ecssd")[1][: args.pictures or None]
    figures: dict[str, Any] = {}
    if args.only in (None, "ecssd"):
        figures["100 unseen pictures of ECSSD"] = outline_table(
            ways_of(network, others), judged, "pictures of ECSSD that were kept back"
        )
    if args.only == "people":
        people = sorted((args.data / "masks" / "human").glob("*.jpg"))[: args.pictures or None]
        figures["people"] = outline_table(ways_of(network, others), people, "photos of people")
    if args.only in (None, "alpha", "rim"):
        photos = pictures_in(args.data / "photos" / "large_crops")
        made = list(composites(judged, photos, args.composites))
        if args.only != "rim":
            figures["composites of known coverage"] = alpha_table(network, made)
        if args.only != "alpha":
            figures["rim, error in levels"] = rim_table(made)
    if args.only in (None, "speed"):
        figures["seconds of two looks"] = looks_table({"network": network, **others}, decoded(judged[0]))
        figures["seconds"] = speed_table(decoded(judged[0]))
    keep(figures, args.json)


def _texts(figures: Mapping[str, float]) -> list[str]:
    return [f"{value:.3f}" for value in figures.values()]


def _true(one: Composite) -> Matte:
    return Matte(one.alpha, (one.alpha > 0) & (one.alpha < 1))


def _laid(colours: Floats, alpha: Floats, ground: tuple[float, float, float]) -> Floats:
    share = alpha[..., None]
    return np.asarray(share * colours + (1 - share) * np.array(ground, np.float32), np.float32)


if __name__ == "__main__":
    main()
