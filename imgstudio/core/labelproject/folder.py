"""A label project: pictures, the classes, and for each picture its masks and what is known of it."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.labelproject import header, masks
from imgstudio.core.labelproject.entries import Entry, entry_to_json
from imgstudio.core.labelproject.header import and_more, stored_name
from imgstudio.core.labelproject.loading import Loaded, loaded
from imgstudio.core.labelproject.pictures import picture_size
from imgstudio.core.labels import UNSEEN, IndexMask, LabelClass, ObjectMask
from imgstudio.core.paths import ensured, file_errors, write_atomically

_IGNORED: Final = "# What the model says can be made again at any time.\n*\n"


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What the model says of one picture."""

    mask: IndexMask
    """(h, w) class values, 255 where it says nothing."""
    unsure: npt.NDArray[np.uint8]
    """(h, w), 0 certain .. 255 not at all."""


class ProjectFolder:
    """Guards: what is on disk is whole at any moment, and unknown keys of project.json survive.

    Masks are written before the entry that tells of them, each file as a draft that replaces the old one. Different
    pictures may be written from different threads at once; `entries` and `keep` may be called meanwhile.
    """

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        """Of a folder whose project.json holds `values`; see `open` and `create`."""
        self.path = path
        told = values.get("pictures")
        self.pictures = (path / told if isinstance(told, str) else path).resolve()
        self.classes: tuple[LabelClass, ...]
        self.classes, self._troubles = header.classes_from_json(values.get("classes"))
        self.has_objects = values.get("has_objects") is True
        self._loaded: Loaded | None = None
        self._memory = threading.RLock()
        """Of what is in memory."""
        self._disk = threading.Lock()
        """Of small files: the newer entry of a picture must be written last."""

    @classmethod
    def create(cls, path: Path, pictures: Path, classes: Iterable[LabelClass] = ()) -> Self:
        """A new project in `path` (made where it is missing; often the folder of pictures itself); raises UserError."""
        ordered = header.in_order(classes)
        _refuse_place(path, pictures)
        values = {
            "format": header.FORMAT,
            "version": header.VERSION,
            "pictures": header.told_pictures(ensured(path), pictures),
            "classes": header.classes_to_json(ordered),
            "has_objects": False,
        }
        made = cls(path.resolve(), values)
        if not made.entries():
            raise UserError(
                f"There are no pictures in “{pictures.name or pictures}”",
                "A project labels the pictures of a folder.",
                "Choose the folder that holds your pictures.",
            )
        write_atomically(path / header.FILE, json.dumps(values, indent=2, ensure_ascii=False) + "\n")
        return made

    @classmethod
    def open(cls, path: Path) -> Self:
        """The project in a folder, or of a project.json; raises UserError."""
        file = path if path.name == header.FILE and path.is_file() else path / header.FILE
        if not file.is_file():
            raise UserError(
                f"“{path.name or path}” is no label project",
                f"There is no {header.FILE} in it.",
                "Choose the folder of a project, or make a new project of a folder of pictures.",
            )
        return cls(file.parent.resolve(), header.read_header(file))

    @staticmethod
    def is_project(path: Path) -> bool:
        """Whether `path` is the folder of a label project, or its project.json."""
        return header.is_header(path if path.name == header.FILE else path / header.FILE)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, as sentences, as far as it was met so far; `checking.check` looks at everything."""
        return (*self._troubles, *self._known().problems)

    def entries(self) -> tuple[Entry, ...]:
        """Of all pictures, in the order in which people count."""
        with self._memory:
            return tuple(self._known().entries.values())

    def entry(self, name: str) -> Entry:
        """What is known of a picture; raises UserError where the project has none of that name."""
        with self._memory:
            found = self._known().entries.get(name)
        if found is None:
            raise UserError(f"The project has no picture “{name}”", "", "It may have been moved or renamed")
        return found

    def keep(self, entry: Entry) -> None:
        """Take over and write what is told of a picture; size, share and values stay what the mask says."""
        self._change(entry.name, lambda known: _with_facts_of(entry, known))

    def measured(self, entry: Entry) -> Entry:
        """The entry, with its mask looked at where it tells nothing of it; raises UserError for a damaged mask."""
        if entry.width or entry.state == "new":
            return entry
        self.labels(entry.name)
        return self.entry(entry.name)

    def picture(self, name: str) -> Path:
        return self.pictures / name

    def size(self, name: str) -> tuple[int, int]:
        """Width and height of a picture as shown; only its first bytes are read. Raises UserError."""
        return picture_size(self.picture(name))

    def rescan(self) -> tuple[str, ...]:
        """Look for pictures again; names that are new or gone. Labels of gone pictures are kept."""
        with self._memory:
            before = set(self._known().entries)
            self._loaded = None
            return tuple(sorted(before ^ set(self._known().entries)))

    def set_classes(self, classes: Iterable[LabelClass]) -> None:
        """Other names, colours, keys or more classes. Raises UserError where a used one would vanish."""
        ordered = header.in_order(classes)
        values = {known.value for known in ordered}
        for gone in (known for known in self.classes if known.value not in values):
            used = [entry.name for entry in self.entries() if gone.value in self.measured(entry).classes]
            if used:
                raise UserError(
                    f"The class “{gone.name}” cannot be removed",
                    f"It occurs in {and_more(used)}.",
                    "Give its places another class first.",
                )
        self._write_header(classes=header.classes_to_json(ordered))
        self.classes = ordered

    def labels(self, name: str) -> IndexMask | None:
        """(h, w) values; None where the picture has no mask. Raises UserError for a damaged one."""
        path = header.place(self.path, header.LABELS, name)
        if not path.is_file():
            return None
        mask = masks.read_index_mask(path, self.classes)
        self._measure(name, mask)
        return mask

    def objects(self, name: str) -> ObjectMask | None:
        """(h, w) object numbers; None where the picture has none. Raises UserError for a damaged file."""
        path = header.place(self.path, header.OBJECTS, name)
        return masks.read_object_mask(path) if path.is_file() else None

    def write(self, name: str, mask: IndexMask, objects: ObjectMask | None = None) -> Entry:
        """Write the masks, then the entry with what they hold; a new picture is in work from then on.

        `objects` of None leaves those that are stored; without any number their file is removed. Raises UserError.
        """
        if mask.ndim != 2 or not mask.size or (objects is not None and objects.shape != mask.shape):
            raise ValueError(f"not masks of one picture: {mask.shape}")
        self.entry(name)
        if objects is not None:
            self._write_objects(name, objects)
        header.put(
            header.place(self.path, header.LABELS, name),
            masks.palette_png(mask, masks.palette_of(self.classes)),
        )
        measured = _measured(mask)
        return self._change(name, lambda known: _begun(_with_facts_of(known, measured)))

    def prediction(self, name: str) -> Prediction | None:
        """What the model said last; None where it said nothing, or the files cannot be used."""
        mask, unsure = (
            header.place(self.path, header.PREDICTIONS, name),
            header.place(self.path, header.PREDICTIONS, name, ".unsure.png"),
        )
        if not (mask.is_file() and unsure.is_file()):
            return None
        try:
            found = Prediction(masks.read_index_mask(mask, self.classes), masks.read_grey(unsure))
        except UserError:  # a cache: the model says it again
            return None
        return found if found.mask.shape == found.unsure.shape else None

    def write_prediction(self, name: str, mask: IndexMask, unsure: npt.NDArray[np.uint8]) -> None:
        """Keep what the model says; a new picture is predicted from then on. Raises UserError."""
        if mask.shape != unsure.shape:
            raise ValueError(f"not of one picture: {mask.shape}, {unsure.shape}")
        ignored = self.path / header.PREDICTIONS / ".gitignore"
        if not ignored.is_file():
            header.put(ignored, _IGNORED)
        place = header.place(self.path, header.PREDICTIONS, name)
        header.put(place, masks.palette_png(mask, masks.palette_of(self.classes)))
        header.put(place.with_suffix(".unsure.png"), masks.grey_png(unsure))
        mean = float(unsure.mean()) / 255
        self._change(
            name,
            lambda known: replace(
                known, unsure=mean, state="predicted" if known.state == "new" else known.state
            ),
        )

    def drop_predictions(self) -> None:
        """Forget all that the model said; raises UserError."""
        folder = self.path / header.PREDICTIONS
        if folder.is_dir():
            with file_errors(folder):
                shutil.rmtree(folder)
        for entry in self.entries():
            if entry.unsure is not None or entry.disagreement is not None or entry.state == "predicted":
                self._change(entry.name, _without_prediction)

    def _known(self) -> Loaded:
        with self._memory:
            if self._loaded is None:
                self._loaded = loaded(self.path, self.pictures)
            return self._loaded

    def _change(self, name: str, change: Callable[[Entry], Entry]) -> Entry:
        with self._disk:
            changed = change(self.entry(name))
            path = header.place(self.path, header.ENTRIES, name, ".json")
            if changed.state != "new" or changed != Entry(name):
                header.put(path, entry_to_json(changed, with_name=stored_name(name) != name))
            else:
                with file_errors(path):
                    path.unlink(missing_ok=True)
            with self._memory:
                self._known().entries[name] = changed
        return changed

    def _measure(self, name: str, mask: IndexMask) -> None:
        """Correct in memory what an entry tells of its mask: the file may have been changed by another program."""
        measured = _measured(mask)
        with self._memory:
            known = self._known().entries.get(name)
            if known is not None:
                self._known().entries[name] = _with_facts_of(known, measured)

    def _write_objects(self, name: str, objects: ObjectMask) -> None:
        path = header.place(self.path, header.OBJECTS, name)
        if not objects.any():
            with file_errors(path):
                path.unlink(missing_ok=True)
            return
        if not self.has_objects:
            self._write_header(has_objects=True)
            self.has_objects = True
        header.put(path, masks.grey_png(objects.astype(np.uint16, copy=False)))

    def _write_header(self, **changes: Any) -> None:
        file = self.path / header.FILE
        with self._disk:
            values = header.read_header(file) | changes
            write_atomically(file, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def _measured(mask: IndexMask) -> Entry:
    """What a mask says of its picture, as an entry without a name."""
    counts = masks.value_counts(mask)
    labelled = 1 - int(counts[UNSEEN]) / mask.size
    values = tuple(int(value) for value in np.flatnonzero(counts[:UNSEEN]))
    return Entry("", width=mask.shape[1], height=mask.shape[0], labelled=labelled, classes=values)


def _with_facts_of(entry: Entry, measured: Entry) -> Entry:
    return replace(
        entry,
        width=measured.width,
        height=measured.height,
        labelled=measured.labelled,
        classes=measured.classes,
    )


def _begun(entry: Entry) -> Entry:
    return replace(entry, state="in work") if entry.state in ("new", "predicted") else entry


def _without_prediction(entry: Entry) -> Entry:
    state = "new" if entry.state == "predicted" else entry.state
    return replace(entry, unsure=None, disagreement=None, state=state)


def _refuse_place(path: Path, pictures: Path) -> None:
    if not pictures.is_dir():
        raise UserError(
            f"“{pictures.name or pictures}” is not a folder",
            f"No folder is at {pictures}.",
            "Choose another.",
        )
    if (path / header.FILE).exists():
        raise UserError(
            f"“{path.name}” holds a project already",
            f"There is a {header.FILE} in it.",
            "Open it, or choose another folder for the new project.",
        )
    for folder in header.FOLDERS:
        if (path / folder).is_dir() and any((path / folder).iterdir()):
            raise UserError(
                f"The project cannot be made in “{path.name}”",
                f"It has a folder “{folder}” already, where the project would keep files of its own.",
                "Choose another folder for the project; the pictures can stay where they are.",
            )
