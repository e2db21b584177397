"""Takes the selection in hand with the transform tool, until it is applied or given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from imgstudio.app.canvas.tools.transform_selection import TransformSelectionTool
from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.controllers.guest_tool import GuestTool
from imgstudio.app.i18n import tr
from imgstudio.core.document import Document
from imgstudio.core.selection import Selection

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class SelectionTransform(QObject):
    """One use of the tool. Guards: the selection's own outline is back when it ends, and so is the tool before."""

    def __init__(self, context: AppContext, document: Document) -> None:
        super().__init__(context)
        self._context, self._document = context, document
        tool = TransformSelectionTool(context.tool_state, self.ended)
        self._guest: GuestTool | None = GuestTool(context.tools, tool)
        self._show_instead(Selection())  # its outline is drawn by the tool, wherever it is moved
        context.documents.current_changed.connect(self._on_document)
        context.tool_state.say(tr(tool.help))

    def ended(self) -> None:
        guest, self._guest = self._guest, None
        if guest is None:
            return
        self._context.documents.current_changed.disconnect(self._on_document)
        self._show_instead(None)
        guest.put_down()
        self._context.tool_state.say("")
        self.deleteLater()

    def _on_document(self, document: Document | None) -> None:
        if document is not self._document:
            self.ended()

    def _show_instead(self, selection: Selection | None) -> None:
        canvas = canvas_in(self._context)
        if canvas is not None and canvas.document is self._document:
            canvas.select_instead(selection)
