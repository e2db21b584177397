"""Published weights of DDColor, .pth or .safetensors, after a look whether they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


def convert(data: bytes, progress: Progress) -> StateDict:
    """Raises UserError where the file holds something else, or the package with the layers is missing."""
    from imgstudio.engine.nets.ddcolor import made_for
    from imgstudio.engine.weights import from_pth, from_safetensors

    progress.update(0.0, "Reading weights")
    is_zip = data.startswith(b"PK")
    state = from_pth(data) if is_zip else from_safetensors(data)
    progress.update(0.5, "Trying whether they fit")
    try:
        made_for(state)
    except RuntimeError as error:
        raise UserError(
            "The file holds no DDColor", f"Its weights do not fit: {error}.", "Choose another file."
        ) from error
    return state


CONVERTER = Converter("ddcolor", convert, runs_nothing=False)
