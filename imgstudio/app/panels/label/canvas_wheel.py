"""Alt and the wheel over the picture: labels more or less opaque."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QWidget

from imgstudio.app.controllers.labelling.session import LabelSession

NOTCH: Final = 120


class CanvasWheel(QObject):
    """Takes the wheel from the canvas only while Alt is down and labels are shown."""

    def __init__(self, canvas: QWidget, session: LabelSession) -> None:
        super().__init__(session)
        self._session = session
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if not isinstance(event, QWheelEvent) or not self._session.is_active:
            return False
        if event.modifiers() != Qt.KeyboardModifier.AltModifier or self._session.document is None:
            return False
        turned = event.angleDelta()
        self._session.look.turn((turned.y() or turned.x()) / NOTCH)  # Alt swaps the axes on some systems
        return True
