"""How a training stands, for a person at a terminal or a log file."""

from __future__ import annotations

from typing import Final

from imgstudio.cli.console import Console, clock
from imgstudio.learn.runs.records import Status

BAR: Final = 20
STATES: Final = {
    "checking": "Looking whether all pictures are there",
    "preparing": "Building the network",
    "held": "Waiting for a filter",
    "paused": "Paused",
    "stopping": "Stopping",
}


class TrainingLine:
    """One line with bar, time left, loss and score; where lines stay, one a validation."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: object = None

    def show(self, status: Status) -> None:
        if self._console.is_live:
            self._console.live(line(status))
            return
        news = (status.state, status.score)
        if news != self._told and (status.state != "stopping" or status.eta_seconds is not None):
            self._told = news
            self._console.note(line(status))


def line(status: Status) -> str:
    """Such as "[######              ]  31 %  4:10 left  step 120/390  loss 0.2134  mean IoU 0.512  14 pictures/s"."""
    if status.state in STATES and not status.step:
        return f"{STATES[status.state]} …"
    filled = round(BAR * status.done)
    parts = [f"[{'#' * filled}{' ' * (BAR - filled)}] {status.done:4.0%}"]
    if status.eta_seconds is not None:
        parts.append(f"{clock(status.eta_seconds)} left")
    if status.state == "finding rate":
        return "  ".join(["Finding the learning rate", *parts])
    if status.state in STATES:
        parts.append(STATES[status.state])
    parts.append(f"step {status.step}/{status.total_steps}")
    if status.loss is not None:
        parts.append(f"loss {status.loss:.4g}")
    if status.goal is not None and status.score is not None:
        judged = "validation loss" if status.goal.name == "loss" else status.goal.name
        parts.append(f"{judged} {status.score:.4g}")
    if status.images_per_second:
        parts.append(f"{status.images_per_second:.3g} pictures/s")
    return "  ".join(parts)
