"""All pictures of the project: found by state, class or text, and how many are done."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, QSignalBlocker, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.controllers.labelling.thumbnails import PictureThumbnails
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.panels.label.picture_list import PictureList
from imgstudio.app.panels.label.picture_rows import Filter, PictureRows, Showing, Sorting, sorted_entries
from imgstudio.core.errors import UserError
from imgstudio.core.labelproject.entries import Entry, State

SHOWING: Final[tuple[tuple[Showing, str], ...]] = (
    ("all", "All pictures"),
    ("open", "Not done"),
    ("new", "New"),
    ("predicted", "Predicted"),
    ("in work", "In work"),
    ("done", "Done"),
    ("flagged", "Flagged"),
)
SORTING: Final[tuple[tuple[Sorting, str], ...]] = (
    ("name", "By name"),
    ("unsure", "Unsure first"),
    ("disagreement", "Differing first"),
    ("changed", "Changed last first"),
)
MENU_STATES: Final[tuple[tuple[State, str], ...]] = (("done", "Done"), ("in work", "In work"), ("new", "New"))
REST_MS: Final = 250
"""How long nothing must change before the list is put in order again."""


class PicturesPanel(QWidget):
    """Guards: the picture in hand keeps its row, whatever the filter says."""

    def __init__(self, context: AppContext, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.pictures")
        self._context, self._session = context, session
        self.filter = Filter()
        self._changed: dict[str, float] = {}
        self.rows, self.thumbnails = PictureRows(self), PictureThumbnails(context.jobs, self)
        self.list = PictureList(self.rows, self.thumbnails, self._path_of)
        self.search, self.showing = QLineEdit(), QuietCombo()
        self.sort, self.progress, self._count = QToolButton(), QProgressBar(), QLabel()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.arrange)
        self._build()
        self._connect()
        self._on_project()

    def arrange(self) -> None:
        """Find and sort the pictures again."""
        project, current = self._session.project, self._session.entry
        entries = () if project is None else project.entries()
        fitting = [
            e for e in entries if self.filter.admits(e) or (current is not None and e.name == current.name)
        ]
        self.rows.arrange(
            sorted_entries(fitting, self.filter.sorting, lambda name: self._changed.get(name, 0.0))
        )
        self._session.order = tuple(self.rows.names)
        self._mark(current)
        self._show_progress()

    def _build(self) -> None:
        self._build_head()
        self.progress.setTextVisible(False)
        self.progress.setObjectName("label.pictures.progress")
        self._count.setProperty("role", "small")
        self._count.setObjectName("label.pictures.count")
        font = self._count.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self._count.setFont(font)
        upper, foot, line = QHBoxLayout(), QHBoxLayout(), QFrame()
        upper.setContentsMargins(12, 8, 8, 8)
        upper.setSpacing(4)
        upper.addWidget(self.search, 3)
        upper.addWidget(self.showing, 2)
        upper.addWidget(self.sort)
        foot.setContentsMargins(12, 4, 12, 6)
        foot.setSpacing(8)
        foot.addWidget(self.progress, 1)
        foot.addWidget(self._count)
        line.setProperty("role", "line")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(upper)
        column.addWidget(self.list, 1)
        column.addWidget(line)
        column.addLayout(foot)

    def _build_head(self) -> None:
        self.search.setObjectName("label.pictures.search")
        self.search.setPlaceholderText(tr("Find"))
        self.search.setToolTip(tr("Find pictures by what is in their name or note"))
        self.search.setClearButtonEnabled(True)
        self.showing.setObjectName("label.pictures.showing")
        self.showing.setMinimumContentsLength(8)
        self.showing.setSizeAdjustPolicy(QuietCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sort.setObjectName("label.pictures.sort")
        self.sort.setIcon(icon("sort"))
        self.sort.setFixedSize(28, 26)
        self.sort.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.sort)
        for key, text in SORTING:
            action = menu.addAction(tr(text))
            action.setCheckable(True)
            action.setData(key)
        menu.triggered.connect(lambda action: self._change(sorting=action.data()))
        menu.aboutToShow.connect(self._check_sorting)
        self.sort.setMenu(menu)

    def _connect(self) -> None:
        session = self._session
        session.project_changed.connect(self._on_project)
        session.picture_changed.connect(self._on_picture)
        session.entries_changed.connect(self._on_entries)
        session.classes_changed.connect(self._fill_showing)
        self.list.chosen.connect(session.show)
        self.list.flag_clicked.connect(self._on_flag)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.search.textChanged.connect(lambda text: self._change(text=text.strip()))
        self.showing.activated.connect(self._on_showing)

    def _on_project(self, *_: object) -> None:
        self.thumbnails.clear()
        self._changed.clear()
        self.filter = Filter()
        with QSignalBlocker(self.search):
            self.search.clear()
        self._fill_showing()
        self.sort.setToolTip(_sort_tip(self.filter.sorting))
        self.arrange()

    def _on_picture(self, entry: Entry | None) -> None:
        if entry is not None and not self.rows.index_of(entry.name).isValid():
            self.arrange()
        self._mark(entry)

    def _on_entries(self, names: list[str]) -> None:
        project = self._session.project
        if project is None:
            return
        known = {name for name in names if self.rows.index_of(name).isValid()}
        try:
            for name in known:
                self._changed[name] = time.monotonic()
                self.rows.renew(project.entry(name))
        except UserError:  # it is gone
            known.clear()
        self._show_progress()
        if len(known) < len(names) or self.filter != Filter():
            self._rest.start()

    def _set_state(self, name: str, state: State) -> None:
        self._session.change(name, lambda entry: replace(entry, state=state))

    def _on_flag(self, name: str) -> None:
        self._session.change(name, lambda entry: replace(entry, is_flagged=not entry.is_flagged))

    def _on_showing(self, index: int) -> None:
        chosen = self.showing.itemData(index)
        if isinstance(chosen, int):
            self._change(showing="all", value=chosen)
        else:
            self._change(showing=chosen, value=None)

    def _change(self, **values: object) -> None:
        self.filter = replace(self.filter, **values)  # type: ignore[arg-type]
        self.sort.setToolTip(_sort_tip(self.filter.sorting))
        self.arrange()

    def _fill_showing(self) -> None:
        with QSignalBlocker(self.showing):
            self.showing.clear()
            for key, text in SHOWING:
                self.showing.addItem(tr(text), key)
            for known in self._session.classes:
                self.showing.addItem(tr("With {name}").format(name=known.name), known.value)
            wanted = self.filter.showing if self.filter.value is None else self.filter.value
            self.showing.setCurrentIndex(max(0, self.showing.findData(wanted)))

    def _check_sorting(self) -> None:
        for action in self.sort.menu().actions():
            action.setChecked(action.data() == self.filter.sorting)

    def _mark(self, entry: Entry | None) -> None:
        self.list.mark("" if entry is None else entry.name)

    def _show_progress(self) -> None:
        project = self._session.project
        entries = () if project is None else project.entries()
        done = sum(entry.state == "done" for entry in entries)
        self.progress.setRange(0, max(1, len(entries)))
        self.progress.setValue(done)
        self._count.setText(tr("{done} of {all} done").format(done=f"{done:,}", all=f"{len(entries):,}"))

    def _open_menu(self, place: QPoint) -> None:
        entry = self.list.entry_at(place)
        if entry is None:
            return
        menu = QMenu(self)
        menu.setObjectName("label.pictures.menu")
        for state, text in MENU_STATES:
            action = menu.addAction(tr(text), partial(self._set_state, entry.name, state))
            action.setCheckable(True)
            action.setChecked(entry.state == state)
        menu.addSeparator()
        flag = menu.addAction(tr("Flag"), lambda: self._on_flag(entry.name))
        flag.setCheckable(True)
        flag.setChecked(entry.is_flagged)
        menu.addAction(
            tr("Open in Edit"), lambda: self._context.documents.open_paths([self._path_of(entry.name)])
        )
        menu.popup(self.list.viewport().mapToGlobal(place))
        menu.aboutToHide.connect(menu.deleteLater)

    def _path_of(self, name: str) -> Path:
        project = self._session.project
        assert project is not None
        return project.picture(name)


def _sort_tip(sorting: Sorting) -> str:
    return tr("Sorting: {how}").format(how=tr(dict(SORTING)[sorting]).lower())
