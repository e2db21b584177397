"""Colorize: a network proposes colours, strokes of colour have their way, and both follow the picture's edges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from imgstudio.core.colour_hints import Hint
from imgstudio.core.jobs import Progress
from imgstudio.core.params import GIVEN, ColourHints, Number, Picture, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage, Need
from imgstudio.filters.colorizing import (
    MODELS,
    colours_of,
    has_network,
    hints_in,
    reference_of,
    start_of,
    view_of,
)

if TYPE_CHECKING:
    from imgstudio.engine.colorize.colorist import Colours


@dataclass(frozen=True, slots=True)
class ColorizeParams:
    hints: Annotated[
        tuple[Hint, ...],
        ColourHints(),
        Ui(
            label="Colour strokes",
            help="Colours painted on the picture: what they touch gets exactly these, and all that belongs to it "
            "follows, up to the next edge. Dark places look more colourful than the swatch: take muted colours there.",
        ),
    ] = ()
    automatic: Annotated[
        bool,
        Ui(
            label="Propose colours",
            help="Let a network say what colours the picture may have. Without it only your strokes count, and where "
            "none reach it stays grey.",
        ),
    ] = True
    vivid: Annotated[
        float,
        Number(0, 1, 0.01, decimals=2),
        Ui(
            help="Less: paler and safer colours. More: livelier ones, and more mistakes. Of a picture that has "
            "colours: 0.5 leaves these as strong as they are.",
        ),
    ] = 0.5
    start: Annotated[
        Literal["auto", "grey", "colours"],
        Ui(
            label="Start from",
            help="Grey: the colours that are there, or the tint of a sepia print, are taken off first. Colours: they "
            "stay, also pale ones of a faded photo, and strokes change them. Auto: what the picture looks like.",
        ),
    ] = "auto"
    reference: Annotated[
        Path | None,
        Picture(),
        Ui(help="A picture in colour that lends its colours to what looks alike."),
    ] = None
    reference_strength: Annotated[
        float,
        Number(0, 1, 0.01, decimals=2),
        Ui(
            label="Its influence",
            help="0: the reference changes nothing. 1: its colours are taken wherever something looks alike.",
            visible_if=("reference", GIVEN),
        ),
    ] = 0.7
    network: Annotated[
        Literal["own", "DDColor"],
        Ui(
            help="Own: comes with the program and follows your strokes. DDColor: for who has its weights as a "
            "file; strokes lie over what it says, and it takes no reference.",
            advanced=True,
        ),
    ] = "own"


def prepare(image: FilterInput, params: ColorizeParams, progress: Progress) -> Colours:
    """The colours of the whole picture; raises UserError for a reference that cannot be used."""
    from imgstudio.engine.colorize.colorist import ColorSettings

    view = view_of(image)
    start = start_of(view, image) if params.start == "auto" else params.start
    wants = _asks_network(params) and start == "grey"
    # A network that was chosen is asked even if it is missing: the engine says how to get it.
    proposes = wants and (params.network != "own" or has_network("own"))
    if wants and not proposes:
        image.warn("The model that proposes colours is not installed, so only colour strokes counted")
    elif start == "grey" and not proposes and not params.hints:
        image.warn(
            "Nothing gave the picture colours: there are no colour strokes, and none were to be proposed"
        )
    settings = ColorSettings(
        params.vivid,
        start,
        reference_of(params.reference) if proposes and params.reference is not None else None,
        params.reference_strength,
        proposes,
    )
    return colours_of(image, view, hints_in(image, params.hints), params.network, settings, progress)


def colorize(image: FilterInput, params: ColorizeParams, progress: Progress) -> FloatImage:
    colours: Colours = image.shared
    place = image.origin.translated(-image.whole.x, -image.whole.y)
    return np.asarray(colours.applied(image.pixels, place), np.float32)


def chosen_models(params: ColorizeParams) -> tuple[str, ...]:
    """The network, where it is asked and there is one."""
    return (MODELS[params.network],) if _asks_network(params) and has_network(params.network) else ()


def _asks_network(params: ColorizeParams) -> bool:
    return params.automatic or params.reference is not None


FILTER = Filter(
    id="colorize",
    name="Colorize",
    category="Colour",
    help="Give a black-and-white, sepia or faded photo colours: proposed ones, and those that you paint.",
    params=ColorizeParams,
    run=colorize,
    prepare=prepare,
    blend="color-lab",
    needs=(
        Need(MODELS["own"], required=False, only_if=("network", "own")),
        Need(MODELS["DDColor"], only_if=("network", "DDColor")),
    ),
    models=tuple(MODELS.values()),
    chosen_models=chosen_models,
    preview="live",
    source_type="compositeWithTrainedAlgorithmicMedia",
)
