"""What every label format declares: how it writes, how it reads, and what it cannot say."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Protocol

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelproject.entries import Entry
from imgstudio.core.labels import BACKGROUND, UNSEEN, IndexMask, LabelClass, ObjectMask, class_colour
from imgstudio.core.params import Number, Ui
from imgstudio.core.paths import Contents, ensured, file_errors, replacing, write_atomically

Shapes = Literal["pixels", "polygons", "auto"]
"""How things are told: pixel by pixel, as outlines, or as outlines only where these say everything."""
Objects = Literal["all", "254", "none", "every"]
"""Which objects are told apart: all, 254 a picture, none, or all and areas become objects as well."""


Drawing = Literal["exact", "labelme", "yolo"]
"""Who turns outlines into pixels: a reader that is exact, or one that draws the line as well."""


@dataclass(frozen=True)
class Options:
    """What a person chooses for any export."""

    which: Annotated[
        Literal["labelled", "done", "all"],
        Ui(label="Pictures", help="Labelled ones, only those marked as done, or all there are."),
    ] = "labelled"
    copy: Annotated[bool, Ui(label="Copy the pictures", help="So that the folder can be used by itself.")] = (
        True
    )


@dataclass(frozen=True)
class SplitOptions(Options):
    """For formats that tell which pictures judge a training."""

    valid: Annotated[
        int,
        Number(0, 90, unit="%", least_means="None"),
        Ui(
            label="Validation",
            help="The last pictures, in the order of their names, judge; the others teach.",
        ),
    ] = 20


@dataclass(frozen=True)
class OutlineOptions(Options):
    """For formats that tell outlines."""

    tolerance: Annotated[
        float,
        Number(0, 8, step=0.25, unit="px", least_means="Exact"),
        Ui(
            label="Simplify",
            help="How far an outline may lie from the pixels; fewer points are easier to edit.",
        ),
    ] = 0.0


@dataclass(frozen=True, slots=True)
class Says:
    """What a format can tell under some options."""

    shapes: Shapes = "pixels"
    objects: Objects = "none"
    parts: bool = True
    """Outlines of one object can be told to belong together."""
    unseen: bool = True
    """Where nobody looked is not the same as background."""
    colours: bool = True
    flags: bool = False
    values: bool = False
    """Classes keep their values, not only their order and names."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Old and new name of classes that it calls otherwise."""
    recoloured: tuple[str, ...] = ()
    """Names of classes that it gives another colour."""
    tolerance: float = 0.0
    drawing: Drawing = "exact"
    exact: tuple[str, Any] | None = None
    """Option and value with which everything is told pixel by pixel; None where there is none."""


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """One picture that is exported."""

    name: str
    """In the project."""
    id: str
    """POSIX path without a suffix, as no other picture has it."""
    source: Path
    mask: IndexMask
    objects: ObjectMask | None
    entry: Entry
    check: Callable[[], None]
    """Called now and then while it is written; raises Cancelled."""

    @property
    def width(self) -> int:
        return int(self.mask.shape[1])

    @property
    def height(self) -> int:
        return int(self.mask.shape[0])

    @property
    def suffix(self) -> str:
        return self.source.suffix

    @property
    def file(self) -> str:
        """Its name in the export, with folders and suffix."""
        return self.id + self.suffix


class Target:
    """Guards: writes only into its own folder, which was empty or new, and each file is whole.

    A picture that fails leaves files of its own only.
    """

    def __init__(self, folder: Path, ids: Sequence[str] = (), *, copies: bool = True) -> None:
        """`ids` of all pictures that will be added, in order. Raises UserError where the folder holds anything."""
        with file_errors(folder):
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise UserError(
                    f"“{folder.name or folder}” is not empty",
                    "An export never writes over other files.",
                    "Choose a new or an empty folder.",
                )
        self._is_new = not folder.exists()
        self.folder = ensured(folder)
        self.copies = copies
        self.ids = tuple(ids)
        self.files: list[Path] = []
        """That were written, in order."""

    def write(self, name: str, contents: Contents) -> None:
        """Raises UserError."""
        path = self._place(name)
        write_atomically(path, contents)
        self.files.append(path)

    def copy(self, picture: Picture, folder: str) -> str:
        """Copy a picture into a folder of the export where pictures are wanted; its path, from the export."""
        name = f"{folder}/{picture.file}" if folder else picture.file
        if self.copies:
            path = self._place(name)
            with file_errors(path), replacing(path) as draft:
                shutil.copyfile(picture.source, draft)
            self.files.append(path)
        return name

    def remove_all(self) -> None:
        """Take away what was written; what resists stays."""
        folders = {self.folder}
        for path in self.files:
            with contextlib.suppress(OSError):
                path.unlink()
            folders |= {parent for parent in path.parents if self.folder in parent.parents}
        for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
            if folder != self.folder or self._is_new:
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _place(self, name: str) -> Path:
        path = self.folder / name
        ensured(path.parent)
        return path


