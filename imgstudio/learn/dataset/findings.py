"""Sentences about pictures that every check tells: unreadable, doubled, too few, split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imgstudio.learn.dataset.pictures import PictureFacts
from imgstudio.learn.dataset.report import DatasetReport, Finding, Split


def unreadable(problems: Sequence[str], what: str = "pictures") -> list[Finding]:
    """`problems` tells for each file what is wrong."""
    if not problems:
        return []
    return [
        Finding(
            "warning",
            f"{counted(len(problems), what)} cannot be read and {'is' if len(problems) == 1 else 'are'} left out.",
            "Look for other copies, or remove the files.",
            tuple(problems),
        )
    ]


def doubled(
    facts: Sequence[PictureFacts],
    same: Sequence[Sequence[int]],
    near: Sequence[Sequence[int]],
    *,
    stay_together: bool,
) -> list[Finding]:
    """Notes on groups of equal and of nearly equal pictures; `stay_together` on one side of the split."""
    together = "; they stay on one side of the split" if stay_together else ""
    out: list[Finding] = []
    if same:
        extra = sum(len(group) - 1 for group in same)
        out.append(
            Finding(
                "note",
                f"{counted(extra, 'pictures')} {'is an exact copy' if extra == 1 else 'are exact copies'} of others"
                f"{together}.",
                "Remove them if they are not meant to count more.",
                _listed(facts, same),
            )
        )
    if near:
        total = sum(map(len, near))
        alike = f"{total} pictures look nearly the same as another one{together}."
        out.append(Finding("note", alike, files=_listed(facts, near)))
    return out


def too_few(count: int) -> list[Finding]:
    """Errors and warnings about the number of usable pictures; none at all is told elsewhere."""
    if count == 1:
        return [
            Finding(
                "error",
                "There is only one usable picture; a training needs one to learn from and another to judge by.",
                "Add more pictures: two will do, twenty are a good start.",
            )
        ]
    if 1 < count < 10:
        return [
            Finding(
                "warning",
                f"There are only {count} pictures; what is learned from them may not work on others.",
                "Twenty varied pictures are a good start.",
            )
        ]
    return []


def leaks(
    pairs: Sequence[tuple[int, int]],
    train: Sequence[int],
    valid: Sequence[int],
    facts: Sequence[PictureFacts],
) -> list[Finding]:
    """A warning when nearly equal pictures stand on both sides of a split."""
    learned, judged = set(train), set(valid)
    crossing = [(i, j) for i, j in pairs if (i in learned and j in judged) or (i in judged and j in learned)]
    if not crossing:
        return []
    flattering = {n for pair in crossing for n in pair if n in judged}
    return [
        Finding(
            "warning",
            f"{counted(len(flattering), 'validation pictures')} {'looks' if len(flattering) == 1 else 'look'} nearly"
            " the same as training pictures; the scores will flatter.",
            "Split by scene instead, or remove these pictures from one side.",
            tuple(f"{facts[i].path.name} = {facts[j].path.name}" for i, j in crossing),
        )
    ]


def uneven(share: float) -> list[Finding]:
    """A note when the groups did not allow a split near a fifth."""
    if 0.1 <= share <= 0.35 or share == 0:
        return []
    return [
        Finding(
            "note",
            f"{share:.0%} of the pictures only judge, because groups of pictures that belong together stay whole.",
            "Pictures from more scenes allow a better split.",
        )
    ]


def counted(count: int, plural: str) -> str:
    return f"{count} {plural[:-1] if count == 1 else plural}"


def quoted(names: Sequence[str], most: int = 8) -> str:
    """Names as they stand in a sentence, not too many."""
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return shown + (" and others" if len(names) > most else "")


def nothing(folder: Path, told: Sequence[Finding], *, had: str = "") -> DatasetReport:
    """The report of a folder without a usable sample; `had` names what was there and could not be used."""
    if any(finding.severity == "error" for finding in told):
        reason: tuple[Finding, ...] = ()
    elif had:
        unusable = f"None of the {had} in “{folder.name}” can be used."
        reason = (Finding("error", unusable, "The warnings tell what is wrong with them."),)
    else:
        empty = f"There are no pictures in “{folder.name}”."
        reason = (Finding("error", empty, "Choose the folder that holds your pictures."),)
    return DatasetReport(folder, (), Split((), ()), in_order([*reason, *told]))


def in_order(told: Sequence[Finding]) -> tuple[Finding, ...]:
    """Errors first, notes last, otherwise as they came."""
    rank = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(told, key=lambda finding: rank[finding.severity]))


def texts(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(path) for path in paths)


def _listed(facts: Sequence[PictureFacts], groups: Sequence[Sequence[int]]) -> tuple[str, ...]:
    return tuple(" = ".join(facts[n].path.name for n in group) for group in groups)
