"""The filter panel: choose a filter, set it, see it, apply it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from imgstudio.app.controllers.colorize import Colorize
from imgstudio.app.controllers.filter_commit import earlier_result, order_for
from imgstudio.app.controllers.filter_session import FilterController
from imgstudio.app.controllers.session_run import SessionController
from imgstudio.app.panels.colorize_branch import ColorizeBranch
from imgstudio.app.panels.filter_chooser import FilterChooser
from imgstudio.app.panels.filter_levels import levels_of
from imgstudio.app.panels.filter_page import FilterPage
from imgstudio.app.panels.form_pick import FormPick
from imgstudio.app.panels.object_branch import ObjectBranch
from imgstudio.app.panels.session_controls import SessionControls
from imgstudio.app.panels.sheet_branch import SheetBranch
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.layers import Layer
from imgstudio.core.params import from_json, moved
from imgstudio.filters.base import AnyFilter, Filter, Finish

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class FilterPanel(QWidget):
    """Wires a page to its controller; decides nothing about pixels."""

    shown = Signal()
    """Another filter is in hand, or none."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filter")
        self.context = context
        self.controller = FilterController(context)
        self.session = SessionController(context)
        self.objects = ObjectBranch(context, self.session, self)
        self.blend = self.objects.blend
        self.colorize = ColorizeBranch(context, self._source, self)
        self.pick = FormPick(context, self._source, self)
        self.page: FilterPage | None = None
        self._again: Layer | None = None
        """The AI layer that is made anew."""
        self._levels_of: tuple[str, int] | None = None
        """Layer and state of the document whose histogram is shown."""
        self.chooser = FilterChooser(context.filters, self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.chooser)
        self.branch = SheetBranch(context, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.chooser.chosen.connect(self.open)
        context.filters_changed.connect(self.chooser.refresh)
        self.controller.changed.connect(self._refresh)
        self.controller.applied.connect(self._on_applied)
        self.session.changed.connect(self._on_session)
        self.blend.changed.connect(self._refresh)
        context.documents.current_changed.connect(self._on_document)

    def open(self, filter_id: str) -> FilterPage | None:
        """Take a filter in hand with its default parameters."""
        item = self.context.filters.find(filter_id)
        if item is None:
            self._fail(f"There is no filter “{filter_id}”", "Its plug-in may not be installed")
            return None
        document = self.context.documents.current
        earlier = None if document is None else earlier_result(document, item)
        return self._open(item, item.params(), Finish(), 0, None) if earlier is None else self.rerun(earlier)

    def rerun(self, layer: Layer) -> FilterPage | None:
        """Open the filter that made an AI layer, with its parameters; Apply makes its pixels anew."""
        step = layer.recipe.steps[-1] if layer.recipe is not None and layer.recipe.steps else None
        item = None if step is None else self.context.filters.find(step.filter)
        if step is None or item is None:
            self._fail(f"“{layer.name}” cannot be made again", "Its filter is not installed")
            return None
        try:
            params = moved(from_json(item.params, step.params), layer.transform)
        except UserError as error:
            self.context.error.emit(error)
            params = item.params()
        return self._open(item, params, Finish(step.strength, step.detail), step.seed, layer)

    def apply_now(self, filter_id: str) -> None:
        """Open a filter as it comes and apply it at once."""
        page = self.open(filter_id)
        if page is not None and isinstance(page.item, Filter):
            self.controller.apply()

    def remake(self, layer: Layer) -> None:
        """Run the session that made a layer again, and keep what comes out of it in its place."""
        page = self.rerun(layer)
        if page is not None and not isinstance(page.item, Filter):
            self.objects.keeps_at_end = True
            self.session.run()

    def close_filter(self) -> None:
        """Back to the list; the document stays as it is."""
        self.pick.stop()
        self.colorize.end()
        self.controller.close()
        self.session.close()
        self.branch.close()
        if self.page is not None:
            self._stack.removeWidget(self.page)
            self.page.deleteLater()
            self.page = None
        self._stack.setCurrentWidget(self.chooser)
        self.objects.end()
        self.shown.emit()

    @property
    def own_steps(self) -> Colorize:
        """What was done on the page in hand that is no step of the document yet."""
        return self.colorize.work

    @property
    def is_at_work(self) -> bool:
        """Whether a filter for objects is in hand."""
        return self.objects.is_open

    @property
    def can_compare(self) -> bool:
        """Whether `compare` does anything."""
        return self.branch.can_open

    def compare(self) -> None:
        """Open the contact sheet of the filter in hand."""
        self.branch.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.page is not None:
            if self.pick.is_active:
                self.pick.stop()
            elif self.branch.is_open:
                self.branch.leave()
            else:
                self._on_cancelled()
        else:
            super().keyPressEvent(event)

    def _open(
        self, item: AnyFilter, params: Any, finish: Finish, seed: int, again: Layer | None
    ) -> FilterPage:
        self.close_filter()
        self._again, self._levels_of = again, None
        page = self.page = FilterPage(self.context, item, self)
        page.show_values(params, finish, seed)
        self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        document = self.context.documents.current
        self.colorize.begin(page, document, again)
        if isinstance(item, Filter):
            self._open_filter(page, item, document, again)
        else:
            self._open_session(page, document, again)
        page.cancelled.connect(self._on_cancelled)
        self.pick.begin(page.form)
        self.branch.begin(page, again)
        self.objects.begin(page)
        self._refresh()
        self.shown.emit()
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
        self._show_levels(page)
        self.branch.set_busy(busy=self.controller.is_applying or self.session.is_running)
        if isinstance(page.item, Filter):
            control, problem = self.controller, self.controller.preview.problem
            said = "" if problem is None else f"{problem.what}. {problem.what_to_do}"
            if control.question is None:
                said = "Open a picture first"
            page.show_notes(control.preview.note, said, control.estimate())
            page.show_busy(applying=control.is_applying, enabled=control.question is not None)
            self.colorize.set_held(held=control.is_applying)
        else:
            said = "Open a picture first" if self.session.document is None else self.objects.note
            page.show_notes("", said, "")
            page.show_busy(applying=False, enabled=self.session.can_keep)

    def _source(self) -> tuple[Document, Layer] | None:
        """What the open filter reads; None while there is nothing to read."""
        document, page = self.context.documents.current, self.page
        if document is None or page is None:
            return None
        try:
            return document, order_for(document, page.item, self._again).layer
        except UserError:
            return None

    def _show_levels(self, page: FilterPage) -> None:
        """Sample the layer's histogram anew when it is another layer or was changed."""
        source = self._source() if page.form.shows_levels else None
        key = None if source is None else (source[1].id, source[0].history.state)
        if key != self._levels_of:
            self._levels_of = key
            page.form.set_histogram(None if source is None else levels_of(*source))

    def _on_document(self, document: Document | None) -> None:
        """Another picture is shown: go on there with the same parameters."""
        self.pick.stop()
        self.branch.leave()
        self._again = self.colorize.go_to(document)
        page = self.page
        if page is None:
            return
        self.branch.begin_elsewhere()
        if isinstance(page.item, Filter):
            mode = self.controller.preview.mode
            self.controller.open(page.item, page.form.value(), document, self._again)
            self.controller.set_seed(page.seed.value().seed)
            self.controller.set_finish(page.finish.value().finish)
            self.controller.set_mode(mode)
        else:
            self.session.open(page.item, page.form.value(), document)
        self._refresh()

    def _on_cancelled(self) -> None:
        if self.controller.is_applying:
            self.controller.cancel_apply()
        else:
            self.colorize.cancel()
            self.close_filter()

    def _on_applied(self, layer: Layer | None) -> None:
        self.colorize.forget()
        self.close_filter()

    def _on_session(self) -> None:
        self.objects.refresh()
        if self.objects.keeps_at_end and not self.session.is_running:
            self.objects.keeps_at_end = False
            if self.session.can_keep:
                self._on_session_applied()
        self._refresh()

    def _on_session_applied(self) -> None:
        if self.session.keep():
            self.close_filter()

    def _fail(self, what: str, why: str) -> None:
        self.context.error.emit(UserError(what, why, "Choose another filter"))
