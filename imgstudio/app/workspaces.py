"""Layouts of the one window: Edit shows the picture with its panels, Label names what is in pictures, Train learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from imgstudio.app.context import AppContext
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr

if TYPE_CHECKING:
    from imgstudio.app.panels.label.workspace import LabelWorkspace

Workspace = Literal["edit", "label", "train"]
NAMES: Final[dict[Workspace, str]] = {"edit": "Edit", "label": "Label", "train": "Train"}
BUTTON_WIDTH: Final = 72
BUTTON_HEIGHT: Final = 24


class Page(Protocol):
    """A whole workspace of its own."""

    def enter(self) -> None:
        """It is shown from now on."""
        ...


class Workspaces(QObject):
    """Guards: a page is made when it is first shown, and only once; the switch shows which one it is."""

    changed = Signal(str)

    def __init__(self, context: AppContext, edit: QWidget) -> None:
        super().__init__(edit)
        self._context = context
        self.current: Workspace = "edit"
        self.stack = QStackedWidget()
        self.stack.addWidget(edit)
        self._edit = edit
        self._pages: dict[Workspace, QWidget] = {"edit": edit}
        self.label: LabelWorkspace | None = None
        """What stands round the same canvas while pictures are labelled; made when it is first shown."""
        self.switch = SegmentedButtons([tr(name) for name in NAMES.values()], "workspace.switch")
        self.switch.setFixedSize(BUTTON_WIDTH * len(NAMES), BUTTON_HEIGHT)
        self.corner = QWidget()
        """The switch with room around it, for the corner of the menu bar."""
        row = QHBoxLayout(self.corner)
        row.setContentsMargins(0, 2, 8, 2)
        row.addWidget(self.switch)
        self.switch.chosen.connect(self._on_chosen)

    def show(self, name: Workspace) -> None:
        if name == self.current:
            return
        self.current = name
        self.switch.set_index(list(NAMES).index(name))
        page = self._pages.get(name) or self._made(name)
        self.stack.setCurrentWidget(page)
        self.changed.emit(name)

    def _made(self, name: Workspace) -> QWidget:
        if name == "label":
            from imgstudio.app.panels.label.workspace import LabelWorkspace

            self.label = LabelWorkspace(self._context, self)
            self._pages[name] = self._edit
            return self._edit
        # Plots and recipes are loaded now: an editor that never trains starts without them.
        from imgstudio.app.panels.train.page import TrainPage

        page = TrainPage(self._context)
        self.stack.addWidget(page)
        self._pages[name] = page
        page.enter()
        return page

    def _on_chosen(self, index: int) -> None:
        self.show(list(NAMES)[index])
