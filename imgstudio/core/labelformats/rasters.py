"""Foreign mask files: numbers or colours, and lists that say what they mean."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.guard import Damaged, guarded
from imgstudio.core.imageformats.source import contents
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Found, Item, Masks, Reading
from imgstudio.core.labelformats.class_lists import NAME_FILES, NamedClass, class_names, unnamed
from imgstudio.core.labels import BACKGROUND, UNSEEN, LabelClass, class_colour

Bytes = npt.NDArray[np.uint8]
Colours = Mapping[int, int]
"""0xRRGGBB -> label value."""

_MOST_PIXELS: Final = 400_000_000
_MOST_COLOURS: Final = 254
_COMMON: Final = 1e-4
"""Share of all pixels from which an unnamed colour is a class and not the blur of an edge."""


@dataclass(frozen=True, eq=False, slots=True)
class Stored:
    """Pixels of a mask file before anyone says what they mean."""

    pixels: npt.NDArray[Any]
    """(h, w) numbers, or (h, w, 3) 8-bit colours."""
    palette: Bytes | None = None
    """(n, 3) of a file with a palette."""

    def as_numbers(self) -> Stored:
        """A file without colours that was saved in colour becomes numbers."""
        pixels = self.pixels
        if pixels.ndim == 3 and (pixels[..., :1] == pixels[..., 1:]).all():
            return Stored(np.ascontiguousarray(pixels[..., 0]))
        return self

    def packed(self) -> npt.NDArray[np.int32]:
        """(h, w) colours as 0xRRGGBB of a coloured file."""
        red, green, blue = (self.pixels[..., n].astype(np.int32) for n in range(3))
        return (red << 16) | (green << 8) | blue


def stored(path: Path) -> Stored:
    """Raises UserError."""
    data = contents(path)
    try:
        return guarded(lambda: _decoded(data))
    except Damaged as error:
        raise UserError(
            f"The mask {path.name} cannot be read", "It is damaged or no picture.", "Export it again."
        ) from error


def _decoded(data: bytes) -> Stored:
    with Image.open(io.BytesIO(data)) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            raise ValueError("too large")
        if picture.mode in ("P", "PA"):
            palette = np.asarray(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
            numbers = np.array(picture)
            return Stored(numbers if numbers.ndim == 2 else numbers[..., 0], palette)
        if picture.mode == "1":
            return Stored(np.array(picture).astype(np.uint8))
        if picture.mode in ("L", "I", "I;16", "I;16B"):
            return Stored(np.asarray(picture))
        pixels = np.array(picture.convert("RGB"))
    return Stored(pixels)


def named_by(folder: Path) -> tuple[tuple[NamedClass, ...], list[str]]:
    """The list of classes in a folder, empty where there is none, and what was wrong with such files."""
    problems = list[str]()
    for name in NAME_FILES:
        if (folder / name).is_file():
            try:
                return class_names(folder / name), problems
            except UserError as error:
                problems.append(str(error))
    return (), problems


def found_rasters(
    masks: Sequence[tuple[PurePosixPath, Path]],
    names: Sequence[NamedClass],
    progress: Progress,
    *,
    objects: Mapping[Path, Path] | None = None,
    notes: Sequence[str] = (),
) -> Found:
    """What mask files hold: (picture as the folder tells it, mask), with the objects' masks of some.

    Numbers mean the classes of that number, colours those of that colour; unnamed ones are gathered from all files
    first. 255, and names such as "void", count neither way; other numbers without a name are classes of their own.
    """
    told = list(notes)
    meaning = _Meaning(names)
    for _, path in progress.track(masks, "Looking at the masks"):
        try:
            meaning.gather(stored(path))
        except UserError:  # told when it is read
            continue
    told += meaning.settle()
    items = tuple(Item(picture, _reader(path, meaning, (objects or {}).get(path))) for picture, path in masks)
    return Found(meaning.classes, items, tuple(told))


class _Meaning:
    """Guards: every number and colour that was gathered has one label value after `settle`."""

    def __init__(self, names: Sequence[NamedClass]) -> None:
        self._names = tuple(names)
        self._has_colours = any(known.colour is not None for known in names)
        self._numbers: set[int] = set()
        self._counts: dict[int, int] = {}
        self._palette: dict[int, tuple[int, int, int]] = {}
        self._pixels = 0
        self.classes: tuple[LabelClass, ...] = ()
        self.by_number: dict[int, int] = {}
        self.by_colour: dict[int, int] = {}

    def gather(self, mask: Stored) -> None:
        mask = self._seen(mask)
        if mask.pixels.ndim == 2:
            present = np.unique(mask.pixels).tolist()
            self._numbers.update(present)
            for number in present if mask.palette is not None else []:
                if number < len(mask.palette if mask.palette is not None else ()):
                    red, green, blue = (int(n) for n in mask.palette[number])  # type: ignore[index]  # looked at above
                    self._palette.setdefault(number, (red, green, blue))
        elif not self._has_colours:
            colours, counts = np.unique(mask.packed(), return_counts=True)
            self._pixels += int(counts.sum())
            for colour, count in zip(colours.tolist(), counts.tolist(), strict=True):
                self._counts[colour] = self._counts.get(colour, 0) + count

    def settle(self) -> list[str]:
        """Give classes to all that has none; sentences on what has no place."""
        notes = list[str]()
        chosen = [*self._names, *self._unnamed(notes)]
        classes = dict[int, LabelClass]()
        for known in chosen:
            value = known.meaning
            if value is None and known.value == UNSEEN:
                value = UNSEEN
            if value is None:
                value = _free(known.value, classes)
                if value is None:
                    notes.append(
                        f"“{known.name}” is left out: a project has {_MOST_COLOURS} classes at most."
                    )
                    continue
                colour = known.colour or self._palette.get(known.value) or class_colour(value)
                classes[value] = LabelClass(value, known.name, colour, str(value) if value < 10 else "")
            self.by_number[known.value] = value
            if known.colour is not None:
                red, green, blue = known.colour
                self.by_colour[red << 16 | green << 8 | blue] = value
        self.by_number.setdefault(0, BACKGROUND)
        self.by_number.setdefault(UNSEEN, UNSEEN)
        self.classes = tuple(classes[value] for value in sorted(classes))
        return notes

    def _seen(self, mask: Stored) -> Stored:
        return mask if self._has_colours else mask.as_numbers()

    def _unnamed(self, notes: list[str]) -> list[NamedClass]:
        out = [
            NamedClass(unnamed(number), number)
            for number in sorted(self._numbers - {known.value for known in self._names} - {0, UNSEEN})
            if number < UNSEEN
        ]
        if self._numbers and max(self._numbers) > UNSEEN:
            notes.append("Numbers beyond 255 are left out: they seem to tell objects, not classes.")
        if self._counts:
            out += self._coloured(notes)
        return out

    def _coloured(self, notes: list[str]) -> list[NamedClass]:
        common = [colour for colour, count in self._counts.items() if count >= _COMMON * self._pixels]
        order = sorted(common, key=lambda colour: (colour != 0, -self._counts[colour]))
        if len(order) > _MOST_COLOURS:
            notes.append(
                f"The masks hold {len(order)} colours; only the most frequent {_MOST_COLOURS} are read."
            )
        out = list[NamedClass]()
        for place, colour in enumerate(order[:_MOST_COLOURS]):
            name = "background" if colour == 0 else f"#{colour:06x}"
            out.append(NamedClass(name, 1000 + place, (colour >> 16 & 255, colour >> 8 & 255, colour & 255)))
        return out

    def values(self, mask: Stored) -> tuple[Bytes, str]:
        """(h, w) label values, and a sentence where pixels mean nothing."""
        mask = self._seen(mask)
        if mask.pixels.ndim == 3:
            out = _looked_up(mask.packed(), self.by_colour)
            lost = int(np.count_nonzero(out < 0))
            what = "a colour"
        else:
            out = _looked_up(mask.pixels.astype(np.int32), self.by_number)
            lost = int(np.count_nonzero(out < 0))
            what = "a number"
        note = (
            f"{lost / out.size:.2%} of the pixels have {what} of no class; they count as unseen."
            if lost
            else ""
        )
        return np.where(out < 0, UNSEEN, out).astype(np.uint8), note


def _free(wanted: int, taken: Mapping[int, LabelClass]) -> int | None:
    """The value itself where it is one and free, else the first that is; None where there is none left."""
    if BACKGROUND < wanted < UNSEEN and wanted not in taken:
        return wanted
    return next((value for value in range(1, UNSEEN) if value not in taken), None)


def _looked_up(keys: npt.NDArray[np.int32], table: Mapping[int, int]) -> npt.NDArray[np.int16]:
    """Values of a table, -1 where it has none."""
    if not table:
        return np.full(keys.shape, -1, np.int16)
    known = np.array(sorted(table), np.int32)
    values = np.array([table[int(key)] for key in known], np.int16)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, values[place], np.int16(-1))


@dataclass(frozen=True, eq=False, slots=True)
class _Reader:
    path: Path
    meaning: _Meaning
    objects: Path | None

    def __call__(self, width: int, height: int, how: Reading) -> Masks:
        mask, note = self.meaning.values(stored(self.path))
        notes = [note] if note else []
        numbers = None
        if self.objects is not None and how.objects != "no":
            try:
                numbers = _objects(stored(self.objects), mask)
            except UserError as error:
                notes.append(str(error))
        return Masks(mask, numbers, tuple(notes))


def _reader(path: Path, meaning: _Meaning, objects: Path | None) -> _Reader:
    return _Reader(path, meaning, objects)


def _objects(mask: Stored, classes: Bytes) -> npt.NDArray[np.uint16]:
    """Object numbers of a file of numbers or colours, only where a class is; raises UserError."""
    if mask.pixels.shape[:2] != classes.shape:
        raise UserError("The mask of objects has another size than that of classes", "", "Export both again")
    if mask.pixels.ndim == 3:
        keys, numbers = np.unique(mask.packed(), return_inverse=True)
        pixels = numbers.reshape(classes.shape) + (0 if keys[0] == 0 else 1)
    else:
        pixels = np.where(mask.pixels == UNSEEN, 0, mask.pixels)
    is_class = (classes != BACKGROUND) & (classes != UNSEEN)
    return np.where(is_class, pixels, 0).astype(np.uint16)
