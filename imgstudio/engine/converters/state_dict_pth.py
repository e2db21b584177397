"""A state dict that torch saved, read with weights_only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


def convert(data: bytes, progress: Progress) -> StateDict:
    from imgstudio.engine.weights import from_pth

    progress.update(0.0, "Reading weights")
    return from_pth(data)


CONVERTER = Converter("state_dict_pth", convert, suffixes=(".pth", ".pt", ".ckpt"), runs_nothing=False)
