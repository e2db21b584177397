"""What is known of the quality of the labels: of the picture in hand at once, of all pictures when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.quality_jobs import (
    CompareLabels,
    FindDoubles,
    FindSides,
    LookAtPicture,
    LookAtProject,
    PictureLook,
    Sides,
)
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.jobs import JobHandle
from imgstudio.core.jobs import Job
from imgstudio.core.labelling.comparing import Comparison
from imgstudio.core.labelling.statistics import TINY

REST_MS: Final = 400
"""How long nobody must paint before the labels on the screen are looked at again."""


class QualityCheck(QObject):
    """Guards: nothing is looked at while nobody wants to see it (`set_wanted`); a newer look replaces an older."""

    changed = Signal()
    """Something else is known, or work has begun or ended."""
    progressed = Signal(float)
    """Of the work on many pictures, 0..1."""

    def __init__(self, context: AppContext, session: LabelSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._session = context, session
        self.least = TINY
        """Pixels below which a piece is an island."""
        self.current: PictureLook | None = None
        """Of the picture in hand."""
        self.looks: dict[str, PictureLook] | None = None
        """Of all labelled pictures; None before anybody asked."""
        self.doubles: tuple[tuple[str, ...], ...] | None = None
        self.sides: Sides | None = None
        self.comparison: Comparison | None = None
        self.compared_with: Path | None = None
        self.work = ""
        """What is done on many pictures now: "looks", "doubles", "sides", "comparison", or nothing."""
        self._is_wanted = False
        self._single: JobHandle | None = None
        self._many: JobHandle | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._look)
        session.project_changed.connect(self._on_project)
        session.document_changed.connect(self._on_document)
        session.labels_edited.connect(self._rest_soon)
        session.classes_changed.connect(self._rest_soon)

    def set_wanted(self, wanted: bool) -> None:
        """Whether what is found is seen."""
        self._is_wanted = wanted
        if wanted:
            self._rest_soon()

    def set_least(self, least: int) -> None:
        """Another size of islands."""
        self.least = least
        self.looks = None
        self._rest_soon()

    def look_at_all(self) -> None:
        """Look at the labels of all pictures that are new or changed since."""
        project = self._session.project
        if project is not None:
            self._session.save_now()
            self._begin("looks", LookAtProject(project, self.looks or {}, self.least))

    def find_doubles(self) -> None:
        project = self._session.project
        if project is not None:
            self._begin("doubles", FindDoubles(project))

    def find_sides(self) -> None:
        """Which pictures a training would learn from, and which would judge it."""
        project = self._session.project
        if project is not None:
            self._session.save_now()
            self._begin("sides", FindSides(project))

    def compare(self, other: Path) -> None:
        """Compare the labels with those in another folder."""
        project = self._session.project
        if project is not None:
            self._session.save_now()
            self.compared_with = other
            self._begin("comparison", CompareLabels(project, other))

    def cancel(self) -> None:
        """Stop the work on many pictures."""
        if self._many is not None:
            self._many.cancel()

    def _begin(self, work: str, job: Job[Any]) -> None:
        handle = self._context.jobs.start(job, "io", replaces=self._many)
        handle.is_told_elsewhere = True
        self._many, self.work = handle, work
        handle.progressed.connect(lambda done, _: self.progressed.emit(done))
        handle.succeeded.connect(lambda found: self._take(work, found))
        handle.failed.connect(self._context.error)
        handle.finished.connect(lambda: self._on_finished(handle))
        self.changed.emit()

    def _take(self, work: str, found: Any) -> None:
        setattr(self, work, found)

    def _on_finished(self, handle: JobHandle) -> None:
        if self._many is handle:
            self._many, self.work = None, ""
            self.changed.emit()

    def _rest_soon(self, *_: object) -> None:
        if self._is_wanted:
            self._rest.start()

    def _look(self) -> None:
        document = self._session.document
        if document is None or document.labels is None:
            return
        labels = document.labels
        said = None if labels.prediction is None else labels.prediction.snapshot()
        size = document.bounds.height, document.bounds.width
        job = LookAtPicture(labels.store.snapshot(), said, size, self.least)
        self._single = handle = self._context.jobs.start(job, "io", replaces=self._single)
        handle.succeeded.connect(self._on_look)

    def _on_look(self, found: PictureLook) -> None:
        self.current = found
        self.changed.emit()

    def _on_document(self, *_: object) -> None:
        self.current = None
        self._rest_soon()
        self.changed.emit()

    def _on_project(self, *_: object) -> None:
        self.cancel()
        self._rest.stop()
        self.current = self.looks = self.doubles = self.sides = None
        self.comparison = self.compared_with = None
        self.changed.emit()
