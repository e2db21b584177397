"""The presets menu of a filter: use, save, delete, share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QPushButton, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.presets import Preset, PresetFolder, plain_name
from imgstudio.core.errors import UserError
from imgstudio.filters.base import AnyFilter

SUFFIX: Final = "Preset (*.json)"
LONGEST_SHOWN: Final = 48


class PresetButton(QPushButton):
    """Holds the menu; `current` tells what the form shows now."""

    picked = Signal(object)
    """A Preset."""
    failed = Signal(object)

    def __init__(self, current: Callable[[str], Preset], parent: QWidget | None = None) -> None:
        super().__init__("Presets", parent)
        self.setObjectName("filter.presets")
        self.setIcon(icons.icon("bookmark-outline"))
        self._current = current
        self._folder: PresetFolder | None = None
        self.list = QMenu(self)
        self.list.aboutToShow.connect(self._fill)
        self.setMenu(self.list)

    def set_filter(self, item: AnyFilter) -> None:
        self._folder = PresetFolder(item)

    def save_as(self, name: str) -> None:
        """Store what the form shows."""
        self._try(lambda folder: folder.save(self._current(name)))

    def use(self, name: str) -> None:
        self._try(lambda folder: self.picked.emit(folder.load(name)))

    def delete(self, name: str) -> None:
        self._try(lambda folder: folder.delete(name))

    def take_in(self, file: str) -> None:
        """Import a file and use it."""
        self._try(lambda folder: self.picked.emit(folder.take_in(Path(file))))

    def give_out(self, name: str, file: str) -> None:
        self._try(lambda folder: folder.give_out(name, Path(file)))

    def _fill(self) -> None:
        self.list.clear()
        names = self._folder.names() if self._folder is not None else []
        for name in names:
            self.list.addAction(_shown(name), partial(self.use, name))
        if names:
            self.list.addSeparator()
        self.list.addAction("Save as…", self._ask_name)
        for title, run in (("Delete", self.delete), ("Export", self._ask_target)):
            part = self.list.addMenu(title)
            part.setEnabled(bool(names))
            for name in names:
                part.addAction(_shown(name), partial(run, name))
        self.list.addAction("Import…", self._ask_source)

    def _ask_name(self) -> None:
        dialog = QInputDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Save preset")
        dialog.setLabelText("Name")
        dialog.textValueSelected.connect(self.save_as)
        dialog.open()

    def _ask_source(self) -> None:
        dialog = self._dialog("Import preset")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.take_in)
        dialog.open()

    def _ask_target(self, name: str) -> None:
        dialog = self._dialog("Export preset")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(f"{plain_name(name)}.json")
        dialog.fileSelected.connect(partial(self.give_out, name))
        dialog.open()

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self.window(), title, "", SUFFIX)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setDefaultSuffix("json")
        return dialog

    def _try(self, run: Callable[[PresetFolder], None]) -> None:
        if self._folder is None:
            return
        try:
            run(self._folder)
        except UserError as error:
            self.failed.emit(error)


def _shown(name: str) -> str:
    """A name as a menu shows it: short, and with no letter made a key."""
    short = name if len(name) <= LONGEST_SHOWN else f"{name[: LONGEST_SHOWN - 1]}…"
    return short.replace("&", "&&")
