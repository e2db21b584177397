"""Recipe "fake" of the tests; found like the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from imgstudio.core.params import Number, Ui
from imgstudio.learn.dataset.report import DatasetReport, Finding, Sample, Split
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.recipe import Recipe


@dataclass(frozen=True, slots=True)
class FakeParams:
    channels: Annotated[int, Number(1, 64), Ui(help="Width of the network.")] = 8
    nap: Annotated[float, Number(0, 10, step=0.01), Ui(help="Seconds a batch takes.")] = 0.0
    poison: Annotated[int, Number(0, 10_000), Ui(help="Batch from which on nothing is a number.")] = 0


def check(folder, params, progress):
    progress.update(0.5, "Looking")
    paths = sorted(folder.glob("*.png"))
    findings = () if paths else (Finding("error", "There are no pictures.", "Add some."),)
    valid = tuple(range(min(2, len(paths) // 2)))
    train = tuple(range(len(valid), len(paths)))
    samples = tuple(Sample(path, sha256="ab" * 32) for path in paths)
    return DatasetReport(folder, samples, Split(train, valid, "by name"), findings)


def plan(report, params, request):
    phases = (
        Phase("down", 12, "steps", Curve("cosine", 1e-2, 1e-3), batch=2),
        Phase("end", 12, "steps", Curve("cosine", 1e-3, 1e-5), batch=2),
    )
    return Plan(phases, seed=5, precision="float32", validate_every=1.0, keep_every=2)


def start(setup):
    from tests.fakes.training import start as begin

    return begin(setup)


RECIPE = Recipe(
    "fake", "Darken", "Makes pictures darker.", "PNG pictures.", FakeParams, "fake", check, plan, start
)
