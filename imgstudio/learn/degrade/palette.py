"""Palette: few colours, as in GIF files, with or without dots between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from PIL import Image

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.learn.degrade.base import Degrader, drawn


@dataclass(frozen=True, slots=True)
class PaletteParams:
    least: Annotated[int, Number(2, 256, log=True), Ui(label="Fewest colours")] = 16
    most: Annotated[int, Number(2, 256, log=True), Ui(label="Most colours")] = 256
    dotted: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How many are dithered: colours mixed of dots.")
    ] = 50.0


def palette(picture: Floats, params: PaletteParams, random: np.random.Generator) -> Floats:
    colours = round(2 ** drawn(np.log2(params.least), np.log2(params.most), random))
    dotted = bool(random.random() < params.dotted / 100)
    image = Image.fromarray(from_float(picture))
    chosen = image.quantize(colours, method=Image.Quantize.MEDIANCUT)
    if dotted:
        chosen = image.quantize(palette=chosen, dither=Image.Dither.FLOYDSTEINBERG)
    return to_float(np.asarray(chosen.convert("RGB")))


DEGRADER = Degrader("palette", "Few colours", "As in GIF files.", PaletteParams, palette, stage=70)
