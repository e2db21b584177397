"""Recipe "restore": learns to undo damage that is designed on the user's own pictures, or shown in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.learn.builders import warm_up_cosine
from imgstudio.learn.dataset.check_image_pairs import check_image_pairs
from imgstudio.learn.dataset.photos import check_photos
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.degrade.stack import Degradation, degradation_from_json, degraders, step
from imgstudio.learn.gan_plan import gan_phases, is_gan
from imgstudio.learn.plan import Optimiser, Plan
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession

if TYPE_CHECKING:
    from imgstudio.engine.registry import ModelRegistry
    from imgstudio.learn.tasks.restore import Distance, RestoreSettings

BATCH: Final = 12
SIDE: Final = 128
RATE: Final = 1.5e-3
EPOCHS: Final = 30.0
LARGEST: Final = 1024
"""Larger photos are reduced to this longer side: it takes away what cameras and JPEG left in the pixels."""
CHANCE: Final = 0.7
"""Of each kind of damage that is switched on, where there are several."""


@dataclass(frozen=True, slots=True)
class RestoreParams:
    pairs: Annotated[
        bool,
        Ui(label="Pairs of pictures", help="The folder holds damaged and clean versions of each picture."),
    ] = False
    jpeg: Annotated[bool, Ui(label="JPEG", group="Damage", visible_if=("pairs", False))] = True
    noise: Annotated[bool, Ui(group="Damage", visible_if=("pairs", False))] = True
    blur: Annotated[bool, Ui(group="Damage", visible_if=("pairs", False))] = False
    downscale: Annotated[bool, Ui(label="Too few pixels", group="Damage", visible_if=("pairs", False))] = (
        False
    )
    grey: Annotated[bool, Ui(label="Lost colour", group="Damage", visible_if=("pairs", False))] = False
    palette: Annotated[bool, Ui(label="Few colours", group="Damage", visible_if=("pairs", False))] = False
    text: Annotated[bool, Ui(label="Text and watermarks", group="Damage", visible_if=("pairs", False))] = (
        False
    )
    scratches: Annotated[
        bool, Ui(label="Scratches and dust", group="Damage", visible_if=("pairs", False))
    ] = False
    holes: Annotated[bool, Ui(group="Damage", visible_if=("pairs", False))] = False
    mix: Annotated[
        str,
        Ui(
            label="Designed mix",
            help="Steps and odds of the designer (JSON); empty: what is switched on above.",
            advanced=True,
            visible_if=("pairs", False),
        ),
    ] = ""
    network: Annotated[
        Literal["automatic", "quick", "good", "unet"],
        Ui(help="U-Net sees further: for holes, text and colour.", advanced=True),
    ] = "automatic"
    features: Annotated[
        float,
        Number(0, 1, 0.01),
        Ui(
            label="Weight of features",
            help="Crisper, less exact: what a perceptual network sees.",
            advanced=True,
        ),
    ] = 0.0
    critic: Annotated[
        bool,
        Ui(help="At the end a second network judges how real it looks. Livelier, less exact.", advanced=True),
    ] = False


def mix_of(params: RestoreParams) -> Degradation:
    """The damage that parameters stand for; raises UserError when the designed mix cannot be read."""
    if params.mix:
        return degradation_from_json(params.mix)
    chosen = [item.id for item in degraders() if getattr(params, item.id)]
    chance = CHANCE if len(chosen) > 1 else 1.0
    return Degradation(tuple(step(degrader_id, chance) for degrader_id in chosen))


def check(folder: Path, params: RestoreParams, progress: Progress) -> DatasetReport:
    """Also raises UserError when nothing would be damaged."""
    if params.pairs:
        return check_image_pairs(folder, progress)
    mix = mix_of(params)
    if not mix.steps:
        raise UserError(
            "There is nothing to learn", "No kind of damage is switched on.", "Switch on at least one."
        )
    return check_photos(folder, progress, least_side=SIDE)


def plan(report: DatasetReport, params: RestoreParams, request: Request) -> Plan:
    """A short climb and a long cosine; with a critic its phases after that."""
    phases = warm_up_cosine(
        EPOCHS, RATE, warm_up=0.05, size=SIDE, batch=BATCH, optimiser=Optimiser("muon", beta2=0.99)
    )
    if not params.critic:
        return Plan(phases, minutes=request.minutes, clip=0.5, average_decay=0.999)
    # Losses say little once a critic plays along: people choose among many kept checkpoints by eye.
    return Plan(
        gan_phases(phases),
        minutes=request.minutes,
        clip=0.5,
        average_decay=0.999,
        keep_every=1,
    )


def start(setup: Setup[RestoreParams]) -> TrainSession:
    from imgstudio.engine.registry import ModelRegistry
    from imgstudio.learn.tasks.restore import RestoreTask
    from imgstudio.learn.trainer import Trainer

    registry = ModelRegistry.of_user()
    task = RestoreTask(
        setup.report,
        settings_of(setup.params, setup.request),
        distance=_distance(setup.params.features, registry, setup.device),
        registry=registry,
        seed=setup.plan.seed,
    )
    if is_gan(setup.plan):
        from imgstudio.learn.gan import gan_session

        return gan_session(setup, task)
    return Trainer(task, setup.plan, setup.device)


def settings_of(params: RestoreParams, request: Request) -> RestoreSettings:
    """What a task is made from; raises UserError when the mix cannot be read."""
    from imgstudio.learn.tasks.restore import RestoreSettings

    mix = Degradation() if params.pairs else mix_of(params)
    network = params.network
    if network == "automatic":
        wide = {"grey", "text", "holes"} & {step.degrader for step in mix.steps}
        network = "unet" if wide else "quick" if request.quality < 0.6 else "good"
    return RestoreSettings(mix=mix, network=network, largest=LARGEST)


def _distance(features: float, registry: ModelRegistry, device: str) -> Distance:
    from imgstudio.learn.tasks.restore import pixel_distance

    if features == 0:
        return pixel_distance
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.features import perceptual_net
    from imgstudio.learn.perceptual import FeatureLoss, FeatureWeights

    extractor, _ = perceptual_net(registry, pick_device(device))
    return FeatureLoss(extractor, FeatureWeights(features=features, texture=features / 5))


RECIPE = Recipe(
    id="restore",
    name="Restore pictures",
    help="A network that undoes the kinds of damage you choose, in pictures like yours.",
    data="A folder of clean pictures, or one with damaged and clean versions of each.",
    params=RestoreParams,
    task="restore",
    check=check,
    plan=plan,
    start=start,
)
