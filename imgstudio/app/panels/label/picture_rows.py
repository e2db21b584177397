"""The pictures of a project as rows of a list: filtered, sorted, quick with ten thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from imgstudio.core.labelproject.entries import Entry, State

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Sorting = Literal["name", "unsure", "disagreement", "changed"]
Showing: TypeAlias = State | Literal["all", "open", "flagged"]
ROW: Final = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Filter:
    """Which pictures are listed, and in what order."""

    showing: Showing = "all"
    text: str = ""
    """In the name or the note."""
    value: int | None = None
    """A class that occurs; None: any."""
    sorting: Sorting = "name"

    def admits(self, entry: Entry) -> bool:
        if self.showing == "flagged":
            fits = entry.is_flagged
        elif self.showing == "open":
            fits = entry.state != "done"
        else:
            fits = self.showing in ("all", entry.state)
        if self.value is not None:
            fits = fits and self.value in entry.classes
        text = self.text.casefold()
        return fits and (not text or text in entry.name.casefold() or text in entry.note.casefold())


def sorted_entries(
    entries: Iterable[Entry], sorting: Sorting, changed: Callable[[str], float] = lambda name: 0.0
) -> list[Entry]:
    """In the order that is asked for; where it says nothing, as they were. `changed`: name -> when."""
    keys: dict[Sorting, Callable[[Entry], float]] = {
        "unsure": lambda entry: -1.0 if entry.unsure is None else entry.unsure,
        "disagreement": lambda entry: -1.0 if entry.disagreement is None else entry.disagreement,
        "changed": lambda entry: changed(entry.name),
    }
    if sorting == "name":
        return list(entries)
    return sorted(entries, key=keys[sorting], reverse=True)


class PictureRows(QAbstractListModel):
    """Guards: a row is where its name says; a picture that changes keeps its place until `arrange`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Entry] = []
        self._places: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return [entry.name for entry in self.rows]

    def arrange(self, entries: Iterable[Entry]) -> None:
        """List these, in this order."""
        rows = list(entries)
        places = {entry.name: number for number, entry in enumerate(rows)}
        if places == self._places:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows, self._places = rows, places
        self.endResetModel()

    def renew(self, entry: Entry) -> None:
        """Something else is known of a picture."""
        place = self._places.get(entry.name)
        if place is not None:
            self.rows[place] = entry
            self.dataChanged.emit(self.index(place), self.index(place))

    def index_of(self, name: str) -> QModelIndex:
        place = self._places.get(name)
        return QModelIndex() if place is None else self.index(place)

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt names it
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self.rows[index.row()]
        if role == ROW:
            return entry
        return entry.name if role == Qt.ItemDataRole.DisplayRole else None
