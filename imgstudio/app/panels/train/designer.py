"""The designer of damage: which steps spoil a picture, how often, and what that looks like on one's own pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app import icons
from imgstudio.app.controllers.training import Training
from imgstudio.app.dialogs.form_dialog import dialog_buttons
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobService
from imgstudio.app.panels.train.designer_preview import COLUMNS, DamagePreview
from imgstudio.app.panels.train.designer_steps import GLYPHS, UNKNOWN, StepList
from imgstudio.core.errors import UserError
from imgstudio.core.params import Number, Ui
from imgstudio.learn.degrade.stack import (
    Degradation,
    Step,
    degradation_from_json,
    degrader_named,
    degraders,
    step,
)
from imgstudio.learn.recipes.restore import RestoreParams, mix_of
from imgstudio.learn.recipes.upscale import UpscaleParams, web_mix

EDGE: Final = 12
LEFT: Final = 348
SIZE: Final = QSize(1100, 640)
BUTTON: Final = 28
NEW_CHANCE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Odds:
    """How often a step happens."""

    chance: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How many of the pictures it happens to.")
    ] = 100.0


def proposed_mix(params: Any) -> Degradation:
    """What happens while nobody designed a mix."""
    if isinstance(params, RestoreParams):
        return mix_of(replace(params, mix=""))
    if isinstance(params, UpscaleParams) and params.pictures == "from the web":
        return web_mix()
    return Degradation()


class Designer(QDialog):
    """Edits the mix of the draft; it is taken over when the person accepts.

    Guards: every mix that it makes can be read by the recipe.
    """

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.designer")
        self.setWindowTitle(tr("Design the damage"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._draft = training.draft
        self._jobs = JobService(self)
        self._seed = 0
        self._first_picture = 0
        self._form: ParamForm | None = None
        self.steps, self.preview = StepList(), DamagePreview(self._jobs)
        self.odds = ParamForm(Odds)
        self.odds.changed.connect(self._on_numbers)
        self._build()
        self.steps.currentItemChanged.connect(self._show_step)
        self.steps.edited.connect(self._show)
        self.steps.show_mix(self._start())
        self._show_step()
        self._show_pictures()
        self.accepted.connect(self._take_over)
        self.finished.connect(self._jobs.cancel_all)

    @property
    def mix(self) -> Degradation:
        return Degradation(self.steps.steps)

    def add(self, degrader_id: str) -> None:
        """Add a step with its usual numbers."""
        self.steps.add(step(degrader_id, NEW_CHANCE if self.steps.count() else 1.0))
        self._show()

    def throw_again(self) -> None:
        """The same mix with other luck."""
        self._seed += 1
        self._show()

    def other_pictures(self) -> None:
        self._first_picture += 1
        self._show_pictures()

    def _start(self) -> Degradation:
        try:
            if self._draft.params.mix:
                return degradation_from_json(self._draft.params.mix)
        except UserError:
            pass  # written by hand and wrong: begin with what is proposed
        return proposed_mix(self._draft.params)

    def _build(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(EDGE)
        left = QWidget()
        left.setFixedWidth(LEFT)
        left.setLayout(self._left())
        columns.addWidget(left)
        columns.addLayout(self._right(), 1)
        buttons = dialog_buttons(self, tr("Use this damage"))
        self.propose = QPushButton(tr("Proposed mix"))
        self.propose.setObjectName("train.designer.propose")
        self.propose.setAutoDefault(False)
        self.propose.clicked.connect(self._on_propose)
        foot = QHBoxLayout()
        foot.addWidget(self.propose)
        foot.addStretch(1)
        foot.addWidget(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        whole.setSpacing(EDGE)
        whole.addLayout(columns, 1)
        whole.addLayout(foot)
        self.resize(SIZE)

    def _left(self) -> QVBoxLayout:
        """The list of steps, and the numbers of the chosen one."""
        head = QHBoxLayout()
        head.setSpacing(4)
        title = QLabel(tr("Steps"))
        title.setProperty("role", "title")
        head.addWidget(title, 1)
        self._add = _button("add", "plus", "Add a step")
        self._add.setMenu(self._menu())
        self._add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._up = _button("up", "arrow-up", "Earlier (Alt+Up)")
        self._up.clicked.connect(partial(self.steps.shift, -1))
        self._down = _button("down", "arrow-down", "Later (Alt+Down)")
        self._down.clicked.connect(partial(self.steps.shift, 1))
        self._remove = _button("remove", "trash-can-outline", "Remove (Del)")
        self._remove.clicked.connect(self.steps.remove)
        for button in (self._add, self._up, self._down, self._remove):
            head.addWidget(button)
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self._help = QLabel()
        self._help.setProperty("role", "dim")
        self._help.setWordWrap(True)
        inner = QWidget()
        self._numbers = QVBoxLayout(inner)
        self._numbers.setContentsMargins(0, 8, 0, 0)
        self._numbers.setSpacing(8)
        for part in (self._title, self._help, self.odds):
            self._numbers.addWidget(part)
        self._numbers.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rule = QFrame()
        rule.setProperty("role", "line")
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.steps, 2)
        column.addWidget(rule)
        column.addWidget(scroll, 3)
        return column

    def _right(self) -> QVBoxLayout:
        """Before and after, and what may be changed about them."""
        self.throw = QPushButton(icons.icon("dice-multiple-outline"), tr("Another throw"))
        self.throw.setObjectName("train.designer.throw")
        self.throw.setAutoDefault(False)
        self.throw.clicked.connect(self.throw_again)
        self._others = QPushButton(icons.icon("image-multiple-outline"), tr("Other pictures"))
        self._others.setObjectName("train.designer.others")
        self._others.setAutoDefault(False)
        self._others.clicked.connect(self.other_pictures)
        self.alone = QCheckBox(tr("Only the chosen step, always"))
        self.alone.setObjectName("train.designer.alone")
        self.alone.toggled.connect(self._show)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self.throw)
        bar.addWidget(self._others)
        bar.addStretch(1)
        bar.addWidget(self.alone)
        self._note = QLabel()
        self._note.setProperty("role", "small")
        self._note.setWordWrap(True)
        self._note.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(bar)
        column.addWidget(self.preview, 1)
        column.addWidget(self._note)
        return column

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for degrader in degraders():
            action = QAction(icons.icon(GLYPHS.get(degrader.id, UNKNOWN)), tr(degrader.name), menu)
            action.setToolTip(tr(degrader.help))
            action.setObjectName(f"train.designer.add.{degrader.id}")
            action.triggered.connect(partial(self.add, degrader.id))
            menu.addAction(action)
        return menu

    def _show_pictures(self) -> None:
        report = self._draft.report
        samples = [] if report is None else [sample.image for sample in report.samples]
        if not samples:
            self._note.setText(tr("Choose a folder of pictures first: the damage is shown on them."))
        # From all over the folder: neighbours often show the same.
        apart = max(1, len(samples) // COLUMNS)
        places = (self._first_picture + apart * column for column in range(min(COLUMNS, len(samples))))
        chosen = [samples[place % len(samples)] for place in places]
        self._others.setEnabled(len(samples) > COLUMNS)
        self.preview.show_pictures(chosen)

    def _show_step(self, *_: object) -> None:
        """The form of the chosen step takes the place of the one before."""
        if self._form is not None:
            self._form.hide()
            self._form.deleteLater()
            self._form = None
        chosen = self.steps.step
        self._title.setVisible(chosen is not None)
        self.odds.setVisible(chosen is not None)
        if chosen is None:
            self._help.setText(tr("Add a step with the plus button: nothing happens to the pictures yet."))
        else:
            degrader = degrader_named(chosen.degrader)
            self._title.setText(tr(degrader.name))
            self._help.setText(tr(degrader.help))
            self._form = form = ParamForm(degrader.params)
            form.set_value(chosen.params)
            form.changed.connect(self._on_numbers)
            self._numbers.insertWidget(self._numbers.count() - 1, form)
            self.odds.set_value(Odds(100 * chosen.chance))
            width = max(form.wanted_label_width(), self.odds.wanted_label_width())
            form.set_label_width(width)
            self.odds.set_label_width(width)
        self._show()

    def _on_numbers(self, _: object) -> None:
        chosen = self.steps.step
        if chosen is not None and self._form is not None:
            odds: Odds = self.odds.value()
            self.steps.change(Step(chosen.degrader, self._form.value(), odds.chance / 100))
            self._show()

    def _show(self, *_: object) -> None:
        chosen, row = self.steps.step, self.steps.currentRow()
        self._up.setEnabled(row > 0)
        self._down.setEnabled(0 <= row < self.steps.count() - 1)
        self._remove.setEnabled(chosen is not None)
        self.propose.setEnabled(self.mix != proposed_mix(self._draft.params))
        self.alone.setEnabled(chosen is not None)
        shown = self.mix
        if self.alone.isChecked() and chosen is not None:
            shown = Degradation((replace(chosen, chance=1.0),))
        self.preview.show_mix(shown, self._seed)

    def _on_propose(self) -> None:
        self.steps.show_mix(proposed_mix(self._draft.params))
        self._show_step()

    def _take_over(self) -> None:
        """The proposed mix is written as none, so that it goes on following the switches of the recipe."""
        params = self._draft.params
        text = "" if self.mix == proposed_mix(params) else self.mix.to_json()
        self._draft.set_params(replace(params, mix=text))


def _button(name: str, glyph: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(f"train.designer.{name}")
    button.setIcon(icons.icon(glyph))
    button.setIconSize(QSize(18, 18))
    button.setFixedSize(BUTTON, BUTTON)
    button.setToolTip(tr(tip))
    button.setAccessibleName(tr(tip))
    return button
