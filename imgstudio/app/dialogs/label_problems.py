"""Sentences about single pictures, as a list that can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.i18n import tr
from imgstudio.core.labelproject.checking import Problem

MOST: Final = 2000
"""Lines that are listed; all are copied."""


class ProblemList(QTreeWidget):
    """Picture and sentence, a line each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.problems")
        self.setHeaderLabels([tr("Picture"), tr("What")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.header().resizeSection(0, 160)
        self.header().setStretchLastSection(True)
        self._problems: tuple[Problem, ...] = ()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        self._problems = tuple(problems)
        self.clear()
        for problem in self._problems[:MOST]:
            item = QTreeWidgetItem([problem.name, problem.what])
            item.setToolTip(0, problem.name)
            item.setToolTip(1, problem.what)
            self.addTopLevelItem(item)
        if len(problems) > MOST:
            more = tr("… and {count} more; copy the list to see them").format(count=len(problems) - MOST)
            self.addTopLevelItem(QTreeWidgetItem(["", more]))

    def copy_all(self) -> None:
        lines = (f"{problem.name}\t{problem.what}" for problem in self._problems)
        QGuiApplication.clipboard().setText("\n".join(lines))


class ProblemsDialog(QDialog):
    def __init__(self, title: str, problems: Sequence[Problem], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.problems.dialog")
        self.setWindowTitle(title)
        self.resize(620, 360)
        self.list = ProblemList()
        self.list.show_problems(problems)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = QPushButton(tr("Copy list"))
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self.list.copy_all)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addWidget(self.list)
        column.addWidget(buttons)
