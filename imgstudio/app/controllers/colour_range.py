"""Works for the colour range tool: shows what would be selected while colours are picked, and selects it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil, sqrt
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer

from imgstudio.app.canvas.tools.colour_range import ColourRangeOptions, ColourRangeTool
from imgstudio.app.canvas.veil import surround
from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.controllers.guest_tool import GuestTool
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle
from imgstudio.core.blend import flatten
from imgstudio.core.colour_range import ColourRange, Join, select_colours
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.labelling.painting import join_labels
from imgstudio.core.pixels import Array
from imgstudio.core.selecting import Mode, combine
from imgstudio.core.snapshot import DocumentSnapshot, freeze
from imgstudio.core.tiles import TileStore

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

LOOKED_AT: Final = 1_000_000
"""Pixels of the picture that the preview compares: a slider must feel light."""
WAIT_MS: Final = 20
VEIL: Final = surround((0, 0, 0), 170)
"""What is not selected lies in the dark."""
_ROWS: Final = 512


class Small(NamedTuple):
    """The picture made smaller."""

    pixels: Array
    """(h, w, 4) straight RGBA."""
    step: float
    """Pixels of the document that one of them stands for, each way."""


@dataclass(frozen=True, slots=True, eq=False)
class LookJob:
    """Makes the whole picture small enough to compare colours at once."""

    title: str
    snapshot: DocumentSnapshot

    def run(self, progress: Progress) -> Small:
        bounds = self.snapshot.bounds
        step = max(1.0, sqrt(bounds.width * bounds.height / LOOKED_AT))
        height, width = max(1, ceil(bounds.height / step)), max(1, ceil(bounds.width / step))
        rows = max(1, int(_ROWS / step))
        strips = []
        for first in progress.track(range(0, height, rows), self.title):
            last = min(height, first + rows)
            upper, lower = bounds.height * first // height, bounds.height * last // height
            strip = Rect(0, upper, bounds.width, max(1, lower - upper))
            size = (width, last - first)
            strips.append(cv2.resize(flatten(self.snapshot, strip), size, interpolation=cv2.INTER_AREA))
        return Small(np.concatenate(strips), bounds.height / height)


class ColourRangeSelect(QObject):
    """One use of the tool. Guards: what was shown goes with it, and the tool before comes back whatever ends it."""

    def __init__(self, context: AppContext, document: Document) -> None:
        super().__init__(context)
        self._context, self._document = context, document
        self._small: Small | None = None
        self._look: JobHandle | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._show)
        self.tool = ColourRangeTool(context.tool_state, self)
        self._guest: GuestTool | None = GuestTool(context.tools, self.tool)
        context.documents.current_changed.connect(self._on_document)
        document.damaged.connect(self._on_damaged)
        document.resized.connect(self.ended)
        context.tool_state.say(tr(self.tool.help))
        self._begin_look()

    def changed(self) -> None:
        self._timer.start()

    def accepted(self) -> None:
        options = cast(ColourRangeOptions, self.tool.options)
        wanted, document = self.tool.wanted(self._document), self._document
        self.ended()
        on_labels = self._context.tool_state.target == "labels" and document.labels is not None
        change = partial(
            _select, wanted=wanted, mode=options.mode, join=join_labels if on_labels else combine
        )
        self._context.edits.do_long(document, tr("Colour range"), change)

    def ended(self) -> None:
        guest, self._guest = self._guest, None
        if guest is None:
            return
        self._timer.stop()
        if self._look is not None:
            self._look.cancel()
        self._context.documents.current_changed.disconnect(self._on_document)
        self._document.damaged.disconnect(self._on_damaged)
        self._document.resized.disconnect(self.ended)
        self._show_veil(None)
        guest.put_down()
        self._context.tool_state.say("")
        self.deleteLater()

    def _begin_look(self) -> None:
        job = LookJob(tr("Looking at the picture"), freeze(self._document))
        self._look = self._context.jobs.start(job, "edit", replaces=self._look)
        self._look.succeeded.connect(self._on_seen)
        self._look.failed.connect(self._context.error)

    def _on_seen(self, small: Small) -> None:
        self._small = small
        self._show()

    def _on_damaged(self, rect: Rect) -> None:
        self._begin_look()

    def _on_document(self, document: Document | None) -> None:
        if document is not self._document:
            self.ended()

    def _show(self) -> None:
        if self._guest is None or self._small is None:
            return
        if not self.tool.has_colours:
            self._show_veil(None)
            return
        bounds = self._document.bounds
        coverage = self.tool.wanted(self._document).coverage(
            self._small.pixels, Point(0.0, 0.0), self._small.step
        )
        whole = cv2.resize(coverage, (bounds.width, bounds.height), interpolation=cv2.INTER_LINEAR)
        store = TileStore(1)
        store.write(bounds, np.asarray(whole, np.uint8)[..., None])
        self._show_veil(store)

    def _show_veil(self, store: TileStore | None) -> None:
        canvas = canvas_in(self._context)
        if canvas is not None and canvas.document is self._document:
            canvas.show_coverage(store, VEIL)


def _select(document: Document, progress: Progress, *, wanted: ColourRange, mode: Mode, join: Join) -> None:
    select_colours(document, wanted, mode, progress, join=join)
