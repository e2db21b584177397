"""What Colorize shows its engine, and the engines that it keeps so that one more stroke is quick."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np

from imgstudio.core import imagefile
from imgstudio.core.colour_hints import Hints, moved
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Size
from imgstudio.core.jobs import Progress, holding
from imgstudio.core.paths import file_errors
from imgstudio.core.pixels import over_grey, resized
from imgstudio.filters.base import FilterInput, FloatImage
from imgstudio.filters.models import models

if TYPE_CHECKING:
    from imgstudio.engine.colorize.colorist import Colorist, ColorSettings, Colours, Suggestion
    from imgstudio.engine.colorize.tint import Kind
    from imgstudio.engine.nets.colournet import ColourNet

MODELS: Final = {"own": "colorize", "DDColor": "colorize-ddcolor"}
"""Networks by what they are called in the form."""
SEEN: Final = 1024
"""Longer side of the view of the picture that the engine is given (pixels)."""
TOLD: Final = 256
"""Longer side at which it is told whether the picture has colours (pixels)."""
LENT: Final = 512
"""Longer side to which a picture that lends its colours is brought (pixels)."""
_GREY: Final = np.float32(0.5)

_one_at_a_time: Final = threading.Lock()

Start = Literal["grey", "colours"]
Network = Literal["own", "DDColor"]


def view_of(image: FilterInput) -> FloatImage:
    """The whole picture, (h, w, 3), small; where it is transparent it is grey, whatever colours lie there."""
    pixels = image.pixels
    if image.alpha is not None:
        pixels = np.asarray(_GREY + image.alpha[..., None] * (pixels - _GREY), np.float32)
    return _reduced(pixels, SEEN)


def start_of(view: FloatImage, image: FilterInput) -> Start:
    """From what to start where the user leaves it to the program; tells why, unless the picture is simply grey."""
    small = _reduced(view, TOLD)
    kind = _kind(small.shape, small.tobytes())
    if kind == "coloured":
        image.warn("The picture has colours, which were kept; start from grey to colour it anew")
        return "colours"
    if kind == "tinted":
        image.warn("The picture has one tint all over, which was taken for grey")
    return "grey"


def has_network(network: Network) -> bool:
    """Whether the model that proposes colours is installed; reads no weights."""
    return any(manifest.id == MODELS[network] for manifest in models().manifests())


def hints_in(image: FilterInput, hints: Hints) -> Hints:
    """The same in pixels of `image.whole`."""
    placed = moved(hints, image.to_document.inverted())
    whole = image.whole
    reach = [
        hint
        for hint in placed
        if whole.x - hint.radius < hint.x < whole.right + hint.radius
        and whole.y - hint.radius < hint.y < whole.bottom + hint.radius
    ]
    if hints and not reach:
        image.warn("All colour hints lie outside the picture")
    return tuple(reach)


def reference_of(path: Path) -> FloatImage:
    """(h, w, 3) of a picture that lends its colours, small. Raises UserError where it has none."""
    with file_errors(path):
        status = path.stat()
    return _reference(path, status.st_mtime_ns, status.st_size)


def colours_of(
    image: FilterInput,
    view: FloatImage,
    hints: Hints,
    network: Network,
    settings: ColorSettings,
    progress: Progress,
) -> Colours:
    """The colours of the picture, for all of its parts. Raises UserError, Cancelled, MemoryError."""
    with holding(_one_at_a_time, progress.token):
        colorist = _colorist(image.device, network)
        colorist.set_image(view, Size(image.whole.width, image.whole.height))
        return colorist.colours(hints, settings, progress)


def suggestions(
    view: FloatImage, whole: Size, x: float, y: float, count: int, hints: Hints, device: str = "auto"
) -> list[Suggestion]:
    """Likely colours of a place of a document, most likely first; [] while there is no network to say so.

    `view` is what `view_of` gives, `whole` the document's size; x and y are in its pixels, as `hints` are.
    """
    if not has_network("own"):
        return []
    with _one_at_a_time:
        colorist = _colorist(device, "own")
        colorist.set_image(view, whole)
        return colorist.suggestions(x, y, count, hints)


@cache
def _colorist(device: str, network: Network) -> Colorist:
    from imgstudio.engine.colorize.colorist import Colorist
    from imgstudio.engine.device import pick_device

    other = None if network == "own" else models().load(MODELS[network], pick_device(device))
    return Colorist(device, cast("ColourNet | None", other))  # DDColor speaks as ours does


@lru_cache(maxsize=4)
def _kind(shape: tuple[int, ...], pixels: bytes) -> Kind:
    """Of float32 pixels; remembered, as it is asked for with every stroke."""
    from imgstudio.engine.colorize.tint import kind_of

    return kind_of(np.frombuffer(pixels, np.float32).reshape(shape)).kind


@lru_cache(maxsize=2)
def _reference(path: Path, changed: int, size: int) -> FloatImage:
    """`changed` and `size` are of the file: another one with the same name is read anew."""
    from imgstudio.engine.colorize.tint import kind_of

    pixels = _reduced(over_grey(imagefile.read(path).pixels), LENT)
    if kind_of(pixels).kind != "coloured":
        raise UserError(
            f"“{path.name}” has no colours to lend",
            "It is grey, or has one tint only.",
            "Choose a picture in colour.",
        )
    return pixels


def _reduced(pixels: FloatImage, longest: int) -> FloatImage:
    height, width = pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels
    made = resized(pixels, max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(np.clip(made, 0, 1), np.float32)
