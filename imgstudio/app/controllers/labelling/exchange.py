"""Labels of a project to and from other programs, on a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgstudio.app.i18n import tr
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Format
from imgstudio.core.labelformats.exporting import Exported, export
from imgstudio.core.labelformats.importing import Imported, ImportOptions, import_labels
from imgstudio.core.labelformats.losses import Loss, losses
from imgstudio.core.labelformats.registry import recognised
from imgstudio.core.labelproject.folder import ProjectFolder


@dataclass(frozen=True, slots=True, eq=False)
class LabelLossesJob:
    """Finds what an export will lose."""

    project: ProjectFolder
    format: Format
    options: Any
    quiet: bool = True
    title: str = "Looking at the labels"

    def run(self, progress: Progress) -> tuple[Loss, ...]:
        return losses(self.project, self.format, self.options, progress)


@dataclass(frozen=True, slots=True, eq=False)
class ExportLabelsJob:
    """Writes the labels for another program."""

    project: ProjectFolder
    format: Format
    options: Any
    folder: Path

    @property
    def title(self) -> str:
        return tr("Exporting labels as {format}").format(format=self.format.name)

    def run(self, progress: Progress) -> Exported:
        return export(self.project, self.format, self.options, self.folder, progress)


@dataclass(frozen=True, slots=True, eq=False)
class ImportLabelsJob:
    """Brings labels of another program into a project."""

    project: ProjectFolder
    format: Format
    source: Path
    options: ImportOptions
    quiet: bool = True

    @property
    def title(self) -> str:
        return tr("Importing labels from {name}").format(name=self.source.name)

    def run(self, progress: Progress) -> Imported:
        return import_labels(self.project, self.format, self.source, self.options, progress)


@dataclass(frozen=True, slots=True)
class RecogniseJob:
    """Finds out which format a folder or file has; None where nobody can tell."""

    source: Path
    quiet: bool = True
    title: str = "Looking at the folder"

    def run(self, progress: Progress) -> Format | None:
        progress.update(0.0)
        return recognised(self.source)
