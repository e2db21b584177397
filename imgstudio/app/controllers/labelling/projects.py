"""Opening and making label projects on a worker, and which ones were opened lately."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import LabelClass

MOST_RECENT: Final = 10


@dataclass(frozen=True, slots=True)
class NewProject:
    """What a label project is made of."""

    pictures: Path | None = None
    names: tuple[str, ...] = ()
    """Of its classes."""
    path: Path | None = None
    """Where it lies; None: in the folder of pictures."""

    @property
    def place(self) -> Path | None:
        return self.path or self.pictures


@dataclass(frozen=True, slots=True)
class OpenProject:
    """Opens a project, or makes one first where pictures are given."""

    path: Path
    pictures: Path | None
    classes: tuple[LabelClass, ...]

    @property
    def title(self) -> str:
        return tr("Opening {name}").format(name=self.path.name)

    def run(self, progress: Progress) -> ProjectFolder:
        progress.update(0.0)
        if self.pictures is not None and not ProjectFolder.is_project(self.path):
            project = ProjectFolder.create(self.path, self.pictures, self.classes)
        else:
            project = ProjectFolder.open(self.path)
        project.entries()
        return project


def open_project(
    context: AppContext,
    path: Path,
    then: Callable[[ProjectFolder], object],
    *,
    pictures: Path | None = None,
    classes: Sequence[LabelClass] = (),
) -> None:
    """Open a project, and hand it over when it is there; `pictures`: make it of them."""

    def take(project: ProjectFolder) -> None:
        remember(context, project.path)
        then(project)

    handle = context.jobs.start(OpenProject(path.absolute(), pictures, tuple(classes)), "io")
    handle.is_told_elsewhere = True
    handle.succeeded.connect(take)
    handle.failed.connect(context.error)


def take_folder(context: AppContext, folder: Path) -> None:
    """Open the project of a folder in the Label workspace, or ask what a new one is made of."""
    context.window.workspaces.show("label")
    session = context.labelling
    assert session is not None
    if ProjectFolder.is_project(folder):
        session.open(folder)
    else:
        session.project_wanted.emit(folder)


def recent_projects(context: AppContext) -> list[Path]:
    """Newest first."""
    return [Path(text) for text in context.settings.recent_projects]


def remember(context: AppContext, path: Path) -> None:
    """Put a project on top of the recent ones."""
    text = str(path)
    others = [other for other in context.settings.recent_projects if other != text]
    try:
        context.settings.set("recent_projects", (text, *others)[:MOST_RECENT])
    except UserError as error:  # the settings file cannot be written: the project is open nevertheless
        context.message.emit(str(error))
