"""How well pasted objects are recoloured for a photo: `python -m training.benchmarks.harmonize_photo`.

Objects in photos that trained nothing, recoloured at random; the photo as it was is the truth. PSNR over the picture,
and fMSE: the mean squared error on the object, 0..255 squared, as harmonization papers tell it. Rows: the paste as it
is, all of the statistics of the surroundings (Reinhard 2001, in Lab), OpenCV's seamlessClone, the statistics that
`harmonize_photo` starts from, and its network. Then processor seconds of a whole run at 1 and 12 megapixels, and of the instant
blend at 1.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch import nn

from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.engine.harmonize.instant import instant
from imgstudio.engine.harmonize.masks import decontaminated
from imgstudio.engine.harmonize.photo import MODEL, PhotoSettings, colour_change, harmonized_photo
from imgstudio.engine.harmonize.surroundings import nearness
from imgstudio.engine.registry import ModelRegistry
from training.benchmarks.scores import Means, markdown
from training.defaults.recoloured_objects import HELD_OUT, KINDS, SOURCES, Pair, objects_in, pair_of

Method = Callable[[Pair], Floats]
NAIVE: Final = "paste"
STATISTICS: Final = "statistics"
NETWORK: Final = "network"
ERODED: Final = 3
"""Pixels that seamlessClone takes off a mask's rim."""
EDGE: Final = 8
"""Added round the picture, as it fails at borders."""
SIZES: Final = ((1000, 1000), (3000, 4000))


def naive(pair: Pair) -> Floats:
    return pair.composite


def reinhard(pair: Pair) -> Floats:
    """Mean and deviation in Lab of the weighted surroundings, all of them (Reinhard 2001)."""
    lab = np.asarray(cv2.cvtColor(pair.composite, cv2.COLOR_RGB2Lab), np.float32)
    own, there = (_moments(lab, weights) for weights in (pair.mask, nearness(pair.mask)))
    moved = (lab - own[0]) * (there[1] / np.maximum(own[1], 1)) + there[0]
    made = np.asarray(cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_Lab2RGB), np.float32)
    return pair.composite + pair.mask[..., None] * (made - pair.composite)


