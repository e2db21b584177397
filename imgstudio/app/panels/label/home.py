"""What is seen in the Label workspace while no picture is: begin a project, go on with one, or why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.projects import NewProject, recent_projects, take_folder
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.project_dialog import ProjectDialog
from imgstudio.app.panels.tile import Tile
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.folder_field import FolderField
from imgstudio.core.labels import classes_named

WIDTH: Final = 560
RECENT: Final = QSize(182, 116)
COLUMNS: Final = 3
MOST: Final = 6


class LabelHome(QStackedWidget):
    """The first page, or a sentence while a picture is read or cannot be."""

    def __init__(self, context: AppContext, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.home")
        self._context, self._session = context, session
        self.folder = FolderField()
        self.folder.setObjectName("label.home.folder")
        self._recent = QVBoxLayout()
        self._recent.setSpacing(8)
        self._start = self._start_page()
        self._choose = Empty("image-outline", "Choose a picture in the list.")
        self._broken = Empty("image-broken-variant", "This picture cannot be shown. Choose another one.")
        for page in (self._start, self._choose, self._broken):
            self.addWidget(page)
        self.folder.chosen.connect(lambda folder: take_folder(context, folder))
        session.project_wanted.connect(self.ask)
        session.project_changed.connect(self._on_changed)
        session.picture_changed.connect(self._on_changed)
        session.document_changed.connect(self._on_changed)
        context.settings.changed.connect(self._on_setting)
        self._show_recent()

    def ask(self, folder: Path | None) -> None:
        """Ask what a new project is made of."""
        dialog = ProjectDialog(NewProject(pictures=folder), self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._make(dialog.project))
        dialog.open()

    def _make(self, wanted: NewProject) -> None:
        if wanted.pictures is not None:
            self._session.create(wanted.pictures, classes_named(wanted.names), wanted.place)

    def _start_page(self) -> QWidget:
        title, line = (
            QLabel(tr("Label pictures")),
            QLabel(tr("Say what is where in a folder of pictures. A model learns from it while you paint.")),
        )
        title.setProperty("role", "hero")
        line.setProperty("role", "dim")
        line.setWordWrap(True)
        self.folder.setFixedHeight(72)
        make = QPushButton(tr("Make a label project from a folder…"))
        make.setObjectName("label.home.new")
        make.setProperty("primary", "true")
        make.clicked.connect(lambda: self._context.actions.run("label.new_project"))
        open_ = QPushButton(tr("Open a project…"))
        open_.setObjectName("label.home.open")
        open_.clicked.connect(lambda: self._context.actions.run("label.open_project"))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(make)
        buttons.addWidget(open_)
        buttons.addStretch(1)
        inner = QWidget()
        inner.setFixedWidth(WIDTH)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 24, 0, 24)
        column.setSpacing(12)
        column.addStretch(1)
        for part in (title, line, self.folder):
            column.addWidget(part)
        column.addLayout(buttons)
        column.addSpacing(16)
        column.addLayout(self._recent)
        column.addStretch(2)
        scroll, whole = QScrollArea(), QWidget()
        across = QHBoxLayout(whole)
        across.addStretch(1)
        across.addWidget(inner)
        across.addStretch(1)
        scroll.setWidget(whole)
        scroll.setWidgetResizable(True)
        return scroll

    def _on_changed(self, *_: object) -> None:
        session = self._session
        if session.project is None:
            self.setCurrentWidget(self._start)
        elif session.has_failed:
            self.setCurrentWidget(self._broken)
        else:
            self.setCurrentWidget(self._choose)

    def _on_setting(self, name: str) -> None:
        if name == "recent_projects":
            self._show_recent()

    def _show_recent(self) -> None:
        while (item := self._recent.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        projects = recent_projects(self._context)[:MOST]
        if not projects:
            return
        heading = QLabel(tr("Recent projects"))
        heading.setProperty("role", "title")
        self._recent.addWidget(heading)
        grid = QWidget()
        rows = QVBoxLayout(grid)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(7)
        for first in range(0, len(projects), COLUMNS):
            row = QHBoxLayout()
            row.setSpacing(7)
            for number, path in enumerate(projects[first : first + COLUMNS], start=first):
                tile = Tile(path.name, str(path.parent), "label-multiple-outline", RECENT)
                tile.setObjectName(f"label.home.recent.{number}")
                tile.clicked.connect(lambda _=False, path=path: self._session.open(path))
                row.addWidget(tile)
            row.addStretch(1)
            rows.addLayout(row)
        self._recent.addWidget(grid)
