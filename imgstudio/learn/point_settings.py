"""What a search for points can be told; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from imgstudio.core.params import Number, Ui
from imgstudio.learn.recipe import Request


@dataclass(frozen=True, slots=True)
class PointsParams:
    size: Annotated[
        int | None,
        Number(64, 1024, step=32, unit="px"),
        Ui(
            help="Side of the squares that pictures are brought to. Automatic: by the quality, 192 in the middle."
        ),
    ] = None
    spread: Annotated[
        float,
        Number(0.5, 20, step=0.5, unit="%"),
        Ui(
            help="How far from a point counts as near it while learning, in parts of the side.", advanced=True
        ),
    ] = 2.0
    flip: Annotated[
        bool,
        Ui(label="Mirror", group="Variation", help="Only where left and right points are not told apart."),
    ] = False
    rotate: Annotated[float, Number(0, 180, unit="°"), Ui(label="Turn", group="Variation")] = 10.0
    zoom: Annotated[float, Number(1, 2, step=0.05, decimals=2), Ui(group="Variation")] = 1.2
    light: Annotated[
        float,
        Number(0, 1, step=0.05, decimals=2),
        Ui(label="Light", group="Variation", help="Brighter, darker, more or less contrast."),
    ] = 0.2


def side_for(params: PointsParams, request: Request) -> int:
    """Of the squares (pixels): 128 for the lowest quality, 256 for the highest."""
    return params.size or 128 + 32 * round(4 * request.quality)