class Writer(Protocol):
    """Writes the pictures of one export one by one, then what tells of all of them."""

    def add(self, picture: Picture) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True, eq=False, slots=True)
class Masks:
    """What a foreign file says of one picture, in the values of its own classes."""

    mask: IndexMask
    objects: ObjectMask | None = None
    notes: tuple[str, ...] = ()
    is_flagged: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """One labelled picture of a foreign folder or file."""

    picture: PurePosixPath
    """As the file tells it; the suffix may be missing or another one."""
    read: Callable[[int, int, Reading], Masks]
    """Of a picture that has this width and height; raises UserError."""
    width: int = 0
    height: int = 0
    """0 where the file does not tell, or only its pixels do."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How what is not quite clear in a foreign file is taken."""

    unlabelled: int = 0
    """Value of what is in no shape."""
    objects: Literal["auto", "yes", "no"] = "auto"
    """Whether single shapes are objects; auto: where the format says so."""
    check: Callable[[], None] = lambda: None
    """Called now and then while a picture is read; raises Cancelled."""


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """What a foreign folder or file holds."""

    classes: tuple[LabelClass, ...]
    """Their values are those of the items' masks."""
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
    """Sentences on what could not be read."""


@dataclass(frozen=True, eq=False, slots=True)
class Format:
    """A way in which other programs keep labels."""

    id: str
    name: str
    help: str
    options: type[Options]
    writer: Callable[[Target, Sequence[LabelClass], Any], Writer]
    """Of an export with `options`; gets the classes by value."""
    says: Callable[[Any, Sequence[LabelClass]], Says]
    """What an export of these classes with these options can tell."""
    recognises: Callable[[Path], bool]
    """Whether a folder or file seems to be of this format; quick, never raises."""
    read: Callable[[Path, Progress], Found]
    """Of a folder or file; raises UserError and Cancelled."""
    order: int = 50
    """Place in lists."""


def judging(ids: Sequence[str], percent: int) -> frozenset[str]:
    """Which pictures judge a training: the last ones, at least one and never all."""
    count = round(len(ids) * percent / 100)
    if percent and len(ids) > 1:
        count = min(max(count, 1), len(ids) - 1)
    return frozenset(ids[len(ids) - count :])


def numbered(classes: Iterable[LabelClass]) -> dict[int, int]:
    """Value -> 1, 2, 3, ... in the order of the values."""
    return {known.value: number for number, known in enumerate(classes, start=1)}


def renumbered(mask: IndexMask, numbers: dict[int, int], unseen: int) -> IndexMask:
    """The mask with other values; values that are no class become background."""
    table = np.zeros(256, np.uint8)
    for value, number in numbers.items():
        table[value] = number
    table[255] = unseen
    return np.asarray(table[mask], np.uint8)


def distinct(classes: Iterable[LabelClass]) -> tuple[LabelClass, ...]:
    """The classes, each with a colour that no other class, background or unseen has."""
    taken = {class_colour(BACKGROUND), class_colour(UNSEEN)}
    out = list[LabelClass]()
    for known in classes:
        others = (class_colour(value) for value in range(1, UNSEEN))
        colour = known.colour
        while colour in taken:
            colour = next(others)
        taken.add(colour)
        out.append(replace(known, colour=colour))
    return tuple(out)


def recoloured(classes: Iterable[LabelClass]) -> tuple[str, ...]:
    """Names of the classes to which `distinct` gives another colour."""
    before = tuple(classes)
    return tuple(
        old.name for old, new in zip(before, distinct(before), strict=True) if old.colour != new.colour
    )


def lines(items: Iterable[str]) -> str:
    """A text file of one item a line."""
    return "".join(f"{item}\n" for item in items)
