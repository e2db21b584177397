"""Stylize: paints the picture like a painting by optimisation, while one watches and steers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import GIVEN, Number, Picture, Ui
from imgstudio.filters.base import FilterInput, FloatImage, Frame, SessionFilter, Steer
from imgstudio.filters.models import Judge, judging_net
from imgstudio.filters.paintings import in_colours_of, painting, recoloured, region_map, stretched
from imgstudio.filters.wishing import obey

if TYPE_CHECKING:
    from imgstudio.engine.style.optimise import Painter
    from imgstudio.engine.style.settings import StylePicture

Colours = Literal["of the painting", "of the photo", "alike"]
Kept = Literal["details", "shapes", "layout"]
KEPT: Final[tuple[Kept, ...]] = ("details", "shapes", "layout")
FINEST_KEPT: Final = 2
"""Index of the layer that holds details; the next ones hold shapes and layout."""
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
        Ui(
            label="Mix",
            help="Share of the second painting: 0 is only the first, 1 only the second.",
            visible_if=("second", GIVEN),
        ),
    ] = 0.5
    second_where: Annotated[
        Path | None,
        Picture(),
        Ui(
            label="Place of the second",
            help="A picture laid over the whole document: where it is white the second painting counts alone, "
            "where it is black the first, where it is grey both.",
            advanced=True,
            visible_if=("second", GIVEN),
        ),
    ] = None
    style_weight: Annotated[
        float,
        Number(0.05, 20, 0.05, log=True, decimals=2),
        Ui(label="Style", help="More: nearer to the painting. Less: nearer to the photo."),
    ] = 1.0
    content_weight: Annotated[
        float,
        Number(0, 20, 0.1, soft_max=4),
        Ui(
            label="Photo", help="More: nearer to what the photo shows. 0 is only the painting.", advanced=True
        ),
    ] = 1.0
    kept: Annotated[
        Kept,
        Ui(
            label="Of the photo",
            help="What of the photo stays: the more, the freer the strokes.",
            advanced=True,
        ),
    ] = "shapes"
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
        Ui(help="Steps at the last size; the coarser ones before have fewer."),
    ] = 50
    seconds: Annotated[
        float,
        Number(0, 3600, 1, soft_max=300, unit="s", decimals=0),
        Ui(label="Time limit", help="Ends after so long; 0 is never.", advanced=True),
    ] = 0.0
    smoothness: Annotated[
        float, Number(0, 20, 0.1), Ui(help="More: fewer specks, softer strokes.", advanced=True)
    ] = 1.0
    histogram: Annotated[
        float,
        Number(0, 10, 0.1, soft_max=4),
        Ui(
            label="Histograms",
            help="More: colours and contrast spread as in the painting, with more time for each step.",
            advanced=True,
        ),
    ] = 0.0
    statistics: Annotated[
        Literal["covariance", "wasserstein"],
        Ui(
            help="How pictures are compared: by the covariances of their features, or by how far their features "
            "had to be moved, which lets rare colours and strokes count more.",
            advanced=True,
        ),
    ] = "covariance"
    start: Annotated[
        Literal["photo", "noise", "picture"],
        Ui(
            help="Begin with the photo; with noise, which is freer and different with each seed; or go on from a "
            "picture, such as an earlier painting of this photo.",
            advanced=True,
        ),
    ] = "photo"
    begun: Annotated[
        Path | None,
        Picture(),
        Ui(
            label="Gone on from",
            help="A picture laid over the whole document: it is painted on at the full canvas at once.",
            advanced=True,
            visible_if=("start", "picture"),
        ),
    ] = None
    network: Annotated[
        Judge,
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
        wishes = self._painter.wishes
        obey(wishes, stroke)
        if stroke.action in ("style 1", "style 2"):
            wishes.place(ACTIONS.index(stroke.action) - ACTIONS.index("style 1"), stroke.coverage)
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
    from imgstudio.engine.style.optimise import Painter
    from imgstudio.engine.style.settings import StyleSettings

    device = pick_device(image.device)
    features = judging_net(params.network, device)
    settings = StyleSettings(
        style=params.style_weight,
        content=params.content_weight,
        content_layer=FINEST_KEPT + KEPT.index(params.kept),
        smoothness=params.smoothness,
        histogram=params.histogram,
        measure=params.statistics,
        strokes=params.strokes,
        side=params.size,
        steps=params.iterations,
        seconds=params.seconds,
        from_noise=params.start == "noise",
        seed=image.seed,
    )
    begun = _begun(image, params) if params.start == "picture" else None
    return Painter(
        features, image.pixels, _styles(image, params), settings, device, progress, begin_with=begun
    )


def _styles(image: FilterInput, params: StylizeParams) -> list[StylePicture]:
    from imgstudio.engine.style.settings import StylePicture

    if params.second is None:
        styles = [StylePicture(painting(params.style), 1.0, image.mask)]
    else:
        first, second = _places(image, params.second_where)
        styles = [
            StylePicture(painting(params.style), 1 - params.mix, first),
            StylePicture(painting(params.second), params.mix, second),
        ]
    if params.colours == "alike":
        styles = [replace(s, pixels=recoloured(s.pixels, image.pixels)) for s in styles]
    return styles


def _places(image: FilterInput, where: Path | None) -> tuple[FloatImage | None, FloatImage | None]:
    """Where each of the two paintings counts, over `image.pixels`: inside the selection, apart by the picture."""
    if where is None:
        return image.mask, image.mask
    second = _here(image, region_map(where, (image.whole.height, image.whole.width)))
    selected = np.float32(1) if image.mask is None else image.mask
    return (1 - second) * selected, second * selected


def _begun(image: FilterInput, params: StylizeParams) -> FloatImage:
    if params.begun is None:
        raise UserError(
            "No picture to go on from is chosen",
            "“Start” says “picture”.",
            "Choose the picture, or start with the photo.",
        )
    return _here(image, stretched(params.begun, (image.whole.height, image.whole.width)))


def _here(image: FilterInput, whole: FloatImage) -> FloatImage:
    """The part of something of the document's size that lies over `image.pixels`."""
    return whole[image.origin.translated(-image.whole.x, -image.whole.y).slices()]


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
