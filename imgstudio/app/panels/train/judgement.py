"""What the network still gets wrong: which classes it mixes up, and on which pictures it is worst."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from imgstudio.app.controllers.training import Training
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.confusion_view import LEAST_TOLD, ConfusionView, most_mixed_up
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.worst_pictures import WorstPictures
from imgstudio.core.errors import UserError
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import ValidationRow

EDGE: Final = 12


class Judgement(QWidget):
    """Follows the newest validation unless it was asked for that of another step."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.judgement")
        self._watch = training.watch
        self._rows: list[ValidationRow] = []
        self._step: int | None = None
        self._classes: list[str] = []
        self._places: dict[str, Path] = {}
        self.when, self.summary = _small(), _small()
        self.summary.setObjectName("train.judgement.summary")
        self.summary.setWordWrap(True)
        self.confusion, self.worst = ConfusionView(), WorstPictures()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._content())
        self._pages.addWidget(
            Empty("table-eye", "After the first validation: what is mixed up, and the worst pictures.")
        )
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)
        self._watch.opened.connect(self._on_opened)
        self._watch.validated.connect(self._on_validated)
        self._on_opened(self._watch.run)

    def show_step(self, step: int | None) -> None:
        """Show the last validation up to a step; None, or one that is not over, follows the newest one."""
        is_newest = step is None or not self._rows or step >= self._rows[-1].step
        self._step = None if is_newest else step
        self._show()

    @property
    def shown(self) -> ValidationRow | None:
        """The validation that is shown."""
        if self._step is None:
            return self._rows[-1] if self._rows else None
        before = [row for row in self._rows if row.step <= self._step]
        return before[-1] if before else (self._rows[0] if self._rows else None)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def _content(self) -> QWidget:
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(4)
        for part in (self.when, self.confusion, self.summary):
            column.addWidget(part)
        column.addStretch(1)
        self._upper = QScrollArea()
        self._upper.setWidget(upper)
        self._upper.setWidgetResizable(True)
        self._upper.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._title = QLabel(tr("Worst pictures first"))
        self._title.setProperty("role", "dim")
        self._title.setContentsMargins(EDGE, 6, EDGE, 6)
        line = QFrame()
        line.setProperty("role", "line")
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(line)
        below.addWidget(self._title)
        below.addWidget(self.worst, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._upper)
        splitter.addWidget(lower)
        splitter.setSizes([440, 300])
        return splitter

    def _on_opened(self, run: RunFolder | None) -> None:
        self._rows, self._step, self._classes, self._places = [], None, [], {}
        if run is not None:
            try:
                report = run.report()
            except UserError:
                pass  # numbers must do for names
            else:
                self._classes = [tr(kind.name) for kind in report.classes]
                self._places = {sample.image.name: sample.image for sample in report.side("valid")}
        self._show()

    def _on_validated(self, rows: list[ValidationRow]) -> None:
        self._rows = rows
        self._show()

    def _show(self) -> None:
        row = self.shown
        has_any = row is not None and (row.confusion is not None or bool(row.pictures))
        self._pages.setCurrentIndex(0 if has_any else 1)
        if row is None or not has_any:
            return
        self.when.setText(tr("Validation at step {step:,}").format(step=row.step))
        self.confusion.show_counts(row.confusion, self._classes)
        self._upper.setVisible(row.confusion is not None)
        self.summary.setText(self._summary(row))
        self.worst.show_pictures(row.pictures, self._places)

    def _summary(self, row: ValidationRow) -> str:
        worst = None if row.confusion is None else most_mixed_up(row.confusion)
        if worst is None:
            return ""
        truth, said, share = worst
        legend = tr("Rows: what is there. Columns: what it is taken for.")
        if share < LEAST_TOLD:
            return legend
        names = self.confusion.names
        most = tr("Most often: {truth} for {said}, {share:.0f} %.")
        return f"{legend} {most.format(truth=names[truth], said=names[said], share=100 * share)}"


def _small() -> QLabel:
    label = QLabel()
    label.setProperty("role", "small")
    label.setContentsMargins(EDGE, 0, EDGE, 0)
    return label
