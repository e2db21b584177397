"""Open every file of a folder of odd pictures under memory and time limits and print what became of each."""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BATCH: Final = 100
_MEMORY: Final = 6 << 30
"""Address space of a batch in bytes; what counts is the resident peak, printed in the table."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `kind` is opened, opened with warnings, refused, crash, hang or killed."""

    path: Path
    kind: str
    seconds: float
    peak_megabytes: float
    detail: str = ""


def _open_all(paths: Sequence[Path], limit: int) -> None:
    """Child process: one JSON line for each file, written before the next one is touched."""
    from imgstudio.core.imagefile import read

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for path in paths:
        print(json.dumps({"start": str(path)}), flush=True)
        signal.alarm(limit)
        began = time.perf_counter()
        try:
            kind, detail = _open_one(read, path)
        except Exception as error:  # noqa: BLE001 - finding any exception that escapes is what this is for
            kind, detail = "crash", f"{type(error).__name__}: {error}"
        signal.alarm(0)
        line = {
            "kind": kind,
            "detail": detail,
            "seconds": time.perf_counter() - began,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(line), flush=True)


def _open_one(read: object, path: Path) -> tuple[str, str]:
    from imgstudio.core.errors import UserError
    from imgstudio.core.imagefile import ImageFile

    assert callable(read)
    try:
        picture = read(path)
    except UserError as refusal:
        return "refused", str(refusal)
    assert isinstance(picture, ImageFile)
    assert picture.pixels.ndim == 3
    assert picture.pixels.shape[2] == 4
    return "opened with warnings" if picture.warnings else "opened", " ".join(picture.warnings)


def outcomes(paths: Sequence[Path], limit: int) -> Iterator[Outcome]:
    """Open in batches; a batch that dies goes on after the file that killed it. `limit` is seconds a file."""
    todo = list(paths)
    while todo:
        batch = todo[:_BATCH]
        command = [sys.executable, "-m", "training.benchmarks.odd_files", "--child", "--limit", str(limit)]
        child = subprocess.run([*command, *map(str, batch)], capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
        done = [line for line in lines if "kind" in line]
        for path, line in zip(batch, done, strict=False):
            yield Outcome(path, line["kind"], line["seconds"], line["peak"], line["detail"])
        todo = todo[len(done) :]
        if len(done) < len(batch):
            hung = child.returncode == -signal.SIGALRM
            yield Outcome(todo[0], "hang" if hung else "killed", float(limit), 0.0, child.stderr[-300:])
            todo = todo[1:]


def report(found: Sequence[Outcome], *, list_refused: bool) -> int:
    """Print the table; 1 when anything crashed, hung or was killed."""
    print(f"{len(found)} files")
    for kind, count in sorted(Counter(outcome.kind for outcome in found).items()):
        print(f"  {kind:24}{count:6}")
    slowest = sorted(found, key=lambda outcome: -outcome.seconds)[:5]
    print("slowest:", ", ".join(f"{o.path.name} {o.seconds:.2f} s" for o in slowest))
    highest = max(found, key=lambda outcome: outcome.peak_megabytes)
    print(
        f"highest resident peak of a batch: {highest.peak_megabytes:.0f} MB, at or before {highest.path.name}"
    )
    bad = [outcome for outcome in found if outcome.kind in ("crash", "hang", "killed")]
    shown = bad + [o for o in found if list_refused and o.kind in ("refused", "opened with warnings")]
    for outcome in shown:
        print(f"{outcome.kind}: {outcome.path}: {outcome.detail}")
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="a folder, such as ../shared/data/odd_files")
    parser.add_argument("--limit", type=int, default=10, help="seconds a file")
    parser.add_argument("--list", action="store_true", help="name each refused or warned file")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _open_all(options.paths, options.limit)
        return 0
    files = sorted(p for folder in options.paths for p in folder.rglob("*") if p.is_file())
    return report(list(outcomes(files, options.limit)), list_refused=options.list)


if __name__ == "__main__":
    sys.exit(main())
