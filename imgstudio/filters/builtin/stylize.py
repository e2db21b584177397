"""Stylize: paints the picture like a painting by optimisation, while one watches and steers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Picture, Ui
from imgstudio.filters.base import FilterInput, FloatImage, Frame, SessionFilter, Steer
from imgstudio.filters.models import models
from imgstudio.filters.paintings import in_colours_of, painting, recoloured

if TYPE_CHECKING:
    from imgstudio.engine.style.ground import StylePicture
    from imgstudio.engine.style.optimise import Painter

Colours = Literal["of the painting", "of the photo", "alike"]
ACTIONS: Final = ("more", "less", "protect", "pull", "style 1", "style 2", "release")


@dataclass(frozen=True, slots=True)
class StylizeParams:
    style: Annotated[
        Path | None, Picture(), Ui(label="Painting", help="The picture whose style is taken over.")
    ] = None
    second: Annotated[
        Path | None,
        Picture(),
        Ui(label="Second", help="Another painting, mixed in; brush “style 2” where it shall be alone."),
    ] = None
    mix: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(label="Share of the second", help="0 is only the first, 1 only the second.", advanced=True),
    ] = 0.5
    style_weight: Annotated[
        float,
        Number(0.05, 20, 0.05, log=True, decimals=2),
        Ui(label="Style", help="More: nearer to the painting. Less: nearer to the photo."),
    ] = 1.0
    strokes: Annotated[
        float,
        Number(0.25, 4, 0.05, log=True, decimals=2),
        Ui(label="Stroke size", help="How large the painting's strokes become; 1 suits most."),
    ] = 1.0
    colours: Annotated[
        Colours,
        Ui(
            help="Of the painting; of the photo, only its light being painted; or the painting's, moved to be "
            "like the photo's on the whole."
        ),
    ] = "of the painting"
    size: Annotated[
        int,
        Number(128, 4096, 16, unit="px", log=True),
        Ui(
            label="Canvas",
            help="Longer side that is painted at last, then brought to the size of the picture. Twice as large "
            "takes four times as long.",
        ),
    ] = 512
    iterations: Annotated[
        int,
        Number(5, 500, 5, soft_max=150),
        Ui(help="Steps at the last size; the coarser ones before have more."),
    ] = 40
    seconds: Annotated[
        float,
        Number(0, 3600, 1, soft_max=300, unit="s", decimals=0),
        Ui(label="Time limit", help="Ends after so long; 0 is never.", advanced=True),
    ] = 0.0
    smoothness: Annotated[
        float, Number(0, 20, 0.1), Ui(help="More: fewer specks, softer strokes.", advanced=True)
    ] = 1.0
    start: Annotated[
        Literal["photo", "noise"],
        Ui(help="Begin with the photo, or with noise: freer, and different with each seed.", advanced=True),
    ] = "photo"
    network: Annotated[
        Literal["quick", "best installed"],
        Ui(
            help="Judges style: the one that comes with the program, or the largest of the model manager, "
            "which takes several times as long.",
            advanced=True,
        ),
    ] = "quick"


class StylizeRun:
    """A painting under way. Guards: what it shows has the colours that were asked for."""

    def __init__(self, image: FilterInput, params: StylizeParams, progress: Progress) -> None:
        self._image, self._params = image, params
        self._painter = painter_of(image, params, progress)

    def frames(self) -> Iterator[Frame]:
        for step in self._painter.steps():
            note = step.note or f"{step.side} px, loss {step.loss:.3f}"
            yield Frame(self._finished(step.pixels), step.step, step.total, note)

    def steer(self, stroke: Steer) -> None:
        """More and less style, protect the photo, pull to a colour, one of the styles alone, or none of these."""
        wishes, coverage = self._painter.wishes, stroke.coverage
        if stroke.action == "more":
            wishes.more(coverage)
        elif stroke.action == "less":
            wishes.less(coverage)
        elif stroke.action == "protect":
            wishes.protect(coverage)
        elif stroke.action == "pull" and stroke.colour is not None:
            wishes.pull_to(stroke.colour, coverage)
        elif stroke.action in ("style 1", "style 2"):
            wishes.place(ACTIONS.index(stroke.action) - ACTIONS.index("style 1"), coverage)
        elif stroke.action == "release":
            wishes.release(coverage)
        self._painter.change()

    def restart_from(self, pixels: FloatImage, iteration: int) -> None:
        self._painter.restart_from(pixels, iteration)

    def _finished(self, made: FloatImage) -> FloatImage:
        if self._params.colours != "of the photo":
            return made
        return np.clip(in_colours_of(self._image.pixels, made), 0, 1)


def painter_of(image: FilterInput, params: StylizeParams, progress: Progress) -> Painter:
    """Ready to begin; raises UserError for paintings that cannot be used."""
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.features import BUNDLED, perceptual_net
    from imgstudio.engine.style.ground import StyleSettings
    from imgstudio.engine.style.optimise import Painter

    device = pick_device(image.device)
    wanted = (BUNDLED,) if params.network == "quick" else ()
    features, _ = perceptual_net(models(), device, first=wanted)
    settings = StyleSettings(
        style=params.style_weight,
        smoothness=params.smoothness,
        strokes=params.strokes,
        side=params.size,
        steps=params.iterations,
        seconds=params.seconds,
        from_noise=params.start == "noise",
        seed=image.seed,
    )
    return Painter(features, image.pixels, _styles(image, params), settings, device, progress)


def _styles(image: FilterInput, params: StylizeParams) -> list[StylePicture]:
    from imgstudio.engine.style.ground import StylePicture

    chosen = [(params.style, 1.0)]
    if params.second is not None:
        chosen = [(params.style, 1 - params.mix), (params.second, params.mix)]
    styles = [StylePicture(painting(path), weight, image.mask) for path, weight in chosen]
    if params.colours == "alike":
        styles = [replace(s, pixels=recoloured(s.pixels, image.pixels)) for s in styles]
    return styles


def start(image: FilterInput, params: StylizeParams, progress: Progress) -> Any:
    return StylizeRun(image, params, progress)


FILTER = SessionFilter(
    id="stylize",
    name="Stylize",
    category="Style",
    help="Paint the picture like a painting, stroke by stroke; brush what you want where while it is painted.",
    params=StylizeParams,
    start=start,
    steering=ACTIONS,
    source_type="compositeWithTrainedAlgorithmicMedia",
)
