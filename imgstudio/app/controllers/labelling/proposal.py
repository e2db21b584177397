"""What a model says of the picture in hand: whether it can be taken over, taking it over, sending it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgstudio.app.controllers.labelling.pictures import attach_prediction
from imgstudio.core.labelling.operations import accept_prediction

if TYPE_CHECKING:
    from imgstudio.app.controllers.labelling.session import LabelSession


def has_proposal(session: LabelSession) -> bool:
    """Whether something is proposed that is not taken over or sent away yet."""
    if session.document is None or session.document.labels is None:
        return False
    if session.live is not None and getattr(session.live, "has_guess", False):
        return True
    return session.document.labels.prediction is not None


def accept(session: LabelSession) -> None:
    """Make what is proposed labels where nothing is labelled yet."""
    if session.live is not None and getattr(session.live, "has_guess", True):
        session.live.accept()
    elif session.document is not None:
        accept_prediction(session.document, "unlabelled")


def discard(session: LabelSession) -> None:
    """Send what is proposed away, on this picture."""
    if session.live is not None and getattr(session.live, "has_guess", True):
        session.live.discard()
    elif session.document is not None and session.document.labels is not None:
        session.document.labels.predict(None, None)


def show_predictions(session: LabelSession, names: Sequence[str]) -> None:
    """Pictures were predicted on the disk: show it on those in memory."""
    project, held = session.project, session.shelf.documents
    if project is None:
        return
    for name in names:
        if name in held:
            attach_prediction(held[name], project.prediction(name))
    session.entries_changed.emit(list(names))
