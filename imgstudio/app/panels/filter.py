"""The filter panel: choose a filter, set it, see it, apply it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from imgstudio.app.controllers.filter_session import FilterController
from imgstudio.app.controllers.session_run import SessionController
from imgstudio.app.panels.filter_chooser import FilterChooser
from imgstudio.app.panels.filter_page import FilterPage
from imgstudio.app.panels.layer_thumbnails import sampled
from imgstudio.app.panels.session_controls import SessionControls
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.layers import Layer
from imgstudio.core.params import from_json
from imgstudio.filters.base import AnyFilter, Filter, Finish

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class FilterPanel(QWidget):
    """Wires a page to its controller; decides nothing about pixels."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filter")
        self.context = context
        self.controller = FilterController(context)
        self.session = SessionController(context)
        self.page: FilterPage | None = None
        self.chooser = FilterChooser(context.filters, self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.chooser)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.chooser.chosen.connect(self.open)
        self.controller.changed.connect(self._refresh)
        self.controller.applied.connect(self._on_applied)
        self.session.changed.connect(self._refresh)
        context.documents.current_changed.connect(self._on_document)

    def open(self, filter_id: str) -> FilterPage | None:
        """Take a filter in hand with its default parameters."""
        item = self.context.filters.find(filter_id)
        if item is None:
            self._fail(
                f"There is no filter “{filter_id}”", "It may belong to a plug-in that is not installed"
            )
            return None
        return self._open(item, item.params(), Finish(), 0, None)

    def rerun(self, layer: Layer) -> FilterPage | None:
        """Open the filter that made an AI layer, with its parameters; Apply makes its pixels anew."""
        step = layer.recipe.steps[-1] if layer.recipe is not None and layer.recipe.steps else None
        item = None if step is None else self.context.filters.find(step.filter)
        if step is None or item is None:
            self._fail(f"“{layer.name}” cannot be made again", "Its filter is not installed")
            return None
        try:
            params = from_json(item.params, step.params)
        except UserError as error:
            self.context.error.emit(error)
            params = item.params()
        return self._open(item, params, Finish(step.strength, step.detail), step.seed, layer)

    def close_filter(self) -> None:
        """Back to the list; the document stays as it is."""
        self.controller.close()
        self.session.close()
        if self.page is not None:
            self._stack.removeWidget(self.page)
            self.page.deleteLater()
            self.page = None
        self._stack.setCurrentWidget(self.chooser)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.page is not None:
            self._on_cancelled()
        else:
            super().keyPressEvent(event)

    def _open(
        self, item: AnyFilter, params: Any, finish: Finish, seed: int, again: Layer | None
    ) -> FilterPage:
        self.close_filter()
        page = self.page = FilterPage(self.context, item, self)
        page.show_values(params, finish, seed)
        self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        document = self.context.documents.current
        if isinstance(item, Filter):
            self._open_filter(page, item, document, again)
        else:
            self._open_session(page, document, again)
        page.cancelled.connect(self._on_cancelled)
        page.form.set_histogram(_levels(document))
        self._refresh()
        return page

    def _open_filter(
        self, page: FilterPage, item: Filter[Any], document: Document | None, again: Layer | None
    ) -> None:
        control = self.controller
        control.open(item, page.form.value(), document, again)
        control.set_seed(page.seed.value().seed)
        control.set_finish(page.finish.value().finish)
        page.params_changed.connect(control.set_params)
        page.finish_changed.connect(control.set_finish)
        page.seed_changed.connect(control.set_seed)
        page.mode_changed.connect(control.set_mode)
        page.applied.connect(control.apply)
        control.progressed.connect(page.show_progress)
        page.show_mode(control.preview.mode)

    def _open_session(self, page: FilterPage, document: Document | None, again: Layer | None) -> None:
        session = self.session
        assert not isinstance(page.item, Filter)
        session.open(page.item, page.form.value(), document, again)
        session.seed, session.finish = page.seed.value().seed, page.finish.value().finish
        controls = SessionControls(session, page)
        controls.set_actions(page.item.steering)
        page.add_controls(controls)
        page.params_changed.connect(session.set_params)
        page.finish_changed.connect(session.set_finish)
        page.seed_changed.connect(session.set_seed)
        page.applied.connect(self._on_session_applied)

    def _refresh(self) -> None:
        page = self.page
        if page is None:
            return
        if isinstance(page.item, Filter):
            control = self.controller
            problem = control.preview.problem
            said = "" if problem is None else f"{problem.what}. {problem.what_to_do}"
            if control.question is None:
                said = "Open a picture first"
            page.show_notes(control.preview.note, said, control.estimate())
            page.show_busy(applying=control.is_applying, enabled=control.question is not None)
        else:
            said = "Open a picture first" if self.session.document is None else ""
            page.show_notes("", said, "")
            page.show_busy(applying=False, enabled=self.session.can_keep)

    def _on_document(self, document: Document | None) -> None:
        """Another picture is shown: go on there with the same parameters."""
        page = self.page
        if page is None:
            return
        if isinstance(page.item, Filter):
            mode = self.controller.preview.mode
            self.controller.open(page.item, page.form.value(), document)
            self.controller.set_seed(page.seed.value().seed)
            self.controller.set_finish(page.finish.value().finish)
            self.controller.set_mode(mode)
        else:
            self.session.open(page.item, page.form.value(), document)
        page.form.set_histogram(_levels(document))
        self._refresh()

    def _on_cancelled(self) -> None:
        if self.controller.is_applying:
            self.controller.cancel_apply()
        else:
            self.close_filter()

    def _on_applied(self, layer: Layer | None) -> None:
        self.close_filter()

    def _on_session_applied(self) -> None:
        if self.session.keep():
            self.close_filter()

    def _fail(self, what: str, why: str) -> None:
        self.context.error.emit(UserError(what, why, "Choose another filter"))


def _levels(document: Document | None) -> np.ndarray[Any, np.dtype[np.float32]] | None:
    """How often each of 64 brightness levels occurs in the active layer, from a few thousand samples."""
    layer = None if document is None else document.active
    if document is None or layer is None or layer.is_group:
        return None
    rgba = sampled(layer.pixels, layer.transform, document.bounds)
    luma = rgba[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    counts, _ = np.histogram(luma[rgba[..., 3] > 0], 64, (0, 256))
    return counts.astype(np.float32)
