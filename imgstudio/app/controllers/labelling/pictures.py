"""Pictures of a project in memory: the one that is shown, the next ones, and the last few with their history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal

from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle
from imgstudio.core import opening
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.freed_memory import return_freed_memory
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.labelled import Labelling
from imgstudio.core.labelproject.folder import Prediction, ProjectFolder
from imgstudio.core.labels import UNSEEN
from imgstudio.core.tiles import TileStore

BEHIND: Final = 3
"""Pictures that were left and keep their history."""
BEHIND_BYTES: Final = 768 << 20
"""What those may take together."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadPicture:
    """Reads a picture with its labels and what the model says of it."""

    project: ProjectFolder
    name: str
    max_megapixels: float
    quiet: bool = True

    @property
    def title(self) -> str:
        return f"Opening {self.name}"

    def run(self, progress: Progress) -> Document:
        return_freed_memory()  # of the pictures that were let go of
        progress.update(0.0)
        document = opening.open_document(self.project.picture(self.name), max_megapixels=self.max_megapixels)
        progress.update(0.7)
        size = (document.bounds.height, document.bounds.width)
        mask, objects = self.project.labels(self.name), self.project.objects(self.name)
        for kept in (mask, objects):
            if kept is not None and kept.shape != size:
                raise _of_another_size(self.name, kept.shape, size)
        document.labels = Labelling.from_masks(self.project.classes, mask, objects)
        attach_prediction(document, self.project.prediction(self.name))
        return document


def attach_prediction(document: Document, said: Prediction | None) -> None:
    """Show what a model says of a picture; one of another size is passed over."""
    labels, bounds = document.labels, document.bounds
    if labels is None:
        return
    if said is None or said.mask.shape != (bounds.height, bounds.width):
        labels.predict(None, None)
        return
    prediction = TileStore(1, fill=UNSEEN)
    prediction.write(Rect(0, 0, bounds.width, bounds.height), said.mask[..., None])
    unsure = TileStore.from_array(said.unsure[..., None])
    labels.predict(prediction, unsure)


class PictureShelf(QObject):
    """Guards: a picture is read once as long as it is needed; one whose labels are not written stays."""

    arrived = Signal(str, object)
    """A name and its Document."""
    failed = Signal(str, object)
    """A name and the exception."""
    dropped = Signal(object)
    """A Document that is not held any more."""

    def __init__(
        self, context: AppContext, must_stay: Callable[[str], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context, self._must_stay = context, must_stay
        self._project: ProjectFolder | None = None
        self._held: dict[str, Document] = {}
        """The one that was asked for last stands last."""
        self._reading: dict[str, JobHandle] = {}
        self._shown, self._ahead = "", ()

    _ahead: tuple[str, ...]

    def set_project(self, project: ProjectFolder | None) -> None:
        """Let go of everything, and read from another project."""
        for handle in list(self._reading.values()):
            handle.cancel()
        self._reading, self._shown, self._ahead = {}, "", ()
        self._project = project
        held, self._held = self._held, {}
        for document in held.values():
            self._drop(document)

    @property
    def documents(self) -> dict[str, Document]:
        """Name -> Document of all in memory."""
        return dict(self._held)

    def want(self, name: str, ahead: Sequence[str] = ()) -> Document | None:
        """The picture if it is in memory, else it `arrived` soon; those `ahead` are read after it."""
        self._shown, self._ahead = name, tuple(ahead)
        for other in [other for other in self._reading if other != name and other not in ahead]:
            self._reading[other].cancel()
        document = self._held.pop(name, None)
        if document is not None:
            self._held[name] = document
        elif name not in self._reading:
            self._read(name)
        self._read_ahead()
        return document

    def forget(self, name: str) -> None:
        """Let go of a picture, because its labels became others on the disk."""
        document = self._held.pop(name, None)
        if document is not None:
            self._drop(document)

    def trim(self) -> None:
        """Let go of what is not needed any more."""
        behind = [name for name in self._held if name != self._shown and name not in self._ahead]
        spare = [name for name in behind if not self._must_stay(name)]
        room = BEHIND_BYTES
        for number, name in enumerate(reversed(spare)):
            room -= _bytes_of(self._held[name])
            if number >= BEHIND or room < 0:
                self.forget(name)

    def _drop(self, document: Document) -> None:
        self.dropped.emit(document)
        document.history.clear()  # its steps point back to the document, which would wait for a garbage collection

    def _read(self, name: str) -> None:
        assert self._project is not None
        job = ReadPicture(self._project, name, self._context.settings.max_megapixels)
        handle = self._reading[name] = self._context.jobs.start(job, "io")
        handle.succeeded.connect(partial(self._on_read, name))
        handle.failed.connect(partial(self._on_failed, name))
        handle.finished.connect(partial(self._on_ended, name, id(handle)))

    def _read_ahead(self) -> None:
        """One at a time, so that a worker is left for what is asked for."""
        if self._reading or self._shown not in self._held:
            return
        missing = [name for name in self._ahead if name not in self._held]
        if missing:
            self._read(missing[0])

    def _on_read(self, name: str, document: Document) -> None:
        if name != self._shown and name not in self._ahead:
            return
        shown = self._held.pop(self._shown, None)
        self._held[name] = document
        if shown is not None:
            self._held[self._shown] = shown
        self.trim()
        if name == self._shown:
            self.arrived.emit(name, document)

    def _on_failed(self, name: str, error: Exception) -> None:
        self._ahead = tuple(other for other in self._ahead if other != name)
        if name == self._shown:
            self.failed.emit(name, error)

    def _on_ended(self, name: str, number: int) -> None:
        reading = self._reading.get(name)
        if reading is not None and id(reading) == number:
            del self._reading[name]
        self._read_ahead()


def _bytes_of(document: Document) -> int:
    return sum(layer.pixels.nbytes for layer in document.layers.all()) + document.history.cost


def _of_another_size(name: str, kept: tuple[int, ...], size: tuple[int, ...]) -> UserError:
    return UserError(
        tr("The labels of “{name}” do not fit the picture").format(name=name),
        tr("They are {0} × {1} pixels, the picture is {2} × {3}.").format(  # noqa: RUF001
            kept[1], kept[0], size[1], size[0]
        ),
        tr("Put the right picture back, or move its labels away and label it again."),
    )
