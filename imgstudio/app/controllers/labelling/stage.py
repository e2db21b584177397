"""Which document the window shows while the Label workspace is there, and what paint then changes."""

from __future__ import annotations

from typing import Final

from imgstudio.app.canvas.tools.base import Target
from imgstudio.app.context import AppContext
from imgstudio.core.document import Document

FIRST_TOOL: Final = "brush"


class Stage:
    """Guards: in the Label workspace the picture that is labelled is shown and nothing else.

    The document that was edited before, its tool and what paint changed come back with the Edit workspace.
    """

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self.is_shown = False
        """Whether the Label workspace is."""
        self._is_set = False
        """Whether the window shows what is labelled, or will when it shows a picture again."""
        self._edited: Document | None = None
        self._target: Target = "pixels"
        self._tool, self._own_tool = "", FIRST_TOOL

    def enter(self, document: Document | None) -> None:
        context, self.is_shown = self._context, True
        if not self._is_set:
            self._is_set = True
            current = context.documents.current
            self._edited = current if current in context.documents.own else None
            self._target, self._tool = context.tool_state.target, context.tools.current.id
        self.show(document)
        context.tools.activate(self._own_tool)

    def leave(self, *, to_edit: bool) -> None:
        """Another workspace is shown; only the Edit workspace shows another picture."""
        context, self.is_shown = self._context, False
        if not to_edit or not self._is_set:
            return
        self._is_set = False
        self._own_tool = context.tools.current.id
        documents = context.documents
        if documents.current not in documents.own:  # else another one was opened meanwhile
            before = self._edited if self._edited in documents.own else None
            documents.show(before or next(iter(documents.own), None))
        self._edited = None
        context.tool_state.target = "pixels" if self._target == "labels" else self._target
        context.tool_state.erasing = False
        if self._tool in context.tools.tools:  # it may have been lent by a filter that is closed now
            context.tools.activate(self._tool)
        else:
            context.tools.activate(next(iter(context.tools.tools)))

    def show(self, document: Document | None) -> None:
        """Show another picture, if the workspace is shown."""
        if not self.is_shown:
            return
        documents, state = self._context.documents, self._context.tool_state
        if document is None:
            documents.show(None)
        else:
            documents.lend(document)
        state.target = "labels"

    def drop(self, document: Document) -> None:
        """A picture is let go of."""
        documents = self._context.documents
        if document in documents.all:
            if document is documents.current:
                documents.show(None)
            documents.close(document)
