"""Plain folders of PNG masks: numbers, numbers with a palette, or colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import (
    Format,
    Found,
    Options,
    Picture,
    Says,
    Target,
    distinct,
    lines,
    recoloured,
)
from imgstudio.core.labelformats.class_lists import renamed, told_names
from imgstudio.core.labelformats.rasters import found_rasters, named_by
from imgstudio.core.labelformats.reading import files_of, some_files
from imgstudio.core.labelproject.masks import grey_png, palette_of, palette_png
from imgstudio.core.labels import BACKGROUND, UNSEEN, LabelClass, class_colour
from imgstudio.core.oraformat.png import encoded
from imgstudio.core.params import Ui

_FOLDERS: Final = ("masks", "labels", "annotations", "gt")
_ENDS: Final = ("_mask", "_label", "_labels", "_gt", "_P", "_seg")
_GREY_LIST, _COLOUR_LIST = "classes.txt", "label_colors.txt"


@dataclass(frozen=True)
class PngOptions(Options):
    colours: Annotated[
        Literal["palette", "grey", "colour"],
        Ui(
            label="Masks as",
            help="Numbers with a palette, plain grey numbers, or the colours of the classes.",
        ),
    ] = "palette"


class _Writer:
    def __init__(self, target: Target, classes: Sequence[LabelClass], options: PngOptions) -> None:
        self._target, self._colours = target, options.colours
        self._classes = distinct(classes) if options.colours == "colour" else tuple(classes)
        self._palette = palette_of(self._classes)
        self._table = np.arange(256, dtype=np.uint8)
        self._table[[n for n in range(256) if n not in {BACKGROUND, UNSEEN, *(c.value for c in classes)}]] = 0

    def add(self, picture: Picture) -> None:
        mask = self._table[picture.mask]
        if self._colours == "colour":
            data = encoded(np.ascontiguousarray(self._palette[mask]))
        else:
            data = grey_png(mask) if self._colours == "grey" else palette_png(mask, self._palette)
        self._target.copy(picture, "images")
        self._target.write(f"masks/{picture.id}.png", data)

    def finish(self) -> None:
        if self._colours == "colour":
            names = told_names(self._classes, _coloured_line)
            told = [_coloured_line(known, names[known.value]) for known in self._classes]
            unseen = " ".join(map(str, class_colour(UNSEEN)))
            self._target.write(_COLOUR_LIST, lines(["0 0 0 background", *told, f"{unseen} void"]))
            return
        names = told_names(self._classes, _line)
        told = [_line(known, names[known.value]) for known in self._classes]
        self._target.write(_GREY_LIST, lines(["0 background", *told, f"{UNSEEN} void"]))


def _line(known: LabelClass, name: str) -> str:
    return f"{known.value} {name}"


def _coloured_line(known: LabelClass, name: str) -> str:
    return f"{' '.join(map(str, known.colour))} {name}"


def _says(options: PngOptions, classes: Sequence[LabelClass]) -> Says:
    is_coloured = options.colours == "colour"
    return Says(
        colours=options.colours != "grey",
        values=not is_coloured,
        renamed=renamed(classes, told_names(classes, _coloured_line if is_coloured else _line)),
        recoloured=recoloured(classes) if is_coloured else (),
    )


def _folder(path: Path) -> Path:
    return next((path / name for name in _FOLDERS if (path / name).is_dir()), path)


def _recognises(path: Path) -> bool:
    if not path.is_dir():
        return False
    folder = _folder(path)
    return bool(next(folder.glob("*.png"), None) or (folder != path and next(folder.glob("*/*.png"), None)))


def _read(path: Path, progress: Progress) -> Found:
    folder = _folder(path)
    files = some_files(path, files_of(folder, ".png"), "PNG")
    names, notes = named_by(path)
    if not names and folder == path:
        names, notes = named_by(path.parent)
    masks = [
        (PurePosixPath(file.relative_to(folder).with_name(_bare(file.stem)).as_posix()), file)
        for file in files
    ]
    return found_rasters(masks, names, progress, notes=notes)


def _bare(stem: str) -> str:
    return next((stem.removesuffix(end) for end in _ENDS if stem.endswith(end)), stem)


FORMAT: Final = Format(
    id="png",
    name="PNG masks",
    help="A PNG for each picture, with a list of the classes; nothing but objects is lost.",
    options=PngOptions,
    writer=_Writer,
    says=_says,
    recognises=_recognises,
    read=_read,
    order=70,
)
