"""Measures selecting by clicks: `python -m training.benchmarks.clicks --data ../shared/data`.

Clicks in the middle of the largest error, at most 20, on pictures that were never learned from; OpenCV's GrabCut with
the same clicks, the same masks and the same boxes beside it; and time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch

from imgstudio.core.pixels import Array
from imgstudio.engine.nets.clicknet import ARCHITECTURE
from imgstudio.engine.segment import Predictor
from imgstudio.engine.select.prompts import Click, Corners
from training.benchmarks.scores import keep, markdown, say
from training.defaults.clicking import Booleans, corrupted, next_click, overlap
from training.defaults.cutout_data import example, split
from training.defaults.script import network_of
from training.defaults.select_data import regions_of, split_regions, things_of

MODEL: Final = Path("resources/models/select")
MOST: Final = 20
"""Clicks."""
GOALS: Final = (0.85, 0.90)
START: Final = (0.75, 0.85)
"""Overlap of the masks to begin with."""
DISK: Final = 5
"""Radius of a click for GrabCut (pixels)."""
ROUNDS: Final = 2
"""Of GrabCut after each click; five for a box."""
LARGEST_REGIONS: Final = 4
"""Of each photo of BSDS that judges."""
SLACK: Final = 0.03
"""How much wider than the thing its box is, on each side."""


class Case(NamedTuple):
    """A photo, (h, w, 3), and the thing in it, (h, w)."""

    photo: Array
    truth: Booleans


class Way(NamedTuple):
    """A method: `begin` takes a photo, `ask` clicks, a box and a mask to begin with; it gives (h, w)."""

    begin: Callable[[Array], None]
    ask: Callable[[Sequence[Click], Corners | None, Booleans | None], Booleans]


class GrabCut:
    """OpenCV's GrabCut, told by disks where clicks were; it goes on from what it found."""

    def __init__(self) -> None:
        self._photo = np.zeros((1, 1, 3), np.uint8)
        self._seen = np.zeros((1, 1), np.uint8)

    def begin(self, photo: Array) -> None:
        self._photo = np.ascontiguousarray(photo)
        self._seen = np.full(photo.shape[:2], cv2.GC_PR_BGD, np.uint8)
        cv2.setRNGSeed(0)

    def ask(self, clicks: Sequence[Click], box: Corners | None, start: Booleans | None) -> Booleans:
        models = np.zeros((1, 65)), np.zeros((1, 65))
        if box is not None:
            x0, y0, x1, y1 = (round(value) for value in box)
            place = x0, y0, x1 - x0, y1 - y0
            cv2.grabCut(self._photo, self._seen, place, *models, 5, cv2.GC_INIT_WITH_RECT)
            return self._found()
        if len(clicks) == 1 and start is not None:
            self._seen[start] = cv2.GC_PR_FGD
        x, y, is_inside = clicks[-1]
        value = cv2.GC_FGD if is_inside else cv2.GC_BGD
        cv2.circle(self._seen, (round(x), round(y)), DISK, value, -1)
        found = self._found()
        if found.any() and not found.all():
            cv2.grabCut(self._photo, self._seen, (0, 0, 0, 0), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
        return self._found()

    def _found(self) -> Booleans:
        return np.asarray((self._seen == cv2.GC_FGD) | (self._seen == cv2.GC_PR_FGD))


def way_of(predictor: Predictor) -> Way:
    def ask(clicks: Sequence[Click], box: Corners | None, start: Booleans | None) -> Booleans:
        return np.asarray(predictor.predict(clicks, box, previous=start) > 0.5)

    return Way(predictor.set_image, ask)


def ecssd(data: Path, count: int) -> list[Case]:
    """Pictures that were kept back."""
    found = [example(path) for path in split(data / "masks" / "ecssd")[1][: count or None]]
    return [Case(one.photo, one.mask > 127) for one in found]


def regions(data: Path, count: int) -> list[Case]:
    """The largest regions of the photos that were kept back, of at most half the photo."""
    return list(_regions(data))[: count or None]


def _regions(data: Path) -> Iterator[Case]:
    for path in split_regions(data / "regions" / "bsds_train")[1]:
        things = [
            (one.photo, one.mask() > 127) for one in things_of(regions_of(data, path), least=0.01, most=0.5)
        ]
        things.sort(key=lambda thing: -int(thing[1].sum()))
        for photo, truth in things[:LARGEST_REGIONS]:
            yield Case(photo, truth)


def clicks_needed(way: Way, case: Case, start: Booleans | None) -> tuple[list[int], list[float]]:
    """Clicks to each goal, `MOST` where it is not reached, and the overlap after each click."""
    way.begin(case.photo)
    found = np.zeros(case.truth.shape, np.bool_) if start is None else start
    scores: list[float] = []
    clicks: list[Click] = []
    while len(clicks) < MOST and (not scores or max(scores) < GOALS[-1]):
        click = next_click(found, case.truth)
        if click is None:
            break
        clicks.append(click)
        found = way.ask(clicks, None, start)
        scores.append(overlap(found, case.truth))
    return [
        next((i + 1 for i, score in enumerate(scores) if score >= goal), MOST + 1) for goal in GOALS
    ], scores


def click_table(ways: dict[str, Way], cases: list[Case], title: str, *, corrected: bool) -> dict[str, Any]:
    """Also returns the figures, for the card."""
    figures = {}
    for name, way in ways.items():
        random = np.random.default_rng(0)
        starts = [corrupted(case.truth, random, *START) if corrected else None for case in cases]
        results = [clicks_needed(way, case, start) for case, start in zip(cases, starts, strict=True)]
        needed = np.array([counts for counts, _ in results])
        first = [scores[0] if scores else 1.0 for _, scores in results]
        figures[name] = {
            "NoC85": round(float(needed.clip(max=MOST)[:, 0].mean()), 2),
            "NoC90": round(float(needed.clip(max=MOST)[:, 1].mean()), 2),
            "not 85 %": round(float((needed[:, 0] > MOST).mean()), 3),
            "not 90 %": round(float((needed[:, 1] > MOST).mean()), 3),
            "IoU after 1": round(float(np.mean(first)), 3),
        }
    say(f"\n## {title}: {len(cases)} things\n")
    head = ["way", *next(iter(figures.values()))]
    say(markdown(head, [[name, *row.values()] for name, row in figures.items()]))
    return figures


def box_table(ways: dict[str, Way], cases: list[Case], title: str) -> dict[str, float]:
    """Overlap with only a box."""
    figures = {}
    for name, way in ways.items():
        scores = []
        for case in cases:
            way.begin(case.photo)
            scores.append(overlap(way.ask((), _box(case.truth), None), case.truth))
        figures[name] = round(float(np.mean(scores)), 4)
    say(f"\n## {title}: overlap with a box {SLACK:.0%} wider on each side, {len(cases)} things\n")
    say(markdown(["way", "IoU"], [[name, f"{value:.3f}"] for name, value in figures.items()]))
    return figures


def speed_table(predictor: Predictor, case: Case) -> dict[str, dict[str, float]]:
    """Milliseconds: looking at the picture, and each of several clicks; the median and the longest."""
    figures = {}
    for name, (width, height) in {"1 MP": (1200, 840), "24 MP": (6000, 4000)}.items():
        size = width, height
        photo = np.asarray(cv2.resize(case.photo, size, interpolation=cv2.INTER_CUBIC))
        truth = cv2.resize(case.truth.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        predictor.set_image(photo)
        predictor.predict_patch([(0.0, 0.0, True)])
        started = time.perf_counter()
        predictor.set_image(photo)
        encoding = time.perf_counter() - started
        found = np.zeros(truth.shape, np.bool_)
        clicks: list[Click] = []
        times = []
        for _ in range(10):
            click = next_click(found, truth)
            assert click is not None
            clicks.append(click)
            started = time.perf_counter()
            patch = predictor.predict_patch(clicks)
            times.append(time.perf_counter() - started)
            found[:] = False
            found[patch.box.slices()] = patch.coverage > 127
        figures[name] = {
            "look": round(1000 * encoding, 1),
            "click": round(1000 * float(np.median(times)), 1),
            "slowest click": round(1000 * max(times), 1),
        }
    say(f"\n## Milliseconds, {torch.get_num_threads()} threads\n")
    say(
        markdown(
            ["picture", "look", "click", "slowest click"], [[n, *row.values()] for n, row in figures.items()]
        )
    )
    return figures


def _box(truth: Booleans) -> Corners:
    left, top, width, height = cv2.boundingRect(truth.astype(np.uint8))
    across, down = SLACK * width, SLACK * height
    x0, y0 = round(max(0.0, left - across)), round(max(0.0, top - down))
    x1, y1 = (
        round(min(truth.shape[1], left + width + across)),
        round(min(truth.shape[0], top + height + down)),
    )
    return x0, y0, x1, y1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--pictures", type=int, default=0, help="only so many of each set; 0: all that judge")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here, for the card of the model")
    parser.add_argument("--only", choices=("clicks", "masks", "box", "speed"))
    parser.add_argument("--without-grabcut", action="store_true", help="ours alone, much quicker")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    predictor = Predictor("cpu", network_of(args.model, ARCHITECTURE))
    cut = GrabCut()
    ways = {"imgstudio": way_of(predictor)}
    if not args.without_grabcut:
        ways["GrabCut of OpenCV"] = Way(cut.begin, cut.ask)
    sets = {"unseen pictures of ECSSD": ecssd, "unseen regions of BSDS": regions}
    figures: dict[str, Any] = {}
    for name, load_cases in sets.items():
        cases = load_cases(args.data, args.pictures)
        if args.only in (None, "clicks"):
            figures[name] = click_table(ways, cases, name, corrected=False)
        if args.only in (None, "masks"):
            title = f"{name}, from masks of IoU {START[0]} to {START[1]}"
            figures[title] = click_table(ways, cases, title, corrected=True)
        if args.only in (None, "box"):
            figures[f"{name}, box"] = box_table(ways, cases, name)
    if args.only in (None, "speed"):
        figures["milliseconds of one core"] = speed_table(predictor, ecssd(args.data, 1)[0])
    keep(figures, args.json)


if __name__ == "__main__":
    main()
