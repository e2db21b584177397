"""Which models were trained on a project, one round after the other; a small file in it remembers them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from imgstudio.core.labelproject.entries import Entry
from imgstudio.core.labels import BACKGROUND, LabelClass
from imgstudio.core.paths import write_atomically

FILE: Final = "rounds.json"
BACKGROUND_NAME: Final = "background"


@dataclass(frozen=True, slots=True)
class Round:
    """One training on all labels that there were."""

    number: int
    run: str
    """Name of its run folder."""
    values: Mapping[str, int] = field(default_factory=dict)
    """Names of the classes as they were -> their label values."""
    minutes: float = 0.0
    pictures: int = 0
    """That were labelled."""
    created: str = ""
    """ISO 8601."""
    model: str = ""
    """Id of the installed model, "" until there is one."""
    score: float | None = None
    """Of the model on pictures that it did not learn from."""
    goal: str = ""
    """What the score is."""
    start_from: str = ""
    """Id of the model that it went on from, "" for none: it learned anew."""

    @property
    def is_over(self) -> bool:
        return bool(self.model)


@dataclass(frozen=True, slots=True)
class RoundEffort:
    """What pictures took that the model of a round labelled beforehand; round 0: none did."""

    number: int
    pictures: int
    strokes: float
    """Mean of a picture, as are the others."""
    seconds: float
    agreed: float | None
    """Share of the prediction that was kept, 0..1."""
    iou: float | None = None
    """Of the prediction with the labels that came of it, 0..1."""


def new_round(
    number: int,
    run: Path,
    classes: Iterable[LabelClass],
    minutes: float,
    entries: Iterable[Entry],
    *,
    start_from: str = "",
) -> Round:
    values = {BACKGROUND_NAME: BACKGROUND} | {known.name: known.value for known in classes}
    labelled = sum(entry.is_labelled for entry in entries)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Round(number, run.name, values, minutes, labelled, created, start_from=start_from)


def class_names(classes: Iterable[LabelClass]) -> tuple[str, ...]:
    """As a model of a project has them, in the order of its output."""
    return (BACKGROUND_NAME, *(known.name for known in classes))


def read_rounds(project: Path) -> tuple[Round, ...]:
    """In their order; what cannot be read counts as none."""
    try:
        stored = json.loads((project / FILE).read_text(encoding="utf-8"))
        return tuple(_round(values) for values in stored["rounds"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def write_rounds(project: Path, rounds: Sequence[Round]) -> None:
    """Raises UserError."""
    stored = {"rounds": [asdict(item) for item in rounds]}
    write_atomically(project / FILE, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


def efforts_of(entries: Iterable[Entry]) -> tuple[RoundEffort, ...]:
    """Of the pictures that are done, by the round whose model labelled them beforehand."""
    by_round: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.state == "done" and entry.effort.seconds > 0:
            by_round.setdefault(entry.effort.round, []).append(entry)
    return tuple(_effort(number, by_round[number]) for number in sorted(by_round))


def _effort(number: int, entries: list[Entry]) -> RoundEffort:
    count = len(entries)
    return RoundEffort(
        number,
        count,
        sum(entry.effort.strokes for entry in entries) / count,
        sum(entry.effort.seconds for entry in entries) / count,
        _mean(entry.effort.agreed for entry in entries),
        _mean(entry.effort.iou for entry in entries),
    )


def _mean(shares: Iterable[float | None]) -> float | None:
    """Of those that are known."""
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def _round(values: Mapping[str, Any]) -> Round:
    score = values.get("score")
    return Round(
        int(values["number"]),
        str(values["run"]),
        {str(name): int(value) for name, value in dict(values.get("values", {})).items()},
        float(values.get("minutes", 0.0)),
        int(values.get("pictures", 0)),
        str(values.get("created", "")),
        str(values.get("model", "")),
        float(score) if isinstance(score, int | float) else None,
        str(values.get("goal", "")),
        str(values.get("start_from", "")),
    )
