"""COCO JSON: outlines, and run lengths where outlines would say less."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Format, Found, OutlineOptions, Picture, Says, Target
from imgstudio.core.labelformats.class_lists import BACKGROUND_NAMES, renamed, told_names
from imgstudio.core.labelformats.coco import read_coco
from imgstudio.core.labelformats.outlines import Drawn, drawn, flat, shapes_of
from imgstudio.core.labelformats.reading import begins_with, some_files
from imgstudio.core.labelformats.runs import packed, runs_of_box
from imgstudio.core.labelformats.shapes import found_of
from imgstudio.core.labels import LabelClass, LabelProject
from imgstudio.core.params import Ui

FILE: Final = "annotations/instances_default.json"


@dataclass(frozen=True)
class CocoOptions(OutlineOptions):
    shape: Annotated[
        Literal["auto", "polygon", "rle"],
        Ui(
            label="Things as",
            help="Auto: outlines, and run lengths (RLE) where there are holes or several parts.",
        ),
    ] = "auto"


class _Writer:
    """Guards: ids of pictures and labels count from 1 without gaps."""

    def __init__(self, target: Target, classes: Sequence[LabelClass], options: CocoOptions) -> None:
        self._target, self._options = target, options
        names = told_names(classes, reserved=BACKGROUND_NAMES)
        self._categories = [
            {"id": known.value, "name": names[known.value], "supercategory": "", "color": list(known.colour)}
            for known in classes
        ]
        self._values = {known.value for known in classes}
        self._images: list[dict[str, Any]] = []
        self._annotations: list[str] = []

    def add(self, picture: Picture) -> None:
        told = [
            self._told(item, picture)
            for item in drawn(picture, shapes_of(self._options.shape), self._options.tolerance)
            if item.thing.value in self._values
        ]
        self._target.copy(picture, "images")
        number = len(self._images) + 1
        self._images.append(
            {"id": number, "file_name": picture.file, "width": picture.width, "height": picture.height}
        )
        for annotation in told:
            head = {"id": len(self._annotations) + 1, "image_id": number}
            self._annotations.append(json.dumps(head | annotation))  # as text it takes a tenth of the memory

    def finish(self) -> None:
        head = {"info": {"description": "Labels made with imgstudio"}, "licenses": []}
        parts = [json.dumps(head)[1:-1], f'"categories": {json.dumps(self._categories, ensure_ascii=False)}']
        for key, items in (
            ("images", [json.dumps(image, ensure_ascii=False) for image in self._images]),
            ("annotations", self._annotations),
        ):
            parts.append(f'"{key}": [\n' + ",\n".join(items) + "\n]")
        self._target.write(FILE, "{" + ",\n".join(parts) + "}\n")

    def _told(self, item: Drawn, picture: Picture) -> dict[str, Any]:
        thing = item.thing
        return {
            "category_id": thing.value,
            "segmentation": [flat(ring) for ring in item.rings] if item.rings else _runs(item, picture),
            "area": thing.area,
            "bbox": [thing.box.x, thing.box.y, thing.box.width, thing.box.height],
            "iscrowd": 0,
        }


def _runs(item: Drawn, picture: Picture) -> Mapping[str, Any]:
    thing = item.thing
    counts = runs_of_box(thing.pixels, thing.box.x, thing.box.y, picture.height, picture.width)
    return {"size": [picture.height, picture.width], "counts": packed(counts)}


def _says(options: CocoOptions, classes: Sequence[LabelClass]) -> Says:
    return Says(
        shapes_of(options.shape),
        objects="every",
        unseen=False,
        renamed=renamed(classes, told_names(classes, reserved=BACKGROUND_NAMES)),
        tolerance=0.0 if options.shape == "rle" else options.tolerance,
        exact=("shape", "rle"),
    )


def _recognises(path: Path) -> bool:
    return any(begins_with(file, b'"annotations"', b'"images"', b'"categories"') for file in _files(path)[:1])


def _files(path: Path) -> list[Path]:
    """JSON files that may hold outlines; other tasks of COCO have files of their own."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" else []
    found = sorted([*path.glob("*.json"), *path.glob("annotations/*.json")])
    return [file for file in found if file.name.startswith("instances")] or found


def _read(path: Path, progress: Progress) -> Found:
    files = some_files(path, _files(path), "COCO")
    projects = [read_coco(file) for file in progress.track(files, "Reading")]
    classes: dict[str, LabelClass] = {}
    for known in (known for project in projects for known in project.classes):
        classes.setdefault(known.name, known)
    images = tuple(image for project in projects for image in project.images)
    notes = tuple(note for project in projects for note in project.notes)
    return found_of(LabelProject(tuple(classes.values()), images, notes), {}, are_objects=True)


FORMAT: Final = Format(
    id="coco",
    name="COCO",
    help="One JSON file for all pictures, as most trainers of detectors read it.",
    options=CocoOptions,
    writer=_Writer,
    says=_says,
    recognises=_recognises,
    read=_read,
    order=10,
)
