"""The kept states of the shown run: try one on a picture, make it a filter, write it to a file."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QFont
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
from imgstudio.app.panels.train.curves import number_text
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.exporting import Form, ask_target
from imgstudio.app.theme import current_tokens
from imgstudio.learn.runs.records import KeptCheckpoint

NAME_ROLE: Final = Qt.ItemDataRole.UserRole
TITLES: Final = {"best": "Best", "last": "Last"}
ICONS: Final = {"best": "star-outline", "last": "clock-outline"}
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Checkpoints(QWidget):
    """Best and last first, then those of single steps, newest first; the mark stays where a person put it."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.checkpoints")
        self._training, self._watch = training, training.watch
        self._told: list[tuple[str, int | None, str]] = []
        self.list = QTreeWidget()
        self._set_up_list()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(Empty("content-save-outline", "Checkpoints are kept while a network learns."))
        title = QLabel(tr("Checkpoints"))
        title.setProperty("role", "dim")
        title.setContentsMargins(12, 6, 12, 6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (_line(), title):
            column.addWidget(part)
        column.addWidget(self._pages, 1)
        column.addWidget(_line())
        column.addLayout(self._buttons())
        for signal in (self._watch.opened, self._watch.status_changed, self._watch.validated):
            signal.connect(self.reload)
        self.reload()

    @property
    def chosen(self) -> str:
        """What the controller calls the marked one: "best", "last" or a step; "" for none."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(0, NAME_ROLE))

    def choose(self, which: str) -> None:
        """Mark "best", "last" or a step."""
        for index in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(index)
            if item is not None and item.data(0, NAME_ROLE) == which:
                self.list.setCurrentItem(item)

    def show_step(self, step: int) -> None:
        """Mark the checkpoint of a step, where one was kept."""
        named = {kept.step: _which(kept) for kept in reversed(self._kept())}
        if step in named:
            self.choose(named[step])

    def reload(self, *_: object) -> None:
        """Read from the run's folder which there are."""
        told = [(_which(kept), kept.step, self._score(kept)) for kept in self._kept()]
        self._pages.setCurrentIndex(0 if told else 1)
        if told != self._told:
            chosen = self.chosen
            self._told = told
            with QSignalBlocker(self.list):
                self._fill()
                self.choose(told[0][0] if told else "")
                self.choose(chosen)
        self._show_possible()

    def _kept(self) -> list[KeptCheckpoint]:
        run = self._watch.run
        kept = [] if run is None else run.kept_checkpoints()
        named = {"best": 0, "last": 1}
        return sorted(kept, key=lambda one: (named.get(one.name, 2), -(one.step or 0)))

    def _score(self, kept: KeptCheckpoint) -> str:
        """Of the validation at its step, or of the last one before it."""
        run, goal = self._watch.run, self._watch.status.goal
        if run is None or goal is None or kept.step is None:
            return ""
        rows = [row for row in run.validations() if row.step <= kept.step and goal.name in row.scores]
        return number_text(rows[-1].scores[goal.name]) if rows else ""

    def _fill(self) -> None:
        self.list.clear()
        for which, step, score in self._told:
            at = tr("step {step:,}").format(step=step) if step is not None else ""
            title = tr(TITLES[which]) if which in TITLES else tr("Step {step:,}").format(step=step or 0)
            item = QTreeWidgetItem([title, at if which in TITLES else "", score])
            item.setData(0, NAME_ROLE, which)
            item.setIcon(0, icons.icon(ICONS.get(which, "circle-small"), "dim"))
            item.setForeground(1, QColor(current_tokens().dim))
            for column in (1, 2):
                item.setTextAlignment(column, RIGHT)
            self.list.addTopLevelItem(item)

    def _set_up_list(self) -> None:
        self.list.setObjectName("train.checkpoints.list")
        self.list.setAccessibleName(tr("Checkpoints"))
        self.list.setColumnCount(3)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setIconSize(QSize(16, 16))
        self.list.setStyleSheet("QTreeView::item { padding: 0 8px; }")
        font = self.list.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.list.setFont(font)
        header = self.list.header()
        header.setStretchLastSection(False)
        for column in range(3):
            mode = QHeaderView.ResizeMode.ResizeToContents if column else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(column, mode)
        self.list.currentItemChanged.connect(self._show_possible)

    def _buttons(self) -> QVBoxLayout:
        self.try_out = QPushButton(tr("Try on the current document"))
        self.try_out.setObjectName("train.try_out")
        self.try_out.clicked.connect(lambda: self._training.try_out(self.chosen))
        self.install = QPushButton(tr("Install as filter"))
        self.install.setObjectName("train.install")
        self.install.clicked.connect(lambda: self._training.install(self.chosen))
        self.export = QPushButton(tr("Export…"))
        self.export.setObjectName("train.export")
        self.export.setMenu(self._export_menu())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.install, 1)
        row.addWidget(self.export, 1)
        column = QVBoxLayout()
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.try_out)
        column.addLayout(row)
        return column

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("train.export.menu")
        menu.addAction(tr("Model folder…"), lambda: self._on_export("folder"))
        menu.addAction(tr("ONNX file…"), lambda: self._on_export("onnx"))
        return menu

    def _on_export(self, form: Form) -> None:
        run = self._watch.run
        if run is None:
            return
        target = ask_target(self, form, run.path.name)
        if target is not None:
            self._training.export(self.chosen, target)

    def _show_possible(self, *_: object) -> None:
        for button in (self.try_out, self.install, self.export):
            button.setEnabled(bool(self.chosen))


def _which(kept: KeptCheckpoint) -> str:
    return kept.name if kept.name in TITLES else str(kept.step)


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
