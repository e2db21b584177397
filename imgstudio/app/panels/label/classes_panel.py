"""The classes of the project: which one is painted, which are seen, which are locked, and the rules of painting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling import classes
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.forms.fold import Fold
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.panels.label.class_list import HEIGHT, ClassList
from imgstudio.app.panels.label.class_rows import ClassRows
from imgstudio.app.panels.label.rules_form import RulesForm, rules_text
from imgstudio.app.panels.train.short_label import ShortLabel
from imgstudio.core.errors import UserError
from imgstudio.core.labels import BACKGROUND


class ClassesPanel(QWidget):
    """Every edit of a class is written into the project at once."""

    def __init__(self, context: AppContext, session: LabelSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.classes")
        self._context, self._session, self._look = context, session, session.look
        self.rows = ClassRows(session, self)
        self.list = ClassList(self.rows)
        self.rules, self.fold = RulesForm(session), Fold(tr("Rules"), "label.rules.fold")
        self._told_rules = ShortLabel()
        self.add_button = self._button("add", "plus", tr("Add a class"), self.add)
        self.delete_button = self._button(
            "delete", "trash-can-outline", tr("Delete the class, if no picture uses it"), self.delete
        )
        self._arrange()
        self.rows.renamed.connect(lambda value, name: self._edit(value, name=name))
        self.list.part_clicked.connect(self._on_part)
        self.list.chosen.connect(self._choose)
        self.list.delete_asked.connect(self.delete)
        session.rules_changed.connect(self.refresh)
        session.classes_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        rules = self._session.rules
        index = self.rows.index_of(rules.value)
        if index.isValid() and index != self.list.currentIndex():
            self.list.setCurrentIndex(index)
        has_project = self._session.project is not None
        self.add_button.setEnabled(has_project)
        self.delete_button.setEnabled(has_project and rules.value != BACKGROUND)
        inside = self.rows.index_of(rules.inside).data() or ""
        self._told_rules.setText(rules_text(rules, inside))

    def add(self) -> None:
        """One more class, whose name can be typed at once."""
        if self._try(lambda: classes.with_another(self._session.classes)):
            value = self._session.classes[-1].value
            self._choose(value)
            self.list.setFocus()
            self.list.edit(self.rows.index_of(value))

    def delete(self) -> None:
        value = self._session.rules.value
        if value != BACKGROUND:
            self._try(lambda: classes.without(self._session.classes, value))

    def _arrange(self) -> None:
        line, foot = QFrame(), QHBoxLayout()
        line.setProperty("role", "line")
        foot.setContentsMargins(8, 2, 8, 2)
        foot.setSpacing(2)
        foot.addWidget(self.add_button)
        foot.addWidget(self.delete_button)
        self.fold.content.addWidget(self.rules)
        self.fold.setContentsMargins(12, 4, 12, 8)
        self._told_rules.setProperty("role", "small")
        self._told_rules.setMinimumWidth(1)
        self.list.setMinimumHeight(3 * HEIGHT)
        head = self.fold.layout()
        assert head is not None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addWidget(line)
        column.addLayout(foot)
        foot.insertWidget(0, self.fold.head)
        foot.insertWidget(1, self._told_rules, 1)
        column.addWidget(self.fold)
        self.fold.toggled.connect(self.fold.setVisible)
        self.fold.hide()

    def _button(self, name: str, glyph: str, tip: str, run: Callable[[], object]) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"label.classes.{name}")
        button.setIcon(icon(glyph))
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(28, 28)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda _=False: run())
        return button

    def _choose(self, value: int) -> None:
        self._session.set_rules(replace(self._session.rules, value=value))

    def _on_part(self, value: int, part: str, alt: bool) -> None:
        rules, hidden = self._session.rules, self._look.look.hidden
        if part == "eye" and alt:
            others = frozenset(row.known.value for row in self.rows.rows) - {value}
            self._look.set(hidden=frozenset() if hidden == others else others)
        elif part == "eye":
            self._look.set_class_hidden(value, hidden=value not in hidden)
        elif part == "lock":
            self._session.set_rules(replace(rules, locked=rules.locked ^ {value}))
        elif value != BACKGROUND and part == "swatch":
            self._recolour(value)
        elif value != BACKGROUND and part == "key":
            self._offer_keys(value)

    def _recolour(self, value: int) -> None:
        known = next(known for known in self._session.classes if known.value == value)
        title = tr("Colour of “{name}”").format(name=known.name)
        chosen = QColorDialog.getColor(QColor(*known.colour), self.window(), title)
        if chosen.isValid():
            self._edit(value, colour=(chosen.red(), chosen.green(), chosen.blue()))

    def _offer_keys(self, value: int) -> None:
        menu = QMenu(self)
        menu.setObjectName("label.classes.keys")
        owners = {known.key: known for known in self._session.classes}
        for key in (*classes.KEYS, ""):
            owner = owners.get(key) if key else None
            text = key or tr("No key")
            name = "" if owner is None else f"   {owner.name}"
            action = menu.addAction(text + name, partial(self._give_key, value, key))
            action.setCheckable(True)
            action.setChecked(owner is not None and owner.value == value)
        place = self.list.place_of(value, "key")
        menu.popup(self.list.viewport().mapToGlobal(place.bottomLeft()))
        menu.aboutToHide.connect(menu.deleteLater)

    def _give_key(self, value: int, key: str) -> None:
        self._try(lambda: classes.with_key(self._session.classes, value, key))

    def _edit(self, value: int, **values: object) -> None:
        self._try(lambda: classes.changed(self._session.classes, value, **values))

    def _try(self, change: Callable[[], classes.Classes]) -> bool:
        try:
            self._session.set_classes(change())
        except UserError as error:
            self._context.error.emit(error)
            return False
        return True