def cloned(pair: Pair) -> Floats:
    """OpenCV's seamlessClone of the object, its colours continued beyond its rim, into what is round it."""
    inside = (pair.mask > 0.5).astype(np.float32)
    everywhere = np.maximum(inside, 1e-3)
    source, below = (
        from_float(np.pad(pixels, ((EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge"))
        for pixels in (decontaminated(pair.composite, everywhere), pair.composite)
    )
    mask = cv2.dilate(np.pad(inside, EDGE).astype(np.uint8) * 255, np.ones((2 * ERODED + 3,) * 2, np.uint8))
    left, top, width, height = cv2.boundingRect(mask)
    middle = (left + width // 2, top + height // 2)
    made = cv2.seamlessClone(source, below, mask, middle, cv2.NORMAL_CLONE)
    inner = to_float(np.asarray(made, np.uint8))[EDGE:-EDGE, EDGE:-EDGE]
    return pair.composite + pair.mask[..., None] * (inner - pair.composite)


def recoloured_by(network: nn.Module | None) -> Method:
    """The colours of `harmonized_photo`: by statistics, or by the network too."""

    def recoloured(pair: Pair) -> Floats:
        change = colour_change(pair.composite, pair.mask, network)
        if change is None:
            return pair.composite
        return pair.composite + pair.mask[..., None] * (change.applied(pair.composite) - pair.composite)

    return recoloured


def scores_of(made: Floats, pair: Pair) -> dict[str, float]:
    squares = (255 * (made.clip(0, 1) - pair.wanted)) ** 2
    share = pair.mask / pair.mask.sum()
    error = max(float(squares.mean()), 1e-2)
    return {
        "PSNR": float(10 * np.log10(255**2 / error)),
        "fMSE": float((squares.mean(2) * share).sum()),
    }


def judged(data: Path, count: int, methods: dict[str, Method]) -> dict[str, dict[str, Means]]:
    """Scores by method and kind of recolouring; "none" are objects with nothing wrong."""
    things = objects_in(data, held_out=True)
    scores = {name: {kind: Means() for kind in (*KINDS, "none")} for name in methods}
    for index in range(count):
        random = np.random.default_rng([7, index])
        thing, other = (things[int(random.integers(len(things)))] for _ in range(2))
        kind = (*KINDS, "none")[index % (len(KINDS) + 1)]
        pair = pair_of(thing, kind, random, other)
        for name, method in methods.items():
            scores[name][kind].add(scores_of(method(pair), pair))
    return scores


def table_of(scores: dict[str, dict[str, Means]], figure: str) -> str:
    rows = []
    for name, kinds in scores.items():
        means = [kinds[kind].mean(figure) for kind in (*KINDS, "none")]
        rows.append([name, float(np.mean(means[:-1])), *means])
    return markdown([figure, "all but none", *KINDS, "none"], rows)


def card_of(scores: dict[str, dict[str, Means]], count: int) -> dict[str, dict[str, float]]:
    """The figures of the card: means over all kinds of recolouring."""
    found = {
        f"{name}, {figure}": round(float(np.mean([scores[name][kind].mean(figure) for kind in KINDS])), 2)
        for name in scores
        for figure in ("PSNR", "fMSE")
    }
    return {f"training.benchmarks.harmonize_photo, {count} recoloured objects of held-out photos": found}


def paces(network: nn.Module | None) -> str:
    """Seconds, best of two, with an object that covers a fifth of the picture."""
    rows = []
    for height, width in SIZES:
        random = np.random.default_rng(0)
        rough = random.random((height // 40, width // 40, 3), np.float32)
        below = np.asarray(
            cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
        ).clip(0, 1)
        rows_, columns = np.mgrid[:height, :width]
        away = np.hypot(rows_ - height / 2, columns - width / 2)
        mask = (away < 0.25 * np.sqrt(height * width)).astype(np.float32)
        pasted = below + mask[..., None] * (below[::-1, ::-1] - below)
        runs: dict[str, Callable[[], Floats]] = {
            "photo": lambda: harmonized_photo(pasted, below, mask, PhotoSettings(), network=network),  # noqa: B023
            "instant": lambda: instant(pasted, below, mask),  # noqa: B023
        }
        rows.append([f"{height * width / 1e6:.0f} MP", *(_seconds(run) for run in runs.values())])
    return markdown(["seconds", "photo", "instant"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge how pasted objects are recoloured for photos.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=400, help="pairs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", type=Path, help="model folder; default: the installed one")
    parser.add_argument("--json", type=Path, help="write the figures of the card here")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    registry = ModelRegistry(args.model.parent) if args.model else ModelRegistry.of_user()
    network = registry.load(args.model.name if args.model else MODEL)
    methods: dict[str, Method] = {
        NAIVE: naive,
        "Reinhard": reinhard,
        "seamlessClone": cloned,
        STATISTICS: recoloured_by(None),
        NETWORK: recoloured_by(network),
    }
    scores = judged(args.data, args.count, methods)
    print(f"{args.count} objects of one photo in {HELD_OUT} of {', '.join(SOURCES)}\n")
    print(table_of(scores, "PSNR"), table_of(scores, "fMSE"), paces(network), sep="\n\n")
    if args.json:
        args.json.write_text(json.dumps(card_of(scores, args.count), indent=2), encoding="utf-8")


def _moments(lab: Floats, weights: Floats) -> tuple[Floats, Floats]:
    share = (weights / weights.sum())[..., None]
    mean = (lab * share).sum((0, 1))
    return mean, np.sqrt((((lab - mean) ** 2) * share).sum((0, 1)))


def _seconds(run: Callable[[], Floats]) -> float:
    best = np.inf
    for _ in range(2):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return float(best)


if __name__ == "__main__":
    main()
