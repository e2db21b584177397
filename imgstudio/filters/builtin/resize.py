"""Resize: another number of pixels, with proper anti-aliasing when it shrinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from PIL import Image

from imgstudio.core.geometry import Size
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import to_linear, to_srgb
from imgstudio.filters.base import Filter, FilterInput, FloatImage, whole_picture

LARGEST: Final = 60000
METHODS: Final = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
}


@dataclass(frozen=True, slots=True)
class ResizeParams:
    unit: Annotated[Literal["percent", "pixels"], Ui(label="Give size in")] = "percent"
    percent: Annotated[
        float, Number(1, 1600, 1, soft_max=400, unit="%", log=True), Ui(visible_if=("unit", "percent"))
    ] = 50.0
    width: Annotated[
        int | None,
        Number(1, LARGEST, unit="px"),
        Ui(help="Automatic: as the height asks for.", visible_if=("unit", "pixels")),
    ] = None
    height: Annotated[
        int | None,
        Number(1, LARGEST, unit="px"),
        Ui(help="Automatic: as the width asks for.", visible_if=("unit", "pixels")),
    ] = None
    method: Annotated[
        Literal["lanczos", "bicubic", "bilinear", "nearest"], Ui(help="Lanczos is the sharpest.")
    ] = "lanczos"
    linear: Annotated[
        bool, Ui(label="In linear light", help="Keeps the brightness of fine patterns.", advanced=True)
    ] = False


def new_size(params: ResizeParams, size: Size) -> Size:
    """Width and height after resizing; a side left automatic keeps the proportions."""
    if params.unit == "percent":
        factor = params.percent / 100
        return Size(max(1, round(size.width * factor)), max(1, round(size.height * factor)))
    width, height = params.width, params.height
    if width is None and height is None:
        return size
    if width is None:
        assert height is not None
        return Size(max(1, round(size.width * height / size.height)), height)
    return Size(width, height or max(1, round(size.height * width / size.width)))


def resize(image: FilterInput, params: ResizeParams, progress: Progress) -> FloatImage:
    wanted = new_size(params, Size(image.pixels.shape[1], image.pixels.shape[0]))
    pixels = to_linear(image.pixels) if params.linear else image.pixels
    planes = []
    for channel in progress.track(range(pixels.shape[2]), "Resizing"):
        plane = Image.fromarray(np.ascontiguousarray(pixels[..., channel]), mode="F")
        planes.append(np.asarray(plane.resize(wanted, METHODS[params.method]), np.float32))
    out = np.stack(planes, axis=-1)
    return to_srgb(np.maximum(out, 0)) if params.linear else out


FILTER = Filter(
    id="resize",
    name="Resize",
    category="Size",
    help="Change the number of pixels of the whole picture.",
    params=ResizeParams,
    run=resize,
    margin=whole_picture,
    size=new_size,
    preview="none",
)
