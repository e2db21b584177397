"""Harmonize: makes a pasted object part of the painting or the photo below it, while one watches and steers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Picture, Ui
from imgstudio.filters.backgrounds import AROUND, Ground, ground_of
from imgstudio.filters.base import FilterInput, FloatImage, Frame, SessionFilter, Steer
from imgstudio.filters.models import Judge, judging_net, models
from imgstudio.filters.wishing import COMMON, obey

if TYPE_CHECKING:
    from imgstudio.engine.harmonize.painterly import Harmonizer
    from imgstudio.engine.style.wishes import Wishes

NEAR: Final = 48
"""Least surroundings for a look at once (pixels), which has no strokes to find."""
MARGIN: Final = 0.25
"""Of an object's longer side, around it: what a result may change."""
FALLS: Final = 0.1
"""What a soft shadow takes beyond its length."""
TAKES: Final = 2
"""Frames of a photo."""
PULL: Final = 0.5
"""How far a photo goes to a colour that was painted on it."""
PAINTERLY: Final = ("kind", "painterly")
PHOTO: Final = ("kind", "photo")


@dataclass(frozen=True, slots=True)
class HarmonizeParams:
    kind: Annotated[
        Literal["painterly", "photo"],
        Ui(
            help="Painterly: the object is painted anew, as the painting below it is. Photo: it takes on the light, "
            "colours, noise and sharpness of what is around it.",
        ),
    ] = "painterly"
    style: Annotated[
        float,
        Number(0, 4, 0.05, soft_max=2.5, decimals=2),
        Ui(
            help="How strongly the way of painting is taken over; 1 is what the painting itself suggests.",
            visible_if=PAINTERLY,
        ),
    ] = 1.0
    content: Annotated[
        float,
        Number(0, 10, 0.05, soft_max=4, decimals=2),
        Ui(label="Object", help="More: nearer to what was pasted.", visible_if=PAINTERLY),
    ] = 1.0
    texture: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(
            help="How much of the painting's own surface, its strokes and cracks, is put on at last.",
            visible_if=PAINTERLY,
        ),
    ] = 1.0
    exposure: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(label="Light", help="How far its brightness goes to that around it.", visible_if=PHOTO),
    ] = 1.0
    colour: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(label="Colours", help="How far its colours go to those around it; 0 keeps them."),
    ] = 1.0
    contrast: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(help="How far its contrast goes to that around it.", visible_if=PHOTO),
    ] = 1.0
    sharpness: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(help="How far it becomes as sharp, or as soft, as what is around it.", visible_if=PHOTO),
    ] = 1.0
    noise: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(label="Grain", help="How much of the noise around it is put on it.", visible_if=PHOTO),
    ] = 1.0
    shadow: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(help="A soft shadow where it stands; 0 is none.", visible_if=PHOTO),
    ] = 0.0
    direction: Annotated[
        float,
        Number(-90, 90, 5, unit="°", decimals=0),
        Ui(
            label="Shadow angle",
            help="Where the shadow falls: 0 towards you, 90 to the right.",
            advanced=True,
            visible_if=PHOTO,
        ),
    ] = 30.0
    length: Annotated[
        float,
        Number(0.1, 3, 0.05, soft_max=2, decimals=2),
        Ui(
            label="Shadow length",
            help="As a share of the object's height: long when the sun is low.",
            advanced=True,
            visible_if=PHOTO,
        ),
    ] = 1.0
    smoothness: Annotated[
        float,
        Number(0, 20, 0.1, soft_max=4),
        Ui(
            help="More: softer strokes, fewer specks; 1 is what the painting itself suggests.",
            advanced=True,
            visible_if=PAINTERLY,
        ),
    ] = 1.0
    size: Annotated[
        int,
        Number(64, 2048, 16, soft_max=1024, unit="px", log=True),
        Ui(
            label="Canvas",
            help="Longer side at which the object is painted, then brought to its full size. Twice as large takes "
            "four times as long.",
            advanced=True,
            visible_if=PAINTERLY,
        ),
    ] = 384
    iterations: Annotated[
        int,
        Number(5, 500, 5, soft_max=150),
        Ui(help="Steps at each size.", advanced=True, visible_if=PAINTERLY),
    ] = 40
    seconds: Annotated[
        float,
        Number(0, 3600, 1, soft_max=300, unit="s", decimals=0),
        Ui(label="Time limit", help="Ends after so long; 0 is never.", advanced=True, visible_if=PAINTERLY),
    ] = 0.0
    network: Annotated[
        Judge,
        Ui(
            help="Judges style: the one that comes with the program, or the largest of the model manager, which takes "
            "several times as long.",
            advanced=True,
            visible_if=PAINTERLY,
        ),
    ] = "quick"
    background: Annotated[
        Path | None,
        Picture(none_means="Layers below"),
        Ui(
            help="The painting or photo without the object, as large as the picture; else what lies below the layer.",
            advanced=True,
        ),
    ] = None


