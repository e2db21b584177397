"""The main window: places the tools, the picture, the panels and the status line. Nothing is decided here."""

from __future__ import annotations

from functools import partial
from typing import Final, cast

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from imgstudio.app.actions.menus import RecentMenu
from imgstudio.app.actions.registry import ActionRegistry
from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.canvas_menu import CanvasMenu
from imgstudio.app.context import AppContext
from imgstudio.app.controllers.ai_select import AiSelect
from imgstudio.app.controllers.closing import close_documents
from imgstudio.app.controllers.documents import Documents
from imgstudio.app.controllers.dropping import Dropping
from imgstudio.app.controllers.tool_work import ToolWork
from imgstudio.app.docks import Docks
from imgstudio.app.errors import NoticeBar
from imgstudio.app.held_keys import HeldKeys
from imgstudio.app.middle import Middle
from imgstudio.app.panels.document_tabs import DocumentTabs
from imgstudio.app.panels.filter import FilterPanel
from imgstudio.app.panels.history import HistoryPanel
from imgstudio.app.panels.info import InfoPanel
from imgstudio.app.panels.layers import LayersPanel
from imgstudio.app.panels.lending import LendingPanel
from imgstudio.app.panels.object_bar import ObjectBar
from imgstudio.app.panels.palette import Entry, Palette
from imgstudio.app.panels.select_and_mask_branch import SelectAndMaskBranch
from imgstudio.app.panels.status import StatusLine
from imgstudio.app.panels.tool_options import ToolOptionsBar
from imgstudio.app.panels.toolbox import ToolboxPanel
from imgstudio.app.panels.welcome import WelcomePage
from imgstudio.app.workspaces import Workspace, Workspaces
from imgstudio.core.document import Document

SMALLEST: Final = (720, 480)
FIRST_SIZE: Final = (1440, 900)
MOST_RECENT_COMMANDS: Final = 5
FIRST_HEIGHTS: Final = {"layers": 360, "filter": 440}


