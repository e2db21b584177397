"""Works out the edge of the selection while its dials move, shows it over the picture, and makes something of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.controllers.document_watch import DocumentWatch
from imgstudio.app.controllers.edge_jobs import (
    CleanParams,
    EdgeFinder,
    EdgeJob,
    Made,
    OutputParams,
    Question,
    Subject,
    View,
    capture,
    carry_out,
)
from imgstudio.app.controllers.edge_screen import EdgeScreen
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.refine import EdgeParams
from imgstudio.engine.refine_ground import EdgeStroke

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

REST_MS: Final = 250
"""How long the dials must rest before the edge is found exactly."""
LABEL: Final = "Select and mask"


class SelectAndMask(QObject):
    """Guards: the document is never changed before it is applied; what is shown answers the newest question."""

    changed = Signal()
    """Another subject, busy or not, or a problem."""
    ended = Signal()
    """It was applied or cancelled."""
    progressed = Signal(float)

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._screen = EdgeScreen(context)
        self.is_open = False
        self.problem = ""
        """Why there is nothing to work on; "" while there is."""
        self.edge, self.clean, self.output = EdgeParams(), CleanParams(), OutputParams()
        self.view: View = "overlay"
        self.strokes: tuple[EdgeStroke, ...] = ()
        self.is_applying = False
        self._watch = DocumentWatch(self)
        self._watch.changed.connect(self._on_changed)
        self._watch.resized.connect(self.close)
        self._finder: EdgeFinder | None = None
        self._made: Made | None = None
        self._run: JobHandle | None = None
        self._asked: tuple[Question, bool] | None = None
        """What `_run` answers, and whether exactly."""
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rest)
        context.documents.current_changed.connect(self.close)

    @property
    def subject(self) -> Subject | None:
        """What is worked on; None while nothing is selected."""
        return None if self._finder is None else self._finder.subject

    @property
    def is_busy(self) -> bool:
        return self._run is not None

    @property
    def is_exact(self) -> bool:
        """Whether what is shown is what would be made."""
        return self._made is not None and self._made.edge.is_exact and self._made.question == self._question()

    @property
    def has_strokes(self) -> bool:
        return bool(self.strokes)

    def open(self) -> None:
        """Begin with what is selected in the document that is shown."""
        self.is_open, self.strokes, self.is_applying = True, (), False
        self._watch.follow(self._context.documents.current)
        self._capture()

    def set(
        self,
        *,
        edge: EdgeParams | None = None,
        clean: CleanParams | None = None,
        output: OutputParams | None = None,
        view: View | None = None,
    ) -> None:
        """Take other values of the dials; what is not given stays."""
        self.edge, self.clean = edge or self.edge, clean or self.clean
        self.output, self.view = output or self.output, view or self.view
        self._show()
        self._go_on()

    def add_stroke(self, stroke: EdgeStroke) -> None:
        """A stroke of the edge brush."""
        if self._finder is not None and not self.is_applying:
            self.strokes = (*self.strokes, stroke)
            self._go_on()
            self.changed.emit()

    def take_stroke_back(self) -> None:
        self.strokes = self.strokes[:-1]
        self._go_on()
        self.changed.emit()

    def apply(self) -> None:
        """Make what the output says, as soon as the edge is found exactly: one undo step."""
        if self._finder is None or self.is_applying:
            return
        self.is_applying = True
        if self.is_exact:
            self._carry_out()
        elif self._asked != (self._question(), True):
            self._start(exact=True)
        self.changed.emit()

    def stop_applying(self) -> None:
        """Back to the dials."""
        self.is_applying = False
        self._stop()
        self._rest.start()
        self.changed.emit()

    def close(self) -> None:
        """Leave the document as it is."""
        if not self.is_open:
            return
        self.is_open = self.is_applying = False
        self._watch.follow(None)
        self._capture()
        self.ended.emit()

    def _on_changed(self) -> None:
        """The picture, the selection or the active layer is another: what was painted here stays."""
        if self.is_open and not self.is_applying:
            self._capture()

    def _capture(self) -> None:
        document = self._watch.document
        self._stop()
        self._finder = self._made = None
        self.problem = ""
        if document is not None:
            try:
                subject = capture(document)
            except UserError as error:
                subject, self.problem = None, f"{error.what}. {error.what_to_do}"
            self._finder = None if subject is None else EdgeFinder(subject)
        self._show()
        self._go_on()
        self.changed.emit()

    def _question(self) -> Question:
        makes_layer = self.output.output in ("new layer", "new layer with mask")
        amount = self.clean.amount / 100 if self.clean.decontaminate and makes_layer else 0.0
        return Question(self.edge, self.strokes, amount, self.view == "on layers")

    def _go_on(self) -> None:
        """Answer the newest question roughly if it is not answered or being answered, then exactly after a rest."""
        if self._finder is None or self.is_applying:
            return
        question = self._question()
        if self._made is not None and self._made.question == question:
            if not self._made.edge.is_exact:
                self._rest.start()
            return
        # A rough run ends soon, and the newest question comes after it.
        if self._asked is None or (self._asked[1] and self._asked[0] != question):
            self._start(exact=False)

    def _on_rest(self) -> None:
        if self._run is not None:
            self._rest.start()
        elif not self.is_exact:
            self._start(exact=True)

    def _start(self, *, exact: bool) -> None:
        if self._finder is None:
            return
        self._stop()
        question = self._question()
        self._run = handle = self._context.jobs.start(EdgeJob(self._finder, question, exact=exact))
        self._asked = question, exact
        handle.is_told_elsewhere = True
        handle.progressed.connect(partial(self._on_progressed, handle))
        handle.succeeded.connect(partial(self._on_made, handle, self._finder))
        handle.failed.connect(partial(self._on_failed, handle))
        handle.finished.connect(partial(self._on_finished, handle))
        self.changed.emit()

    def _on_progressed(self, handle: JobHandle, fraction: float, message: str) -> None:
        if handle is self._run:
            self.progressed.emit(fraction)

    def _on_made(self, handle: JobHandle, finder: EdgeFinder, made: Made) -> None:
        if handle is not self._run or finder is not self._finder:
            return
        self._made = made
        self._show()

    def _on_failed(self, handle: JobHandle, error: Exception) -> None:
        if handle is self._run:
            self.is_applying = False
            self._finder = None  # with the same question it would fail again
            self._context.error.emit(error)

    def _on_finished(self, handle: JobHandle) -> None:
        if handle is not self._run:
            return
        self._run = self._asked = None
        if self.is_applying:
            if self.is_exact:
                self._carry_out()
            self.is_applying = False
        self._go_on()
        self.changed.emit()

    def _carry_out(self) -> None:
        made, subject, document = self._made, self.subject, self._watch.document
        assert made is not None
        assert subject is not None
        assert document is not None
        output = self.output.output
        if output != "selection" and not document.selection.is_empty:
            self._context.last_selections[document] = document.selection.store.copy()
        self.close()

        def change(changed: Document, progress: Progress) -> None:
            carry_out(changed, subject, made, output, LABEL, progress)

        self._context.edits.do_long(document, tr(LABEL), change)

    def _stop(self) -> None:
        run, self._run, self._asked = self._run, None, None
        self._rest.stop()
        if run is not None:
            run.cancel()

    def _show(self) -> None:
        """Bring what is over the picture to what was made last."""
        if self.is_open and self._made is not None and self.subject is not None:
            self._screen.show(self.subject, self._made, self.view)
        else:
            self._screen.clear()
