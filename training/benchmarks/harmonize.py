"""Objects pasted on paintings, painted in: `python -m training.benchmarks.harmonize --out runs/painterly`.

For each pair: our result, and as baselines the naive paste, a Poisson clone (OpenCV's) and the whole composition in the
painting's style (our stylize) cut to the object. All are judged by one network that is the same for all, the largest
that is installed. Results are kept in --out, so that a run that was interrupted goes on; `--score-only` judges what is
there. Data are folders of `N_naive`, `N_target` (the painting), `N_c_mask` and `N_published` pictures.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from PIL import Image

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.engine.features import BUNDLED, FeatureExtractor, Features, perceptual_net
from imgstudio.engine.harmonize.dials import PainterlySettings
from imgstudio.engine.harmonize.masks import tight_and_loose
from imgstudio.engine.harmonize.painterly import Harmonizer
from imgstudio.engine.harmonize.scene import scene_of
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.optimise import Painter
from imgstudio.engine.style.settings import StylePicture, StyleSettings
from imgstudio.engine.style.wishes import resized
from imgstudio.learn.data import decoded
from training.benchmarks.harmonize_measures import (
    Judge,
    boundary_excess,
    edge_similarity,
    judge_of,
    spectrum_distance,
    sums_of_normalised,
)
from training.benchmarks.scores import markdown

LOG = logging.getLogger("training.harmonize")
CPU: Final = torch.device("cpu")
OURS: Final = "ours"
BASELINES: Final = ("naive", "Poisson clone", "whole picture")
WHOLE_SIDE, WHOLE_STEPS = 448, 20
"""Of the style transfer of the whole picture."""
HEAD: Final = (
    "pair",
    "style",
    "grain",
    "seam",
    "edges",
    "to published",
    "wins",
    "seconds",
    "core seconds",
    "outside",
)


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """An object on a painting; all (h, w, 3) in 0..1 of one size, the mask (h, w)."""

    number: int
    naive: Floats
    painting: Floats
    mask: Floats
    published: Floats


def pairs_in(data: Path) -> list[int]:
    return sorted(int(path.name.split("_")[0]) for path in data.glob("*_naive.*"))


def pair_of(number: int, data: Path) -> Pair:
    """Read a pair; pictures of another size than the naive composite are brought to its."""

    def read(kind: str) -> Floats:
        return to_float(decoded(next(data.glob(f"{number}_{kind}.*")))[..., :3])

    naive = read("naive")
    size = naive.shape[:2]
    mask = (resized(read("c_mask"), size).mean(2) > 127 / 255).astype(np.float32)
    return Pair(number, naive, resized(read("target"), size), mask, resized(read("published"), size))


def harmonized(pair: Pair, features: Features, settings: PainterlySettings) -> Floats:
    made = pair.naive
    run = Harmonizer(features, pair.naive, pair.painting, pair.mask, settings, CPU, Progress())
    for step in run.steps():
        made = step.pixels
    return made


def styled(pair: Pair, features: Features) -> Floats:
    """The whole composition in the painting's style, put back where the object is."""
    settings = StyleSettings(side=WHOLE_SIDE, steps=WHOLE_STEPS)
    made = pair.naive
    for step in Painter(
        features, pair.naive, [StylePicture(pair.painting)], settings, CPU, Progress()
    ).steps():
        made = step.pixels
    share = tight_and_loose(pair.mask).feather[..., None]
    return pair.naive * (1 - share) + made * share


