"""Actions that last as long as their key is held down."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from imgstudio.app.actions.registry import ActionRegistry

TYPING = (QLineEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox)


class HeldKeys(QObject):
    """Guards: every action that was begun is ended, also when the window loses the focus meanwhile."""

    def __init__(self, window: QWidget, actions: ActionRegistry) -> None:
        super().__init__(window)
        self._window, self._actions = window, actions
        self._down: str | None = None
        self._key = 0
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        kind = event.type()
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._on_press(event)
        if kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            if self._down is not None and event.key() == self._key and not event.isAutoRepeat():
                self._end()
        elif kind in (QEvent.Type.WindowDeactivate, QEvent.Type.ApplicationDeactivate):
            self._end()
        return False

    def _on_press(self, event: QKeyEvent) -> bool:
        if self._down is not None and event.key() == self._key:
            return True  # repeated by holding
        focus = QApplication.focusWidget()
        if isinstance(focus, TYPING) or not self._window.isActiveWindow():
            return False
        pressed = QKeySequence(event.keyCombination())
        for action_id in self._actions.held():
            if pressed in self._actions.keys.sequences(action_id) and not event.isAutoRepeat():
                self._down, self._key = action_id, event.key()
                self._actions.run(action_id)
                return True
        return False

    def _end(self) -> None:
        if self._down is not None:
            action_id, self._down = self._down, None
            self._actions.release(action_id)
