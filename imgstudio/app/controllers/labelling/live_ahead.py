"""What live learning does while nothing is asked of it: it sees the next pictures and learns from earlier ones."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from imgstudio.app.controllers.labelling.live_screen import PartOnScreen
from imgstudio.app.controllers.labelling.live_sight import LiveSight, LookJob, StudyJob
from imgstudio.app.controllers.labelling.order import following
from imgstudio.app.controllers.labelling.session import AHEAD, LabelSession
from imgstudio.core.snapshot import freeze

STUDIED: Final = 12
"""Pictures that were labelled before and are learned from: those next to the one in hand."""


class WorkAhead:
    """Guards: no picture is studied twice."""

    def __init__(self, session: LabelSession, sight: LiveSight, screen: PartOnScreen) -> None:
        self._session, self._sight, self._screen = session, sight, screen
        self._studied: set[str] = set()

    def clear(self) -> None:
        """Another project is in hand."""
        self._studied.clear()

    def next_job(self) -> LookJob | StudyJob | None:
        """What to do next; a study that was cancelled must be `put_back`."""
        session, screen = self._session, self._screen
        held = session.shelf.documents
        for name in following(session.order, session.shown, 1, AHEAD):
            if name in held and not screen.seen.has_picture(name):
                return LookJob(self._sight, screen.whole(name, held[name]), freeze(held[name]))
        name = to_study(session, self._studied | {part.name for part in self._sight.parts})
        if session.project is None or not name or len(self._studied) >= STUDIED:
            return None
        self._studied.add(name)
        return StudyJob(self._sight, session.project, name)

    def put_back(self, job: StudyJob) -> None:
        """It was cancelled: do it later."""
        self._studied.discard(job.name)


def to_study(session: LabelSession, known: AbstractSet[str]) -> str:
    """The labelled picture next to the one in hand that is not among the known; "" for none."""
    if session.project is None or session.shown not in session.order:
        return ""
    place = session.order.index(session.shown)
    labelled = {entry.name for entry in session.project.entries() if entry.is_labelled}
    waiting = [
        (abs(index - place), name)
        for index, name in enumerate(session.order)
        if name in labelled and name not in known and name != session.shown
    ]
    return min(waiting, default=(0, ""))[1]
