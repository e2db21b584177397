"""The jobs in one line of the status bar: what runs, what has ended well, what failed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.context import AppContext
from imgstudio.app.errors import explained
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.jobs import JobHandle
from imgstudio.app.panels.job_row import JobRow
from imgstudio.app.sign import Sign
from imgstudio.core.document import Document

NOTE_MS: Final = 4000
SHOW_AFTER_MS: Final = 400
"""Shorter jobs come and go unseen, so that nothing flickers."""
POPUP_WIDTH: Final = 460


class JobsStrip(QWidget):
    """Shows the oldest running job; a click on "+2" lists all of them."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._row: JobRow | None = None
        self._told: Document | None = None
        """The document whose newest step the note speaks of."""
        self._pages = QStackedWidget()
        self._place, self._note, self._failure = QWidget(), _Note(), _Failure()
        for page in (QWidget(), self._place, self._note, self._failure):
            self._pages.addWidget(page)
        QHBoxLayout(self._place).setContentsMargins(0, 0, 0, 0)
        self._more = QToolButton()
        self._more.setObjectName("jobs.more")
        self._more.setToolTip(tr("Show all jobs"))
        self._more.clicked.connect(self._on_more)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._pages, 1)
        row.addWidget(self._more)
        self._more.hide()
        self._quiet = QTimer(self, singleShot=True, interval=NOTE_MS)
        self._quiet.timeout.connect(self._show_nothing)
        self._patience = QTimer(self, singleShot=True, interval=SHOW_AFTER_MS)
        self._patience.timeout.connect(self._show_running)
        self._note.undo.clicked.connect(self._on_undo)
        self._failure.close_.clicked.connect(self._show_nothing)
        self._failure.happened.clicked.connect(lambda: context.error.emit(self._failure.error))
        context.jobs.started.connect(self._on_started)
        context.jobs.ended.connect(self._on_ended)
        context.message.connect(self.note)
        context.done.connect(self._on_done)
        context.documents.current_changed.connect(self._drop_undo)

    def note(self, text: str, *, undo: bool = False) -> None:
        """A quiet note for a few seconds; a failure that nobody has read is not covered."""
        if self._pages.currentWidget() is self._failure or self._row is not None:
            return
        self._drop_undo()
        self._note.tell(text, undo=undo)
        self._pages.setCurrentWidget(self._note)
        self._quiet.start()

    @property
    def text(self) -> str:
        """What it says now, for tests and screen readers."""
        page = self._pages.currentWidget()
        return page.label.text() if isinstance(page, _Note | _Failure) else ""

    def _on_started(self, handle: JobHandle) -> None:
        if handle.is_quiet:
            return
        handle.failed.connect(lambda error: self._on_failed(handle, error))
        if not self._patience.isActive():
            self._patience.start()

    def _on_done(self, text: str) -> None:
        """Tell of the newest step of the current document; the button goes when it is the newest no more."""
        document = self._context.documents.current
        # The job that made the step has ended, but its line may not have been taken away yet.
        if self._row is not None and not self._row.handle.is_running:
            self._drop_row()
        self.note(text, undo=document is not None)
        if document is not None and self._pages.currentWidget() is self._note:
            self._told = document
            document.history.changed.connect(self._drop_undo)

    def _drop_undo(self, *_: object) -> None:
        document, self._told = self._told, None
        if document is not None:
            document.history.changed.disconnect(self._drop_undo)
            self._note.undo.hide()

    def _on_failed(self, handle: JobHandle, error: Exception) -> None:
        if handle.lane == "compute" and not handle.is_told_elsewhere:  # files: above the picture
            self._failure.tell(handle.title, error)
            self._pages.setCurrentWidget(self._failure)

    def _on_ended(self, handle: JobHandle) -> None:
        if self._row is not None and self._row.handle is handle:
            self._drop_row()
            if self._pages.currentWidget() is self._place:
                self._pages.setCurrentIndex(0)
        if self._visible() and not self._patience.isActive():
            self._show_running()
        self._count()

    def _show_running(self) -> None:
        running = [handle for handle in self._visible() if handle.is_running]
        self._count()
        if not running or (self._row is not None and self._row.handle in running):
            return
        self._drop_row()
        self._row = JobRow(running[0])
        layout = self._place.layout()
        assert layout is not None
        layout.addWidget(self._row)
        self._pages.setCurrentWidget(self._place)

    def _visible(self) -> list[JobHandle]:
        return [handle for handle in self._context.jobs.handles if not handle.is_quiet]

    def _drop_row(self) -> None:
        if self._row is not None:
            self._row.hide()
            self._row.deleteLater()
            self._row = None

    def _count(self) -> None:
        others = len(self._visible()) - 1
        self._more.setText(f"+{others}")
        self._more.setVisible(others > 0 and self._row is not None)

    def _show_nothing(self) -> None:
        self._drop_undo()
        if self._row is None:
            self._pages.setCurrentIndex(0)
        else:
            self._pages.setCurrentWidget(self._place)

    def _on_undo(self) -> None:
        self._context.actions.run("edit.undo")
        self._show_nothing()

    def _on_more(self) -> None:
        popup = QFrame(self, Qt.WindowType.Popup)
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popup.setProperty("role", "card")
        column = QVBoxLayout(popup)
        column.setContentsMargins(12, 8, 8, 8)
        for handle in self._visible():
            row = JobRow(handle, spread=True, parent=popup)
            handle.finished.connect(row.hide)
            column.addWidget(row)
        popup.setFixedWidth(POPUP_WIDTH)
        popup.adjustSize()
        popup.move(self.mapToGlobal(QPoint(self.width() - popup.width(), -popup.height() - 4)))
        popup.show()


class _Note(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.label, self.undo = QLabel(), QPushButton(tr("Undo"))
        self.undo.setObjectName("jobs.undo")
        self.undo.setFlat(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self.label)
        row.addWidget(self.undo)

    def tell(self, text: str, *, undo: bool) -> None:
        metrics = self.label.fontMetrics()
        self.label.setText(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, POPUP_WIDTH))
        self.label.setToolTip(text)
        self.undo.setVisible(undo)


class _Failure(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.error: Exception = Exception()
        self._sign, self.label = Sign("alert-circle-outline", 16, "bad"), QLabel()
        self.happened, self.close_ = QPushButton(tr("What happened")), QToolButton()
        self.happened.setObjectName("jobs.what_happened")
        self.close_.setIcon(icon("close"))
        self.close_.setToolTip(tr("Close this message"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        for part in (self._sign, self.label, self.happened, self.close_):
            row.addWidget(part)

    def tell(self, title: str, error: Exception) -> None:
        self.error = error
        told = explained(error)
        self.label.setText(f"{title}: {told.what}")
        self.label.setToolTip(
            f"<b>{tr('What happened')}</b><br>{told.why or told.what}<br><b>{tr('Try')}</b><br>{told.what_to_do}"
        )
