"""The classes as rows of a list, background first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.i18n import tr
from imgstudio.core.labels import BACKGROUND, LabelClass, class_colour

Index: TypeAlias = QModelIndex | QPersistentModelIndex
ROW: Final = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class ClassRow:
    """What one row shows."""

    known: LabelClass
    is_locked: bool
    is_hidden: bool

    @property
    def is_background(self) -> bool:
        return self.known.value == BACKGROUND


class ClassRows(QAbstractListModel):
    """Guards: rows are made anew only when classes came or went, so that an open editor stays."""

    renamed = Signal(int, str)
    """A class value and the name that a person typed."""

    def __init__(self, session: LabelSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._look = session, session.look
        self.rows: list[ClassRow] = []
        session.classes_changed.connect(self.refresh)
        session.rules_changed.connect(self.refresh)
        self._look.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        background = LabelClass(BACKGROUND, tr("Background"), class_colour(BACKGROUND), "0")
        locked, hidden = self._session.rules.locked, self._look.look.hidden
        classes = (background, *self._session.classes) if self._session.project is not None else ()
        rows = [ClassRow(known, known.value in locked, known.value in hidden) for known in classes]
        if [row.known.value for row in rows] == [row.known.value for row in self.rows]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def index_of(self, value: int) -> QModelIndex:
        found = [number for number, row in enumerate(self.rows) if row.known.value == value]
        return self.index(found[0]) if found else QModelIndex()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt names it
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        name = row.known.name
        told = {Qt.ItemDataRole.DisplayRole: name, Qt.ItemDataRole.EditRole: name, ROW: row}
        return told.get(Qt.ItemDataRole(role))

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        name = str(value).strip()
        if not index.isValid() or not name or name == self.rows[index.row()].known.name:
            return False
        self.renamed.emit(self.rows[index.row()].known.value, name)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags if self.rows[index.row()].is_background else flags | Qt.ItemFlag.ItemIsEditable
