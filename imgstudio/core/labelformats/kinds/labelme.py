"""labelme JSON: a file a picture, beside it; outlines, and painted masks where outlines would say less."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Format, Found, OutlineOptions, Picture, Says, Target, lines
from imgstudio.core.labelformats.class_lists import renamed, told_names
from imgstudio.core.labelformats.labelme import BACKGROUND_LABEL, IGNORED_LABEL, read_labelme
from imgstudio.core.labelformats.outlines import Drawn, drawn, plain, shapes_of
from imgstudio.core.labelformats.reading import begins_with, files_of, json_object, some_files
from imgstudio.core.labelformats.shapes import found_of
from imgstudio.core.labelproject.masks import grey_png
from imgstudio.core.labels import (
    BACKGROUND,
    UNSEEN,
    LabelClass,
    LabelledImage,
    LabelProject,
    classes_named,
)
from imgstudio.core.params import Ui

_NAMES: Final = "labels.txt"
_FLAGGED: Final = "flagged"
_RESERVED: Final = (IGNORED_LABEL, BACKGROUND_LABEL)
_VERSION: Final = "5.5.0"


@dataclass(frozen=True)
class LabelmeOptions(OutlineOptions):
    shape: Annotated[
        Literal["auto", "polygon", "mask"],
        Ui(
            label="Things as",
            help="Auto: outlines, and painted masks where there are holes or several parts.",
        ),
    ] = "auto"


class _Writer:
    def __init__(self, target: Target, classes: Sequence[LabelClass], options: LabelmeOptions) -> None:
        self._target, self._options = target, options
        self._names = told_names(classes, reserved=_RESERVED) | {UNSEEN: IGNORED_LABEL}

    def add(self, picture: Picture) -> None:
        things = drawn(
            picture,
            shapes_of(self._options.shape),
            self._options.tolerance,
            with_unseen=True,
            drawing="labelme",
        )
        shapes = [
            told
            for item in things
            if item.thing.value in self._names
            for told in _shapes(item, self._names[item.thing.value])
        ]
        values = {
            "version": _VERSION,
            "flags": {_FLAGGED: True} if picture.entry.is_flagged else {},
            "shapes": shapes,
            "imagePath": PurePosixPath(picture.file).name
            if self._target.copies
            else picture.source.as_posix(),
            "imageData": None,
            "imageHeight": picture.height,
            "imageWidth": picture.width,
        }
        self._target.copy(picture, "")
        text = json.dumps(values, ensure_ascii=False, indent=1)
        self._target.write(f"{picture.id}.json", text + "\n")

    def finish(self) -> None:
        names = [name for value, name in self._names.items() if value != UNSEEN]
        self._target.write(_NAMES, lines([IGNORED_LABEL, BACKGROUND_LABEL, *names]))


def _shapes(item: Drawn, name: str) -> list[dict[str, Any]]:
    thing = item.thing
    common: dict[str, Any] = {"label": name, "group_id": thing.number, "description": "", "flags": {}}
    if item.rings:
        return [
            common
            | {
                "points": [[plain(x), plain(y)] for x, y in ring.tolist()],
                "shape_type": "polygon",
                "mask": None,
            }
            for ring in item.rings
        ]
    box = thing.box
    corners = [[box.x, box.y], [box.right - 1, box.bottom - 1]]
    png = grey_png(thing.pixels.astype(np.uint8) * np.uint8(255))
    return [common | {"points": corners, "shape_type": "mask", "mask": base64.b64encode(png).decode("ascii")}]


def _says(options: LabelmeOptions, classes: Sequence[LabelClass]) -> Says:
    return Says(
        shapes_of(options.shape),
        objects="all",
        colours=False,
        flags=True,
        renamed=renamed(classes, told_names(classes, reserved=_RESERVED)),
        tolerance=0.0 if options.shape == "mask" else options.tolerance,
        drawing="labelme",
        exact=("shape", "mask"),
    )


def _recognises(path: Path) -> bool:
    files = [path] if path.is_file() else sorted(path.glob("*.json")) if path.is_dir() else []
    return any(file.suffix.lower() == ".json" and begins_with(file, b'"shapes"') for file in files[:3])


def _read(path: Path, progress: Progress) -> Found:
    files = [file for file in files_of(path, ".json") if begins_with(file, b'"shapes"')]
    files = list(some_files(path, files, "labelme"))
    images, notes, flagged = list[LabelledImage](), list[str](), list[str]()
    for file in progress.track(files, "Reading"):
        try:
            image, is_flagged = read_labelme(file), _is_flagged(file)
        except UserError as error:
            notes.append(str(error))
            continue
        images.append(image)
        flagged += [str(image.path)] if is_flagged else []
    listed = _listed(path if path.is_dir() else path.parent)
    names = dict.fromkeys([*listed, *(region.label for image in images for region in image.regions)])
    marks = sum(len(image.marks) for image in images)
    if marks:
        notes.append(f"{marks} points were left out: a mask has no place for them.")
    special = {IGNORED_LABEL: UNSEEN, BACKGROUND_LABEL: BACKGROUND}
    project = LabelProject(classes_named(names), tuple(images), tuple(notes))
    return found_of(project, special, are_objects=False, flagged=flagged)


def _is_flagged(file: Path) -> bool:
    if not begins_with(file, f'"{_FLAGGED}"'.encode()):
        return False
    flags = json_object(file).get("flags")
    return isinstance(flags, dict) and flags.get(_FLAGGED) is True


def _listed(folder: Path) -> list[str]:
    """Names in a list as labelme takes it, one a line."""
    try:
        text = (folder / _NAMES).read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


FORMAT: Final = Format(
    id="labelme",
    name="labelme",
    help="A JSON file beside each picture; outlines can be edited there.",
    options=LabelmeOptions,
    writer=_Writer,
    says=_says,
    recognises=_recognises,
    read=_read,
    order=40,
)