def cloned(pair: Pair) -> Floats:
    """OpenCV's Poisson clone of the object onto the painting."""
    own, ground = (from_float(picture, np.dtype(np.uint8)) for picture in (pair.naive, pair.painting))
    mask = (pair.mask > 0.5).astype(np.uint8) * 255
    mask[[0, -1]] = 0
    mask[:, [0, -1]] = 0
    left, top, width, height = cv2.boundingRect(mask)
    middle = (left + width // 2, top + height // 2)
    return to_float(cv2.seamlessClone(own, ground, mask, middle, cv2.NORMAL_CLONE))


def made_of(pair: Pair, args: argparse.Namespace, features: Features) -> dict[str, float]:
    """Make what --out lacks of a pair; seconds, and the largest change outside the feather."""
    told = args.out / f"{pair.number}.json"
    if not (args.out / f"{pair.number}_ours.png").exists():
        started, computed = time.monotonic(), time.process_time()
        made = harmonized(pair, features, PainterlySettings(steps=args.steps, seed=args.seed))
        facts = {"seconds": time.monotonic() - started, "core seconds": time.process_time() - computed}
        outside = tight_and_loose(pair.mask).feather == 0
        facts["outside"] = float(np.abs(made - pair.naive)[outside].max(initial=0))
        told.write_text(json.dumps(facts), encoding="utf-8")
        kept(made, args.out / f"{pair.number}_ours.png")
    if not (args.out / f"{pair.number}_whole.png").exists():
        kept(styled(pair, features), args.out / f"{pair.number}_whole.png")
    found: dict[str, float] = json.loads(told.read_text(encoding="utf-8"))
    return found


def kept(picture: Floats, path: Path) -> None:
    """Write a picture so that a run that is ended half-way leaves none that looks whole."""
    draft = path.with_suffix(".part.png")
    Image.fromarray(from_float(picture, np.dtype(np.uint8))).save(draft)
    draft.replace(path)


def measured(picture: Floats, pair: Pair, judge: Judge) -> dict[str, float]:
    """What counts towards a win; all but the last are less when better."""
    scene = scene_of(pair.naive, pair.painting, pair.mask)
    assert scene is not None
    inside, outside = pair.mask[scene.box], (scene.loose == 0).astype(np.float32)
    return {
        "style": judge.style_distance(picture),
        "grain": spectrum_distance(np.ascontiguousarray(picture[scene.box]), inside, outside),
        "seam": boundary_excess(picture, pair.mask),
        "edges": edge_similarity(picture, pair.naive, pair.mask),
        "to published": judge.likeness_distance(picture),
    }


def judged(pair: Pair, args: argparse.Namespace, judging: Features) -> dict[str, dict[str, float]]:
    """Measures by method."""
    judge = judge_of(judging, pair.naive, pair.painting, pair.published, pair.mask)
    pictures = {
        OURS: to_float(decoded(args.out / f"{pair.number}_ours.png")[..., :3]),
        "naive": pair.naive,
        "Poisson clone": cloned(pair),
        "whole picture": to_float(decoded(args.out / f"{pair.number}_whole.png")[..., :3]),
        "published": pair.published,
    }
    return {name: measured(picture, pair, judge) for name, picture in pictures.items()}


def wins_of(methods: Mapping[str, Mapping[str, float]]) -> int:
    """How many of the baselines are worse by the sum of normalised measures."""
    counted = {
        name: {
            "style": methods[name]["style"],
            "grain": methods[name]["grain"],
            "seam": methods[name]["seam"],
            "content": 1 - methods[name]["edges"],
        }
        for name in (OURS, *BASELINES)
    }
    sums = sums_of_normalised(counted)
    return sum(sums[OURS] < sums[name] for name in BASELINES)


def relative(measures: Mapping[str, float], naive: Mapping[str, float]) -> list[float]:
    """Style, grain and likeness as shares of the naive composite's; seam and edges as they are."""
    shares = {name: measures[name] / max(naive[name], 1e-9) for name in ("style", "grain", "to published")}
    return [shares["style"], shares["grain"], measures["seam"], measures["edges"], shares["to published"]]


def row_of(
    pair: Pair, methods: Mapping[str, Mapping[str, float]], facts: Mapping[str, float]
) -> list[object]:
    figures = relative(methods[OURS], methods["naive"])
    return [
        pair.number,
        *figures,
        wins_of(methods),
        facts["seconds"],
        facts["core seconds"],
        facts["outside"],
    ]


def summary(rows: list[list[object]]) -> list[object]:
    """Means over pairs; of the wins, the share of pairs where all baselines are worse; of changes, the largest."""
    columns = list(zip(*rows, strict=True))
    means = [float(np.mean(column)) for column in columns[1:6]]
    wins = float(np.mean([wins == len(BASELINES) for wins in columns[6]]))
    return [
        "all",
        *means,
        f"{wins:.0%}",
        float(np.mean(columns[7])),
        float(np.mean(columns[8])),
        max(columns[9]),
    ]


def others(found: Mapping[int, Mapping[str, Mapping[str, float]]]) -> list[list[object]]:
    """Means of the baselines, and of what was published."""
    rows: list[list[object]] = []
    for name in (*BASELINES, "published"):
        figures = [relative(methods[name], methods["naive"]) for methods in found.values()]
        rows.append([name, *np.mean(figures, axis=0).tolist(), "", "", "", ""])
    return rows


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure painterly harmonization.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/painterly"))
    parser.add_argument("--out", type=Path, default=Path("runs/painterly"), help="folder for the results")
    parser.add_argument("--pairs", type=int, nargs="*", help="numbers; without, all")
    parser.add_argument("--network", default=BUNDLED, help="id of the model that paints")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=PainterlySettings().steps, help="at each size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--score-only", action="store_true", help="judge what --out has")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    registry = ModelRegistry.of_user()
    features = FeatureExtractor(registry.load(args.network))
    judging, judge_name = perceptual_net(registry)
    rows, found = [], {}
    for number in args.pairs or pairs_in(args.data):
        if args.score_only and not (args.out / f"{number}_whole.png").exists():
            continue
        pair = pair_of(number, args.data)
        facts = made_of(pair, args, features)
        found[number] = judged(pair, args, judging)
        rows.append(row_of(pair, found[number], facts))
        LOG.info("%s", rows[-1])
    print(f"Painted by {args.network}, judged by {judge_name}. Style, grain and distance to the published")
    print("result are relative to the naive composite's.")
    print(markdown(HEAD, [*rows, summary(rows), *others(found)]))


if __name__ == "__main__":
    main()
