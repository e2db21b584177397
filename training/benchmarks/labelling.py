"""Measures live learning: `python -m training.benchmarks.labelling --data ../shared/data`.

A made-up person labels pictures with a brush, by hand and with what is learned meanwhile; strokes until most of it is
right. Seconds until the first overlay and the next ones. With `--unet-minutes 15 --labelled 20` also a U-Net that
learned from labelled pictures, as the window trains it, and the strokes that its labels still need.
Settings were chosen on CamVid's train frames and on the first half of nuclei (`--tune`); the others are printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import cv2
import numpy as np
import torch

from imgstudio.core.jobs import Progress
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN, IndexMask, classes_named
from imgstudio.core.pixels import Array, to_float
from imgstudio.engine.class_map import class_map
from imgstudio.engine.device import pick_device
from imgstudio.engine.live.labeller import Guess, LiveLabeller
from imgstudio.engine.manifest import read_manifest
from imgstudio.engine.registry import ModelRegistry
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes.segment_unet import RECIPE
from imgstudio.learn.segmentation_settings import SegmentParams
from training.benchmarks.label_hand import Goal, Person, Worked, brushed, largest_region, values_of
from training.benchmarks.scores import keep, markdown, say
from training.benchmarks.segmentation import train, use_threads

CLASSES: Final = ("sky", "built", "ground", "plants", "movers")
MERGED: Final = {0: 1, 1: 2, 2: 2, 6: 2, 7: 2, 3: 3, 4: 3, 5: 4, 8: 5, 9: 5, 10: 5}
"""CamVid's classes as these five: built = building, pole, sign, fence; ground = road, pavement; movers = car,
pedestrian, bicyclist; void is unseen."""
BRUSHES: Final = {"wide": 1 / 15, "narrow": 1 / 40}
"""Greatest diameter of the brush, of the longer side."""
GOALS: Final = (Goal(0.9), Goal(0.95), Goal(0.9, each=True))
NAMES: Final = {
    GOALS[0]: "90 % of the pixels",
    GOALS[1]: "95 % of the pixels",
    GOALS[2]: "90 % of each class's pixels, mean",
}
MOST: Final = 300
"""Strokes by hand; with live learning as many."""
VIEW: Final = (590, 444)
"""Width and height of what time is measured on: 0.26 megapixels."""
ROUNDS: Final = 12


Value = TypeVar("Value")


class Case(NamedTuple):
    """A picture, (h, w, 3), and its labels, (h, w)."""

    name: str
    pixels: Array
    truth: IndexMask


def camvid(data: Path, side: str, count: int) -> list[Case]:
    """Frames evenly spread over those of a side, "train" or "val"."""
    table = np.full(256, UNSEEN, np.uint8)
    table[list(MERGED)] = list(MERGED.values())
    return [
        Case(path.name, _rgb(path), table[_grey(data / "camvid" / f"{side}annot" / f"{path.stem}.png")])
        for path in _spread(sorted((data / "camvid" / side).iterdir()), count)
    ]


def nuclei(data: Path, half: int, count: int) -> list[Case]:
    """Every other picture; the classes are 0, ground, and 1, nucleus."""
    paths = sorted((data / "nuclei" / "images").iterdir())[half::2]
    return [
        Case(
            path.name,
            _rgb(path),
            (_grey(data / "nuclei" / "labels" / f"{path.stem}.png") > 0).astype(np.uint8),
        )
        for path in _spread(paths, count)
    ]


def by_hand(person: Person, cases: Sequence[Case]) -> list[Worked]:
    return [person.label(case.truth, None) for case in cases]


def live(person: Person, cases: Sequence[Case], *, carried: bool) -> list[Worked]:
    """With live learning; `carried`: what was painted on earlier pictures stays taught."""
    labeller = LiveLabeller("cpu")
    done = []
    for case in cases:
        if not carried:
            labeller.forget()
        labeller.look(case.pixels, case.name)
        known = tuple(labeller.taught.pixels)
        done.append(person.label(case.truth, partial(_guessed, labeller, case.name), known=known))
    return done


def _guessed(
    labeller: LiveLabeller, key: str, painted: IndexMask, before: Guess | None = None
) -> IndexMask | None:
    labeller.teach(key, painted)
    guess = labeller.guess(key, before=before)
    return None if guess is None else guess.mask


def stroke_table(title: str, cases: Sequence[Case]) -> dict[str, Any]:
    """Mean strokes a picture; also returned, for the card."""
    rows, figures = list[list[object]](), dict[str, Any]()
    for name, brush in BRUSHES.items():
        person = Person(brush, GOALS, MOST)
        by_itself, alone = by_hand(person, cases), live(person, cases, carried=False)
        for place, goal in enumerate(GOALS):
            # What is painted beyond this goal must not help with the next picture.
            carried = live(Person(brush, [goal], MOST), cases, carried=True)
            means = _mean(by_itself, place), _mean(alone, place), _mean(carried, 0)
            first = float(np.mean([done.begun[0] for done in carried[1:]] or [0.0]))
            rows.append([f"{NAMES[goal]}, {name} brush", *means, *_shares(*means), f"{first:.3f}"])
            figures[f"{NAMES[goal]}, {name} brush"] = {
                "by hand": means[0], "live": means[1], "carried": means[2], "right at first": first,
            }  # fmt: skip
    say(f"\n## Strokes a picture, {title}: {len(cases)} pictures, at most {MOST}\n")
    head = [
        "until", "by hand", "live, each picture alone", "live, one after the other", "alone / hand",
        "after the other / hand", "right before a stroke",
    ]  # fmt: skip
    say(markdown(head, rows))
    return figures


class Took(NamedTuple):
    """How long something took (seconds)."""

    clock: float
    processor: float
    """Of all threads of this program: with one thread, what the clock says where nothing else runs."""


def speed_table(cases: Sequence[Case]) -> dict[str, Any]:
    """Seconds on `VIEW`: the first overlay with the look, the next ones; alone and with lessons behind it."""
    views = [
        Case(
            case.name,
            np.asarray(cv2.resize(case.pixels, VIEW, interpolation=cv2.INTER_CUBIC)),
            np.asarray(cv2.resize(case.truth, VIEW, interpolation=cv2.INTER_NEAREST)),
        )
        for case in cases[: ROUNDS + 1]
    ]
    labeller = LiveLabeller("cpu")
    _, loading = _timed(lambda: labeller.look(views[0].pixels, "loading"))
    found = {"the network is loaded, once": [loading]}
    for name, carried in (("alone", False), ("with what earlier pictures taught", True)):
        labeller.forget()
        for case in views:
            if not carried:
                labeller.forget()
            first, *others = _times(labeller, case)
            found.setdefault(f"first overlay, {name}", []).append(first)
            found.setdefault(f"next overlay, {name}", []).extend(others)
    rows, figures = list[list[object]](), dict[str, Any]()
    for name, times in found.items():
        clock, processor = (sorted(column) for column in zip(*times, strict=True))
        numbers = [float(np.median(clock)), clock[-1], float(np.median(processor)), processor[-1]]
        rows.append([name, *numbers])
        figures[name] = [round(number, 3) for number in numbers]
    say(f"\n## Seconds, {VIEW[0]} x {VIEW[1]}, {torch.get_num_threads()} threads\n")
    say(markdown(["what", "median", "longest", "processor, median", "processor, longest"], rows))
    return figures


def _times(labeller: LiveLabeller, case: Case) -> list[Took]:
    """Each class is painted, then four times the largest mistake."""
    painted = np.full(case.truth.shape, UNSEEN, np.uint8)
    for value in values_of(case.truth):
        region = largest_region(case.truth, case.truth == value)
        assert region is not None
        painted[brushed(region, BRUSHES["wide"])] = value

    def once() -> IndexMask:
        labeller.look(case.pixels, case.name)
        shown = _guessed(labeller, case.name, painted)
        assert shown is not None
        return shown

    shown, first = _timed(once)
    times = [first]
    for _ in range(4):
        region = largest_region(case.truth, shown != case.truth)
        if region is not None:
            stroke = brushed(region, BRUSHES["wide"])
            painted[stroke] = case.truth[stroke]
        shown, took = _timed(once)
        times.append(took)
    return times


def _timed(do: Callable[[], Value]) -> tuple[Value, Took]:
    clock, processor = time.perf_counter(), time.process_time()
    value = do()
    return value, Took(time.perf_counter() - clock, time.process_time() - processor)


def unet_table(data: Path, out: Path, labelled: int, minutes: float, count: int) -> dict[str, Any]:
    """Strokes by hand alone, and to correct what a U-Net that learned from a few labelled pictures says.

    Also with live learning that hears the U-Net and was taught nothing but the strokes on these pictures.
    """
    model = _unet(data / "camvid" / "train", camvid(data, "train", labelled), out, minutes)
    says = _saying(model)
    cases = camvid(data, "val", count)
    told = [says(case.pixels) for case in cases]
    rows, figures = list[list[object]](), dict[str, Any]()
    for name, brush in BRUSHES.items():
        person = Person(brush, GOALS, MOST)
        pairs = list(zip(cases, told, strict=True))
        by_itself = by_hand(person, cases)
        corrected = [person.label(case.truth, None, start.mask) for case, start in pairs]
        for place, goal in enumerate(GOALS):
            helped = live_on(Person(brush, [goal], MOST), cases, told)
            means = _mean(by_itself, place), _mean(corrected, place), _mean(helped, 0)
            right = float(np.mean([done.begun[place] for done in corrected]))
            rows.append([f"{NAMES[goal]}, {name} brush", *means, *_shares(*means), f"{right:.3f}"])
            figures[f"{NAMES[goal]}, {name} brush"] = {
                "by hand": means[0], "corrected": means[1], "corrected live": means[2], "right at first": right,
            }  # fmt: skip
    say(
        f"\n## Correcting a U-Net: {labelled} labelled frames, {minutes:g} minutes, {len(cases)} frames of val\n"
    )
    head = [
        "until", "by hand", "correcting", "correcting, live", "correcting / hand", "live / hand",
        "right before a stroke",
    ]  # fmt: skip
    say(markdown(head, rows))
    return figures


def live_on(person: Person, cases: Sequence[Case], told: Sequence[Guess]) -> list[Worked]:
    """With live learning that hears what another model says, each of `told`, one picture after the other."""
    labeller = LiveLabeller("cpu")
    done = []
    for case, said in zip(cases, told, strict=True):
        labeller.look(case.pixels, case.name)
        guesses = partial(_guessed, labeller, case.name, before=said)
        done.append(person.label(case.truth, guesses, said.mask, known=values_of(case.truth)))
    return done


def _unet(pictures: Path, cases: Sequence[Case], out: Path, minutes: float) -> Path:
    """Train on a label project of the cases with what the recipe proposes; the folder of the model."""
    place = out / "project"
    if ProjectFolder.is_project(place):
        project = ProjectFolder.open(place)
    else:
        project = ProjectFolder.create(place, pictures, classes_named(CLASSES))
    for case in cases:
        project.write(case.name, case.truth)
    params, request = SegmentParams(), Request(minutes)
    report = RECIPE.check(place, params, Progress())
    setup = Setup(report, params, replace(RECIPE.plan(report, params, request), seed=0), request)
    return train(RECIPE, setup, out, "Labelled frames", resume=True)


def _saying(model: Path) -> Callable[[Array], Guess]:
    """What a model says of (h, w, 3) bytes, as the window asks it."""
    manifest, device = read_manifest(model), pick_device("auto")
    registry = ModelRegistry(model.parent)

    def say_of(pixels: Array) -> Guess:
        found = class_map(registry, manifest.id, to_float(pixels), Progress(), device.type)
        return Guess(found.indices, found.unsure)

    return say_of


def _mean(done: Sequence[Worked], place: int) -> float:
    return float(np.mean([one.strokes[place] for one in done]))


def _shares(hand: float, *others: float) -> list[str]:
    return [f"{mean / max(hand, 1e-9):.1%}" for mean in others]


def _rgb(path: Path) -> Array:
    return np.asarray(cv2.cvtColor(np.asarray(cv2.imread(str(path))), cv2.COLOR_BGR2RGB), np.uint8)


def _grey(path: Path) -> Array:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


def _spread(paths: Sequence[Path], count: int) -> list[Path]:
    if not count or count >= len(paths):
        return list(paths)
    return [paths[int(place)] for place in np.linspace(0, len(paths) - 1, count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/labelling"), help="folder of the U-Net")
    parser.add_argument("--pictures", type=int, default=20, help="of each set; 0: all")
    parser.add_argument("--tune", action="store_true", help="the pictures that settings are chosen on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--unet-minutes", type=float, default=0, help="train a U-Net too; 0: do not")
    parser.add_argument("--labelled", type=int, default=20, help="pictures that the U-Net learns from")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--only", choices=("speed", "strokes", "unet"))
    args = parser.parse_args()
    use_threads(args.threads)
    frames = camvid(args.data, "train" if args.tune else "val", args.pictures)
    cells = nuclei(args.data, 0 if args.tune else 1, args.pictures)
    figures: dict[str, Any] = {}
    if args.only in (None, "speed"):
        figures["seconds"] = speed_table(frames)
    if args.only in (None, "strokes"):
        figures["CamVid"] = stroke_table(f"CamVid, classes {', '.join(CLASSES)}", frames)
        figures["nuclei"] = stroke_table("nuclei, ground and nucleus", cells)
    if args.unet_minutes and args.only in (None, "unet"):
        figures["U-Net"] = unet_table(args.data, args.out, args.labelled, args.unet_minutes, args.pictures)
    keep(figures, args.json)


if __name__ == "__main__":
    main()
