"""Labels of one class edited as coverage, so that what grows a selection grows a class as well."""

from __future__ import annotations

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.labelling.painting import LabelEdit, LabelPainter, number_for, put_all
from imgstudio.core.labels import UNSEEN

_HALF = 128


class ClassEdit:
    """Stands in for `Edit`: `store` is coverage of the class that is painted, and the labels follow it.

    Guards: covered by half or more is the class, within the rules; what was covered and is no more is unseen,
    and all else is as it was. One undo step.
    """

    def __init__(self, document: Document, label: str) -> None:
        self._document, self._edit = document, LabelEdit(document, label)
        self._value = self._edit.labels.rules.value
        self._number: int | None = None
        self.store = self._edit.labels.coverage(self._value)
        self.before = self.store.snapshot()
        """Where the class was when the edit began, 0 or 255."""

    def touch(self, rect: Rect) -> None:
        """Let the labels inside `rect` follow the coverage that was just written there."""
        inside, edit = rect.intersect(self._document.bounds), self._edit
        edit.labels.store.write(inside, edit.before.read(inside))
        edit.labels.objects.write(inside, edit.objects_before.read(inside))
        present, before = (half.read(inside)[..., 0] >= _HALF for half in (self.store, self.before))
        gained, lost = present & ~before, before & ~present
        if self._number is None and gained.any():
            self._number = number_for(edit.labels, inside, gained, self._value)
        put_all(LabelPainter(self._document, edit, self._value, number=self._number), inside, gained)
        put_all(LabelPainter(self._document, edit, UNSEEN), inside, lost)
        edit.touch(inside)

    def commit(self) -> None:
        self._edit.commit()

    def abandon(self) -> None:
        self._edit.abandon()
