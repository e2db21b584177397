"""Recipe "classify_critic": a critic that tells generated pictures from real ones; other recipes use it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.learn.dataset.report import DatasetReport, Finding, Sample, Split
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession

REAL, GENERATED = "real", "generated"
"""Subfolders whose pictures are paired by their names."""
SIZE: Final = 96
BATCH: Final = 8
EPOCHS: Final = 6
"""At 1e-3, as the GAN lessons of fastai do it."""


@dataclass(frozen=True, slots=True)
class CriticParams:
    channels: Annotated[int, Number(8, 128, 8), Ui(help="Width of the network.", advanced=True)] = 32
    halvings: Annotated[
        int, Number(1, 5), Ui(help="How often the size is halved: larger patches are judged.", advanced=True)
    ] = 3


def check(folder: Path, params: CriticParams, progress: Progress) -> DatasetReport:
    """Pairs of real/NAME and generated/NAME; the pair, not the picture, is the sample."""
    from imgstudio.learn.dataset.pictures import files_in, is_picture

    if not all((folder / part).is_dir() for part in (REAL, GENERATED)):
        what = f"The folder needs two subfolders, “{REAL}” and “{GENERATED}”."
        return DatasetReport(folder, (), Split((), ()), (Finding("error", what),))
    real, generated = (
        {path.stem: path for path in files_in(folder / part) if is_picture(path)}
        for part in (REAL, GENERATED)
    )
    names = sorted(real.keys() & generated.keys())
    samples = tuple(Sample(generated[name], real[name]) for name in names)
    findings = () if names else (Finding("error", "No picture has the same name in both subfolders."),)
    return DatasetReport(
        folder, samples, Split(tuple(range(len(samples))), (), "The task holds out one in eight."), findings
    )


def plan(report: DatasetReport, params: CriticParams, request: Request) -> Plan:
    phase = Phase(
        "critic",
        EPOCHS,
        rate=Curve("cosine", 1e-3, 1e-5),
        optimiser=Optimiser("adamw", weight_decay=1e-3),
        size=SIZE,
        batch=BATCH,
    )
    return Plan((phase,), minutes=request.minutes)


def start(setup: Setup[CriticParams]) -> TrainSession:
    import torch

    from imgstudio.engine.nets.critic import ARCHITECTURE
    from imgstudio.learn.dataset.pictures import read_picture
    from imgstudio.learn.tasks.critic import CriticTask
    from imgstudio.learn.trainer import Trainer

    samples = setup.report.side("train")
    hyperparameters = {"channels": setup.params.channels, "halvings": setup.params.halvings}
    torch.manual_seed(setup.plan.seed)
    network = ARCHITECTURE.build(**hyperparameters)
    real = [read_picture(sample.target) for sample in samples if sample.target is not None]
    generated = [read_picture(sample.image) for sample in samples if sample.target is not None]
    return Trainer(CriticTask(network, real, generated, hyperparameters), setup.plan, setup.device)


RECIPE = Recipe(
    id="classify_critic",
    name="Critic",
    help="A network that tells generated pictures from real ones.",
    data=f"A folder with the subfolders “{REAL}” and “{GENERATED}”.",
    params=CriticParams,
    task="critic",
    check=check,
    plan=plan,
    start=start,
    is_offered=False,
)
