"""LUT: a look from a .cube file, as graders and cameras exchange them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Picture, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.cube import CubeTable, apply_cube, read_cube


@dataclass(frozen=True, slots=True)
class LutParams:
    file: Annotated[
        Path | None, Picture((".cube",)), Ui(label="Table", help="A .cube file with a 1-D or 3-D table.")
    ] = None


def prepare(image: FilterInput, params: LutParams, progress: Progress) -> CubeTable:
    if params.file is None:
        raise UserError("No table is chosen", "", "Choose a .cube file")
    return read_cube(params.file)


def lut(image: FilterInput, params: LutParams, progress: Progress) -> FloatImage:
    return apply_cube(image.pixels, image.shared)


FILTER = Filter(
    id="lut",
    name="Look-up table",
    category="Colour",
    help="Apply a look from a .cube file; strength mixes it in.",
    params=LutParams,
    run=lut,
    prepare=prepare,
)
