"""The Keys page of the preferences: search, a new key by pressing it, conflicts, reset."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.actions.keys import PRESETS, sequences_of
from imgstudio.app.actions.registry import ActionRegistry
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.i18n import tr
from imgstudio.core.settings import Settings

ID_ROLE: Final = Qt.ItemDataRole.UserRole
PRESET_NAMES: Final = {"imgstudio": "imgstudio", "photoshop": "Photoshop", "krita": "Krita", "gimp": "GIMP"}


class KeysPage(QWidget):
    """Every action with its key. What is chosen here holds at once."""

    def __init__(self, actions: ActionRegistry, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions, self._settings = actions, settings
        self.search, self.preset, self.tree = QLineEdit(), QuietCombo(), QTreeWidget()
        self.keys, self.conflict = QKeySequenceEdit(), QLabel()
        self._assign, self._clear = QPushButton(tr("Assign")), QPushButton(tr("No key"))
        self._reset, self._reset_all = QPushButton(tr("Reset")), QPushButton(tr("Reset all"))
        self._name_parts()
        self._arrange()
        self._connect()
        self._fill()

    def select(self, action_id: str) -> None:
        """Put the mark on an action."""
        for index in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(index)
            if item is not None and item.data(0, ID_ROLE) == action_id:
                self.tree.setCurrentItem(item)

    def _name_parts(self) -> None:
        self.setObjectName("preferences.keys")
        for part, name in (
            (self.search, "search"),
            (self.preset, "preset"),
            (self.tree, "tree"),
            (self.keys, "sequence"),
            (self.conflict, "conflict"),
            (self._assign, "assign"),
            (self._clear, "clear"),
            (self._reset, "reset"),
            (self._reset_all, "reset_all"),
        ):
            part.setObjectName(f"keys.{name}")
        self.search.setPlaceholderText(tr("Search actions or keys"))
        self.search.setClearButtonEnabled(True)
        for preset in PRESETS:
            self.preset.addItem(PRESET_NAMES[preset], preset)
        self.keys.setMaximumSequenceLength(1)
        self.keys.setClearButtonEnabled(True)
        self.conflict.setProperty("role", "dim")
        self.conflict.setWordWrap(True)
        self.tree.setHeaderLabels([tr("Action"), tr("Menu"), tr("Key")])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)

    def _arrange(self) -> None:
        top, bottom = QHBoxLayout(), QHBoxLayout()
        for line in (top, bottom):
            line.setSpacing(8)
        top.addWidget(self.search, 1)
        top.addWidget(QLabel(tr("Preset")))
        top.addWidget(self.preset)
        bottom.addWidget(QLabel(tr("New key")))
        bottom.addWidget(self.keys, 1)
        for button in (self._assign, self._clear, self._reset, self._reset_all):
            bottom.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.tree, 1)
        column.addWidget(self.conflict)
        column.addLayout(bottom)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._filter)
        self.preset.activated.connect(self._on_preset)
        self.tree.currentItemChanged.connect(self._on_selected)
        self.keys.keySequenceChanged.connect(self._on_typed)
        self._assign.clicked.connect(lambda: self._give(self.keys.keySequence().toString()))
        self._clear.clicked.connect(lambda: self._give(""))
        self._reset.clicked.connect(self._on_reset)
        self._reset_all.clicked.connect(self._actions.keys.reset_all)
        self._actions.keys_changed.connect(self._fill)

    def _selected(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, ID_ROLE)) if item is not None else ""

    def _fill(self) -> None:
        selected = self._selected()
        self.preset.setCurrentIndex(self.preset.findData(self._settings.key_preset))
        self.tree.clear()
        for spec in self._actions.specs.values():
            keys = self._actions.keys.text(spec.id)
            shown = " / ".join(
                sequence.toString(QKeySequence.SequenceFormat.NativeText) for sequence in sequences_of(keys)
            )
            item = QTreeWidgetItem([tr(spec.text).rstrip("…"), spec.menu.replace("/", " > "), shown])
            item.setData(0, ID_ROLE, spec.id)
            if self._actions.keys.is_custom(spec.id):
                font = item.font(2)
                font.setBold(True)
                item.setFont(2, font)
            self.tree.addTopLevelItem(item)
        self._filter(self.search.text())
        self.select(selected)
        self._on_selected()

    def _filter(self, query: str) -> None:
        wanted = query.casefold()
        for index in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(index)
            if item is not None:
                item.setHidden(not any(wanted in item.text(column).casefold() for column in range(3)))

    def _on_preset(self, index: int) -> None:
        self._settings.set("key_preset", self.preset.itemData(index))

    def _on_selected(self, *_: object) -> None:
        selected = self._selected()
        for part in (self.keys, self._assign, self._clear):
            part.setEnabled(bool(selected))
        self._reset.setEnabled(bool(selected) and self._actions.keys.is_custom(selected))
        self.keys.clear()

    def _on_typed(self, sequence: QKeySequence) -> None:
        taken = self._actions.keys.conflict(self._selected(), sequence.toString())
        text = ""
        if taken and sequence.toString():
            name = tr(self._actions.specs[taken].text).rstrip("…")
            text = tr("{key} belongs to “{name}”, which will lose it.").format(
                key=sequence.toString(), name=name
            )
        self.conflict.setText(text)
        self._assign.setEnabled(bool(self._selected() and sequence.toString()))

    def _give(self, keys: str) -> None:
        if self._selected():
            self._actions.keys.assign(self._selected(), keys)

    def _on_reset(self) -> None:
        self._actions.keys.reset(self._selected())
