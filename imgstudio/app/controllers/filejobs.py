"""The file work of documents as jobs: each owns what it needs and runs on a worker."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from imgstudio.core import imagefile, opening, projectfile
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.imagefile import ExportOptions
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array
from imgstudio.core.projectfile import KeptPictures
from imgstudio.core.samples import SAMPLES, Sample, drawn
from imgstudio.core.snapshot import DocumentSnapshot, freeze


@dataclass(frozen=True, slots=True)
class OpenJob:
    """Reads a picture or a project."""

    path: Path
    max_megapixels: float

    @property
    def title(self) -> str:
        return f"Opening {self.path.name}"

    def run(self, progress: Progress) -> Document:
        progress.update(0.0)
        return opening.open_document(self.path, max_megapixels=self.max_megapixels)


@dataclass(frozen=True, slots=True, eq=False)
class SaveJob:
    """Writes a project."""

    snapshot: DocumentSnapshot
    path: Path
    quiet: bool = False
    kept: KeptPictures | None = None
    """What earlier saves encoded."""

    @classmethod
    def of(
        cls, document: Document, path: Path, *, quiet: bool = False, kept: KeptPictures | None = None
    ) -> SaveJob:
        """Freeze the document as it is now; call it on the thread that owns it."""
        return cls(freeze(document), path, quiet, kept)

    @property
    def title(self) -> str:
        return f"Saving {self.path.name}"

    def run(self, progress: Progress) -> None:
        projectfile.save(self.snapshot, self.path, progress, self.kept)


@dataclass(frozen=True, slots=True, eq=False)
class ExportJob:
    """Writes a flat picture; returns what the format could not keep."""

    snapshot: DocumentSnapshot
    path: Path
    options: ExportOptions
    source_types: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, document: Document, path: Path, options: ExportOptions, source_types: Mapping[str, str]
    ) -> ExportJob:
        """Freeze the document as it is now; call it on the thread that owns it."""
        return cls(freeze(document), path, options, source_types)

    @property
    def title(self) -> str:
        return f"Exporting {self.path.name}"

    def run(self, progress: Progress) -> tuple[str, ...]:
        progress.update(0.0)
        return opening.export_picture(self.snapshot, self.path, self.options, source_types=self.source_types)


@dataclass(frozen=True, slots=True, eq=False)
class LossesJob:
    """Finds out what a file of this kind would not hold."""

    snapshot: DocumentSnapshot
    suffix: str
    title: str = "Looking at the layers"
    quiet: bool = True

    def run(self, progress: Progress) -> list[str]:
        progress.update(0.0)
        return opening.losses(self.snapshot, self.suffix)


@dataclass(frozen=True, slots=True, eq=False)
class ExportSizeJob:
    """Writes the file to a place of its own, only to see how large it is; returns bytes."""

    snapshot: DocumentSnapshot
    suffix: str
    options: ExportOptions
    title: str = "Finding the size of the file"
    quiet: bool = True

    def run(self, progress: Progress) -> int:
        progress.update(0.0)
        with tempfile.TemporaryDirectory(prefix="imgstudio-") as folder:
            path = Path(folder) / f"size{self.suffix}"
            opening.export_picture(self.snapshot, path, self.options)
            return path.stat().st_size


@dataclass(frozen=True, slots=True)
class ThumbnailsJob:
    """Reads small previews of files; a file that cannot be read has none."""

    paths: tuple[Path, ...]
    size: int
    title: str = "Reading previews"
    quiet: bool = True

    def run(self, progress: Progress) -> dict[Path, Array]:
        found: dict[Path, Array] = {}
        for path in progress.track(self.paths):
            picture = _preview(path, self.size)
            if picture is not None:
                found[path] = picture
        return found


def _preview(path: Path, size: int) -> Array | None:
    try:
        if opening.is_project(path):
            return _project_thumbnail(path)
        return imagefile.thumbnail(path, size)
    except UserError:
        return None


def _project_thumbnail(path: Path) -> Array | None:
    """The small picture that every OpenRaster file carries."""
    try:
        with zipfile.ZipFile(path) as project:
            data = np.frombuffer(project.read("Thumbnails/thumbnail.png"), np.uint8)
    except (OSError, KeyError, zipfile.BadZipFile):
        return None
    read = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    return None if read is None else np.asarray(read[..., ::-1], np.uint8)


@dataclass(frozen=True, slots=True)
class SampleJob:
    """Draws a sample and opens it as a document that has no file yet."""

    sample: Sample
    width: int = 1500

    @property
    def title(self) -> str:
        return f"Drawing “{self.sample.title}”"

    def run(self, progress: Progress) -> Document:
        progress.update(0.0)
        picture = drawn(self.sample, self.width)
        opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
        document = Document.from_pixels(np.concatenate([picture, opaque], -1))
        document.name = self.sample.title
        document.original = document.layers.root[0].pixels.copy()
        return document


@dataclass(frozen=True, slots=True)
class SamplePreviewsJob:
    """Draws every sample small."""

    width: int
    title: str = "Drawing previews"
    quiet: bool = True

    def run(self, progress: Progress) -> dict[str, Array]:
        return {sample.id: drawn(sample, self.width) for sample in progress.track(SAMPLES)}