class MainWindow(QMainWindow):
    """Docks, menus and the wiring between the parts."""

    def __init__(self, context: AppContext, actions: ActionRegistry) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setMinimumSize(*SMALLEST)
        self.resize(*FIRST_SIZE)
        self.setAcceptDrops(True)
        self._context, self._actions = context, actions
        self._recent_commands: list[str] = []
        self._only_picture = False
        context.window = self
        self.canvas = Canvas(context.tool_state, context.tools, context.settings)
        self.tabs, self.notice = DocumentTabs(context), NoticeBar()
        self.welcome, self.toolbox = WelcomePage(context), ToolboxPanel(context)
        self.options, self.status = ToolOptionsBar(context), StatusLine(context, self.canvas)
        self.middle = Middle(self.welcome, self.canvas)
        self.docks = Docks(self)
        self._place_parts()
        self._add_panels()
        self._connect()
        self._install_actions()
        self._on_current(context.documents.current)

    @property
    def panels_hidden(self) -> bool:
        return self._only_picture

    @property
    def is_overlay_visible(self) -> bool:
        return bool(self.canvas.overlay_visible)

    def toggle_panels(self) -> None:
        self._only_picture = not self._only_picture
        self.refresh()

    def toggle_overlay(self) -> None:
        self.canvas.set_overlay_visible(not self.canvas.overlay_visible)

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_panel(self, name: str) -> None:
        self._only_picture = False
        self.workspaces.show(cast(Workspace, self.docks.set_of(name)))
        self.refresh()
        self.docks.show(name)

    def reset_layout(self) -> None:
        self._only_picture = False
        self.refresh()
        self.docks.reset()

    def open_palette(self) -> None:
        actions = self._actions
        actions.refresh()
        entries = [
            Entry(
                spec.id,
                actions.actions[spec.id].text().rstrip("…").replace("&", ""),
                spec.menu.replace("/", " > "),
                actions.shortcut(spec.id),
                actions.actions[spec.id].isEnabled(),
            )
            for spec in actions.specs.values()
            if spec.scope != "held" and spec.id != "edit.search"
        ]
        palette = Palette(entries, self._recent_commands, self)
        palette.chosen.connect(self._on_command)
        palette.open_over(self)

    def open_preferences(self, page: str = "") -> None:
        from imgstudio.app.panels.preferences import PreferencesDialog

        dialog = PreferencesDialog(self._actions, self._context.settings, self)
        if page:
            dialog.show_page(page)
        dialog.open()

    def open_models(self, chosen: str = "") -> None:
        from imgstudio.app.dialogs.models_dialog import ModelsDialog

        ModelsDialog(self._context, self, chosen).open()

    def closeEvent(self, event: QCloseEvent) -> None:
        documents, label = self._documents, self.workspaces.label
        if label is not None and not label.may_close(self.close):
            event.ignore()
            return
        if documents.own:
            # A nested close() counts for nothing in Qt, so it comes a turn of the event loop later.
            later = partial(QTimer.singleShot, 0, self, self.close)
            close_documents(self._context, documents, documents.own, then=later)
            event.ignore()
            return
        self._context.settings.set("window_layout", self.docks.layout_text())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape, when nobody else wanted it, stops the job that runs."""
        running = [handle for handle in self._context.jobs.handles if handle.is_running]
        if event.key() == Qt.Key.Key_Escape and running:
            running[-1].cancel()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._actions.refresh_soon()

    @property
    def _documents(self) -> Documents:
        assert isinstance(self._context.documents, Documents)
        return self._context.documents

    def _place_parts(self) -> None:
        whole, right, lines = QWidget(), QVBoxLayout(), QHBoxLayout()
        for part in (self.options, self.tabs, self.notice):
            right.addWidget(part)
        self.bars = QVBoxLayout()
        right.addLayout(self.bars)
        right.addWidget(self.middle, 1)
        lines.addWidget(self.toolbox)
        lines.addLayout(right, 1)
        for layout in (right, lines):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        whole.setLayout(lines)
        self.workspaces = Workspaces(self._context, whole)
        self.workspaces.changed.connect(self.refresh)
        self.setCentralWidget(self.workspaces.stack)
        self.menuBar().setCornerWidget(self.workspaces.corner)
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addPermanentWidget(self.status, 1)

    def _add_panels(self) -> None:
        context = self._context
        panel = FilterPanel(context)
        context.filter_panel = panel
        self.docks.add("layers", "Layers", LayersPanel(context))
        place = LendingPanel(panel)
        self.docks.add("filter", "Filter", place)
        self.select_and_mask = SelectAndMaskBranch(context, place, self)
        self.docks.add("history", "History", HistoryPanel(context), beside="layers")
        self.docks.add("info", "Info", InfoPanel(context), beside="filter")
        self.object_bar = ObjectBar(context, self.canvas)
        self.docks.settle(FIRST_HEIGHTS)
        if context.settings.window_layout:
            self.docks.restore(context.settings.window_layout)

    def _connect(self) -> None:
        context, documents = self._context, self._documents
        context.tool_state.say = self.status.hint
        context.tool_state.edit = context.edits.do
        context.tool_state.work = ToolWork(context.jobs, self).start
        context.tool_state.colours_changed = self.toolbox.colours.update
        context.tools.changed.connect(self._on_tool)
        context.error.connect(self.notice.tell)
        documents.failed.connect(context.error)
        documents.noted.connect(context.message)
        documents.current_changed.connect(self._on_current)
        documents.changed.connect(self._on_changed)
        self.tabs.close_wanted.connect(lambda document: close_documents(context, documents, [document]))
        self._dropping = Dropping(context, documents, self, self.canvas)
        self._held = HeldKeys(self, self._actions)
        self.ai_select = AiSelect(context, parent=self)
        self._canvas_menu = CanvasMenu(self.canvas, self._actions, self)

    def _install_actions(self) -> None:
        actions = self._actions
        actions.install(self, self.canvas)
        recent = RecentMenu(self._context, self)
        actions.fill_menu_bar(self.menuBar(), {"file.open": recent})
        actions.keys_changed.connect(self._show_tooltips)
        self._show_tooltips()

    def _show_tooltips(self) -> None:
        tools = self._context.tools.tools
        ids = {tool_id: tool.action_id or f"tool.{tool_id}" for tool_id, tool in tools.items()}
        known = self._actions.specs  # a tool that a filter lends for a while has no action
        tips = {tool: self._actions.tooltip(action) for tool, action in ids.items() if action in known}
        self.toolbox.set_tooltips(tips)

    def refresh(self, *_: object) -> None:
        """Without a picture there is nothing to use the tools and panels on."""
        name, label = self.workspaces.current, self.workspaces.label
        has_picture = self._context.documents.current is not None
        is_at_work = label is not None and label.has_project if name == "label" else has_picture
        has_panels = self.docks.has_set(name) and is_at_work and not self._only_picture
        self.docks.show_set(name if has_panels else "")
        self.toolbox.show_tools("labels" if name == "label" else "pixels")
        self.options.follow_target()
        self.toolbox.setVisible(has_panels and has_picture)
        self.options.setVisible(has_panels and has_picture)
        self.tabs.setVisible(name == "edit" and bool(self._context.documents.own))
        if label is not None:
            label.bar.setVisible(name == "label" and has_panels and has_picture)
        self._actions.set_workspace(name)
        self._actions.refresh_soon()

    def _on_tool(self) -> None:
        self.status.hint("")
        self._actions.refresh_soon()

    def _on_current(self, document: Document | None) -> None:
        self._context.tools.current.cancel()
        self._context.tool_state.document = document
        self.canvas.set_document(document)
        self.middle.show_picture(there=document is not None)
        if document is not None:
            self.workspaces.show("label" if document in self._context.documents.guests else "edit")
            self.canvas.setFocus()
        self.refresh()
        show_title(self, document)

    def _on_changed(self, document: Document) -> None:
        if document is self._context.documents.current:
            show_title(self, document)
        self._actions.refresh_soon()

    def _on_command(self, action_id: str) -> None:
        others = [item for item in self._recent_commands if item != action_id]
        self._recent_commands = [action_id, *others][:MOST_RECENT_COMMANDS]
        self._actions.run(action_id)


def show_title(window: QMainWindow, document: Document | None) -> None:
    """Name the document in the title; the system marks one that is not saved."""
    window.setWindowTitle("imgstudio" if document is None else f"{document.name}[*] \u2013 imgstudio")
    is_kept = document is None or document.labels is not None or document.history.is_clean
    window.setWindowModified(not is_kept)
