"""CamVid as fastai reads it: images, labels, codes.txt and valid.txt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import (
    Format,
    Found,
    Picture,
    Says,
    SplitOptions,
    Target,
    judging,
    lines,
    numbered,
    renumbered,
)
from imgstudio.core.labelformats.class_lists import renamed, told_names
from imgstudio.core.labelformats.rasters import found_rasters, named_by
from imgstudio.core.labelformats.reading import files_of, some_files
from imgstudio.core.labelproject.masks import palette_png
from imgstudio.core.labels import UNSEEN, LabelClass, class_colour

_CODES: Final = "codes.txt"
_END: Final = "_P"
"""Of the names of masks."""
_VOID: Final = "Void"


@dataclass(frozen=True)
class CamvidOptions(SplitOptions):
    pass


class _Writer:
    """Numbers are 0 background, 1, 2, ... the classes, and last what nobody looked at."""

    def __init__(self, target: Target, classes: Sequence[LabelClass], options: CamvidOptions) -> None:
        self._target, self._classes = target, classes
        self._numbers = numbered(classes)
        self._unseen = len(classes) + 1
        self._palette = np.zeros((256, 3), np.uint8)
        self._palette[self._unseen] = class_colour(UNSEEN)
        for known in classes:
            self._palette[self._numbers[known.value]] = known.colour
        self._judging = judging(target.ids, options.valid)
        self._valid: list[str] = []

    def add(self, picture: Picture) -> None:
        mask = renumbered(picture.mask, self._numbers, self._unseen)
        self._target.copy(picture, "images")
        self._target.write(f"labels/{picture.id}{_END}.png", palette_png(mask, self._palette))
        if picture.id in self._judging:
            self._valid.append(picture.file)

    def finish(self) -> None:
        names = told_names(self._classes, _line)
        told = (names[known.value] for known in self._classes)
        self._target.write(_CODES, lines(["background", *told, _VOID]))
        self._target.write("valid.txt", lines(self._valid))


def _line(known: LabelClass, name: str) -> str:
    return name


def _says(options: CamvidOptions, classes: Sequence[LabelClass]) -> Says:
    return Says(renamed=renamed(classes, told_names(classes, _line)))


def _recognises(path: Path) -> bool:
    return (path / _CODES).is_file() and (path / "labels").is_dir()


def _read(path: Path, progress: Progress) -> Found:
    folder = path / "labels"
    files = some_files(path, files_of(folder, ".png") if folder.is_dir() else [], "CamVid")
    names, notes = named_by(path)
    masks = [
        (PurePosixPath(file.relative_to(folder).with_name(file.stem.removesuffix(_END)).as_posix()), file)
        for file in files
    ]
    return found_rasters(masks, names, progress, notes=notes)


FORMAT: Final = Format(
    id="camvid",
    name="CamVid",
    help="Masks as PNG, codes.txt with the class names and valid.txt with the pictures that judge.",
    options=CamvidOptions,
    writer=_Writer,
    says=_says,
    recognises=_recognises,
    read=_read,
    order=60,
)