class PainterlyRun:
    """An object that is painted into a painting. Guards: frames show the result where the feather says, no more."""

    def __init__(self, image: FilterInput, params: HarmonizeParams, progress: Progress) -> None:
        self._ground = ground_of(image, params.background)
        self._feather = feather_of(self._ground)
        self._painter = harmonizer_of(self._ground, params, progress)

    def frames(self) -> Iterator[Frame]:
        for step in self._painter.steps():
            loss = "" if math.isnan(step.loss) else f", loss {step.loss:.3f}"
            note = step.note or f"{step.side} px{loss}"
            yield self._ground.frame(step.pixels, self._feather, step.step, step.total, note)

    def steer(self, stroke: Steer) -> None:
        """More and less of the painting's style, protect the object, pull to a colour, or none of these."""
        coverage = self._ground.in_box(stroke.coverage)
        obey(self._painter.wishes, Steer(coverage, stroke.action, stroke.colour))
        self._painter.change()

    def restart_from(self, pixels: FloatImage, iteration: int) -> None:
        self._painter.restart_from(self._ground.made_from(pixels, self._feather), iteration)


class PhotoRun:
    """An object that takes on the light and grain of a photo: what statistics say, then what a network says."""

    def __init__(self, image: FilterInput, params: HarmonizeParams, progress: Progress) -> None:
        from imgstudio.engine.style.wishes import Wishes

        self._ground = ground_of(image, params.background, around=max(AROUND, around(params)))
        self._params, self._progress = params, progress
        self._wishes = Wishes(self._ground.mask.shape)

    def frames(self) -> Iterator[Frame]:
        made = photo_of(self._ground, self._params, self._progress.part(0.0, 0.5))
        yield self._frame(made, 1, "by statistics")
        network = photo_network(self._ground.image.device)
        if network is not None:
            made = photo_of(self._ground, self._params, self._progress.part(0.5, 1.0), network)
        yield self._frame(made, TAKES, "by statistics" if network is None else "by the network")

    def steer(self, stroke: Steer) -> None:
        """More and less of the change, protect the object, pull to a colour, or none of these."""
        obey(self._wishes, Steer(self._ground.in_box(stroke.coverage), stroke.action, stroke.colour))

    def restart_from(self, pixels: FloatImage, iteration: int) -> None:
        """The result does not depend on what was shown before."""

    def _frame(self, made: FloatImage, step: int, note: str) -> Frame:
        share = photo_share(self._ground, self._params)
        heeded = as_wished(self._ground.composite, made, share, self._wishes)
        return self._ground.frame(heeded, share, step, TAKES, note)


def photo_of(ground: Ground, params: HarmonizeParams, progress: Progress, network: Any = None) -> FloatImage:
    """(height, width, 3) over the ground's box."""
    from imgstudio.engine.harmonize.photo import PhotoSettings, harmonized_photo

    settings = PhotoSettings(
        exposure=params.exposure,
        colour=params.colour,
        contrast=params.contrast,
        sharpness=params.sharpness,
        noise=params.noise,
        shadow=params.shadow,
        shadow_direction=params.direction,
        shadow_length=params.length,
        seed=ground.image.seed,
    )
    return harmonized_photo(
        ground.composite, ground.background, ground.mask, settings, progress, network=network
    )


