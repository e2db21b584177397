"""Pictures that came into the folder of a project, or went, while it is open."""

from __future__ import annotations

from imgstudio.app.controllers.labelling.session import LabelSession


def rescan(session: LabelSession) -> int:
    """Look for pictures that are new or gone; how many there are."""
    project = session.project
    if project is None:
        return 0
    names = project.rescan()
    if session.name in names:
        session.take(project)
    elif names:
        session.entries_changed.emit(list(names))
    return len(names)
