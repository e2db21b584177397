"""Asks a person, with dialogs over the window; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QPushButton, QWidget

from imgstudio.app.dialogs.export_params import ExportParams, format_of, params_of
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobService
from imgstudio.app.names import short
from imgstudio.core.document import Document
from imgstudio.core.imagefile import READABLE
from imgstudio.core.settings import Settings

P = TypeVar("P")


class Questions:
    """What context.ask is in the running program."""

    def __init__(
        self,
        window: QWidget,
        settings: Settings,
        jobs: JobService,
        shortcuts: Callable[[], list[tuple[str, ...]]],
    ) -> None:
        self._window, self._settings, self._jobs, self._shortcuts = window, settings, jobs, shortcuts

    def form(self, title: str, params: P, *, note: str = "", accept: str = "") -> P | None:
        from imgstudio.app.dialogs.form_dialog import FormDialog

        adjust = getattr(params, "adjusted", None) and (lambda before, after: after.adjusted(before))
        dialog = FormDialog(title, params, note=note, accept=accept, adjust=adjust, parent=self._window)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        value: P = dialog.value
        dialog.deleteLater()
        return value if accepted else None

    def files_to_open(self, title: str, folder: Path) -> list[Path]:
        patterns = " ".join(f"*{suffix}" for suffix in [*READABLE, ".ora"])
        kinds = f"{tr('Pictures and projects')} ({patterns});;{tr('All files')} (*)"
        names, _ = QFileDialog.getOpenFileNames(self._window, title, str(folder), kinds)
        return [Path(name) for name in names]

    def file_to_save(self, title: str, suggestion: Path, kind: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self._window, title, str(suggestion), kind)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(suggestion.suffix)

    def unsaved(self, names: Sequence[str]) -> Literal["save", "discard", "cancel"]:
        box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setWindowTitle(tr("Unsaved changes"))
        if len(names) == 1:
            box.setText(tr("Save the changes to “{name}”?").format(name=short(names[0])))
        else:
            box.setText(tr("Save the changes to {count} pictures?").format(count=len(names)))
            box.setInformativeText("\n".join(short(name) for name in names))
        save = box.addButton(tr("Save"), QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(tr("Do not save"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        make_primary(save)
        box.setDefaultButton(save)
        box.setEscapeButton(cancel)
        box.exec()
        answers: dict[Any, Literal["save", "discard"]] = {save: "save", discard: "discard"}
        return answers.get(box.clickedButton(), "cancel")

    def folder(self, title: str, start: Path) -> Path | None:
        name = QFileDialog.getExistingDirectory(self._window, title, str(start))
        return Path(name) if name else None

    def export(self, document: Document, again: tuple[Path, Any] | None) -> tuple[Path, Any] | None:
        from imgstudio.app.dialogs.export_dialog import ExportDialog

        start, path = self._first_guess(document, again)
        dialog = ExportDialog(document, self._jobs, start, path, self._window)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        chosen, params = dialog.result_
        dialog.deleteLater()
        return (chosen, params.options()) if accepted else None

    def show(self, page: Literal["about", "shortcuts"]) -> None:
        from imgstudio.app.dialogs.texts import TableDialog, about_dialog

        if page == "about":
            dialog = about_dialog(self._window)
        else:
            heads = [tr("Action"), tr("Menu"), tr("Key")]
            dialog = TableDialog(tr("Keyboard shortcuts"), heads, self._shortcuts(), parent=self._window)
        dialog.exec()
        dialog.deleteLater()

    def _first_guess(self, document: Document, again: tuple[Path, Any] | None) -> tuple[ExportParams, Path]:
        start = ExportParams(jpeg_quality=self._settings.jpeg_quality, metadata=self._settings.metadata)
        if again is not None:
            named = format_of(again[0].suffix)
            return (params_of(named, again[1]) if named else start), again[0]
        source = document.source or document.path
        folder = source.parent if source is not None else Path.home()
        named = format_of(source.suffix) if source is not None else None
        # A new name by default: an export never proposes to replace the picture it came from.
        path = folder / f"{Path(document.name).stem if source else document.name}_edited"
        return (replace(start, format=named) if named else start), path


def make_primary(button: QPushButton) -> None:
    """Show it as the one that is meant; for a button that its box has styled already."""
    button.setProperty("primary", "true")
    button.style().unpolish(button)
    button.style().polish(button)
