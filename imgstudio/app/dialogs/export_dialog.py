"""Export as: format, its options, where to, and what the file will not keep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.controllers.filejobs import ExportSizeJob, LossesJob
from imgstudio.app.dialogs.export_params import ExportParams, format_of
from imgstudio.app.dialogs.form_dialog import dialog_buttons, start_from
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.document import Document
from imgstudio.core.opening import would_overwrite_original
from imgstudio.core.snapshot import freeze

LOSSES_HEIGHT: Final = 120
SIZE_AFTER_MS: Final = 400
"""How long the options must stay as they are before the file is tried out."""
Done = tuple[Path, ExportParams]


class ExportDialog(QDialog):
    """`result_` is the path and the parameters that were chosen."""

    def __init__(
        self,
        document: Document,
        jobs: JobService,
        start: ExportParams,
        path: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export")
        self.setWindowTitle(tr("Export as"))
        self.setMinimumWidth(480)
        self._document, self._jobs = document, jobs
        self._snapshot = freeze(document)
        self._asked: JobHandle | None = None
        self._confirmed = Path()
        self._measured: JobHandle | None = None
        self.size_ = QLabel()
        self.size_.setObjectName("export.size")
        self.size_.setProperty("role", "dim")
        self._settled = QTimer(self, singleShot=True, interval=SIZE_AFTER_MS)
        self._settled.timeout.connect(self._find_size)
        self.form, self.file, self._losses = ParamForm(ExportParams), QLineEdit(), QLabel()
        self.file.setObjectName("export.file")
        self.file.setText(str(path.with_suffix(start.suffix)))
        self.file.setCursorPosition(len(self.file.text()))
        self._losses.setObjectName("export.losses")
        self._losses.setWordWrap(True)
        self._losses.setTextFormat(Qt.TextFormat.PlainText)
        self._losses.setProperty("role", "dim")
        self._losses.setAlignment(Qt.AlignmentFlag.AlignTop)
        start_from(self.form, start)
        self._format = start.format
        self._arrange()
        self.form.changed.connect(self._on_changed)
        self.file.editingFinished.connect(self._on_name)
        self._find_losses()
        self._settled.start()

    @property
    def result_(self) -> Done:
        params = self.form.value()
        path = Path(self.file.text()).expanduser()
        if format_of(path.suffix) != params.format:
            path = path.with_name(path.name + params.suffix)
        return path.absolute(), params

    def accept(self) -> None:
        """Close, unless the file that would be replaced is to be kept."""
        path, _ = self.result_
        if not path.parent.is_dir():
            self._losses.setText(tr("The folder {folder} does not exist.").format(folder=path.parent))
        elif path == self._confirmed or not path.exists() or self._may_replace(path):
            super().accept()

    def _arrange(self) -> None:
        choose = QPushButton(tr("Choose…"))
        choose.setAutoDefault(False)
        choose.clicked.connect(self._on_choose)
        label = QLabel(tr("File"))
        label.setProperty("role", "dim")
        label.setFixedWidth(self.form.wanted_label_width())
        where = QHBoxLayout()
        where.setSpacing(4)
        where.addWidget(label)
        where.addWidget(self.file, 1)
        where.addWidget(choose)
        scroll = QScrollArea()
        scroll.setWidget(self._losses)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFixedHeight(LOSSES_HEIGHT)
        line = QFrame()
        line.setProperty("role", "line")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addLayout(where)
        column.addWidget(self.form)
        column.addStretch(1)
        column.addWidget(self.size_)
        column.addWidget(line)
        column.addWidget(scroll)
        column.addWidget(dialog_buttons(self, tr("Export")))

    def done(self, result: int) -> None:
        self._settled.stop()
        for handle in (self._asked, self._measured):
            if handle is not None:
                handle.cancel()
        super().done(result)

    def _find_size(self) -> None:
        params = self.form.value()
        job = ExportSizeJob(self._snapshot, params.suffix, params.options())
        self._measured = self._jobs.start(job, "io", replaces=self._measured)
        self._measured.succeeded.connect(self._on_size)
        self._measured.failed.connect(lambda: self.size_.setText(""))

    def _on_size(self, size: int) -> None:
        if not self._settled.isActive():
            told = f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{max(1, round(size / 1e3))} kB"
            self.size_.setText(tr("The file will have {size}").format(size=told))

    def _on_changed(self, params: ExportParams) -> None:
        self.size_.setText(tr("Finding the size of the file…"))
        self._settled.start()
        if params.format != self._format:
            self._format = params.format
            self.file.setText(str(Path(self.file.text()).with_suffix(params.suffix)))
            self._find_losses()

    def _on_name(self) -> None:
        named = format_of(Path(self.file.text()).suffix)
        if named is not None and named != self._format:
            self.form.set_value(replace(self.form.value(), format=named))
            self._format = named
            self._settled.start()
            self._find_losses()

    def _on_choose(self) -> None:
        kind = f"{self._format} (*{self.form.value().suffix})"
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Export as"), self.file.text(), kind)
        if chosen:
            self._confirmed = Path(chosen).absolute()
            self.file.setText(chosen)
            self._on_name()

    def _find_losses(self) -> None:
        self._losses.setText(tr("Looking at what this format keeps…"))
        job = LossesJob(self._snapshot, self.form.value().suffix)
        self._asked = self._jobs.start(job, "io", replaces=self._asked)
        self._asked.succeeded.connect(self._on_losses)

    def _on_losses(self, lost: list[str]) -> None:
        if not lost:
            self._losses.setText(tr("This file keeps everything that can be seen."))
            return
        lines = "\n".join(f"•  {line}" for line in lost)
        self._losses.setText(tr("The project keeps these, the exported file does not:") + "\n" + lines)

    def _may_replace(self, path: Path) -> bool:
        original = would_overwrite_original(self._document, path)
        question = (
            tr("“{name}” is the picture you opened. Replace it for good?")
            if original
            else tr("“{name}” exists already. Replace it?")
        )
        box = QMessageBox(self)
        box.setWindowTitle(tr("Replace the file?"))
        box.setText(question.format(name=path.name))
        replace_it = box.addButton(tr("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is replace_it
