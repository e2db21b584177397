"""One line for a model that a filter needs but does not have, with the button that brings it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from imgstudio.app.controllers.model_jobs import InstallModel
from imgstudio.core.errors import UserError
from imgstudio.filters.base import Need

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext
    from imgstudio.engine.manifest import ModelManifest


class NeedNotice(QFrame):
    """A click asks what is to be agreed to, the next one installs. It is hidden while its model is not used."""

    met = Signal()

    def __init__(
        self,
        context: AppContext,
        need: Need,
        parent: QWidget | None = None,
        *,
        also: Sequence[Need] = (),
    ) -> None:
        """`also`: others that are missing and that nobody knows where to get."""
        super().__init__(parent)
        self.setObjectName(f"filter.need.{need.model}")
        self.setProperty("role", "card")
        self._context, self._need = context, need
        self._all, self._is_met = (need, *also), False
        self.follows_choice = all(need.only_if is not None for need in self._all)
        """Whether it belongs to something chosen in the form, so that it is best shown after that."""
        self._entry = catalogue_entry(context, need.model)
        self._agreed = False
        self.label = QLabel(self._reason(also), self)
        self.label.setWordWrap(True)
        self.button = QPushButton("Install…" if self._entry is not None else "Models…", self)
        self.button.setObjectName("filter.install")
        self.button.clicked.connect(self._on_clicked)
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 8, 8, 8)
        line.setSpacing(8)
        line.addWidget(self.label, 1)
        line.addWidget(self.button)

    def show_for(self, params: Any) -> None:
        """Show it, unless the model is there by now or these parameters do without it."""
        self.setVisible(not self._is_met and any(need.is_used(params) for need in self._all))

    def _reason(self, also: Sequence[Need]) -> str:
        if also:
            names = ", ".join(need.model for need in (self._need, *also))
            return f"Models of this filter are not installed: {names}."
        name = self._need.model if self._entry is None else self._entry.name
        if self._need.required:
            return f"The model “{name}” is needed, but not installed."
        return f"The model “{name}” would make it better."

    def _on_clicked(self) -> None:
        if self._entry is None:  # the list of models says what there is
            self._context.window.open_models(self._need.model)
            return
        from imgstudio.engine.sources import question

        asked = question(self._entry)
        if asked and not self._agreed:
            self._agreed = True
            self.label.setText(asked)
            self.button.setText("Agree and install")
            return
        self.button.setEnabled(False)
        handle = self._context.jobs.start(InstallModel(f"Installing {self._entry.name}", self._entry), "io")
        handle.succeeded.connect(self._on_installed)
        handle.failed.connect(self._context.error)
        handle.finished.connect(self._on_finished)

    def _on_installed(self, model_id: str) -> None:
        self._context.models().refresh()
        self._is_met = True
        self.hide()
        self.met.emit()

    def _on_finished(self) -> None:
        self.button.setEnabled(True)


def need_notices(context: AppContext, needs: tuple[Need, ...], parent: QWidget) -> list[NeedNotice]:
    """One for each model that can be fetched, and one for all the others together."""
    unmet = unmet_needs(context, needs)
    known = [need for need in unmet if catalogue_entry(context, need.model) is not None]
    unknown = [need for need in unmet if need not in known]
    notices = [NeedNotice(context, need, parent) for need in known]
    if unknown:
        notices.append(NeedNotice(context, unknown[0], parent, also=unknown[1:]))
    return notices


def unmet_needs(context: AppContext, needs: tuple[Need, ...]) -> list[Need]:
    """What a filter needs or could use and what is not installed."""
    if not needs:
        return []
    installed = {manifest.id for manifest in context.models().manifests()}
    return [need for need in needs if need.model not in installed]


def catalogue_entry(context: AppContext, model_id: str) -> ModelManifest | None:
    """How a model can be fetched; None when the catalogue does not know it."""
    try:
        entries = context.models().catalogue()
    except UserError:
        return None
    return next((entry for entry in entries if entry.id == model_id), None)
