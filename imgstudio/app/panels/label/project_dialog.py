"""What a new label project is made of: pictures, classes, and where it lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from imgstudio.app.controllers.labelling.projects import NewProject
from imgstudio.app.dialogs.form_dialog import dialog_buttons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.folder_field import FolderField
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import MOST_CLASSES

WIDTH: Final = 460
NAMES_HEIGHT: Final = 132


class ProjectDialog(QDialog):
    """`project` is what a person made of it; it can be accepted only while it can be made."""

    def __init__(self, start: NewProject, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.project")
        self.setWindowTitle(tr("New label project"))
        self.setFixedWidth(WIDTH)
        self.pictures, self.place = FolderField(), FolderField()
        self.pictures.setObjectName("label.project.pictures")
        self.place.setObjectName("label.project.place")
        self.names = QPlainTextEdit("\n".join(start.names))
        self.names.setObjectName("label.project.names")
        self.names.setPlaceholderText(tr("sky\nroad\ncar"))
        self.names.setFixedHeight(NAMES_HEIGHT)
        self.names.setTabChangesFocus(True)
        self._place_title, self._note = _heading(tr("Where the project lies")), QLabel()
        self._note.setObjectName("label.project.note")
        self._note.setProperty("role", "dim")
        self._note.setWordWrap(True)
        buttons = dialog_buttons(self, tr("Make project"))
        accept = buttons.findChild(QPushButton, "dialog.accept")
        assert accept is not None
        self._accept = accept
        self._arrange(buttons)
        self.pictures.chosen.connect(self._on_pictures)
        self.place.chosen.connect(self._on_place)
        self.names.textChanged.connect(self._refresh)
        if start.pictures is not None:
            self.pictures.set_path(start.pictures)
        if start.path is not None:
            self.place.set_path(start.path)
        self._refresh()

    @property
    def project(self) -> NewProject:
        return NewProject(self.pictures.path, class_names(self.names.toPlainText()), self.place.path)

    def _arrange(self, buttons: QWidget) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(6)
        column.addWidget(_heading(tr("Pictures")))
        column.addWidget(self.pictures)
        column.addSpacing(8)
        column.addWidget(_heading(tr("Classes, one a line (more can be added later)")))
        column.addWidget(self.names)
        column.addSpacing(8)
        column.addWidget(self._place_title)
        column.addWidget(self.place)
        column.addWidget(self._note)
        column.addSpacing(8)
        column.addStretch(1)
        column.addWidget(buttons)

    def _on_pictures(self, folder: Path) -> None:
        self.pictures.set_path(folder)
        self._refresh()

    def _on_place(self, folder: Path) -> None:
        self.place.set_path(folder)
        self._refresh()

    def _refresh(self) -> None:
        project = self.project
        needs_place = project.pictures is not None and not os.access(project.pictures, os.W_OK)
        for part in (self._place_title, self.place):
            part.setVisible(needs_place)
        note = _note_of(project, needs_place=needs_place)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        can = project.pictures is not None and (not needs_place or project.path is not None)
        self._accept.setEnabled(can and len(project.names) < MOST_CLASSES)
        self.adjustSize()


def class_names(text: str) -> tuple[str, ...]:
    """Names out of lines, each once."""
    return tuple(dict.fromkeys(name for line in text.splitlines() if (name := line.strip())))


def _note_of(project: NewProject, *, needs_place: bool) -> str:
    if project.pictures is None:
        return ""
    if ProjectFolder.is_project(project.pictures):
        return tr("There is a label project in this folder already: it is opened.")
    if len(project.names) >= MOST_CLASSES:
        return tr("A project has at most 254 classes.")
    if needs_place:
        return tr("The folder of pictures is read-only: choose a place for the labels.")
    return tr("The labels are written beside the pictures; the pictures are never changed.")


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "dim")
    return label
