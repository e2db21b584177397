"""How well perceptual nets tell textures apart and feel changes: `python -m training.benchmarks.perceptual`.

Three tests, each for the bundled net, the same net with the weights of chance, and every installed one:

- retrieval: eight crops of each painting, none of which trained the bundled net; the nearest other crop by the
  statistics of features (the distance of style losses) should be of the same painting;
- order: a crop is changed more and more (hue turned, blurred, noise, enlarged); the style distance should grow along
  (Spearman's rank correlation, mean over crops and changes);
- pace: seconds of one look and its gradient at 512 x 512, and relative to the bundled net.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from imgstudio.core.pixels import Array
from imgstudio.engine.device import autocast
from imgstudio.engine.features import BUNDLED, TASK, FeatureExtractor
from imgstudio.engine.nets.vgg import Vgg
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.statistics import LayerStatistics, statistics, statistics_distance
from imgstudio.learn.crops import tensor_of
from imgstudio.learn.data import decoded, pictures_in
from training.benchmarks.scores import markdown
from training.defaults.features import PAINTINGS

SIDE, CROPS = 160, 8
LEAST = 2 * SIDE
CPU = torch.device("cpu")
STEPS = 6
PACE_SIDE = 512


def paintings(data: Path) -> list[tuple[str, Array]]:
    """Pictures that trained nothing here: the paintings kept back, and the grounds of the composites."""
    kept = [path for path in pictures_in(data / "paintings") if path.stem not in PAINTINGS]
    grounds = [path for path in pictures_in(data / "painterly") if path.stem.endswith("_target")]
    found = [(path.stem, decoded(path)) for path in kept + grounds]
    return [(name, picture) for name, picture in found if min(picture.shape[:2]) >= LEAST]


def crops_of(picture: Array, random: np.random.Generator) -> list[Array]:
    """Eight squares, a shorter side of the picture / 2 wide, at random places."""
    side = min(picture.shape[:2]) // 2
    found = []
    for _ in range(CROPS):
        top, left = (int(random.integers(length - side + 1)) for length in picture.shape[:2])
        cut = picture[top : top + side, left : left + side]
        found.append(np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8))
    return found


@torch.no_grad()
def style_of(features: FeatureExtractor, crop: Array) -> list[LayerStatistics]:
    return [statistics(values) for values in features(tensor_of([crop])).values()]


def distance(one: Sequence[LayerStatistics], other: Sequence[LayerStatistics]) -> float:
    """Symmetric, mean over layers."""
    both = [statistics_distance(a, b) + statistics_distance(b, a) for a, b in zip(one, other, strict=True)]
    return float(torch.stack(both).mean())


@torch.no_grad()
def retrieval(features: FeatureExtractor, sets: Sequence[Sequence[Array]]) -> float:
    """Share of crops whose nearest other crop is of the same painting."""
    owners = torch.tensor([index for index, crops in enumerate(sets) for _ in crops])
    styles = [style_of(features, crop) for crops in sets for crop in crops]
    apart = torch.zeros(len(styles), len(styles))
    for layer in zip(*styles, strict=True):
        for parts in zip(*layer, strict=True):  # means, then covariances
            flat = torch.stack([part.flatten() for part in parts])
            sizes = flat.square().sum(1)
            squares = (sizes[:, None] + sizes[None] - 2 * flat @ flat.T).clamp_min(0)
            apart += squares / sizes[:, None] + squares / sizes[None]
    apart.fill_diagonal_(torch.inf)
    return float((owners[apart.argmin(1)] == owners).float().mean())


def hue(crop: Array, amount: float) -> Array:
    turned = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV_FULL)
    turned[..., 0] = turned[..., 0] + np.uint8(90 * amount)
    return np.asarray(cv2.cvtColor(turned, cv2.COLOR_HSV2RGB_FULL), np.uint8)


def blurred(crop: Array, amount: float) -> Array:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), 0.3 + 2.5 * amount), np.uint8)


def grained(crop: Array, amount: float) -> Array:
    noise = np.random.default_rng(0).normal(0, 40 * amount, crop.shape)
    return np.clip(crop + noise, 0, 255).astype(np.uint8)


def enlarged(crop: Array, amount: float) -> Array:
    side = round(SIDE / (1 + 1.5 * amount))
    low = (SIDE - side) // 2
    cut = crop[low : low + side, low : low + side]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)


CHANGES: dict[str, Callable[[Array, float], Array]] = {
    "hue": hue,
    "blur": blurred,
    "noise": grained,
    "scale": enlarged,
}


def order(
    features: FeatureExtractor, crops: Sequence[Array], change: Callable[[Array, float], Array]
) -> float:
    amounts = np.linspace(0, 1, STEPS + 1)[1:]
    ranks = []
    for crop in crops:
        style = style_of(features, crop)
        apart = [distance(style, style_of(features, change(crop, float(amount)))) for amount in amounts]
        ranks.append(float(spearmanr(amounts, apart).statistic))
    return float(np.nanmean(ranks))  # turning the hue of a grey crop changes nothing


def pace(features: FeatureExtractor) -> float:
    picture = torch.rand(1, 3, PACE_SIDE, PACE_SIDE).requires_grad_()
    times = []
    for _ in range(4):
        started = time.monotonic()
        with autocast(CPU):
            found = features(picture)
        total: Tensor = torch.stack([values.float().square().mean() for values in found.values()]).sum()
        total.backward()
        times.append(time.monotonic() - started)
    return min(times[1:])


def subjects() -> list[tuple[str, FeatureExtractor]]:
    registry = ModelRegistry.of_user()
    names = [m.id for m in registry.manifests(TASK) if registry.state(m.id) == "installed"]
    found = [(name, FeatureExtractor(registry.load(name))) for name in names]
    torch.manual_seed(0)
    chance = Vgg(**registry.manifest(BUNDLED).hyperparameters)
    for layer in chance:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.orthogonal_(layer.weight, 2**0.5)
    return [*found, ("the bundled one, weights of chance", FeatureExtractor(chance))]


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare perceptual nets.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    random = np.random.default_rng(0)
    sets = [crops_of(picture, random) for _, picture in paintings(args.data)]
    nets = subjects()
    paces = {name: pace(features) for name, features in nets}
    rows = []
    for name, features in nets:
        ranks = [order(features, [crops[0] for crops in sets[:12]], change) for change in CHANGES.values()]
        rows.append(
            [
                name,
                f"{retrieval(features, sets):.3f}",
                *(f"{rank:.3f}" for rank in ranks),
                f"{paces[name]:.2f}",
                f"{paces[name] / paces[BUNDLED]:.1f}",
            ]
        )
    titles = ["net", f"same painting ({len(sets)} x {CROPS})", *(f"order: {name}" for name in CHANGES)]
    print(markdown([*titles, f"s at {PACE_SIDE} px", "times the bundled"], rows))


if __name__ == "__main__":
    main()
