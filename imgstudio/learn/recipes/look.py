"""Recipe "look": learns to give photos the look of the pictures in another folder; nothing has to be paired."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.learn.dataset.report import DatasetReport, Finding
from imgstudio.learn.dataset.two_folders import Direction, check_two_folders
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession

SIZES: Final = (96, 96, 128)
"""Sides of the crops, pixels."""
STEPS: Final = (100, 1500, 1500)
"""First the critics alone, then all four at a constant rate, then while it falls to nothing (Zhu et al. 2017)."""
RATE: Final = 1e-3
"""Five times that of the paper, whose painters are 30 times as large and whose critics are not held back."""
BATCH: Final = 1
WIDTHS: Final = (16, 32, 48)
"""From the quickest to the best painters."""
MOMENTUM: Final = Curve("constant", 0.5, 0.5)
ADAM: Final = Optimiser("adam", beta2=0.999)
LEAST_SIDE: Final = 128

TIME: Final = Finding(
    "note",
    "This training takes long: two painters and two critics learn at once, about 150 small crops a minute on one"
    " core of a CPU. The colours are there from the first step; do not count on texture and strokes soon.",
    "Give it the time, and pick the step that you like best by its previews.",
)


@dataclass(frozen=True, slots=True)
class LookParams:
    direction: Annotated[
        Direction,
        Ui(
            help="Which of the two folders, in alphabetical order, takes on the look of the other. Automatic: "
            "photos take on the look of paintings where the names of the folders tell, else the first that of "
            "the second."
        ),
    ] = "automatic"
    faithfulness: Annotated[
        float,
        Number(1, 40, 0.5, log=True),
        Ui(help="More: the photo can be recovered from the result. Less: the look may change more."),
    ] = 10.0
    restraint: Annotated[
        float,
        Number(0, 20, 0.5),
        Ui(
            help="More: less is changed that suits the look already. For looks that differ from the photos in more "
            "than colour, such as paintings, up to half of the faithfulness.",
            advanced=True,
        ),
    ] = 1.0
    colours: Annotated[
        bool,
        Ui(
            label="Match colours",
            help="Begin with the photos in the mean colours and contrast of the look; else with the photos as they are.",
            advanced=True,
        ),
    ] = True
    width: Annotated[
        int | None, Number(8, 64, 8), Ui(help="Width of the networks. Automatic: by quality.", advanced=True)
    ] = None
    blocks: Annotated[
        int, Number(1, 8), Ui(label="Depth", help="Residual blocks in the middle.", advanced=True)
    ] = 4


def check(folder: Path, params: LookParams, progress: Progress) -> DatasetReport:
    report = check_two_folders(folder, progress, direction=params.direction, least_side=LEAST_SIDE)
    return dataclasses.replace(report, findings=(*report.findings, TIME))


def plan(report: DatasetReport, params: LookParams, request: Request) -> Plan:
    """Every kept checkpoint may be the best to the eye: scores of a GAN say little."""
    rates = (Curve("constant", RATE, RATE), Curve("constant", RATE, RATE), Curve("linear", RATE, 0.0))
    phases = tuple(
        Phase(name, steps, "steps", rate, MOMENTUM, ADAM, size, BATCH, frozen=frozen)
        for name, steps, rate, size, frozen in zip(
            ("Critics", "Look", "Settle"), STEPS, rates, SIZES, (1, 0, 0), strict=True
        )
    )
    # No limit on the gradient: it is one over all weights, and critics must not hold back painters.
    return Plan(phases, minutes=request.minutes, clip=0.0, average_decay=0.99, keep_every=1)


def start(setup: Setup[LookParams]) -> TrainSession:
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.features import BUNDLED, perceptual_net
    from imgstudio.engine.registry import ModelRegistry
    from imgstudio.learn.tasks.both_ways import BothWaysWeights
    from imgstudio.learn.tasks.look import LookSettings, LookTask
    from imgstudio.learn.trainer import Trainer

    params, device = setup.params, pick_device(setup.device)
    features, perceptual = perceptual_net(ModelRegistry.of_user(), device, first=(BUNDLED,))
    width = WIDTHS[min(len(WIDTHS) - 1, int(setup.request.quality * len(WIDTHS)))]
    settings = LookSettings(
        weights=BothWaysWeights(params.faithfulness, params.restraint),
        width=params.width or width,
        blocks=params.blocks,
        matches_colours=params.colours,
        perceptual=perceptual,
    )
    task = LookTask(setup.report, settings, features, device=device, seed=setup.plan.seed)
    return Trainer(task, setup.plan, setup.device)


RECIPE = Recipe(
    id="look",
    name="Look of a folder",
    help="A filter that gives photos the look of other pictures; colours come at once, texture may not.",
    data="A folder with two sub-folders: your photos, and pictures with the look; a hundred each are a good start.",
    params=LookParams,
    task="look",
    check=check,
    plan=plan,
    start=start,
)
