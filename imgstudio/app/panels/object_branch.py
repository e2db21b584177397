"""What the filter panel has for filters of objects: the blend preview, and running again where an object has moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSignalBlocker
from PySide6.QtWidgets import QCheckBox

from imgstudio.app.controllers.blend_preview import BlendPreview
from imgstudio.app.controllers.session_run import SessionController
from imgstudio.app.i18n import tr
from imgstudio.app.panels.filter_page import FilterPage
from imgstudio.filters.base import SessionFilter

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class ObjectBranch(QObject):
    """Guards: the preview is shown only while nothing else is, and is on or off afterwards as it was before."""

    def __init__(
        self, context: AppContext, session: SessionController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.blend = BlendPreview(context, self)
        self.keeps_at_end = False
        """Whether the run under way is kept as soon as it ends."""
        self._session = session
        self._page: FilterPage | None = None
        self._box: QCheckBox | None = None
        self._was_on = False
        self.blend.changed.connect(self._show)

    @property
    def is_open(self) -> bool:
        """Whether a filter of objects is in hand."""
        return self._box is not None

    @property
    def note(self) -> str:
        """Why there is no preview though it is on."""
        return self.blend.problem if self.is_open and self.blend.is_on else ""

    def begin(self, page: FilterPage) -> None:
        """A filter is in hand; one of objects shows at once what it will do."""
        self._page, item = page, page.item
        if isinstance(item, SessionFilter) and item.instant is not None:
            self._box = QCheckBox(tr("Blend preview"), page)
            self._box.setObjectName("session.blend")
            self._box.setToolTip(
                tr(
                    "<b>Blend preview</b><br>A quick look at the object in the picture; it follows while you move it."
                )
            )
            self._box.toggled.connect(self.blend.set_wanted)
            page.add_controls(self._box)
            page.params_changed.connect(self._on_params)
            self.blend.choose(item, page.form.value())
            self._was_on = self.blend.is_on
            self.blend.set_on(True)
        self.refresh()

    def end(self) -> None:
        """The filter is put away."""
        is_open = self.is_open
        self._page = self._box = None
        self.keeps_at_end = False
        if is_open:
            self.blend.set_on(self._was_on)
            self.blend.choose(None)
        self.refresh()

    def refresh(self) -> None:
        """Give way to what the page's filter shows itself."""
        # What goes is hidden first: the panel is low.
        if self._box is not None:
            self._box.setVisible(not (self._session.can_keep or self._session.is_running))
        self.blend.set_still(self._session.is_running)
        self.blend.set_held(self._page is not None and (not self.is_open or self._session.can_keep))

    def _on_params(self, params: Any) -> None:
        if self._page is not None and isinstance(self._page.item, SessionFilter):
            self.blend.choose(self._page.item, params, anew=True)

    def _show(self) -> None:
        if self._box is not None:
            with QSignalBlocker(self._box):
                self._box.setChecked(self.blend.is_on)
