"""Recipe "upscale": learns from a folder of photos to make pictures two, three or four times as large."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Picture, Ui
from imgstudio.learn.dataset.photos import check_photos
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.degrade.stack import Degradation, degradation_from_json, step
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession

if TYPE_CHECKING:
    from imgstudio.learn.tasks.upscale import UpscaleSettings

BATCH: Final = 16
SIDE: Final = 48
"""Of the small crops, pixels; a little larger at the end, where edges count."""
FINISH_SIDE: Final = 64
RATE: Final = 2e-3
FINISH_RATE: Final = 2e-4
STEPS: Final = 60_000
LARGEST: Final = 1600
"""Larger photos are reduced to this longer side: it takes away what cameras and JPEG left in the pixels."""
SIZES: Final = ((32, 4), (32, 6), (48, 7), (64, 8))
"""Channels and pairs from the quickest to the best network."""


@dataclass(frozen=True, slots=True)
class UpscaleParams:
    scale: Annotated[Literal[2, 3, 4], Ui(help="How many times as wide and high.")] = 2
    pictures: Annotated[
        Literal["clean", "from the web"],
        Ui(
            help="Clean: follows the small picture faithfully. From the web: takes blur, noise and JPEG away too."
        ),
    ] = "clean"
    channels: Annotated[
        int | None, Number(8, 256, 8), Ui(help="Width of the network. Automatic: by quality.", advanced=True)
    ] = None
    depth: Annotated[
        int | None,
        Number(1, 64),
        Ui(help="Residual pairs of the network. Automatic: by quality.", advanced=True),
    ] = None
    enlarged: Annotated[
        float,
        Number(0, 100, 1, unit="%"),
        Ui(label="Softer pictures", help="Share of crops that are enlarged a little first.", advanced=True),
    ] = 5.0
    spectrum: Annotated[
        float,
        Number(0, 1, 0.01),
        Ui(label="Weight of frequencies", help="Makes fine patterns crisper.", advanced=True),
    ] = 0.05
    start_from: Annotated[
        Path | None,
        Picture((".json",)),
        Ui(help="model.json of a model to begin with, such as one of half the scale.", advanced=True),
    ] = None
    mix: Annotated[
        str,
        Ui(label="Degradation", help="What happens to small pictures (JSON of the designer).", advanced=True),
    ] = ""


def softening() -> Degradation:
    """What a lens does before the picture is made smaller: real-world training."""
    return Degradation((step("blur", 0.7, least=0.2, most=1.5, kind="any"),))


def web_mix() -> Degradation:
    """What pictures from the web went through: a little noise, then JPEG."""
    return Degradation(
        (
            step("noise", 0.6, least=1.0, most=10.0, kind="any"),
            step("jpeg", 0.85, least=30, most=95, twice=10.0),
        )
    )


def check(folder: Path, params: UpscaleParams, progress: Progress) -> DatasetReport:
    return check_photos(folder, progress, least_side=SIDE * params.scale)


def plan(report: DatasetReport, params: UpscaleParams, request: Request) -> Plan:
    """A short rise, a long cosine on the distance, at last the squared error itself on larger crops.

    Without a time budget it takes 60,000 steps.
    """
    rule = Optimiser("muon", beta2=0.99)
    size, finish_size = SIDE * params.scale, FINISH_SIDE * params.scale
    rise = Phase("rise", 0.04 * STEPS, "steps", Curve("linear", RATE / 20, RATE), optimiser=rule)
    fall = Phase("fall", 0.86 * STEPS, "steps", Curve("cosine", RATE, FINISH_RATE), optimiser=rule)
    finish = Phase("finish", 0.1 * STEPS, "steps", Curve("cosine", FINISH_RATE, 1e-6), optimiser=rule)
    return Plan(
        tuple(_sized(phase, side) for phase, side in ((rise, size), (fall, size), (finish, finish_size))),
        minutes=request.minutes,
        clip=0.5,
        average_decay=0.999,
    )


def settings_of(params: UpscaleParams, request: Request) -> UpscaleSettings:
    """What a task is made from; raises UserError when the mix cannot be read."""
    from imgstudio.learn.tasks.upscale import UpscaleSettings

    channels, pairs = SIZES[min(len(SIZES) - 1, int(request.quality * len(SIZES)))]
    is_real = params.pictures == "from the web"
    after = degradation_from_json(params.mix) if params.mix else web_mix() if is_real else Degradation()
    return UpscaleSettings(
        scale=params.scale,
        channels=params.channels or channels,
        pairs=params.depth or pairs,
        spectrum=params.spectrum,
        enlarged=params.enlarged / 100,
        before=softening() if is_real else Degradation(),
        after=after,
        largest=LARGEST,
        start_from=None if params.start_from is None else params.start_from.parent,
    )


def start(setup: Setup[UpscaleParams]) -> TrainSession:
    from imgstudio.learn.tasks.upscale import UpscaleTask
    from imgstudio.learn.trainer import Trainer

    task = UpscaleTask(setup.report, settings_of(setup.params, setup.request), seed=setup.plan.seed)
    return Trainer(task, setup.plan, setup.device)


def _sized(phase: Phase, size: int) -> Phase:
    return replace(phase, size=size, batch=BATCH)


RECIPE = Recipe(
    id="upscale",
    name="Enlarge pictures",
    help="A network that makes pictures like yours larger and keeps them sharp.",
    data="A folder of sharp photos, the larger the better.",
    params=UpscaleParams,
    task="upscale",
    check=check,
    plan=plan,
    start=start,
)
