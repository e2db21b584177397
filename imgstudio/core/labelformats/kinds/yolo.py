"""YOLO segmentation: a text file a picture, a line an outline, relative to the picture's size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from imgstudio.core.imageformats.source import contents
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import (
    Format,
    Found,
    Item,
    Masks,
    OutlineOptions,
    Picture,
    Reading,
    Says,
    SplitOptions,
    Target,
    judging,
    lines,
    numbered,
)
from imgstudio.core.labelformats.class_lists import (
    BACKGROUND_NAMES,
    class_names,
    renamed,
    told_names,
    yaml_names,
)
from imgstudio.core.labelformats.outlines import drawn
from imgstudio.core.labelformats.reading import files_of, some_files
from imgstudio.core.labelformats.shapes import painted
from imgstudio.core.labels import LabelClass, LabelledImage, Outline, Region, Ring, classes_named

_DIGITS: Final = 8
"""Of a share of the picture's side: a thousandth of a pixel in the largest pictures."""


@dataclass(frozen=True)
class YoloOptions(OutlineOptions, SplitOptions):
    pass


class _Writer:
    def __init__(self, target: Target, classes: Sequence[LabelClass], options: YoloOptions) -> None:
        self._target, self._options, self._classes = target, options, classes
        self._numbers = {value: number - 1 for value, number in numbered(classes).items()}
        self._judging = judging(target.ids, options.valid)

    def add(self, picture: Picture) -> None:
        size = np.array([picture.width, picture.height], np.float64)
        told = [
            " ".join([str(self._numbers[item.thing.value]), *_shares(ring / size)])
            for item in drawn(picture, "polygons", self._options.tolerance, drawing="yolo")
            if item.thing.value in self._numbers
            for ring in item.rings
        ]
        side = "val" if picture.id in self._judging else "train"
        self._target.copy(picture, f"images/{side}")
        self._target.write(f"labels/{side}/{picture.id}.txt", lines(told))

    def finish(self) -> None:
        side = "val" if self._judging else "train"
        head = ["path: .", "train: images/train", f"val: images/{side}", "names:"]
        told = told_names(self._classes, reserved=BACKGROUND_NAMES)
        names = [f"  {number}: {json.dumps(told[known.value])}" for number, known in enumerate(self._classes)]
        self._target.write("data.yaml", lines(head + names))


def _shares(ring: Ring) -> list[str]:
    return [f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".") for value in ring.reshape(-1).tolist()]


def _says(options: YoloOptions, classes: Sequence[LabelClass]) -> Says:
    return Says(
        "polygons",
        objects="every",
        parts=False,
        unseen=False,
        renamed=renamed(classes, told_names(classes, reserved=BACKGROUND_NAMES)),
        colours=False,
        tolerance=options.tolerance,
        drawing="yolo",
    )


def _list_of(path: Path) -> Path | None:
    folder = path if path.is_dir() else path.parent
    names = ("data.yaml", "dataset.yaml", "data.yml", "classes.txt", "obj.names")
    found = [folder / name for name in names if (folder / name).is_file()]
    return path if path.is_file() else next(iter(found), None)


def _recognises(path: Path) -> bool:
    if path.is_file():
        return path.suffix.lower() in (".yaml", ".yml")
    return (
        _list_of(path) is not None
        and (path / "labels").is_dir()
        and bool(next(path.glob("labels/**/*.txt"), None))
    )


def _read(path: Path, progress: Progress) -> Found:
    file = some_files(path, [found for found in [_list_of(path)] if found is not None], "YOLO")[0]
    is_yaml = file.suffix.lower() in (".yaml", ".yml")
    names = yaml_names(file) if is_yaml else tuple(known.name for known in class_names(file))
    folder = file.parent
    texts = [
        text for text in files_of(folder, ".txt") if text.name not in (file.name, "train.txt", "val.txt")
    ]
    labels = folder / "labels"
    if labels.is_dir():
        texts = [text for text in texts if labels in text.parents]
    items = tuple(
        _item(text, labels if labels.is_dir() else folder, names) for text in progress.track(texts, "Reading")
    )
    return Found(classes_named(names), items)


def _item(text: Path, folder: Path, names: Sequence[str]) -> Item:
    place = PurePosixPath(text.relative_to(folder).with_suffix("").as_posix())

    def read(width: int, height: int, how: Reading) -> Masks:
        regions, notes = _regions(text, names, np.array([width, height], np.float64))
        image = LabelledImage(text, width, height, tuple(regions))
        values = {name: value for value, name in enumerate(names, start=1)}
        masks = painted(image, values, how, are_objects=True)
        return Masks(masks.mask, masks.objects, (*masks.notes, *notes))

    return Item(place, read)


def _regions(text: Path, names: Sequence[str], size: Ring) -> tuple[list[Region], list[str]]:
    regions, notes = list[Region](), list[str]()
    data = text.read_bytes() if not text.stat().st_size else contents(text)
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            regions.append(_region(words, names, size))
        except ValueError as problem:
            notes.append(f"Line {number} of {text.name} was left out: {problem}.")
    return regions, notes


def _region(words: Sequence[str], names: Sequence[str], size: Ring) -> Region:
    kind, values = int(words[0]), np.array([float(word) for word in words[1:]])
    if not 0 <= kind < len(names):
        raise ValueError(f"there is no class {kind}")
    if not np.isfinite(values).all() or (np.abs(values) > 100).any():
        raise ValueError("a point lies far outside the picture")
    if len(values) == 4:
        (x, y), (width, height) = values[:2], values[2:] / 2
        corners = np.array(
            [
                [x - width, y - height],
                [x + width, y - height],
                [x + width, y + height],
                [x - width, y + height],
            ]
        )
        return Region(names[kind], Outline((corners * size,)), is_box=True)
    if len(values) < 6 or len(values) % 2:
        raise ValueError("it is neither an outline nor a box")
    return Region(names[kind], Outline((values.reshape(-1, 2) * size,)))


FORMAT: Final = Format(
    id="yolo",
    name="YOLO segmentation",
    help="A text file for each picture, and data.yaml with the class names.",
    options=YoloOptions,
    writer=_Writer,
    says=_says,
    recognises=_recognises,
    read=_read,
    order=30,
)
