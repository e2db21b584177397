"""Models that a person has as a file: what they are installed as."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from imgstudio.core.errors import UserError
from imgstudio.engine.manifest import File, ModelManifest

DDCOLOR: Final = "colorize-ddcolor"
SUFFIXES: Final = (".pth", ".pt", ".safetensors")


def entry_of(path: Path) -> ModelManifest:
    """For `sources.install`, which looks into the file once the person has agreed. Raises UserError.

    The only kind that is known by now is DDColor.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            f"“{path.name}” is no model",
            "It does not end as weights do.",
            f"Choose a {' or '.join(SUFFIXES)} file.",
        )
    return ModelManifest(
        DDCOLOR,
        "DDColor",
        "colorize",
        "ddcolor",
        multiple_of=32,
        minimum=32,
        tiling="discouraged",
        source=File(str(path.absolute()), converter="ddcolor"),
        licence="Apache-2.0, as published; your file may have another",
        card={
            "data": "ImageNet, as published",
            "limits": "Says colours in one go: colour strokes are spread over them and change nothing of what it says "
            "elsewhere, and it takes no reference. Needs the package spandrel-extra-arches.",
        },
    )
