"""What to train: the four controls of the beginner's page, the check of the data, and the rest on request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.training import Training
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.check_view import CheckView
from imgstudio.app.panels.train.folder_field import FolderField
from imgstudio.core.params import Number, Ui, describe
from imgstudio.learn.recipe import AnyRecipe

EDGE: Final = 12
HIDDEN: Final = frozenset({"mix"})
"""Parameters that have an editor of their own."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How long and how well."""

    minutes: Annotated[
        float,
        Number(1, 1440, 1, soft_max=240, unit="min", log=True, decimals=0),
        Ui(label="Time", help="How long it may take. The plan is made to fit; you can stop at any time."),
    ] = 20.0
    quality: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(help="Left: a quick network and small pictures. Right: a thorough one that needs longer."),
    ] = 0.5


class SetupColumn(QWidget):
    """Shows the draft and changes it."""

    design_wanted = Signal()
    """The designer of damage should open."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training, self._draft = training, training.draft
        self.setObjectName("train.setup")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        self._column.setSpacing(8)
        self._form: ParamForm | None = None
        self._recipe_shown = ""
        self._build_top()
        self._build_wishes()
        self.check = CheckView(training)
        self._column.addWidget(self.check)
        self._column.addStretch(1)
        self._build_buttons()
        self._draft.changed.connect(self._show)
        self._draft.checked.connect(self._show)
        training.watch.status_changed.connect(self._show)
        training.watch.opened.connect(self._show)
        self._show()

    def _build_top(self) -> None:
        self.recipes = QuietCombo()
        self.recipes.setObjectName("train.recipe")
        for recipe in self._training.recipes:
            self.recipes.addItem(tr(recipe.name), recipe.id)
        self.recipes.activated.connect(self._on_recipe)
        self._help = _text("dim")
        self.folder = FolderField()
        self.folder.setObjectName("train.folder")
        self.folder.chosen.connect(self._on_folder)
        self._data = _text("small")
        for part in (_title("What to train"), self.recipes, self._help, self.folder, self._data):
            self._column.addWidget(part)

    def _build_wishes(self) -> None:
        self.wishes = ParamForm(Wishes)
        self.wishes.setObjectName("train.wishes")
        self.wishes.changed.connect(self._on_wishes)
        self._settings = QVBoxLayout()
        self.name = QLineEdit()
        self.name.setObjectName("train.name")
        self.name.setToolTip(tr("Name of the model, and of the filter that it becomes"))
        self.name.setAccessibleName(tr("Name of the model"))
        self.name.textEdited.connect(self._on_name)
        self.design = QPushButton(icons.icon("auto-fix"), tr("Design the damage…"))
        self.design.setObjectName("train.design")
        self.design.clicked.connect(self.design_wanted)
        self._column.addWidget(self.wishes)
        self._column.addLayout(self._settings)
        self._column.addWidget(self.design)
        self._column.addWidget(self.name)

    def _build_buttons(self) -> None:
        self.find_rate = QPushButton(icons.icon("chart-bell-curve-cumulative"), tr("Find rate"))
        self.find_rate.setObjectName("train.find_rate")
        self.find_rate.setToolTip(tr("Try rising learning rates for a minute and propose one"))
        self.find_rate.clicked.connect(partial(self._training.start, find_rate=True))
        self.start = QPushButton(tr("Start training"))
        self.start.setObjectName("train.start")
        self.start.setProperty("primary", True)  # noqa: FBT003 - Qt's signature
        self.start.clicked.connect(partial(self._training.start, find_rate=False))
        self._why = _text("small")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.find_rate)
        row.addWidget(self.start, 1)
        self.foot = QWidget()
        """Stays in sight below the column."""
        column = QVBoxLayout(self.foot)
        column.setContentsMargins(EDGE, 8, EDGE, EDGE)
        column.setSpacing(4)
        column.addWidget(self._why)
        column.addLayout(row)

    def _show(self, *_: object) -> None:
        draft = self._draft
        self.recipes.setCurrentIndex(max(0, self.recipes.findData(draft.recipe.id)))
        self._help.setText(tr(draft.recipe.help))
        self._data.setText(tr(draft.recipe.data))
        self._data.setVisible(draft.folder is None)
        self.folder.set_path(draft.folder)
        self.wishes.set_value(Wishes(draft.request.minutes, draft.request.quality))
        self._show_form(draft.recipe)
        named = tr("Name of the model") if draft.folder is None else self._training.name
        if not draft.name:
            self.name.setPlaceholderText(named)
        reason = self._reason()
        self._why.setText(reason)
        self._why.setVisible(bool(reason))
        for button in (self.start, self.find_rate):
            button.setEnabled(not reason and draft.can_start)

    def _reason(self) -> str:
        """Why it cannot start now, where the check does not say so."""
        if self._training.watch.is_alive:
            return tr("A training is at work: stop it, or wait until it ends.")
        return "" if self._draft.folder is not None else tr("Choose a folder to begin.")

    def _show_form(self, recipe: AnyRecipe) -> None:
        self.design.setVisible(any(param.name in HIDDEN for param in describe(recipe.params)))
        if recipe.id != self._recipe_shown:
            self._recipe_shown = recipe.id
            if self._form is not None:
                self._form.setParent(None)
                self._form.deleteLater()
            self._form = form = ParamForm(recipe.params, hidden=HIDDEN)
            form.changed.connect(self._on_params)
            self._settings.addWidget(form)
        assert self._form is not None
        self._form.set_value(self._draft.params)

    def _on_recipe(self, index: int) -> None:
        chosen = self.recipes.itemData(index)
        self._draft.set_recipe(next(recipe for recipe in self._training.recipes if recipe.id == chosen))

    def _on_folder(self, path: Path) -> None:
        self._draft.set_folder(path)

    def _on_params(self, params: Any) -> None:
        self._draft.set_params(params)

    def _on_wishes(self, wishes: Wishes) -> None:
        request = replace(self._draft.request, minutes=wishes.minutes, quality=wishes.quality)
        self._draft.set_request(request)

    def _on_name(self, name: str) -> None:
        self._draft.name = name


def _title(text: str) -> QLabel:
    label = QLabel(tr(text))
    label.setProperty("role", "title")
    return label


def _text(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
