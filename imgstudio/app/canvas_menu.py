"""What a right click on the picture offers."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu, QWidget

from imgstudio.app.actions.registry import ActionRegistry
from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.i18n import tr

FIRST: Final = ("edit.copy", "edit.copy_merged", "edit.paste", "edit.clear")
SELECT: Final = ("select.all", "select.deselect", "select.invert", "select.feather", "image.crop")
LAST: Final = ("view.fit", "view.actual", "view.split")
ON_LABELS: Final[tuple[tuple[str, ...], ...]] = (
    ("label.accept", "label.discard"),
    ("label.copy_previous", "label.fill_selection", "label.remove_islands", "label.fill_gaps"),
    ("select.deselect", "select.invert"),
    ("label.flag", "label.done_next"),
    ("view.fit", "view.actual"),
)


class CanvasMenu(QObject):
    """Opens at the pointer, with the actions of the menu bar."""

    def __init__(self, canvas: Canvas, actions: ActionRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas, self._actions = canvas, actions
        self.menu = QMenu(canvas)
        self.menu.setObjectName("canvas.menu")
        for name, group in (("", FIRST), (tr("Select"), SELECT), ("", LAST)):
            menu = self.menu.addMenu(name) if name else self.menu
            menu.addActions([actions.actions[action_id] for action_id in group])
            self.menu.addSeparator()
        self.label_menu = QMenu(canvas)
        self.label_menu.setObjectName("canvas.label_menu")
        for ids in ON_LABELS:
            self.label_menu.addActions([actions.actions[action_id] for action_id in ids])
            self.label_menu.addSeparator()
        canvas.context_menu.connect(self._on_wanted)

    def _on_wanted(self, at: QPoint) -> None:
        document = self._canvas.document
        if document is not None:
            self._actions.refresh()
            menu = self.menu if document.labels is None else self.label_menu
            menu.popup(self._canvas.mapToGlobal(at))
