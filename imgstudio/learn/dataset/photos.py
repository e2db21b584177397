"""Photos for trainings that make their own targets: find them, and check them before step 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imgstudio.core.jobs import Progress
from imgstudio.learn.dataset import findings
from imgstudio.learn.dataset.looking import looked_at
from imgstudio.learn.dataset.pictures import PictureFacts, files_in, is_picture, picture_facts
from imgstudio.learn.dataset.report import DatasetReport, Finding, Sample, Split
from imgstudio.learn.dataset.splitting import GivenSplit, split_samples

_HEAVY_JPEG: Final = 60


def photos_in(folder: Path) -> tuple[Path, ...]:
    """All pictures under `folder` that the editor opens, in counting order; raises UserError without a folder."""
    return tuple(path for path in files_in(folder) if is_picture(path))


def check_photos(folder: Path, progress: Progress, *, least_side: int = 0) -> DatasetReport:
    """Look at all pictures of a folder for a training that makes its own targets.

    Pictures whose shorter side has fewer than `least_side` pixels are left out. Raises UserError, Cancelled.
    """
    looked = looked_at(photos_in(folder), picture_facts, progress.part(0, 0.95), "Looking at the pictures")
    told = findings.unreadable([p.problem for p in looked if p.problem])
    readable = [p for p in looked if not p.problem]
    facts = [p for p in readable if min(p.width, p.height) >= least_side]
    told += _photo_findings(readable, facts, least_side)
    if not facts:
        return findings.nothing(folder, told, had="pictures" if looked else "")
    told += findings.too_few(len(facts))
    samples = [
        Sample(
            p.path,
            None,
            p.width,
            p.height,
            p.sha256,
            _scene(p.path, folder),
            {} if p.quality is None else {"quality": p.quality},
        )
        for p in facts
    ]
    if len(facts) < 2:
        return DatasetReport(folder, tuple(samples), Split((0,), ()), tuple(told))
    done = split_samples(samples, facts, GivenSplit())
    progress.update(1.0, "Checked")
    return DatasetReport(folder, done.samples, done.split, findings.in_order([*told, *done.findings]))


def _photo_findings(
    readable: Sequence[PictureFacts], kept: Sequence[PictureFacts], least_side: int
) -> list[Finding]:
    out: list[Finding] = []
    small = [p for p in readable if min(p.width, p.height) < least_side]
    if small:
        out.append(
            Finding(
                "warning" if kept else "error",
                f"{findings.counted(len(small), 'pictures')} {'is' if len(small) == 1 else 'are'} too small and left"
                f" out: the shorter side must have {least_side} pixels.",
                "Use larger pictures.",
                tuple(f"{p.path.name}: {p.width} x {p.height}" for p in small),
            )
        )
    crushed = [p for p in kept if p.quality is not None and p.quality < _HEAVY_JPEG]
    if crushed:
        out.append(
            Finding(
                "note",
                f"{findings.counted(len(crushed), 'pictures')} {'is' if len(crushed) == 1 else 'are'} heavily compressed"
                f" (JPEG quality below {_HEAVY_JPEG}); a network that shall restore would learn their blocks.",
                "Take them out, or use the originals.",
                tuple(f"{p.path.name}: quality {p.quality}" for p in crushed),
            )
        )
    return out


def _scene(path: Path, folder: Path) -> str:
    return path.parent.relative_to(folder).as_posix().strip(".")
