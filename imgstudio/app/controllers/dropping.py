"""Files dropped on the window: on the picture they become layers, anywhere else they are opened."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.documents import Documents
from imgstudio.app.controllers.labelling.projects import take_folder
from imgstudio.app.controllers.placing import bring
from imgstudio.app.i18n import tr
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.opening import is_project


class Dropping(QObject):
    """Shift turns the rule round; projects are always opened."""

    def __init__(self, context: AppContext, documents: Documents, window: QWidget, canvas: QWidget) -> None:
        super().__init__(window)
        self._context, self._documents, self._window, self._canvas = context, documents, window, canvas
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if isinstance(event, QDragEnterEvent | QDragMoveEvent):
            if not files_of(event):
                return False
            event.acceptProposedAction()
            self._context.tool_state.say(
                tr("Release to add as a layer; with Shift it is opened")
                if self._as_layer(event)
                else tr("Release to open")
            )
            return True
        if event.type() == QEvent.Type.DragLeave:
            self._context.tool_state.say("")
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop and files_of(event):
            self._drop(files_of(event), as_layer=self._as_layer(event))
            event.acceptProposedAction()
            return True
        return False

    def _as_layer(self, event: QDropEvent) -> bool:
        current = self._context.documents.current
        if current is None or current in self._context.documents.guests:
            return False
        place = self._canvas.mapFrom(self._window, event.position().toPoint())
        on_picture = self._canvas.isVisible() and self._canvas.rect().contains(place)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        return on_picture != shift

    def _labels(self, folder: Path) -> bool:
        """Whether a folder is meant to be labelled."""
        return self._context.window.workspaces.current == "label" or ProjectFolder.is_project(folder)

    def _drop(self, paths: list[Path], *, as_layer: bool) -> None:
        self._context.tool_state.say("")
        target = self._context.documents.current
        for path in paths:
            if path.is_dir() and self._labels(path):
                take_folder(self._context, path)
            elif as_layer and target is not None and not is_project(path):
                self._documents.read(path, partial(bring, self._context, target))
            else:
                self._documents.open_paths([path])


def files_of(event: QDropEvent) -> list[Path]:
    """The local files that are dragged."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
