"""Export labels: format, its options, where to, and before anything is written what will be lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.controllers.labelling.exchange import LabelLossesJob
from imgstudio.app.dialogs.form_dialog import dialog_buttons, dim_label, row_of
from imgstudio.app.dialogs.label_losses import LossList
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.labelformats.base import Format
from imgstudio.core.labelformats.losses import Loss
from imgstudio.core.labelformats.registry import formats
from imgstudio.core.labelproject.folder import ProjectFolder

WIDTH: Final = 540
REST_MS: Final = 250
"""How long the options must stay as they are before the pictures are looked at."""


class LabelExportDialog(QDialog):
    """`chosen` is the format, its options and the folder. Guards: accepted only for a folder that can be used."""

    def __init__(self, project: ProjectFolder, jobs: JobService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.export")
        self.setWindowTitle(tr("Export labels"))
        self.setFixedWidth(WIDTH)
        self._project, self._jobs = project, jobs
        self._asked: JobHandle | None = None
        self._looked_at: object = None
        self._is_own_folder, self._can_export = False, True
        self.format, self.help, self.folder, self.note = QuietCombo(), QLabel(), QLineEdit(), QLabel()
        self.bar, self.losses = QProgressBar(), LossList()
        self.form: ParamForm | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._look)
        self._build()
        self.format.currentIndexChanged.connect(self._on_format)
        self.folder.textEdited.connect(self._on_folder)
        self.losses.change_wanted.connect(self._on_change)
        self._on_format()

    @property
    def chosen(self) -> tuple[Format, Any, Path]:
        return self._format, self._options, Path(self.folder.text()).expanduser().absolute()

    def done(self, result: int) -> None:
        self._rest.stop()
        if self._asked is not None:
            self._asked.cancel()
        super().done(result)

    @property
    def _format(self) -> Format:
        found: Format = self.format.currentData()
        return found

    @property
    def _options(self) -> Any:
        assert self.form is not None
        return self.form.value()

    def _build(self) -> None:
        for name, part in (
            ("format", self.format),
            ("folder", self.folder),
            ("note", self.note),
            ("bar", self.bar),
        ):
            part.setObjectName(f"label.export.{name}")
        for known in formats().values():
            self.format.addItem(known.name, known)
        for label in (self.help, self.note):
            label.setProperty("role", "dim")
            label.setWordWrap(True)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        choose = QPushButton(tr("Choose…"))
        choose.setObjectName("label.export.choose")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._on_choose)
        line, title = QFrame(), QLabel(tr("What the other program will not get"))
        line.setProperty("role", "line")
        title.setProperty("role", "title")
        self._form_place = QVBoxLayout()
        buttons = dialog_buttons(self, tr("Export"))
        accept = buttons.findChild(QPushButton, "dialog.accept")
        assert accept is not None
        self._accept = accept
        self._labels = [dim_label(tr("Format")), dim_label(tr("Folder"))]
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addLayout(row_of(self._labels[0], self.format))
        column.addWidget(self.help)
        column.addLayout(self._form_place)
        column.addLayout(row_of(self._labels[1], self.folder, choose))
        column.addWidget(self.note)
        column.addSpacing(4)
        column.addWidget(line)
        column.addWidget(title)
        column.addWidget(self.bar)
        column.addWidget(self.losses)
        column.addSpacing(4)
        column.addWidget(buttons)

    def _on_format(self, *_: object) -> None:
        chosen = self._format
        self.help.setText(tr(chosen.help))
        if self.form is not None:
            self._form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        self.form = ParamForm(chosen.options)
        self.form.changed.connect(self._on_options)
        self._form_place.addWidget(self.form)
        width = max(self.form.wanted_label_width(), *(label.sizeHint().width() for label in self._labels))
        self.form.set_label_width(width)
        for label in self._labels:
            label.setFixedWidth(width)
        if not self._is_own_folder:
            self.folder.setText(str(_new_folder(self._project, chosen)))
        self._check_folder()
        self._on_options()

    def _on_options(self, *_: object) -> None:
        """Look at the pictures again, if what is lost may be something else."""
        options = self._options
        wanted = (self._format.id, options.which, self._format.says(options, self._project.classes))
        if wanted == self._looked_at:
            return
        self._looked_at = wanted
        self.losses.show_waiting()
        self.bar.setValue(0)
        self.bar.show()
        self._rest.start()

    def _look(self) -> None:
        job = LabelLossesJob(self._project, self._format, self._options)
        self._asked = self._jobs.start(job, "io", replaces=self._asked)
        self._asked.is_told_elsewhere = True
        self._asked.progressed.connect(lambda done, _: self.bar.setValue(round(1000 * done)))
        self._asked.succeeded.connect(self._on_losses)
        self._asked.failed.connect(self._on_problem)

    def _on_losses(self, found: tuple[Loss, ...]) -> None:
        self.bar.hide()
        self.losses.show_losses(found)
        self._can_export = True
        self._check_folder()

    def _on_problem(self, error: Exception) -> None:
        self.bar.hide()
        self.losses.show_problem(str(error))
        self._can_export = False
        self._check_folder()

    def _on_change(self, loss: Loss) -> None:
        """Take the options with which nothing of this is lost."""
        assert self.form is not None
        for name, value in loss.change:
            self.form.editors[name].set_value(value)
        self.form.set_value(self.form.value())
        self._on_options()

    def _on_choose(self) -> None:
        parent = str(Path(self.folder.text()).expanduser().parent)
        dialog = QFileDialog(self, tr("Folder for the exported labels"), parent)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, on=True)
        dialog.fileSelected.connect(self._take_folder)
        dialog.open()

    def _take_folder(self, name: str) -> None:
        folder = Path(name)
        self._is_own_folder = True
        taken = folder.is_dir() and any(folder.iterdir())
        self.folder.setText(str(_free(folder / f"labels-{self._format.id}") if taken else folder))
        self._check_folder()

    def _on_folder(self, *_: object) -> None:
        self._is_own_folder = True
        self._check_folder()

    def _check_folder(self) -> None:
        problem = _problem_of(self.folder.text().strip())
        self.note.setText(problem)
        self.note.setVisible(bool(problem))
        self._accept.setEnabled(not problem and self._can_export)
        self.adjustSize()


def _problem_of(text: str) -> str:
    """Why a folder cannot be used, or nothing."""
    if not text:
        return tr("Give a folder.")
    folder = Path(text).expanduser()
    if folder.is_file():
        return tr("There is a file of this name.")
    try:
        if folder.is_dir() and any(folder.iterdir()):
            return tr("This folder is not empty: an export never writes over other files.")
    except OSError:
        return tr("This folder cannot be read.")
    return ""


def _new_folder(project: ProjectFolder, chosen: Format) -> Path:
    """A name that is free, beside the project."""
    return _free(project.path.parent / f"{project.path.name}-{chosen.id}")


def _free(folder: Path) -> Path:
    number, found = 2, folder
    while found.exists():
        found = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return found
