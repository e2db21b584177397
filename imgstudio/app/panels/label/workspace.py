"""What stands round the picture in the Label workspace: class bar, panels, effort, and the first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.closing import labels_may_close
from imgstudio.app.controllers.labelling.live import LiveLearning
from imgstudio.app.controllers.labelling.promote import Promotion
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.panels.label.canvas_wheel import CanvasWheel
from imgstudio.app.panels.label.class_bar import ClassBar
from imgstudio.app.panels.label.classes_panel import ClassesPanel
from imgstudio.app.panels.label.effort_line import EffortLine
from imgstudio.app.panels.label.home import LabelHome
from imgstudio.app.panels.label.live_panel import LivePanel
from imgstudio.app.panels.label.model_panel import ModelPanel
from imgstudio.app.panels.label.pictures_panel import PicturesPanel
from imgstudio.app.panels.label.promote_panel import PromotePanel
from imgstudio.app.panels.label.quality_panel import QualityPanel

SET: Final = "label"
FIRST_HEIGHTS: Final = {"classes": 200, "pictures": 260, "model": 340}


class LabelWorkspace(QObject):
    """Made when the workspace is first shown, while it is being shown."""

    def __init__(self, context: AppContext, workspaces: QObject) -> None:
        super().__init__(workspaces)
        self._context = context
        window = context.window
        self.session = context.labelling = LabelSession(context, self)
        self.live = LiveLearning(context, self.session, parent=self)
        self.promotion = Promotion(context, self.session, self)
        self.bar, self.home = ClassBar(self.session), LabelHome(context, self.session)
        self.effort = EffortLine(self.session)
        self.bar.hide()
        window.bars.addWidget(self.bar)
        window.status.add(self.effort)
        self._add_panels()
        self._wheel = CanvasWheel(window.canvas, self.session)
        self.session.entries_changed.connect(lambda _: context.actions.refresh_soon())
        self.session.picture_changed.connect(lambda _: context.actions.refresh_soon())
        self.session.proposed.connect(context.actions.refresh_soon)
        self.session.document_changed.connect(lambda _: context.actions.refresh_soon())
        self.session.exchange_wanted.connect(self._on_exchange)
        window.workspaces.changed.connect(self._on_workspace)

    @property
    def has_project(self) -> bool:
        return self.session.project is not None

    def may_close(self, close: Callable[[], object]) -> bool:
        """Whether all labels are written; else `close` is called again when they are."""
        return labels_may_close(self._context, self.session, close)

    def _add_panels(self) -> None:
        context, docks = self._context, self._context.window.docks
        docks.begin_set(SET)
        docks.add("classes", "Classes", ClassesPanel(context, self.session), of=SET)
        docks.add("pictures", "Pictures", PicturesPanel(context, self.session), of=SET)
        model = ModelPanel(LivePanel(self.live, self.session), PromotePanel(self.promotion, self.session))
        docks.add("model", "Model", model, of=SET)
        docks.add("quality", "Quality", QualityPanel(context, self.session), beside="model", of=SET)
        docks.settle(FIRST_HEIGHTS)
        docks.restore_set()

    def _on_exchange(self, way: str) -> None:
        from imgstudio.app.dialogs.label_exchange import ask_export, ask_import

        (ask_import if way == "import" else ask_export)(self._context, self.session)

    def _on_workspace(self, name: str) -> None:
        middle = self._context.window.middle
        if name == "label":
            middle.set_home(self.home)
            self.session.enter()
        else:
            self.session.leave(to_edit=name == "edit")
            if name == "edit":
                middle.set_home(None)
        self.effort.setVisible(name == "label")
        self._context.window.refresh()
