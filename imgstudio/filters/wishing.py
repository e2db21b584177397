"""What the brush says to a picture that is painted by optimisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgstudio.filters.base import Steer

if TYPE_CHECKING:
    from imgstudio.engine.style.wishes import Wishes

COMMON: Final = ("more", "less", "protect", "pull", "release")
"""Actions that any of them understands."""


def obey(wishes: Wishes, stroke: Steer) -> None:
    """More and less of it, protect what was there, pull to a colour, or none of these; other actions do nothing."""
    if stroke.action == "more":
        wishes.more(stroke.coverage)
    elif stroke.action == "less":
        wishes.less(stroke.coverage)
    elif stroke.action == "protect":
        wishes.protect(stroke.coverage)
    elif stroke.action == "pull" and stroke.colour is not None:
        wishes.pull_to(stroke.colour, stroke.coverage)
    elif stroke.action == "release":
        wishes.release(stroke.coverage)
