"""Recipe "style": learns to paint photos like one painting."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Picture, Ui
from imgstudio.learn.dataset.report import DatasetReport, Finding
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession

if TYPE_CHECKING:
    from imgstudio.learn.perceptual import StyleWeights

BATCH: Final = 2
SIZES: Final = (96, 144)
"""Sides of the crops, pixels: small ones learn the colours and strokes, larger ones how they hang together."""
STEPS: Final = (1800, 800)
RATE: Final = 2e-3
WIDTHS: Final = (16, 16, 32)
"""From the quickest to the best network."""
LEAST_SIDE: Final = 96
SMALL_PAINTING: Final = 200


@dataclass(frozen=True, slots=True)
class StyleParams:
    painting: Annotated[Path | None, Picture(), Ui(help="The picture whose style is learned.")] = None
    strokes: Annotated[
        float,
        Number(0.4, 3, 0.1, log=True),
        Ui(label="Stroke size", help="How large the strokes become; 1 suits most paintings."),
    ] = 1.0
    style: Annotated[
        float, Number(0.1, 10, 0.1, log=True), Ui(label="Style weight", help="More: nearer to the painting.")
    ] = 1.0
    content: Annotated[
        float,
        Number(0.1, 10, 0.1, log=True),
        Ui(label="Content weight", help="More: nearer to the photo.", advanced=True),
    ] = 1.0
    smoothness: Annotated[
        float,
        Number(0, 10, 0.1),
        Ui(label="Smoothness", help="More: fewer specks, softer strokes.", advanced=True),
    ] = 1.0
    width: Annotated[
        int | None, Number(8, 64, 8), Ui(help="Width of the network. Automatic: by quality.", advanced=True)
    ] = None
    blocks: Annotated[
        int, Number(1, 8), Ui(label="Depth", help="Residual blocks in the middle.", advanced=True)
    ] = 4


def check(folder: Path, params: StyleParams, progress: Progress) -> DatasetReport:
    from imgstudio.learn.dataset.check import check_photos

    report = check_photos(folder, progress, least_side=LEAST_SIDE)
    return dataclasses.replace(report, findings=(*painting_findings(params.painting), *report.findings))


def painting_findings(painting: Path | None) -> tuple[Finding, ...]:
    """What is wrong with the painting, if anything."""
    from imgstudio.core.imagefile import read

    if painting is None:
        return (
            Finding("error", "No painting is chosen.", "Choose the picture whose style is to be learned."),
        )
    try:
        height, width = read(painting).pixels.shape[:2]
    except UserError as error:
        return (
            Finding(
                "error", f"The painting cannot be read: {error}", "Choose another file.", (str(painting),)
            ),
        )
    if min(height, width) < SMALL_PAINTING:
        what = f"The painting is small ({width} x {height} pixels): its strokes can hardly be seen."
        return (Finding("warning", what, "Choose a larger picture of it if you can.", (str(painting),)),)
    return ()


def plan(report: DatasetReport, params: StyleParams, request: Request) -> Plan:
    """Small crops at a high rate, then larger ones while it falls to nothing."""
    adam = Optimiser("adam", beta2=0.99)
    steady = Curve("constant", 0.9, 0.9)
    rates = (Curve("constant", RATE, RATE), Curve("cosine", RATE, RATE / 50))
    phases = tuple(
        Phase(name, steps, "steps", rate, steady, adam, size, BATCH)
        for name, steps, rate, size in zip(("Sketch", "Paint"), STEPS, rates, SIZES, strict=True)
    )
    return Plan(
        phases, minutes=request.minutes, clip=0.0, average_decay=0.98, keep_every=2, precision="float32"
    )


def weights_of(params: StyleParams) -> StyleWeights:
    from imgstudio.learn.perceptual import StyleWeights

    usual = StyleWeights()
    return StyleWeights(
        params.content * usual.content, params.style * usual.style, params.smoothness * usual.smoothness
    )


def start(setup: Setup[StyleParams]) -> TrainSession:
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.features import perceptual_net
    from imgstudio.engine.registry import ModelRegistry
    from imgstudio.learn.tasks.style import StyleSettings, StyleTask
    from imgstudio.learn.trainer import Trainer

    params, device = setup.params, pick_device(setup.device)
    if params.painting is None:
        raise UserError("No painting is chosen", "", "Choose the picture whose style is to be learned.")
    features, perceptual = perceptual_net(ModelRegistry.of_user(), device)
    width = WIDTHS[min(len(WIDTHS) - 1, int(setup.request.quality * len(WIDTHS)))]
    settings = StyleSettings(
        painting=params.painting,
        strokes=params.strokes,
        weights=weights_of(params),
        width=params.width or width,
        blocks=params.blocks,
        perceptual=perceptual,
    )
    task = StyleTask(setup.report, settings, features, device=device, seed=setup.plan.seed)
    return Trainer(task, setup.plan, setup.device)


RECIPE = Recipe(
    id="style",
    name="Style of a painting",
    help="A filter that paints any picture like the painting you choose.",
    data="A folder of any photos, a few dozen or more, and one painting.",
    params=StyleParams,
    task="style",
    check=check,
    plan=plan,
    start=start,
)
