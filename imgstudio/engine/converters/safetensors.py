"""Weights that are safetensors already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


def convert(data: bytes, progress: Progress) -> StateDict:
    from imgstudio.engine.weights import from_safetensors

    progress.update(0.0, "Reading weights")
    return from_safetensors(data)


CONVERTER = Converter("safetensors", convert, suffixes=(".safetensors",))
