"""Train a U-Net on the labels: one button, how it goes, which rounds there were, and what pictures took in each."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.controllers.labelling.promote import MINUTES, Promotion
from imgstudio.app.controllers.labelling.rounds import Round, RoundEffort, efforts_of
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.forms.number_row import NumberEditor
from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.begin_choice import BeginChoice
from imgstudio.app.panels.label.effort_line import seconds_text
from imgstudio.app.panels.label.picture_list import percent
from imgstudio.app.sign import Sign
from imgstudio.core.params import Number, Param, Ui

FEWEST: Final = 2
"""Labelled pictures that a training needs: one to learn from, one to be judged by."""
UNKNOWN: Final = "–"  # noqa: RUF001
REST_MS: Final = 80
"""Many changes are shown together."""
HEADS: Final = (
    ("Round", ""),
    ("Done", "Pictures"),
    ("Strokes", "A picture"),
    ("Time", "A picture, with hands at work"),
    ("Kept", "Share of the prediction that is in the labels"),
    ("IoU", "Of the prediction before it was corrected, mean over the classes that occur"),
)


class PromotePanel(QWidget):
    """Shows what the promotion does; what cannot be done now is not offered."""

    def __init__(self, promotion: Promotion, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.promote")
        self._promotion, self._session = promotion, session
        self.state, self.facts, self._problem = QLabel(), QLabel(), QLabel()
        self.bar = QProgressBar()
        self.start, self.stop = QPushButton(tr("Train on the labels")), QPushButton(tr("Stop, keep the best"))
        self.cancel = QPushButton(tr("Cancel"))
        limits = Number(1, 600, soft_max=60, step=1, unit="min", log=True)
        minutes = Param("label.minutes", "number", float, MINUTES, Ui(label="Time"), number=limits)
        self.minutes = NumberEditor(minutes)
        self.begin = BeginChoice()
        self.predict = QCheckBox(tr("Label the next pictures beforehand"))
        self._rounds = QWidget()
        self._shown: tuple[tuple[Round, ...], tuple[RoundEffort, ...]] | None = None
        self._build()
        self.start.clicked.connect(promotion.start)
        self.stop.clicked.connect(promotion.stop)
        self.cancel.clicked.connect(promotion.cancel)
        self.minutes.edited.connect(self._on_minutes)
        self.begin.chosen.connect(self._on_begin)
        self.predict.clicked.connect(promotion.predicting.set_wanted)
        self._later = QTimer(self, singleShot=True, interval=REST_MS)
        self._later.timeout.connect(self.refresh)
        promotion.changed.connect(self._later.start)
        session.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show how things stand."""
        promotion, project = self._promotion, self._session.project
        entries = () if project is None else project.entries()
        labelled = sum(entry.is_labelled for entry in entries)
        is_idle, can_start = promotion.phase == "idle", labelled >= FEWEST
        self.start.setVisible(is_idle)
        self.start.setEnabled(is_idle and can_start)
        self.start.setToolTip("" if can_start else tr("Label a little on two pictures first"))
        self._time.setVisible(is_idle)
        self.begin.setVisible(is_idle and promotion.last is not None)
        self.begin.show_choice(goes_on=promotion.goes_on, can_go_on=bool(promotion.start_from))
        self.stop.setVisible(promotion.phase == "training")
        self.cancel.setVisible(not is_idle)
        self.state.setText(self._state_text(labelled))
        self.facts.setText(self._facts_text())
        self.facts.setVisible(bool(self.facts.text()))
        status = promotion.status
        self.bar.setVisible(not is_idle)
        self.bar.setValue(0 if status is None else round(1000 * status.done))
        problem = promotion.problem
        self._problem.setText("" if problem is None else str(problem))
        self._trouble.setVisible(problem is not None)
        self.predict.setVisible(promotion.predicting.has_model)
        with QSignalBlocker(self.predict):
            self.predict.setChecked(promotion.predicting.is_wanted)
        self._show_rounds(efforts_of(entries))

    def _build(self) -> None:
        for name in ("start", "stop", "cancel", "state", "facts", "minutes", "predict"):
            getattr(self, name).setObjectName(f"label.promote.{name}")
        self.start.setProperty("primary", "true")
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        title = QLabel(tr("Network"))
        title.setProperty("role", "title")
        for label in (self.state, self.facts, self._problem):
            label.setWordWrap(True)
        self._trouble = QWidget()
        trouble = QHBoxLayout(self._trouble)
        trouble.setContentsMargins(0, 0, 0, 0)
        trouble.setSpacing(8)
        trouble.addWidget(Sign("alert-circle-outline", 16, "bad"), 0, Qt.AlignmentFlag.AlignTop)
        trouble.addWidget(self._problem, 1)
        self.state.setProperty("role", "dim")
        self.facts.setProperty("role", "small")
        self._time = QWidget()
        time, buttons = QHBoxLayout(self._time), QHBoxLayout()
        time.setContentsMargins(0, 0, 0, 0)
        time.setSpacing(8)
        label = QLabel(tr("Time"))
        label.setProperty("role", "dim")
        for each in (label, self.begin.label):
            each.setFixedWidth(max(label.sizeHint().width(), self.begin.label.sizeHint().width()))
        time.addWidget(label)
        time.addWidget(self.minutes, 1)
        buttons.setSpacing(8)
        for button in (self.start, self.stop, self.cancel):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._line = QFrame()
        self._line.setProperty("role", "line")
        self._grid = QGridLayout(self._rounds)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(8)
        for part in (title, self.state, self._time, self.begin):
            column.addWidget(part)
        column.addLayout(buttons)
        for part in (self.bar, self.facts, self._trouble, self.predict, self._line, self._rounds):
            column.addWidget(part)
        column.addStretch(1)

    def _on_minutes(self) -> None:
        self._promotion.minutes = float(self.minutes.value())

    def _on_begin(self, goes_on: bool) -> None:
        self._promotion.goes_on = goes_on

    def _state_text(self, labelled: int) -> str:
        promotion = self._promotion
        if promotion.phase == "checking":
            return tr("Looking at the labels …")
        if promotion.phase == "training":
            return tr("Round {n} is learning from {count} pictures").format(
                n=promotion.rounds[-1].number, count=promotion.rounds[-1].pictures
            )
        if labelled < FEWEST:
            return tr("Label a little on two pictures, then train a U-Net that labels the others beforehand.")
        last = promotion.last
        if last is None:
            return tr(
                "{count} pictures are labelled: train a U-Net that labels the others beforehand."
            ).format(count=labelled)
        if not promotion.predicting.has_model:
            return tr("The network of round {n} is not installed here: train again on all labels.").format(
                n=last.number
            )
        more = labelled - last.pictures
        if more == 1:
            return tr("1 more picture is labelled since round {n}.").format(n=last.number)
        if more > 0:
            return tr("{count} more pictures are labelled since round {n}.").format(count=more, n=last.number)
        return tr("Round {n} labels beforehand. Correct it, then train again on all labels.").format(
            n=last.number
        )

    def _facts_text(self) -> str:
        status, predicting = self._promotion.status, self._promotion.predicting
        if status is None:
            if self._promotion.last is None or not predicting.is_at_work:
                return ""
            return tr("Labelled beforehand: {n} of {all}").format(n=predicting.count, all=predicting.total)
        parts = []
        if status.eta_seconds is not None:
            parts.append(tr("{time} left").format(time=seconds_text(status.eta_seconds)))
        if status.best is not None and status.goal is not None:
            parts.append(f"{status.goal.name} {status.best.score:.3f}")
        if status.step:
            parts.append(tr("step {n}").format(n=f"{status.step:,}"))
        return "  ·  ".join(parts) or tr("Starting …")

    def _show_rounds(self, efforts: tuple[RoundEffort, ...]) -> None:
        rounds = tuple(item for item in self._promotion.rounds if item.is_over)
        for part in (self._line, self._rounds):
            part.setVisible(bool(rounds) or bool(efforts))
        if (rounds, efforts) == self._shown:
            return
        self._shown = (rounds, efforts)
        while (item := self._grid.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for column, (head, tip) in enumerate(HEADS):
            self._cell(0, column, tr(head), dim=True, tip=tr(tip) if tip else "")
        by_number = {effort.number: effort for effort in efforts}
        scores = {item.number: item for item in rounds}
        for row, number in enumerate(sorted({*by_number, *scores}), start=1):
            for column, text in enumerate(round_texts(number, by_number.get(number))):
                tip = "" if number not in scores else round_tip(scores[number])
                self._cell(row, column, text, tip=tip)

    def _cell(self, row: int, column: int, text: str, *, dim: bool = False, tip: str = "") -> None:
        label = QLabel(text)
        font = label.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        label.setFont(font)
        label.setProperty("role", "small" if dim else "")
        label.setToolTip(tip)
        align = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
        self._grid.addWidget(label, row, column, align)


def round_texts(number: int, effort: RoundEffort | None) -> tuple[str, ...]:
    """A line of the table: what a picture took whose labels this round's model began."""
    name = tr("by hand") if number == 0 else str(number)
    if effort is None:
        return (name, "0", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
    kept = UNKNOWN if effort.agreed is None else percent(effort.agreed)
    iou = UNKNOWN if effort.iou is None else f"{effort.iou:.2f}"
    return (name, str(effort.pictures), f"{effort.strokes:.0f}", seconds_text(effort.seconds), kept, iou)


def round_tip(item: Round) -> str:
    """What is known of the model of a round."""
    lines = [tr("Round {n}, {created}").format(n=item.number, created=item.created[:16].replace("T", " "))]
    lines.append(
        tr("{minutes:.0f} min on {count} pictures").format(minutes=item.minutes, count=item.pictures)
    )
    lines.append(tr("Went on from the model before") if item.start_from else tr("Learned anew"))
    if item.score is not None:
        lines.append(f"{item.goal} {item.score:.3f}")
    return "<br>".join(lines)
