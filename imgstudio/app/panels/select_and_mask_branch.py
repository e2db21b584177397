"""The way into the select-and-mask workspace and out of it: the page takes the place of the filters, the brush is lent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from imgstudio.app.canvas.tools.edge_brush import EdgeBrushTool
from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.controllers.edge_jobs import CleanParams, OutputParams, View
from imgstudio.app.controllers.guest_tool import GuestTool
from imgstudio.app.controllers.select_and_mask import SelectAndMask
from imgstudio.app.i18n import tr
from imgstudio.app.panels.lending import LendingPanel
from imgstudio.app.panels.select_and_mask_page import SelectAndMaskPage, ViewParams
from imgstudio.engine.refine_ground import Kind

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

HEIGHT: Final = 660
"""What shows the whole page without scrolling (logical pixels)."""


class SelectAndMaskBranch(QObject):
    """Guards: page and brush are there exactly as long as the workspace is open."""

    def __init__(self, context: AppContext, place: LendingPanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._place = context, place
        self.work = SelectAndMask(context, self)
        self.page: SelectAndMaskPage | None = None
        self._tool: EdgeBrushTool | None = None
        self._guest: GuestTool | None = None
        self.work.changed.connect(self._refresh)
        self.work.ended.connect(self._leave)
        context.filter_panel.shown.connect(self._on_filter)

    @property
    def is_open(self) -> bool:
        return self.page is not None

    def open(self) -> None:
        """Show the workspace for what is selected; again: look at it."""
        if self.page is None:
            self._context.filter_panel.close_filter()
            self._enter()
        self._context.window.show_panel("filter")
        canvas = canvas_in(self._context)
        if canvas is not None:
            canvas.setFocus()

    def close(self) -> None:
        """Leave everything as it is."""
        self.work.close()

    def _enter(self) -> None:
        page, work = SelectAndMaskPage(), self.work
        self.page = page
        self._tool = EdgeBrushTool(self._context.tool_state, work, work.apply)
        self._tool.choose("refine")  # whatever was painted with last: that is what one comes for
        self._guest = GuestTool(self._context.tools, self._tool)
        self._place.lend(page, HEIGHT)
        page.view.set_value(ViewParams(work.view))
        page.edge.set_value(work.edge)
        page.clean.set_value(work.clean)
        page.output.set_value(work.output)
        page.view_changed.connect(self._on_view)
        page.edge_changed.connect(lambda params: work.set(edge=params))
        page.clean_changed.connect(self._on_clean)
        page.output_changed.connect(self._on_output)
        page.brush_chosen.connect(self._on_brush)
        page.stroke_undone.connect(work.take_stroke_back)
        page.subject_wanted.connect(self._on_subject)
        page.applied.connect(work.apply)
        page.cancelled.connect(self._on_cancelled)
        work.progressed.connect(page.show_progress)
        work.open()

    def _leave(self) -> None:
        guest, self._guest = self._guest, None
        self.page = self._tool = None
        if guest is not None:
            guest.put_down()
            self._place.take_back()

    def _refresh(self) -> None:
        page, work, tool = self.page, self.work, self._tool
        if page is None or tool is None:
            return
        page.show_subject(self._said(), work.problem)
        page.show_busy(applying=work.is_applying, busy=work.is_busy, can_apply=work.subject is not None)
        page.show_brush(tool.settings.does, has_strokes=work.has_strokes)

    def _said(self) -> str:
        subject = self.work.subject
        if subject is None:
            return ""
        said = {"selection": tr("The selection, on “{name}”"), "mask": tr("The mask of “{name}”")}
        return said[subject.begins_with].format(name=subject.layer.name)

    def _on_view(self, view: View) -> None:
        self.work.set(view=view)

    def _on_clean(self, params: CleanParams) -> None:
        """Cleaned colours need a layer of their own."""
        if params.decontaminate and self.work.output.output in ("selection", "layer mask"):
            self._take_output(OutputParams("new layer with mask"))
        self.work.set(clean=params)

    def _on_output(self, params: OutputParams) -> None:
        if params.output in ("selection", "layer mask") and self.work.clean.decontaminate:
            self.work.set(clean=replace(self.work.clean, decontaminate=False))
            if self.page is not None:
                self.page.clean.set_value(self.work.clean)
        self.work.set(output=params)

    def _take_output(self, params: OutputParams) -> None:
        self.work.set(output=params)
        if self.page is not None:
            self.page.output.set_value(params)

    def _on_brush(self, kind: Kind) -> None:
        if self._tool is not None and self._guest is not None:
            self._guest.take()
            self._tool.choose(kind)

    def _on_subject(self) -> None:
        self._context.actions.run("select.subject")

    def _on_cancelled(self) -> None:
        if self.work.is_applying:
            self.work.stop_applying()
        else:
            self.work.close()

    def _on_filter(self) -> None:
        """A filter wants its place back."""
        if self.page is not None and getattr(self._context.filter_panel, "page", None) is not None:
            self.work.close()
