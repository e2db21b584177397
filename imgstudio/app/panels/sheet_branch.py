"""The way from a filter's settings to its contact sheet and back with other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from imgstudio.app.controllers.contact_sheet import SheetController, SheetOrder
from imgstudio.app.i18n import tr
from imgstudio.app.panels.filter_page import FilterPage
from imgstudio.app.panels.sheet_page import SheetPage
from imgstudio.core.layers import Layer
from imgstudio.filters.variations import Variation, missing, offers_sheet

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class SheetBranch(QObject):
    """Guards: the sheet that is shown is one of the settings that the page shows."""

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.sheet = SheetController(context, self)
        self.view: SheetPage | None = None
        """While the sheet is open."""
        self._page: FilterPage | None = None
        self._again: Layer | None = None
        self._is_busy = False

    @property
    def is_open(self) -> bool:
        return self.view is not None

    @property
    def can_open(self) -> bool:
        return self._page is not None and offers_sheet(self._page.item) and not self._reason()

    def begin(self, page: FilterPage, again: Layer | None) -> None:
        """Another filter is in hand."""
        self._page, self._again = page, again
        page.sheet_wanted.connect(self.open)
        for edited in (page.params_changed, page.finish_changed, page.seed_changed):
            edited.connect(self._on_edited)
        self.refresh()

    def begin_elsewhere(self) -> None:
        """Another picture is shown: the filter goes on there, with a layer of its own."""
        self._again = None
        self.sheet.close()

    def set_busy(self, *, busy: bool) -> None:
        """Whether the filter runs: a sheet would wait for its end."""
        self._is_busy = busy
        if busy:
            self.leave()
        self.refresh()

    def refresh(self) -> None:
        """Say whether a sheet can be made."""
        if self._page is not None:
            self._page.show_sheet(self._reason())

    def open(self) -> None:
        """Make the sheet of what the page shows now, and show it."""
        page, document = self._page, self._context.documents.current
        if page is None or document is None or self._reason():
            return
        order = SheetOrder(
            document,
            page.item,
            page.form.value(),
            page.seed.value().seed,
            page.finish.value().finish,
            self._again,
        )
        self.sheet.make(order)
        view = self.view or self._new_view()
        view.begin(page.item.name)
        view.take_focus()

    def leave(self) -> None:
        """Back to the picture, with the settings as they are."""
        self.sheet.stop()
        view, self.view = self.view, None
        if view is not None:
            self._context.window.middle.cover(None)
            view.deleteLater()

    def close(self) -> None:
        """The filter is put away."""
        self.leave()
        self._page = self._again = None
        self.sheet.close()

    def _new_view(self) -> SheetPage:
        self.view = view = SheetPage(self.sheet)
        view.chosen.connect(self._on_chosen)
        view.left.connect(self.leave)
        view.again.connect(self.open)
        self._context.window.middle.cover(view)
        return view

    def _on_edited(self, *_: object) -> None:
        """The sheet is of other settings now."""
        self.leave()
        self.refresh()

    def _reason(self) -> str:
        if self._page is None or self._context.documents.current is None:
            return tr("Open a picture first")
        if self._is_busy:
            return tr("Stop the run first")
        return missing(self._page.form.value())

    def _on_chosen(self, variation: Variation) -> None:
        if self._page is not None:
            self.leave()
            self._page.take(variation)
