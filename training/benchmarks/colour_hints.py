"""What colour hints are worth: `python -m training.benchmarks.colour_hints --data ../shared/data`.

PSNR (RGB) of pictures of 256 x 256 that trained nothing, given squares of 6 x 6 pixels at random places with the mean
of their true a and b, as Zhang et al. (2017) measure: places are normal round the middle, a quarter of the side wide.
Grey, Levin's original (rows that sum to 1, solved directly), the filter without its network, and the filter, as it is
and at its palest. --json keeps the figures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch

from imgstudio.core.colour_hints import Hint, Hints
from imgstudio.core.geometry import Rect
from imgstudio.core.lab import lab_of, recoloured
from imgstudio.core.pixels import Floats, resized, to_float
from imgstudio.engine.colorize.colorist import Colorist, ColorSettings
from imgstudio.engine.colorize.propagation import Propagation
from imgstudio.engine.colorize.strokes import Drawn
from imgstudio.engine.nets.colournet import ARCHITECTURE, ColourNet
from imgstudio.learn.data import decoded, pictures_in
from training.benchmarks.scores import Means, keep, markdown, say
from training.defaults.colorize_data import photos_in
from training.defaults.script import network_of

SIDE: Final = 256
PATCH: Final = 6
COUNTS: Final = (0, 1, 2, 5, 10, 25, 50, 100)
TIMED: Final = ((256, 256), (384, 256))
"""Widths and heights."""
ROUNDS: Final = 5
"""Of which the quickest counts."""


class Case(NamedTuple):
    """A picture and its Lab, (h, w, 3) each, and the seed of its hints."""

    pixels: Floats
    lab: Floats
    seed: int


class Given(NamedTuple):
    """Hints as they are, and as a person gives them to the filter."""

    drawn: Drawn
    hints: Hints
    """Discs as wide as the squares."""


Method = Callable[[Floats, Sequence[Given]], Sequence[Floats]]
"""Takes a lightness (h, w), 0..100, and hints on it; gives a and b (h, w, 2) for each of them."""


def cases(paths: Sequence[Path], count: int) -> list[Case]:
    """At most `count` of the pictures (0: all), evenly chosen."""
    step = max(1, len(paths) // count) if count else 1
    chosen = paths[::step][: count or None]
    return [_case(resized(decoded(path), SIDE, SIDE), seed) for seed, path in enumerate(chosen)]


def _case(picture: Any, seed: int) -> Case:
    pixels = to_float(picture)
    return Case(pixels, lab_of(pixels), seed)


def given(lab: Floats, count: int, seed: int) -> Given:
    """The first `count` of the hints that a seed gives a picture."""
    random = np.random.default_rng(seed)
    height, width = lab.shape[:2]
    known, ab = np.zeros((height, width), np.bool_), np.zeros((height, width, 2), np.float32)
    room = np.array((height - PATCH, width - PATCH))
    hints = []
    for _ in range(count):
        top, left = random.normal((room + 1) / 2, (room + 1) / 4).clip(0, room).astype(int)
        place = np.s_[top : top + PATCH, left : left + PATCH]
        known[place] = True
        mean = lab[place].mean((0, 1))
        ab[place] = mean[1:]
        red, green, blue = (
            float(level) * 255 for level in recoloured(mean[None, :1], mean[None, None, 1:])[0, 0]
        )
        hints.append(Hint(float(left + PATCH / 2), float(top + PATCH / 2), PATCH / 2, red, green, blue))
    return Given(Drawn(known, ab), tuple(hints))


def hinted(lab: Floats, count: int, seed: int) -> Drawn:
    """Those of `given`, as they are."""
    return given(lab, count, seed).drawn


def grey(lightness: Floats, marks: Sequence[Given]) -> list[Floats]:
    return [np.zeros_like(drawn.ab) for drawn, _ in marks]


def ours(lightness: Floats, marks: Sequence[Given]) -> list[Floats]:
    ties = Propagation(lightness)
    return [ties.solve(drawn.known, drawn.ab) for drawn, _ in marks]


def filter_with(network: ColourNet | None, vivid: float) -> Method:
    """The filter as it is: the network (None: the bundled one) and hints together."""
    colorist = Colorist("cpu", network)

    def method(lightness: Floats, marks: Sequence[Given]) -> list[Floats]:
        pixels = recoloured(lightness, np.zeros((*lightness.shape, 2), np.float32))
        height, width = lightness.shape
        found = []
        for _, hints in marks:
            colorist.set_image(pixels)
            made = colorist.colours(hints, ColorSettings(vivid=vivid)).applied(
                pixels, Rect(0, 0, width, height)
            )
            found.append(lab_of(made)[..., 1:])
        return found

    return method


def levin(lightness: Floats, marks: Sequence[Given]) -> list[Floats]:
    """Levin, Lischinski & Weiss (2004), as their program has it."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    rows, columns, weights = _averages(lightness)
    count = lightness.size
    whole = np.arange(count)
    found = []
    for (known, ab), _ in marks:
        free = ~known.reshape(-1)[rows]
        values = np.concatenate([np.ones(count), -weights[free]])
        places = np.concatenate([whole, rows[free]]), np.concatenate([whole, columns[free]])
        system = coo_array((values, places), shape=(count, count)).tocsc()
        right = np.where(known[..., None], ab, 0).reshape(-1, 2).astype(np.float64)
        solution = splu(system).solve(right) if known.any() else right
        found.append(solution.reshape(ab.shape).astype(np.float32))
    return found


