"""The actions of one window: a QAction for every spec, its keys, and whether it can be used now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from imgstudio.app.actions.filter import LEARNED, filter_actions
from imgstudio.app.actions.keys import KeyMap
from imgstudio.app.actions.label_limits import is_off
from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.core.errors import UserError

MENUS: Final = ("File", "Edit", "Image", "Layer", "Select", "Filter", "Label", "View", "Help")


class ActionRegistry(QObject):
    """Guards: ids are unique; a disabled action never runs."""

    keys_changed = Signal()

    def __init__(self, context: AppContext, specs: Iterable[ActionSpec]) -> None:
        super().__init__()
        self._context = context
        self.specs: dict[str, ActionSpec] = {}
        self.actions: dict[str, QAction] = {}
        for spec in specs:
            if spec.id in self.specs:
                raise ValueError(f"duplicate action id: {spec.id}")
            self.specs[spec.id] = spec
            self.actions[spec.id] = self._action(spec)
        self.keys = KeyMap(self.specs.values(), context.settings)
        self._workspace = ""
        self._menus: dict[str, QMenu] = {}
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.refresh)
        context.settings.changed.connect(self._on_setting)
        context.filters_changed.connect(self._on_filters)
        self._apply_keys()

    def run(self, action_id: str) -> None:
        """Do it, if it can be done now; an expected failure is told, not raised."""
        spec = self.specs[action_id]
        if not self.is_enabled(action_id):
            self.refresh()
            return
        try:
            spec.run(self._context)
        except UserError as error:
            self._context.error.emit(error)
        self.refresh_soon()

    def release(self, action_id: str) -> None:
        """The key of a held action came up."""
        released = self.specs[action_id].release
        if released is not None:
            released(self._context)

    def shortcut(self, action_id: str) -> str:
        """The first key of an action as people read it, "" for none."""
        sequences = self.keys.sequences(action_id)
        return sequences[0].toString(QKeySequence.SequenceFormat.NativeText) if sequences else ""

    def tooltip(self, action_id: str) -> str:
        """Name, key and one sentence."""
        spec, keys = self.specs[action_id], self.shortcut(action_id)
        first = f"<b>{tr(spec.text).rstrip('…')}</b>" + (f"&nbsp;&nbsp;{keys}" if keys else "")
        return f"{first}<br>{tr(spec.help)}" if spec.help else first

    def is_enabled(self, action_id: str) -> bool:
        """Whether it can be done now."""
        return not is_off(self._context, action_id) and self.specs[action_id].enabled(self._context)

    def set_workspace(self, name: str) -> None:
        """The keys of another workspace work from now on."""
        if name != self._workspace:
            self._workspace = name
            self._apply_keys()

    def shortcut_rows(self) -> list[tuple[str, ...]]:
        """Name, menu and keys of every action that has a key."""
        return [
            (tr(spec.text).rstrip("…"), spec.menu.replace("/", " > "), self.shortcut(spec.id))
            for spec in self.specs.values()
            if self.shortcut(spec.id)
        ]

    def refresh_soon(self) -> None:
        """Once per turn of the event loop is enough, however much changed."""
        if not self._later.isActive():
            self._later.start()

    def refresh(self) -> None:
        for action_id, action in self.actions.items():
            spec = self.specs[action_id]
            action.setEnabled(self.is_enabled(action_id))
            if spec.text_now is not None:
                action.setText(spec.text_now(self._context))
            if spec.checked is not None:
                action.setChecked(spec.checked(self._context))

    def install(self, window: QWidget, canvas: QWidget) -> None:
        """Make the keys work: those of the canvas only while it has the focus. They end with the window."""
        self.setParent(window)
        for action_id, action in self.actions.items():
            scope = self.specs[action_id].scope
            if scope == "canvas":
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                canvas.addAction(action)
            elif scope == "window":
                window.addAction(action)
        self.refresh()

    def held(self) -> list[str]:
        """Ids of the actions that last as long as their key is down."""
        places = ("", self._workspace)
        return [spec.id for spec in self.specs.values() if spec.scope == "held" and spec.workspace in places]

    def fill_menu_bar(self, bar: QMenuBar, after: Mapping[str, QMenu]) -> None:
        """Make all menus; `after` gives menus of another making that follow an action."""
        menus = self._menus
        for name in MENUS:
            # Made here: for one that Qt makes, Python may find the remains of an older one at the same address.
            menus[name] = QMenu(tr(name), bar)
            bar.addMenu(menus[name])
            menus[name].setObjectName(f"menu.{name.lower()}")
            menus[name].aboutToShow.connect(self.refresh)
        for spec in self.specs.values():
            if spec.menu:
                menu = self._menu(menus, spec.menu)
                if spec.separator:
                    menu.addSeparator()
                menu.addAction(self.actions[spec.id])
            if spec.id in after:
                self._menu(menus, spec.menu).addMenu(after[spec.id])

    def _menu(self, menus: dict[str, QMenu], path: str) -> QMenu:
        if path not in menus:
            parent, _, name = path.rpartition("/")
            above = self._menu(menus, parent)
            menus[path] = QMenu(tr(name), above)
            above.addMenu(menus[path])
        return menus[path]

    def _action(self, spec: ActionSpec) -> QAction:
        action = QAction(tr(spec.text), self)
        action.setObjectName(spec.id)
        action.setCheckable(spec.checked is not None)
        action.setStatusTip("")
        action.setMenuRole(QAction.MenuRole.NoRole)
        if spec.icon:
            action.setIcon(icon(spec.icon))
            action.setIconVisibleInMenu(False)
        action.triggered.connect(partial(self._on_triggered, spec.id))
        return action

    def _on_triggered(self, action_id: str, checked: bool = False) -> None:
        self.run(action_id)
        self.refresh()  # a check mark must never show what is not so

    def _on_filters(self) -> None:
        """Filters came or went, as models do: their actions follow."""
        wanted = {spec.id: spec for spec in filter_actions(self._context.filters)}
        for action_id in [known for known in self.specs if known.startswith(LEARNED)]:
            if self.specs[action_id].text != getattr(wanted.get(action_id), "text", None):
                self._remove(action_id)
        for spec in wanted.values():
            if spec.id not in self.specs:
                self._add(spec)
        self.keys = KeyMap(self.specs.values(), self._context.settings)
        self._apply_keys()
        self.refresh_soon()

    def _add(self, spec: ActionSpec) -> None:
        self.specs[spec.id] = spec
        self.actions[spec.id] = action = self._action(spec)
        window = self.parent()
        if isinstance(window, QWidget):
            window.addAction(action)
        if self._menus:
            menu = self._menu(self._menus, spec.menu)
            menu.addAction(action)
            menu.menuAction().setVisible(True)

    def _remove(self, action_id: str) -> None:
        menu = self._menus.get(self.specs.pop(action_id).menu)
        self.actions.pop(action_id).deleteLater()
        if menu is not None:
            menu.menuAction().setVisible(any(a.objectName() in self.actions for a in menu.actions()))

    def _on_setting(self, name: str) -> None:
        if name in ("custom_keys", "key_preset"):
            self._apply_keys()
        self.refresh_soon()

    def _apply_keys(self) -> None:
        for action_id, action in self.actions.items():
            if self.specs[action_id].scope != "held":
                action.setShortcuts(self.keys.working(action_id, self._workspace))
            action.setToolTip(self.tooltip(action_id))
        self.keys_changed.emit()
