"""Recipe "style": learns to paint photos like one painting, on the network of the presets or from nothing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Picture, Ui
from imgstudio.learn.dataset.report import DatasetReport, Finding
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession

if TYPE_CHECKING:
    from imgstudio.learn.perceptual import StyleWeights

BASE: Final = "style"
"""Model whose trunk paints a style that is learned quickly."""
BATCH: Final = 4
QUICK_SIZES: Final = (96, 128, 160)
QUICK_STEPS: Final = (150, 300, 250)
QUICK_RATES: Final = (1e-2, 6e-3, 3e-3)
QUICK_SPREAD: Final = 0.05
"""Rate of the two convolutions, which are good already, / that of the vector: at its rate they would be unlearned."""
QUICK_FROZEN: Final = (2, 1, 1)
"""First nothing but the vector of the style learns, then the first and last convolution as well."""
SIZES: Final = (96, 144)
"""Sides of the crops, pixels: small ones learn the colours and strokes, larger ones how they hang together."""
STEPS: Final = (1800, 800)
RATE: Final = 2e-3
WIDTHS: Final = (16, 32, 48)
"""From the quickest to the best network."""
STEADY: Final = Curve("constant", 0.9, 0.9)
ADAM: Final = Optimiser("adam", beta2=0.99)
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
    method: Annotated[
        Literal["quick", "whole network"],
        Ui(
            help="Quick: on the network that paints the presets, only what makes the style is learned; it is "
            "there in minutes. Whole network: one of its own from nothing, which takes hours or a GPU."
        ),
    ] = "quick"
    width: Annotated[
        int | None,
        Number(8, 64, 8),
        Ui(
            help="Width of the network. Automatic: by quality.",
            advanced=True,
            visible_if=("method", "whole network"),
        ),
    ] = None
    blocks: Annotated[
        int,
        Number(1, 8),
        Ui(
            label="Depth",
            help="Residual blocks in the middle.",
            advanced=True,
            visible_if=("method", "whole network"),
        ),
    ] = 5


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
    phases = _quick_phases() if params.method == "quick" else _whole_phases()
    return Plan(
        phases, minutes=request.minutes, clip=0.0, average_decay=0.98, keep_every=2, precision="float32"
    )


def _quick_phases() -> tuple[Phase, ...]:
    """The vector of the style, then the first and last convolution too; the trunk never learns."""
    names = ("Colours", "Strokes", "Finish")
    return tuple(
        Phase(
            name,
            steps,
            "steps",
            Curve("cosine", rate, rate / 10),
            STEADY,
            ADAM,
            size,
            BATCH,
            frozen=frozen,
            spread=QUICK_SPREAD,
        )
        for name, steps, rate, size, frozen in zip(
            names, QUICK_STEPS, QUICK_RATES, QUICK_SIZES, QUICK_FROZEN, strict=True
        )
    )


def _whole_phases() -> tuple[Phase, ...]:
    """Small crops at a high rate, then larger ones while it falls to nothing."""
    rates = (Curve("constant", RATE, RATE), Curve("cosine", RATE, RATE / 50))
    return tuple(
        Phase(name, steps, "steps", rate, STEADY, ADAM, size, BATCH)
        for name, steps, rate, size in zip(("Sketch", "Paint"), STEPS, rates, SIZES, strict=True)
    )


def weights_of(params: StyleParams) -> StyleWeights:
    from imgstudio.learn.perceptual import StyleWeights

    usual = StyleWeights()
    return StyleWeights(
        params.content * usual.content, params.style * usual.style, params.smoothness * usual.smoothness
    )


def start(setup: Setup[StyleParams]) -> TrainSession:
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.features import BUNDLED, perceptual_net
    from imgstudio.engine.registry import ModelRegistry
    from imgstudio.learn.tasks.style import StyleSettings, StyleTask
    from imgstudio.learn.trainer import Trainer

    params, device = setup.params, pick_device(setup.device)
    if params.painting is None:
        raise UserError("No painting is chosen", "", "Choose the picture whose style is to be learned.")
    is_quick = params.method == "quick"
    registry = ModelRegistry.of_user()
    # Minutes are enough only with the net that takes a quarter of the time.
    features, perceptual = perceptual_net(registry, device, first=(BUNDLED,) if is_quick else ())
    width = WIDTHS[min(len(WIDTHS) - 1, int(setup.request.quality * len(WIDTHS)))]
    settings = StyleSettings(
        painting=params.painting,
        strokes=params.strokes,
        weights=weights_of(params),
        base=BASE if is_quick else "",
        width=params.width or width,
        blocks=params.blocks,
        perceptual=perceptual,
    )
    seed = setup.plan.seed
    task = StyleTask(setup.report, settings, features, registry=registry, device=device, seed=seed)
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
