"""JPEG: saved too small, once or twice, with any colour subsampling."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from PIL import Image

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.learn.degrade.base import Degrader, drawn


@dataclass(frozen=True, slots=True)
class JpegParams:
    least: Annotated[int, Number(1, 100), Ui(label="Least quality")] = 15
    most: Annotated[int, Number(1, 100), Ui(label="Most quality")] = 75
    twice: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How many are saved a second time, cut differently.")
    ] = 15.0


def jpeg(picture: Floats, params: JpegParams, random: np.random.Generator) -> Floats:
    out = _saved(picture, params, random)
    return _saved(out, params, random) if random.random() < params.twice / 100 else out


def _saved(picture: Floats, params: JpegParams, random: np.random.Generator) -> Floats:
    """Through an encoder whose 8 x 8 grid begins anywhere."""
    down, across = (int(shift) for shift in random.integers(0, 8, 2))
    padded = np.pad(from_float(picture), ((down, 0), (across, 0), (0, 0)), mode="edge")
    subsampling = int(random.choice([0, 1, 2], p=[0.25, 0.1, 0.65]))
    draft = io.BytesIO()
    quality = round(drawn(params.least, params.most, random))
    Image.fromarray(padded).save(draft, "JPEG", quality=quality, subsampling=subsampling)
    with Image.open(draft) as opened:
        return to_float(np.asarray(opened.convert("RGB"))[down:, across:])


DEGRADER = Degrader(
    "jpeg", "JPEG", "Blocks and ringing of files saved too small.", JpegParams, jpeg, stage=80
)
