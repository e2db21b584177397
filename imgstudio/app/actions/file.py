"""The File menu: new, open, save, export, place, close, quit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np

from imgstudio.app.actions.spec import ActionSpec, with_document
from imgstudio.app.context import AppContext
from imgstudio.app.controllers.closing import close_documents, project_path
from imgstudio.app.controllers.documents import Documents
from imgstudio.app.controllers.placing import bring
from imgstudio.app.i18n import tr
from imgstudio.core.document import Document
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import top


@dataclass(frozen=True)
class NewPicture:
    """What an empty picture is like."""

    width: Annotated[int, Number(1, 30_000, soft_max=8000, unit="px")] = 1920
    height: Annotated[int, Number(1, 30_000, soft_max=8000, unit="px")] = 1080
    depth: Annotated[
        Literal["8 bit", "16 bit"], Ui(help="16 bit keeps smooth gradients smooth, at twice the memory.")
    ] = "8 bit"
    background: Literal["white", "black", "transparent"] = "white"

    def pixels(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8 | np.uint16]]:
        """(height, width, 4) straight RGBA."""
        dtype = np.dtype(np.uint8 if self.depth == "8 bit" else np.uint16)
        made = np.zeros((self.height, self.width, 4), dtype)
        if self.background != "transparent":
            made[...] = top(dtype)
        if self.background == "black":
            made[..., :3] = 0
        return made


def documents(context: AppContext) -> Documents:
    """The open documents with everything that can be done to them."""
    assert isinstance(context.documents, Documents)
    return context.documents


def current(context: AppContext) -> Document:
    """The document that is shown; only for actions that are enabled with one."""
    assert context.documents.current is not None
    return context.documents.current


def new(context: AppContext) -> None:
    asked = context.ask.form(tr("New picture"), NewPicture(), accept=tr("Create"))
    if asked is not None:
        document = Document.from_pixels(asked.pixels())
        document.name = tr("Untitled")
        context.documents.add(document)


def folder_of(context: AppContext) -> Path:
    """Where a file dialog begins: beside the present document, else beside the newest file."""
    document = context.documents.current
    if document is not None and document.path is not None:
        return document.path.parent
    recent = context.settings.recent_files
    return Path(recent[0]).parent if recent else Path.home()


def open_(context: AppContext) -> None:
    context.documents.open_paths(context.ask.files_to_open(tr("Open"), folder_of(context)))


def place(context: AppContext) -> None:
    place_files(context, context.ask.files_to_open(tr("Place as layer"), folder_of(context)))


def place_files(context: AppContext, paths: list[Path]) -> None:
    """Read files and add each as a layer of the document that is shown now."""
    target = current(context)
    for path in paths:
        documents(context).read(path, partial(bring, context, target))


def save(context: AppContext) -> None:
    document = current(context)
    path = project_path(context, document)
    if path is not None:
        documents(context).save(document, path)


def save_as(context: AppContext) -> None:
    document = current(context)
    path = project_path(context, document, anew=True)
    if path is not None:
        documents(context).save(document, path)


def export(context: AppContext) -> None:
    document = current(context)
    chosen = context.ask.export(document, documents(context).last_export(document))
    if chosen is not None:
        documents(context).export(document, *chosen)


def export_again(context: AppContext) -> None:
    document = current(context)
    again = documents(context).last_export(document)
    if again is None:
        export(context)
    else:
        documents(context).export(document, *again)


def close(context: AppContext) -> None:
    close_documents(context, documents(context), [current(context)])


def close_all(context: AppContext) -> None:
    close_documents(context, documents(context), context.documents.own)


def quit_(context: AppContext) -> None:
    context.window.close()


def _unsaved(context: AppContext) -> bool:
    document = context.documents.current
    return document is not None and (document.path is None or not document.history.is_clean)


def _export_again_text(context: AppContext) -> str:
    document = context.documents.current
    again = documents(context).last_export(document) if document is not None else None
    return tr("Export again") if again is None else tr("Export again to {name}").format(name=again[0].name)


ACTIONS: Final = (
    ActionSpec("file.new", "New…", "Ctrl+N", "File", new, icon="file-plus-outline", help="An empty picture."),
    ActionSpec(
        "file.open",
        "Open…",
        "Ctrl+O",
        "File",
        open_,
        icon="folder-open-outline",
        help="A picture or a project.",
    ),
    ActionSpec(
        "file.place",
        "Place as layer…",
        "Ctrl+Shift+O",
        "File",
        place,
        with_document,
        help="Add pictures to this one.",
    ),
    ActionSpec(
        "file.save",
        "Save",
        "Ctrl+S",
        "File",
        save,
        _unsaved,
        icon="content-save-outline",
        separator=True,
        help="Keep everything in the project file: layers, masks, recipes.",
    ),
    ActionSpec(
        "file.save_as",
        "Save as…",
        "Ctrl+Shift+S",
        "File",
        save_as,
        with_document,
        help="Keep everything in a new project file.",
    ),
    ActionSpec(
        "file.export",
        "Export as…",
        "Ctrl+Alt+E",
        "File",
        export,
        with_document,
        icon="export",
        help="Write a flat JPEG, PNG, TIFF or WebP.",
    ),
    ActionSpec(
        "file.export_again",
        "Export again",
        "Ctrl+Alt+Shift+E",
        "File",
        export_again,
        with_document,
        text_now=_export_again_text,
        help="Write to the same file with the same options.",
    ),
    ActionSpec("file.close", "Close", "Ctrl+W", "File", close, with_document, separator=True),
    ActionSpec("file.close_all", "Close all", "Ctrl+Shift+W", "File", close_all, with_document),
    ActionSpec("file.quit", "Quit", "Ctrl+Q", "File", quit_, separator=True),
)
