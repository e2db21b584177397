"""All runs: which is shown, which are laid over it, and in which settings those differ."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QDesktopServices
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app import icons
from imgstudio.app.controllers.training import Training
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.colours import TRAINING, Ink, RunColours, swatch
from imgstudio.app.panels.train.differences import differing, settings_of
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.exporting import Form, ask_target
from imgstudio.app.panels.train.run_list import RunList
from imgstudio.app.panels.train.run_rows import RunRows
from imgstudio.app.theme import current_tokens
from imgstudio.core.errors import UserError
from imgstudio.learn.runs.folder import RunFolder

MOST_DIFFERENCES: Final = 8
"""Rows that are in sight at once."""
ROW: Final = 24
NAME_WIDTH: Final = 112
EXPORTS: Final[tuple[tuple[Form, str], ...]] = (("folder", "Export the model…"), ("onnx", "Export as ONNX…"))


class RunsView(QWidget):
    """Guards: the marked row is the run that is shown; deleting is asked about in place."""

    compared_changed = Signal(list)
    """The RunFolders whose curves shall be laid over those of the shown one."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.runs")
        self._training, self._watch = training, training.watch
        self._colours = RunColours.of(training)
        self.compared: list[RunFolder] = []
        self._doomed: RunFolder | None = None
        self.rows = RunRows(self)
        self.list = RunList(self.rows, self._colours)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(Empty("history", "Every training is kept here, with its curves and its model."))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._pages, 1)
        column.addWidget(self._question())
        column.addWidget(self._differences())
        self.list.compared.connect(self.toggle)
        self.list.chosen.connect(self._on_chosen)
        self.list.delete_asked.connect(self.ask_to_delete)
        self.list.customContextMenuRequested.connect(self._on_menu)
        training.runs_changed.connect(self.reload)
        self._watch.opened.connect(self._on_opened)
        self._watch.status_changed.connect(self._on_status)
        self.reload()

    def reload(self) -> None:
        """List the runs anew."""
        self.rows.show_runs(self._training.runs())
        self._pages.setCurrentIndex(0 if self.rows.rows else 1)
        there = {row.run.path for row in self.rows.rows}
        if any(run.path not in there for run in self.compared):
            self._compare([run for run in self.compared if run.path in there])
        self._mark_shown()
        self._show_differences()

    def toggle(self, run: RunFolder) -> None:
        """Lay the curves of a run over those of the shown one, or take them away."""
        without = [other for other in self.compared if other.path != run.path]
        self._compare(without if len(without) < len(self.compared) else [*without, run])

    def ask_to_delete(self, run: RunFolder) -> None:
        """Nothing is deleted before the answer."""
        if run.is_alive:
            self._training.delete(run)  # says why not
            return
        self._doomed = run
        name = run.facts().name
        self._ask.setText(
            tr("Delete “{name}” with its curves and checkpoints? Installed filters stay.").format(name=name)
        )
        self._question_box.show()
        self.keep.setFocus()

    def menu_of(self, run: RunFolder) -> QMenu:
        """What can be done with a run."""
        menu = QMenu(self)
        menu.addAction(tr("Repeat with these settings"), lambda: self._training.repeat(run))
        menu.addAction(tr("Show or hide its curves"), lambda: self.toggle(run))
        menu.addSeparator()
        can_export = bool(run.kept_checkpoints())
        for form, title in EXPORTS:
            action = menu.addAction(tr(title), partial(self._export, run, form))
            action.setEnabled(can_export)
        menu.addAction(tr("Open its folder"), lambda: self._open_folder(run))
        menu.addSeparator()
        delete = menu.addAction(tr("Delete…"), lambda: self.ask_to_delete(run))
        delete.setEnabled(not run.is_alive)
        return menu

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "table"):
            self._show_differences()

    def _question(self) -> QWidget:
        self._question_box = QFrame()
        self._question_box.setProperty("role", "notice")
        self._ask = QLabel()
        self._ask.setWordWrap(True)
        self.keep = QPushButton(tr("Keep"))
        self.keep.setObjectName("train.runs.keep")
        self.keep.clicked.connect(self._question_box.hide)
        self.delete = QPushButton(icons.icon("delete-outline"), tr("Delete"))
        self.delete.setObjectName("train.runs.delete")
        self.delete.clicked.connect(self._on_delete)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.keep)
        row.addWidget(self.delete)
        column = QVBoxLayout(self._question_box)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        column.addWidget(self._ask)
        column.addLayout(row)
        self._question_box.hide()
        return self._question_box

    def _differences(self) -> QWidget:
        self.table = QTreeWidget()
        self.table.setObjectName("train.runs.differences")
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.table.header().setStretchLastSection(False)
        self.table.header().setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.setStyleSheet("QTreeView::item { padding: 0 4px 0 9px; }")
        line = QFrame()
        line.setProperty("role", "line")
        self._note = QLabel()
        self._note.setProperty("role", "small")
        self._note.setWordWrap(True)
        self._note.setContentsMargins(12, 8, 12, 8)
        self._difference_box = QWidget()
        column = QVBoxLayout(self._difference_box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (line, self._note, self.table):
            column.addWidget(part)
        self._difference_box.hide()
        return self._difference_box

    def _compare(self, runs: list[RunFolder]) -> None:
        self.compared = runs
        self._colours.keep([run.path for run in runs])
        self.list.viewport().update()
        self._show_differences()
        self.compared_changed.emit(list(runs))

    def _show_differences(self) -> None:
        shown = self._watch.run
        others = [run for run in self.compared if shown is None or run.path != shown.path]
        runs = ([shown] if shown is not None else []) + others
        self._difference_box.setVisible(len(runs) > 1)
        self.table.clear()
        if len(runs) < 2:
            return
        rows = differing([settings_of(run) for run in runs])
        self._note.setText(tr("Different settings") if rows else tr("These runs were set up alike."))
        self.table.setVisible(bool(rows))
        self.table.setColumnCount(1 + len(runs))
        head = QTreeWidgetItem(["", *(_name(run) for run in runs)])
        for column, run in enumerate(runs, 1):
            number = self._colours.number(run.path)
            head.setIcon(column, swatch(Ink(TRAINING if run is shown or number is None else number)))
            head.setToolTip(column, _name(run))
        self.table.setHeaderItem(head)
        for name, values in rows:
            item = QTreeWidgetItem([name, *values])
            item.setForeground(0, QColor(current_tokens().dim))
            for column, text in enumerate([name, *values]):
                item.setToolTip(column, text)
            self.table.addTopLevelItem(item)
        header = self.table.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(0, NAME_WIDTH)
        self.table.setFixedHeight(ROW * (1 + min(len(rows), MOST_DIFFERENCES)) + 8)

    def _mark_shown(self) -> None:
        self.list.mark(self._watch.run)

    def _on_opened(self, run: RunFolder | None) -> None:
        if run is not None and not self.rows.index_of(run).isValid():
            self.reload()
        self._mark_shown()
        self._show_differences()

    def _on_status(self, *_: object) -> None:
        if self._watch.run is not None:
            self.rows.refresh(self._watch.run)

    def _on_chosen(self, run: RunFolder) -> None:
        if self._watch.run is None or self._watch.run.path != run.path:
            self._watch.open(run)

    def _on_menu(self, place: QPoint) -> None:
        run = self.list.run_at(place)
        if run is not None:
            self.menu_of(run).popup(self.list.viewport().mapToGlobal(place))

    def _on_delete(self) -> None:
        self._question_box.hide()
        if self._doomed is not None:
            self._training.delete(self._doomed)
            self._doomed = None

    def _export(self, run: RunFolder, form: Form) -> None:
        target = ask_target(self, form, run.path.name)
        if target is not None:
            self._on_chosen(run)
            best = any(kept.name == "best" for kept in run.kept_checkpoints())
            self._training.export("best" if best else "last", target)

    def _open_folder(self, run: RunFolder) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path)))


def _name(run: RunFolder) -> str:
    try:
        return run.facts().name
    except UserError:
        return run.path.name
