"""The preferences dialog, generated from the declared settings."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.actions.registry import ActionRegistry
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.i18n import tr
from imgstudio.app.panels.preferences_keys import KeysPage
from imgstudio.core.settings import SECTIONS, Section, Settings

PAGES_WIDTH: Final = 140
PAGE_ROW: Final = 28
KEYS_PAGE: Final = "Keys"


class PreferencesDialog(QDialog):
    """Pages on the left, settings on the right. Everything holds at once; there is nothing to confirm."""

    def __init__(self, actions: ActionRegistry, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preferences")
        self.setWindowTitle(tr("Preferences"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 520)
        self._settings = settings
        self._forms: list[ParamForm] = []
        self.pages, self._stack = QListWidget(), QStackedWidget()
        self.pages.setObjectName("preferences.pages")
        self.pages.setProperty("role", "pages")
        self.pages.setFixedWidth(PAGES_WIDTH)
        for section in SECTIONS:
            self._add(section.title, self._page(section))
        self._add(KEYS_PAGE, KeysPage(actions, settings))
        self.pages.currentRowChanged.connect(self._stack.setCurrentIndex)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.pages)
        middle.addWidget(self._stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addLayout(middle, 1)
        column.addWidget(buttons)
        self.show_page(SECTIONS[0].title)
        settings.changed.connect(self._on_setting)

    def show_page(self, title: str) -> None:
        found = self.pages.findItems(tr(title), Qt.MatchFlag.MatchExactly)
        if found:
            self.pages.setCurrentItem(found[0])

    def done(self, result: int) -> None:
        self._settings.changed.disconnect(self._on_setting, missing_ok=True)
        super().done(result)

    def _add(self, title: str, page: QWidget) -> None:
        item = QListWidgetItem(tr(title))
        item.setSizeHint(QSize(PAGES_WIDTH, PAGE_ROW))
        self.pages.addItem(item)
        self._stack.addWidget(page)

    def _page(self, section: Section) -> QWidget:
        form = ParamForm(section.declared)
        form.setObjectName(f"preferences.{section.title.lower()}")
        form.set_value(self._settings)
        form.changed.connect(self._on_edited)
        self._forms.append(form)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.addWidget(form)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        return scroll

    def _on_edited(self, values: Any) -> None:
        for name in values.__dataclass_fields__:
            self._settings.set(name, getattr(values, name))

    def _on_setting(self, name: str) -> None:
        for form in self._forms:
            if name in form.editors:
                form.set_value(self._settings)
