"""Live learning: off or on, how it stands and why nothing happens, what it learned from, and taking its guess over."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.controllers.labelling import proposal
from imgstudio.app.controllers.labelling.live import LiveLearning
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.picture_list import percent
from imgstudio.app.panels.label.quality_bars import Bar, ShareBars
from imgstudio.core.labels import BACKGROUND, LabelClass, class_colour

REST_MS: Final = 40
"""Many changes are shown together."""
SWITCH: Final = QSize(112, 24)


class LivePanel(QWidget):
    """Shows what live learning does; what cannot be done now is not offered."""

    def __init__(self, live: LiveLearning, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.live")
        self._live, self._session = live, session
        self.switch = SegmentedButtons([tr("Off"), tr("Live")], "label.live.switch")
        self.learn, self.accept = QPushButton(tr("Learn now")), QPushButton(tr("Accept"))
        self.discard = QPushButton(tr("Discard"))
        self.state, self.source = QLabel(), QLabel()
        self.bar = QProgressBar()
        self.unsure = QCheckBox(tr("Show where it is unsure"))
        self.classes = ShareBars("label.live.classes")
        self._build()
        self._connect()
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show how things stand."""
        live, session = self._live, self._session
        has_picture = session.document is not None
        self.switch.set_index(int(live.is_live))
        self.state.setText(state_text(live, session))
        self.learn.setEnabled(has_picture and live.phase == "rest")
        for button in (self.accept, self.discard):
            button.setEnabled(
                proposal.has_proposal(session)
            )  # a trained network's prediction too, as by keys
        self.bar.setVisible(live.phase != "rest")
        self.bar.setValue(round(1000 * live.fraction))
        with QSignalBlocker(self.unsure):
            self.unsure.setChecked(session.look.look.unsure)
        self.source.setText(source_text(live.learned.pictures))
        self._show_classes()

    def _build(self) -> None:
        for name in ("learn", "accept", "discard", "state", "source", "bar", "unsure"):
            getattr(self, name).setObjectName(f"label.live.{name}")
        title = QLabel(tr("Live learning"))
        title.setProperty("role", "title")
        self.switch.setFixedSize(SWITCH)
        self.switch.setToolTip(
            tr("Live: after every stroke of two classes or more the rest of the picture is guessed.")
        )
        self.learn.setToolTip(tr("Guess the rest of what is on the screen once"))
        self.accept.setToolTip(tr("What is proposed becomes labels where nothing is labelled (Enter)"))
        self.discard.setToolTip(
            tr("Send what is proposed away; the guess comes again with the next stroke (Esc)")
        )
        self.state.setWordWrap(True)
        self.state.setProperty("role", "dim")
        self.state.setMinimumHeight(2 * self.state.fontMetrics().lineSpacing())
        self.state.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.source.setProperty("role", "small")
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        kept = self.bar.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # nothing below may jump at each stroke
        self.bar.setSizePolicy(kept)
        head, buttons = QHBoxLayout(), QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.switch)
        buttons.setSpacing(8)
        for button in (self.learn, self.accept, self.discard):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.state)
        column.addWidget(self.bar)
        column.addLayout(buttons)
        for part in (self.unsure, self.source, self.classes):
            column.addWidget(part)

    def _connect(self) -> None:
        live, session = self._live, self._session
        self._later = QTimer(self, singleShot=True, interval=REST_MS)
        self._later.timeout.connect(self.refresh)
        self.switch.chosen.connect(lambda index: live.set_live(bool(index)))
        self.learn.clicked.connect(live.learn_now)
        self.accept.clicked.connect(lambda _: proposal.accept(session))
        self.discard.clicked.connect(lambda _: proposal.discard(session))
        self.unsure.clicked.connect(lambda checked: session.look.set(unsure=checked))
        live.changed.connect(self._later.start)
        session.proposed.connect(self._later.start)
        session.classes_changed.connect(self._later.start)
        session.document_changed.connect(self._later.start)
        session.look.changed.connect(self._later.start)

    def _show_classes(self) -> None:
        known = {found.value: found for found in self._session.classes}
        known[BACKGROUND] = LabelClass(BACKGROUND, tr("Background"), class_colour(BACKGROUND))
        counts = [(known[value], count) for value, count in self._live.learned.pixels if value in known]
        most = max((count for _, count in counts), default=1)
        self.classes.setVisible(bool(counts))
        self.classes.show_bars(
            [Bar(found.name, found.colour, count / most, f"{count:,}") for found, count in counts]
        )


def state_text(live: LiveLearning, session: LabelSession) -> str:
    """How it stands, or why nothing happens."""
    if session.document is None:
        return tr("It learns from what is labelled in a picture, and guesses the rest.")
    if live.phase == "looking":
        return tr("Looking at the picture …")
    if live.phase == "learning":
        return tr("Learning …")
    answer = live.answer
    if answer is None:
        return _waiting_text(live)
    if answer.is_all_told:
        return tr("All that is on the screen is labelled: nothing is left to guess.")
    if live.has_guess and answer.prediction is not None:
        return tr("Guessed in {seconds:.1f} s, {unsure} unsure. Paint where it is wrong.").format(
            seconds=answer.seconds, unsure=percent(answer.doubt)
        )
    return _missing_text(live, session)


def source_text(pictures: int) -> str:
    """How many pictures it learned from."""
    if not pictures:
        return tr("Nothing is learned yet")
    return (
        tr("Learned from 1 picture") if pictures == 1 else tr("Learned from {n} pictures").format(n=pictures)
    )


def _waiting_text(live: LiveLearning) -> str:
    if live.is_live:
        return tr("Paint a stroke of each of two classes: then the rest is guessed.")
    return tr("Off. Live guesses the rest of the picture after every stroke, Learn now does it once.")


def _missing_text(live: LiveLearning, session: LabelSession) -> str:
    """Which strokes it waits for."""
    values = [value for value, _ in live.learned.pixels]
    if not values:
        return tr("Nothing is painted yet: paint a stroke of each of two classes. Background is one, too.")
    name = next((known.name for known in session.classes if known.value == values[0]), tr("Background"))
    other = tr("Background (0) is one, too.") if values[0] != BACKGROUND else ""
    return " ".join(
        part
        for part in (tr("Only “{name}” is painted: paint another class, too.").format(name=name), other)
        if part
    )
