"""A label project in hand: which of its pictures is shown, what is kept of them, and when it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.effort import EffortMeter, with_hands
from imgstudio.app.controllers.labelling.look import LookControl
from imgstudio.app.controllers.labelling.order import following, neighbour, next_to_label
from imgstudio.app.controllers.labelling.pictures import PictureShelf
from imgstudio.app.controllers.labelling.projects import open_project
from imgstudio.app.controllers.labelling.proposing import Proposes
from imgstudio.app.controllers.labelling.saving import LabelSaver
from imgstudio.app.controllers.labelling.stage import Stage
from imgstudio.app.controllers.labelling.strokes import StrokeWatch
from imgstudio.app.i18n import tr
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.labelled import PaintRules
from imgstudio.core.labelproject.entries import Effort, Entry, State
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import BACKGROUND, LabelClass

AHEAD: Final = 2
"""Pictures that are read before anybody asks for them."""


class LabelSession(QObject):
    """Guards: every finished stroke is on its way to the disk; the file of a picture is never written.

    A picture's labels are written by themselves, so its document is a guest among the open ones.
    """

    project_changed = Signal(object)
    """The ProjectFolder, or None."""
    picture_changed = Signal(object)
    """The Entry of another picture that was asked for, or None; its document may follow a moment later."""
    document_changed = Signal(object)
    """The Document of the picture in hand; None where it cannot be read."""
    entries_changed = Signal(list)
    """Names of pictures of which the project knows something else."""
    classes_changed = Signal()
    rules_changed = Signal()
    """Another class is painted with, or by other rules."""
    labels_edited = Signal(object)
    """Rect of the document that a finished stroke, an undo or a redo changed."""
    effort_changed = Signal(object)
    proposed = Signal()
    """What a model says of the picture that is shown came, changed or went."""
    exchange_wanted = Signal(str)
    """A person wants to "import" or "export" labels."""
    project_wanted = Signal(object)
    """A person wants a new project, of a folder of pictures or of one that is not chosen yet (None)."""

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.project: ProjectFolder | None = None
        self.name = ""
        """Of the picture in hand, "" for none."""
        self.document: Document | None = None
        """Of the picture that is shown; its `.labels` is a Labelling."""
        self.has_failed = False
        """Whether the picture in hand cannot be read."""
        self.live: Proposes | None = None
        """What proposes labels while one paints; None while nothing does."""
        self.order: tuple[str, ...] = ()
        """Names of the pictures as they follow each other on the screen."""
        self.rules = PaintRules()
        self._direction = 1
        self.shown = ""
        """Name of the picture whose document is shown: the one before, while another is read."""
        self.saver = LabelSaver(context.jobs, self)
        self.shelf = PictureShelf(context, self.saver.is_needed, self)
        self.meter = EffortMeter(context.window.canvas, self)
        self.look = LookControl(context.window.canvas, self)
        self._stage = Stage(context)
        self.strokes = StrokeWatch(self)
        self.strokes.ended.connect(self._on_stroke)
        self.strokes.ruled.connect(self.set_rules)
        self.strokes.proposed.connect(self.proposed)
        self.saver.written.connect(lambda entry: self.entries_changed.emit([entry.name]))
        self.saver.failed.connect(context.error)
        self.saver.rested.connect(self.shelf.trim)
        self.shelf.arrived.connect(self._on_arrived)
        self.shelf.failed.connect(self._on_failed)
        self.shelf.dropped.connect(self._stage.drop)

    @property
    def entry(self) -> Entry | None:
        """What is known of the picture in hand."""
        return None if self.project is None or not self.name else self.project.entry(self.name)

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        return () if self.project is None else self.project.classes

    @property
    def is_active(self) -> bool:
        """Whether the Label workspace is shown."""
        return self._stage.is_shown

    def create(self, pictures: Path, classes: Sequence[LabelClass] = (), path: Path | None = None) -> None:
        """Make a project of a folder of pictures, in it or at `path`, and open it; it comes a moment later."""
        open_project(self._context, path or pictures, self.take, pictures=pictures, classes=classes)

    def open(self, path: Path) -> None:
        """Open a project; it comes a moment later."""
        open_project(self._context, path, self.take)

    def close(self) -> None:
        """Put the project away; what is being written is written."""
        self.take(None)

    def enter(self) -> None:
        """The Label workspace is shown."""
        self._stage.enter(self.document)
        self.meter.set_running(self.document is not None)

    def leave(self, *, to_edit: bool) -> None:
        """Another workspace is shown instead."""
        self.save_now()
        self.meter.set_running(False)
        self._stage.leave(to_edit=to_edit)

    def show(self, name: str) -> None:
        """Take a picture in hand. The one before stays on the screen until this one is there."""
        if self.project is None or name == self.name:
            return
        self._flush()
        self.name, self.has_failed = name, False
        self.picture_changed.emit(self.entry)
        document = self.shelf.want(name, following(self.order, name, self._direction, AHEAD))
        if document is not None:
            self._on_arrived(name, document)

    def step(self, by: int) -> None:
        """Go on by so many pictures, or back; at the ends it stays."""
        self._direction = 1 if by > 0 else -1
        target = neighbour(self.order, self.name, by)
        if target and target != self.name:
            self.show(target)
        else:
            self._context.message.emit(
                tr("This is the last picture") if by > 0 else tr("This is the first picture")
            )

    def next_unsure(self) -> None:
        """Go to the picture that the model is least sure of, else to the next that is new."""
        target = "" if self.project is None else next_to_label(self.project.entries(), self.name)
        if target:
            self.show(target)
        else:
            self._context.message.emit(tr("All pictures are done"))

    def set_state(self, state: State) -> None:
        """Say how far the picture in hand is."""
        self.change(self.name, lambda entry: replace(entry, state=state))

    def set_flagged(self, flagged: bool) -> None:
        self.change(self.name, lambda entry: replace(entry, is_flagged=flagged))

    def change(self, name: str, change: Callable[[Entry], Entry]) -> None:
        """Change what the project knows of a picture."""
        if self.project is not None and name:
            self.saver.change(self.project, name, change)

    def keep(self, entry: Entry) -> None:
        """Keep what others found out about a picture; the effort stays what it is."""
        self.change(entry.name, lambda now: replace(entry, effort=now.effort))

    def save_now(self) -> None:
        """Write what is not written yet."""
        self._flush()
        self.saver.retry()

    def set_rules(self, rules: PaintRules) -> None:
        """Paint another class, or by other rules, in all pictures."""
        if rules == self.rules:
            return
        self.rules = rules
        if self.document is not None and self.document.labels is not None:
            self.document.labels.rules = rules
        self.rules_changed.emit()

    def set_classes(self, classes: tuple[LabelClass, ...]) -> None:
        """Change names, colours and keys, add classes, take unused ones away. Raises UserError."""
        assert self.project is not None
        self.save_now()
        self.project.set_classes(classes)
        for document in self.shelf.documents.values():
            if document.labels is not None:
                document.labels.classes = classes
        if self.rules.value and self.rules.value not in {known.value for known in classes}:
            self.set_rules(replace(self.rules, value=classes[0].value if classes else 0))
        self.classes_changed.emit()

    def take(self, project: ProjectFolder | None) -> None:
        """Work on another project, or on none; one that is read again goes on with the picture in hand."""
        self._flush()
        is_same = project is not None and self.project is not None and project.path == self.project.path
        before = self.name if is_same else ""
        self._follow(None)
        self.project, self.name, self.has_failed = project, "", False
        self.shelf.set_project(project)
        self.order = () if project is None else tuple(entry.name for entry in project.entries())
        if not is_same:
            self.rules = PaintRules(value=next((known.value for known in self.classes), BACKGROUND))
        self.project_changed.emit(project)
        self.classes_changed.emit()
        self.rules_changed.emit()
        self.picture_changed.emit(None)
        self._context.window.refresh()
        if project is not None:
            self.show(before if before in self.order else next_to_begin(project))

    def _on_arrived(self, name: str, document: Document) -> None:
        self._flush()
        assert document.labels is not None
        document.labels.classes = self.classes
        document.labels.rules = self.rules
        self._follow(document, name)
        self.meter.begin(Effort() if self.entry is None else self.entry.effort)
        self.meter.set_running(self.is_active)
        self._stage.show(document)
        self.document_changed.emit(document)
        self.effort_changed.emit(self.meter.effort)
        self.shelf.trim()

    def _follow(self, document: Document | None, name: str = "") -> None:
        self.document, self.shown = document, name
        self.strokes.follow(document)

    def _on_failed(self, name: str, error: Exception) -> None:
        self._flush()
        self._follow(None)
        self.has_failed = True
        self._stage.show(None)
        self.document_changed.emit(None)
        self._context.error.emit(error)

    def _on_stroke(self, rect: Rect, is_new: bool) -> None:
        if self.document is None or self.project is None:
            return
        if is_new:
            self.meter.add_stroke()
        self.saver.save(self.project, self.shown, self.document, self.meter.effort)
        self.effort_changed.emit(self.meter.effort)
        self.labels_edited.emit(rect)

    def _flush(self) -> None:
        """Finish what is under way on the picture that is shown, and keep the time that it took."""
        if self.document is None or self.project is None:
            return
        self._context.tools.current.cancel()
        self.strokes.flush()
        effort = self.meter.effort
        if effort != self.project.entry(self.shown).effort:
            self.change(self.shown, lambda entry: replace(entry, effort=with_hands(entry.effort, effort)))


def next_to_begin(project: ProjectFolder) -> str:
    """The picture to go on with: the first that is in work, else the first that is not done."""
    entries = project.entries()
    for states in (("in work",), ("predicted", "new"), ("done",)):
        found = next((entry.name for entry in entries if entry.state in states), "")
        if found:
            return found
    return ""
