"""EfficientNet-Lite0 as a PyTorch port of the original checkpoint names its layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict

_ENDS: Final = {
    "_conv_stem": "stem.0",
    "_bn0": "stem.1",
    "_conv_head": "top.0",
    "_bn1": "top.1",
    "_fc": "classify",
}
_WIDENING: Final = {
    "_expand_conv": 0,
    "_bn0": 1,
    "_depthwise_conv": 3,
    "_bn1": 4,
    "_project_conv": 6,
    "_bn2": 7,
}
_FIRST: Final = {"_depthwise_conv": 0, "_bn1": 1, "_project_conv": 3, "_bn2": 4}
"""The first block does not widen."""


def convert(data: bytes, progress: Progress) -> StateDict:
    """Return the state of `nets.lite0.Lite0`; raises UserError when a layer is not one of its."""
    from imgstudio.engine.weights import from_pth

    progress.update(0.0, "Reading weights")
    return {_renamed(name): tensor for name, tensor in from_pth(data).items()}


def _renamed(name: str) -> str:
    layer, _, tensor = name.rpartition(".")
    if layer in _ENDS:
        return f"{_ENDS[layer]}.{tensor}"
    found = re.fullmatch(r"_blocks\.(\d+)\.(\w+)", layer)
    places = dict(enumerate(_places()))
    if found is not None and int(found[1]) in places:
        inner = _FIRST if found[1] == "0" else _WIDENING
        if found[2] in inner:
            return f"{places[int(found[1])]}.layers.{inner[found[2]]}.{tensor}"
    raise UserError(
        "The weights are not those of EfficientNet-Lite0",
        f"There is no layer {name}.",
        "Choose another file.",
    )


def _places() -> Iterator[str]:
    """Names of the blocks of Lite0, in order."""
    from imgstudio.engine.nets.lite0 import STAGES

    for index, stage in enumerate(STAGES):
        for block in range(stage.blocks):
            yield f"stages.{index}.{block}"


CONVERTER = Converter("efficientnet_lite0", convert, runs_nothing=False)