def _averages(lightness: Floats) -> tuple[Any, Any, Any]:
    """Each pixel is the average of its neighbours by these weights: its number, theirs, the weights."""
    light = lightness.astype(np.float64) / 100
    height, width = light.shape
    padded = np.pad(light, 1, constant_values=np.nan)
    numbers = np.pad(np.arange(light.size).reshape(light.shape), 1, constant_values=-1)
    shifts = [(down, right) for down in range(3) for right in range(3) if (down, right) != (1, 1)]
    around = np.stack([padded[down : down + height, right : right + width] for down, right in shifts])
    others = np.stack([numbers[down : down + height, right : right + width] for down, right in shifts])
    gaps = (around - light) ** 2
    spread = 0.6 * np.nanvar(np.concatenate([around, light[None]]), axis=0)
    spread = np.maximum(np.maximum(spread, -np.nanmin(gaps, axis=0) / np.log(0.01)), 2e-6)
    weights = np.nan_to_num(np.exp(-gaps / spread))
    weights /= weights.sum(0)
    there = others >= 0
    return np.broadcast_to(numbers[1:-1, 1:-1], others.shape)[there], others[there], weights[there]


METHODS: Final[dict[str, Method]] = {"grey": grey, "Levin 2004": levin, "strokes only": ours}


def psnr(picture: Floats, truth: Floats) -> float:
    """Decibels, of values in 0..1."""
    error = float(np.mean((picture.astype(np.float64) - truth) ** 2))
    return float(-10 * np.log10(max(error, 1e-10)))


def measured(method: Method, pictures: Sequence[Case], counts: Sequence[int] = COUNTS) -> dict[str, float]:
    """Mean PSNR by the number of hints."""
    means = Means()
    for case in pictures:
        lightness = np.ascontiguousarray(case.lab[..., 0])
        marks = [given(case.lab, count, case.seed) for count in counts]
        for count, ab in zip(counts, method(lightness, marks), strict=True):
            means.add({str(count): psnr(recoloured(lightness, ab), case.pixels)})
    return {str(count): round(means.mean(str(count)), 2) for count in counts}


def table(
    data: Path, count: int, methods: dict[str, Method], counts: Sequence[int] = COUNTS
) -> dict[str, Any]:
    """Print and return what methods reach on photos of ImageNet that were kept back and on those of BSD."""
    sets = {
        "ImageNet": list(photos_in(data, ["photos/imagenet1000"], held_out=True)),
        "BSD": pictures_in(data / "bench" / "bsd100"),
    }
    figures: dict[str, Any] = {}
    for name, paths in sets.items():
        pictures = cases(paths, count)
        figures[name] = {method: measured(methods[method], pictures, counts) for method in methods}
        say(f"\nPSNR, {len(pictures)} pictures of {name}, by the number of hints\n")
        say(
            markdown(
                ("", *map(str, counts)),
                [(method, *found.values()) for method, found in figures[name].items()],
            )
        )
    return figures


def colour_network(folder: Path | None) -> ColourNet | None:
    """That of a model folder."""
    network = None if folder is None else network_of(folder, ARCHITECTURE)
    assert network is None or isinstance(network, ColourNet)
    return network


def seconds(data: Path) -> dict[str, dict[str, float]]:
    """Print and return milliseconds of setting up, of a first solution and of one after another stroke."""
    picture = decoded(pictures_in(data / "bench" / "bsd100")[0])
    figures = {}
    for width, height in TIMED:
        lab = lab_of(to_float(resized(picture, width, height)))
        figures[f"{width} x {height}"] = _milliseconds(np.ascontiguousarray(lab[..., 0]), hinted(lab, 10, 0))
    names = next(iter(figures.values()))
    say("\nMilliseconds\n")
    say(markdown(("", *names), [(size, *found.values()) for size, found in figures.items()]))
    return figures


def _milliseconds(lightness: Floats, marks: Drawn) -> dict[str, float]:
    height, width = lightness.shape
    ties = Propagation(lightness)
    known, ab = marks.known.copy(), marks.ab.copy()
    stroke = np.s_[height // 2 : height // 2 + 6, width // 4 : width // 2]
    known[stroke], ab[stroke] = True, (40, 30)
    works: dict[str, Callable[[], object]] = {
        "set up": lambda: Propagation(lightness),
        "first": lambda: ties.solve(*marks),
        "one more stroke": lambda: ties.solve(known, ab),
    }
    return {name: round(_quickest(work), 1) for name, work in works.items()}


def _quickest(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begin))
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40, help="pictures of each set; 0: all")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--without-levin", action="store_true", help="it takes a second a picture and count")
    parser.add_argument("--model", type=Path, help="a model folder; default: the bundled one")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(args.threads)
    torch.set_num_threads(args.threads)
    methods = {
        name: method for name, method in METHODS.items() if not args.without_levin or method is not levin
    }
    network = colour_network(args.model)
    methods |= {f"filter, vivid {vivid:g}": filter_with(network, vivid) for vivid in (0.5, 0.0)}
    figures = {"PSNR": table(args.data, args.count, methods), "milliseconds": seconds(args.data)}
    keep(figures, args.json)


if __name__ == "__main__":
    main()
