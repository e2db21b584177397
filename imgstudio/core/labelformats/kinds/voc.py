"""Pascal VOC segmentation: palette PNGs of classes and of objects, and lists of which pictures judge."""

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
    distinct,
    judging,
    lines,
    numbered,
    recoloured,
    renumbered,
)
from imgstudio.core.labelformats.class_lists import NamedClass, renamed, told_names
from imgstudio.core.labelformats.rasters import found_rasters, named_by
from imgstudio.core.labelformats.reading import files_of, some_files
from imgstudio.core.labelproject.masks import Bytes, palette_png
from imgstudio.core.labels import UNSEEN, IndexMask, LabelClass, ObjectMask, class_colour

CLASSES: Final = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""Of the challenge, for folders without a list of their own."""
_MOST_OBJECTS: Final = 254
_VOID: Final = (224, 224, 192)
_UNSEEN_LINE: Final = f"ignored:{','.join(map(str, _VOID))}::"
_LIST: Final = "labelmap.txt"


@dataclass(frozen=True)
class VocOptions(SplitOptions):
    pass


def colour_map() -> Bytes:
    """(256, 3): the colours of the challenge, made from the bits of the number."""
    numbers = np.arange(256)[:, None] >> (3 * np.arange(8))
    colours = [(numbers >> channel & 1) @ (128 >> np.arange(8)) for channel in range(3)]
    return np.stack(colours, 1).astype(np.uint8)


class _Writer:
    def __init__(self, target: Target, classes: Sequence[LabelClass], options: VocOptions) -> None:
        self._target, self._classes = target, distinct(classes)
        self._numbers = numbered(classes)
        self._palette = colour_map()
        self._palette[UNSEEN] = _VOID
        for known in self._classes:
            self._palette[self._numbers[known.value]] = known.colour
        self._judging = judging(target.ids, options.valid)
        self._written: list[str] = []

    def add(self, picture: Picture) -> None:
        mask = renumbered(picture.mask, self._numbers, UNSEEN)
        self._target.copy(picture, "JPEGImages")
        if picture.objects is not None:
            numbers = _few_objects(picture.objects, mask)
            palette = colour_map()
            palette[UNSEEN] = _VOID
            self._target.write(f"SegmentationObject/{picture.id}.png", palette_png(numbers, palette))
        self._target.write(f"SegmentationClass/{picture.id}.png", palette_png(mask, self._palette))
        self._written.append(picture.id)

    def finish(self) -> None:
        sides = {
            "train": [name for name in self._written if name not in self._judging],
            "val": [name for name in self._written if name in self._judging],
            "trainval": self._written,
        }
        for side, listed in sides.items():
            self._target.write(f"ImageSets/Segmentation/{side}.txt", lines(listed))
        names = told_names(self._classes, _line, without=":#")
        told = [_line(known, names[known.value]) for known in self._classes]
        self._target.write(
            _LIST, lines(["# label:color_rgb:parts:actions", "background:0,0,0::", *told, _UNSEEN_LINE])
        )


def _few_objects(objects: ObjectMask, mask: IndexMask) -> IndexMask:
    """Objects as 1, 2, 3, ... where a class is, the first 254; 255 where nobody looked."""
    is_class = (mask > 0) & (mask != UNSEEN)
    found = np.unique(objects[is_class & (objects > 0)])[:_MOST_OBJECTS]
    table = np.zeros(65536, np.uint8)
    table[found] = np.arange(1, len(found) + 1)
    return np.asarray(np.where(is_class, table[objects], np.where(mask == UNSEEN, UNSEEN, 0)), np.uint8)


def _line(known: LabelClass, name: str) -> str:
    return f"{name}:{','.join(map(str, known.colour))}::"


def _says(options: VocOptions, classes: Sequence[LabelClass]) -> Says:
    names = told_names(classes, _line, without=":#")
    return Says(objects="254", renamed=renamed(classes, names), recoloured=recoloured(classes))


def _root(path: Path) -> Path:
    return path.parent if path.name in ("SegmentationClass", "JPEGImages", "ImageSets") else path


def _recognises(path: Path) -> bool:
    return (_root(path) / "SegmentationClass").is_dir()


def _read(path: Path, progress: Progress) -> Found:
    root = _root(path)
    folder = root / "SegmentationClass"
    files = some_files(path, files_of(folder, ".png") if folder.is_dir() else [], "VOC")
    names, notes = named_by(root)
    if not names:
        names, more = named_by(root.parent)
        notes += more
    if not names:
        palette = colour_map().tolist()
        names = tuple(NamedClass(name, n, tuple(palette[n])) for n, name in enumerate(CLASSES))
        notes.append(f"There is no {_LIST}: the classes of the VOC challenge are taken.")
    names = (*names, NamedClass("void", UNSEEN, _VOID), NamedClass("void", UNSEEN, class_colour(UNSEEN)))
    masks = [(PurePosixPath(file.relative_to(folder).with_suffix("").as_posix()), file) for file in files]
    instances = {file: root / "SegmentationObject" / file.relative_to(folder) for file in files}
    objects = {file: instance for file, instance in instances.items() if instance.is_file()}
    return found_rasters(masks, names, progress, objects=objects, notes=notes)


FORMAT: Final = Format(
    id="voc",
    name="Pascal VOC",
    help="PNG masks of classes and objects in the colours of the classes, with lists of pictures.",
    options=VocOptions,
    writer=_Writer,
    says=_says,
    recognises=_recognises,
    read=_read,
    order=20,
)
