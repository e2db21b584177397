"""Import labels: from where, in which format, how; then what came in and what could not be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.controllers.labelling.exchange import ImportLabelsJob, RecogniseJob
from imgstudio.app.dialogs.form_dialog import dialog_buttons, dim_label, row_of
from imgstudio.app.dialogs.label_problems import ProblemList
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.labelformats.base import Format
from imgstudio.core.labelformats.importing import Imported, ImportOptions
from imgstudio.core.labelformats.registry import formats
from imgstudio.core.labelproject.folder import ProjectFolder

WIDTH: Final = 540


class LabelImportDialog(QDialog):
    """Stays open while labels come in; cancelling then keeps the pictures that are done."""

    brought = Signal(object)
    """An Imported that gave labels to pictures."""

    def __init__(self, project: ProjectFolder, jobs: JobService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.import")
        self.setWindowTitle(tr("Import labels"))
        self.setFixedWidth(WIDTH)
        self._project, self._jobs = project, jobs
        self._looking: JobHandle | None = None
        self._working: JobHandle | None = None
        self._looked_at, self._problem = "", ""
        self.source, self.format, self.note = QLineEdit(), QuietCombo(), QLabel()
        self.form, self.bar = ParamForm(ImportOptions), QProgressBar()
        self.summary, self.problems = QLabel(), ProblemList()
        self.pages = QStackedWidget()
        self._build()
        self.source.editingFinished.connect(self._on_source)
        self.format.activated.connect(self._on_choice)
        self._refresh()

    @property
    def is_busy(self) -> bool:
        return self._working is not None

    def accept(self) -> None:
        """Begin; when everything is in, close."""
        if self.pages.currentIndex() == 1:
            super().accept()
        elif not self.is_busy and self._format is not None:
            self._begin(self._format)

    def reject(self) -> None:
        """Cancel what is under way, else close."""
        if self._working is not None:
            self._working.cancel()
            return
        super().reject()

    def done(self, result: int) -> None:
        if self._looking is not None:
            self._looking.cancel()
        super().done(result)

    @property
    def _format(self) -> Format | None:
        found: Format | None = self.format.currentData()
        return found

    def _build(self) -> None:
        parts = ("source", self.source), ("format", self.format), ("note", self.note), ("bar", self.bar)
        for name, part in (*parts, ("summary", self.summary)):
            part.setObjectName(f"label.import.{name}")
        self.source.setPlaceholderText(tr("A folder or file with labels"))
        self.format.addItem(tr("Choose where the labels are first"), None)
        for known in formats().values():
            self.format.addItem(known.name, known)
        for label in (self.note, self.summary):
            label.setWordWrap(True)
        self.note.setProperty("role", "dim")
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.pages.addWidget(self._questions())
        self.pages.addWidget(self._answers())
        buttons = dialog_buttons(self, tr("Import"))
        accept = buttons.findChild(QPushButton, "dialog.accept")
        assert accept is not None
        self._accept, self._buttons = accept, buttons
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addWidget(self.pages)
        column.addWidget(self.bar)
        column.addWidget(buttons)

    def _questions(self) -> QWidget:
        page = QWidget()
        labels = [dim_label(tr("From")), dim_label(tr("Format"))]
        width = max(self.form.wanted_label_width(), *(label.sizeHint().width() for label in labels))
        self.form.set_label_width(width)
        for label in labels:
            label.setFixedWidth(width)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        folder = self._button("folder", tr("Folder…"), self._on_folder)
        file = self._button("file", tr("File…"), self._on_file)
        column.addLayout(row_of(labels[0], self.source, folder, file))
        column.addLayout(row_of(labels[1], self.format))
        column.addWidget(self.note)
        column.addWidget(self.form)
        column.addStretch(1)
        return page

    def _answers(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.summary)
        column.addWidget(self.problems, 1)
        return page

    def _button(self, name: str, text: str, run: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"label.import.{name}")
        button.setAutoDefault(False)
        button.clicked.connect(run)
        return button

    def _on_folder(self) -> None:
        dialog = self._chooser(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, on=True)
        dialog.open()

    def _on_file(self) -> None:
        dialog = self._chooser(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([f"{tr('Labels')} (*.json *.xml *.yaml *.yml)", f"{tr('All files')} (*)"])
        dialog.open()

    def _chooser(self, mode: QFileDialog.FileMode) -> QFileDialog:
        start = self.source.text() or str(self._project.path.parent)
        dialog = QFileDialog(self, tr("Labels to import"), start)
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(self.take)
        return dialog

    def take(self, name: str) -> None:
        """Look at another folder or file."""
        self.source.setText(name)
        self._on_source()

    def _on_source(self) -> None:
        text = self.source.text().strip()
        if not text or text == self._looked_at:
            return
        self._looked_at, self._problem = text, ""
        job = RecogniseJob(Path(text).expanduser())
        self._looking = self._jobs.start(job, "io", replaces=self._looking)
        self._looking.succeeded.connect(self._on_recognised)

    def _on_recognised(self, found: Format | None) -> None:
        place = -1 if found is None else self.format.findText(found.name)
        if place >= 0:
            self.format.setCurrentIndex(place)
        else:
            self.format.setItemText(0, tr("Nobody can tell: choose one"))
            self.format.setCurrentIndex(0)
        self._refresh()

    def _on_choice(self, *_: object) -> None:
        self._problem = ""
        self._refresh()

    def _refresh(self) -> None:
        text = self.source.text().strip()
        exists = bool(text) and Path(text).expanduser().exists()
        chosen = self._format
        what = "" if chosen is None else tr(chosen.help)
        nothing = tr("There is nothing at this place.") if text and not exists else ""
        self.note.setText(self._problem or nothing or what)
        self.note.setVisible(bool(self.note.text()))
        self._accept.setEnabled(exists and chosen is not None and not self.is_busy)
        self.adjustSize()

    def _begin(self, chosen: Format) -> None:
        source = Path(self.source.text().strip()).expanduser()
        job = ImportLabelsJob(self._project, chosen, source, self.form.value())
        self._problem = ""
        self._working = handle = self._jobs.start(job, "io")
        handle.is_told_elsewhere = True
        self.bar.setValue(0)
        self.bar.show()
        self.pages.setEnabled(False)
        self._refresh()
        handle.progressed.connect(lambda done, _: self.bar.setValue(round(1000 * done)))
        handle.succeeded.connect(self._on_imported)
        handle.failed.connect(self._on_failed)
        handle.cancelled.connect(self._on_cancelled)

    def _on_imported(self, done: Imported) -> None:
        self._rest()
        self.summary.setText(summary(done))
        self.problems.show_problems(done.problems)
        self.problems.setVisible(bool(done.problems))
        self.pages.setCurrentIndex(1)
        self._accept.setText(tr("Close"))
        self._accept.setEnabled(True)
        cancel = self._buttons.button(self._buttons.StandardButton.Cancel)
        cancel.hide()
        if done.pictures or done.new_classes:
            self.brought.emit(done)

    def _on_failed(self, error: Exception) -> None:
        self._problem = str(error)
        self._rest()

    def _on_cancelled(self) -> None:
        self._problem = tr("Cancelled. The pictures that were done keep their new labels.")
        self._rest()
        self.brought.emit(None)

    def _rest(self) -> None:
        self._working = None
        self.bar.hide()
        self.pages.setEnabled(True)
        self._refresh()


def summary(done: Imported) -> str:
    """What an import did, in sentences."""
    told = [tr("{count} pictures got labels.").format(count=len(done.pictures))]
    if done.kept:
        text = tr("{count} pictures had labels already and keep them; “Replace labels” would replace them.")
        told.append(text.format(count=len(done.kept)))
    if done.new_classes:
        told.append(tr("New classes: {names}.").format(names=", ".join(done.new_classes)))
    if done.problems:
        told.append(tr("Not everything could be used as it is ({count}):").format(count=len(done.problems)))
    return "\n".join(told)
