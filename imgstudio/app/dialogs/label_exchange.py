"""Ask how labels leave or come in, have it done, and tell what became of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.exchange import ExportLabelsJob
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.dialogs.label_export import LabelExportDialog
from imgstudio.app.dialogs.label_import import LabelImportDialog
from imgstudio.app.dialogs.label_problems import ProblemsDialog
from imgstudio.app.i18n import tr
from imgstudio.core.labelformats.base import Format
from imgstudio.core.labelformats.exporting import Exported
from imgstudio.core.labelproject.folder import ProjectFolder


def ask_export(context: AppContext, session: LabelSession) -> None:
    """Ask how the labels leave, and write them on a worker."""
    project = session.project
    assert project is not None
    session.save_now()
    dialog = LabelExportDialog(project, context.jobs, context.window.canvas.window())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.accepted.connect(lambda: _export(context, project, dialog.chosen))
    dialog.open()


def ask_import(context: AppContext, session: LabelSession) -> None:
    """Ask what labels come in; the dialog stays until they are there, so that nobody paints meanwhile."""
    project = session.project
    assert project is not None
    session.save_now()
    dialog = LabelImportDialog(project, context.jobs, context.window.canvas.window())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.brought.connect(lambda: _reopen(session))
    dialog.open()


def _export(context: AppContext, project: ProjectFolder, chosen: tuple[Format, Any, Path]) -> None:
    label_format, options, folder = chosen
    handle = context.jobs.start(ExportLabelsJob(project, label_format, options, folder), "io")
    handle.is_told_elsewhere = True
    handle.succeeded.connect(partial(_on_exported, context))
    handle.failed.connect(context.error)


def _on_exported(context: AppContext, done: Exported) -> None:
    told = tr("{count} pictures exported to “{folder}”")
    context.message.emit(told.format(count=done.pictures, folder=done.folder.name))
    if done.problems:
        title = tr("What could not be exported")
        dialog = ProblemsDialog(title, done.problems, context.window.canvas.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


def _reopen(session: LabelSession) -> None:
    """Read the project again, and come back to the picture that was in hand."""
    project, name = session.project, session.name
    if project is None:
        return

    def come_back(reopened: object) -> None:
        session.project_changed.disconnect(come_back)
        if isinstance(reopened, ProjectFolder) and any(entry.name == name for entry in reopened.entries()):
            # what is shown first is shown when the signal has reached everybody
            session.document_changed.connect(show_it, Qt.ConnectionType.SingleShotConnection)

    def show_it(*_: object) -> None:
        session.show(name)

    session.project_changed.connect(come_back)
    session.open(project.path)