def photo_network(device: str) -> Any:
    """The network that judges photos, ready to use; None where it is not installed."""
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.harmonize.photo import MODEL

    if MODEL not in {manifest.id for manifest in models().manifests()}:
        return None
    return models().load(MODEL, pick_device(device))


def photo_share(ground: Ground, params: HarmonizeParams) -> FloatImage:
    """(height, width) 0..1: how much of a photo's result shows: the object's mask, and all of its shadow."""
    if params.shadow <= 0:
        return ground.mask
    from imgstudio.engine.harmonize.shadow import shadow_of

    dark = shadow_of(ground.mask, direction=params.direction, length=params.length)
    return np.where((dark > 0) | (ground.mask > 0), np.float32(1), np.float32(0)).astype(np.float32)


def around(params: HarmonizeParams) -> float:
    """What is seen around an object, as a share of its longer side: a shadow may fall far."""
    if params.kind == "photo" and params.shadow > 0:
        return max(MARGIN, FALLS + params.length)
    return MARGIN


def as_wished(before: FloatImage, made: FloatImage, feather: FloatImage, wishes: Wishes) -> FloatImage:
    """`made` (h, w, 3) with more or less of its change where somebody painted so; unchanged where `feather` is 0."""
    share = np.ones(feather.shape, np.float32)
    if wishes.style is not None:
        share = np.sqrt(wishes.style)  # "more" doubles the change, "less" halves it
    if wishes.protected is not None:
        share = share * (1 - wishes.protected)
    out = before + share[..., None] * (made - before)
    if wishes.pull is not None and wishes.colour is not None:
        out = out + (wishes.pull * feather)[..., None] * PULL * (wishes.colour - out)
    return np.where(feather[..., None] > 0, np.clip(out, 0, 1), before).astype(np.float32)


def look(image: FilterInput, params: HarmonizeParams, progress: Progress) -> Frame:
    """What it will look like about, within a second or so, while the object is moved."""
    from imgstudio.engine.harmonize.instant import instant

    ground = ground_of(image, params.background, around=max(AROUND, around(params)), least_around=NEAR)
    if params.kind == "photo":
        return ground.frame(photo_of(ground, params, progress), photo_share(ground, params), 1, 1)
    made = instant(
        ground.composite,
        ground.background,
        ground.mask,
        strength=params.colour,
        grain=params.texture > 0,
        progress=progress,
    )
    return ground.frame(made, feather_of(ground), 1, 1)


def feather_of(ground: Ground) -> FloatImage:
    """(height, width) 0..1: how much of a result shows, over the box of the ground."""
    from imgstudio.engine.harmonize.masks import tight_and_loose

    return tight_and_loose(ground.mask).feather


def harmonizer_of(ground: Ground, params: HarmonizeParams, progress: Progress) -> Harmonizer:
    """Ready to begin."""
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.harmonize.dials import PainterlySettings
    from imgstudio.engine.harmonize.painterly import Harmonizer

    device = pick_device(ground.image.device)
    features = judging_net(params.network, device)
    settings = PainterlySettings(
        style=params.style,
        content=params.content,
        smoothness=params.smoothness,
        texture=params.texture,
        colour=params.colour,
        side=params.size,
        steps=params.iterations,
        seconds=params.seconds,
        seed=ground.image.seed,
    )
    return Harmonizer(features, ground.composite, ground.background, ground.mask, settings, device, progress)


def start(image: FilterInput, params: HarmonizeParams, progress: Progress) -> Any:
    if params.kind == "photo":
        return PhotoRun(image, params, progress)
    return PainterlyRun(image, params, progress)


FILTER = SessionFilter(
    id="harmonize",
    name="Harmonize",
    category="Style",
    help="Make a pasted object part of the painting or photo that it lies on; brush what you want where meanwhile.",
    params=HarmonizeParams,
    start=start,
    steering=COMMON,
    reads="object",
    around=around,
    instant=look,
    source_type="compositeWithTrainedAlgorithmicMedia",
)
