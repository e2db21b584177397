"""What a project knows of one picture, and the small JSON file that holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

State = Literal["new", "predicted", "in work", "done"]
STATES: Final[tuple[State, ...]] = get_args(State)


@dataclass(frozen=True, slots=True)
class Effort:
    """What it took to label one picture."""

    strokes: int = 0
    clicks: int = 0
    seconds: float = 0.0
    round: int = 0
    """Which promoted model labelled the picture beforehand; 0 for none."""
    agreed: float | None = None
    """Share of the pixels of that prediction that were kept, 0..1."""
    iou: float | None = None
    """Of that prediction with the labels, mean over the classes that occur, 0..1: as good as it was uncorrected."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a project knows of one picture."""

    name: str
    """POSIX path below the folder of pictures, with its suffix."""
    state: State = "new"
    is_flagged: bool = False
    width: int = 0
    height: int = 0
    """Of the mask that was written last; 0 before."""
    labelled: float = 0.0
    """Share of pixels that somebody looked at (not 255), 0..1."""
    unsure: float | None = None
    """Mean uncertainty of the last prediction, 0..1."""
    disagreement: float | None = None
    """Share of labelled pixels that the last prediction says otherwise, 0..1."""
    effort: Effort = field(default_factory=Effort)
    note: str = ""
    classes: tuple[int, ...] = ()
    """Values that occur in the mask, without 255."""

    @property
    def is_labelled(self) -> bool:
        """Whether a person labelled any of it: what a training learns from."""
        return self.state in ("in work", "done") and self.labelled > 0


def entry_to_json(entry: Entry, *, with_name: bool) -> str:
    """Only what differs from a new picture, a value a line, so that versions are easy to compare."""
    values: dict[str, Any] = {"name": entry.name} if with_name else {}
    values["state"] = entry.state
    if entry.is_flagged:
        values["flagged"] = True
    if entry.width:
        values["size"] = [entry.width, entry.height]
        values["labelled"] = round(entry.labelled, 6)
        values["classes"] = list(entry.classes)
    for key, share in (("unsure", entry.unsure), ("disagreement", entry.disagreement)):
        if share is not None:
            values[key] = round(share, 6)
    if entry.effort != Effort():
        values["effort"] = _effort_to_json(entry.effort)
    if entry.note:
        values["note"] = entry.note
    return json.dumps(values, indent=1) + "\n"


def _effort_to_json(effort: Effort) -> dict[str, Any]:
    values: dict[str, Any] = {
        "strokes": effort.strokes,
        "clicks": effort.clicks,
        "seconds": round(effort.seconds, 1),
        "round": effort.round,
    }
    for key, share in (("agreed", effort.agreed), ("iou", effort.iou)):
        if share is not None:
            values[key] = round(share, 6)
    return values


def entry_from_json(name: str, values: Mapping[str, Any]) -> Entry:
    """Read what `entry_to_json` wrote; values of a wrong kind count as missing."""
    state = values.get("state")
    size = values.get("size")
    width, height = (_count(n) for n in size) if isinstance(size, list) and len(size) == 2 else (0, 0)
    classes = values.get("classes")
    effort = values.get("effort")
    note = values.get("note")
    return Entry(
        name,
        state if state in STATES else "in work",
        values.get("flagged") is True,
        width,
        height,
        _share(values.get("labelled")) or 0.0,
        _share(values.get("unsure")),
        _share(values.get("disagreement")),
        _effort(effort) if isinstance(effort, dict) else Effort(),
        note if isinstance(note, str) else "",
        tuple(n for n in classes if _is_value(n)) if isinstance(classes, list) else (),
    )


def _effort(values: Mapping[str, Any]) -> Effort:
    return Effort(
        _count(values.get("strokes")),
        _count(values.get("clicks")),
        _seconds(values.get("seconds")),
        _count(values.get("round")),
        _share(values.get("agreed")),
        _share(values.get("iou")),
    )


def _seconds(value: Any) -> float:
    return float(value) if _is_number(value) and 0 <= value < 1e12 else 0.0


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _share(value: Any) -> float | None:
    return float(value) if _is_number(value) and 0 <= value <= 1 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_value(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 255
