"""The eyedroppers of a filter's form: one at a time takes a colour out of the picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor

from imgstudio.app.controllers.colour_pick import ColourPick
from imgstudio.app.forms.colour_editor import ColourEditor
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

Source = Callable[[], tuple[Document, Layer] | None]
"""Where colours are taken from; None while there is nothing."""


class FormPick(QObject):
    """Guards: the button that looks pressed is the one whose colour is picked."""

    def __init__(self, context: AppContext, source: Source, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pick, self._source = ColourPick(context, self), source
        self._editor: ColourEditor | None = None
        self._pick.ended.connect(self._on_ended)

    @property
    def is_active(self) -> bool:
        return self._pick.is_active

    def begin(self, form: ParamForm) -> None:
        """Give the form's colours their eyedroppers."""
        form.allow_picking()
        form.pick_wanted.connect(self._on_wanted)

    def stop(self) -> None:
        self._pick.stop()

    def _on_wanted(self, editor: ColourEditor, on: bool) -> None:
        self._pick.stop()
        if on:
            self._editor = editor
            editor.show_picking(on=True)
            self._pick.start(self._source, partial(_give, editor))

    def _on_ended(self) -> None:
        if self._editor is not None:
            self._editor.show_picking(on=False)
            self._editor = None


def _give(editor: ColourEditor, code: str) -> None:
    editor.take(QColor(code))
