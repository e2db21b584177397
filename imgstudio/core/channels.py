"""Selects by one quality of each pixel: how light it is, how red, how colourful."""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np

from imgstudio.core.blend import composite
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, luma, to_float
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TileStore

Channel = Literal["luminance", "red", "green", "blue", "saturation"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
_STRIP: Final = 256


def channel_coverage(pixels: Array, channel: Channel) -> Coverage:
    """(h, w) of straight (h, w, 4) RGBA, uint8 or uint16: 255 where the quality is full.

    Luminance is Rec. 601 luma, saturation that of HSV. What is transparent is not selected, in the measure
    that it is.
    """
    colours, alpha = to_float(np.ascontiguousarray(pixels[..., :3])), to_float(pixels[..., 3])
    if channel == "luminance":
        share = luma(colours)
    elif channel == "saturation":
        most, least = colours.max(2), colours.min(2)
        share = np.where(most > 0, (most - least) / np.maximum(most, np.float32(1e-6)), 0)
    else:
        share = colours[..., ("red", "green", "blue").index(channel)]
    return np.asarray(np.rint(share * alpha * 255), np.uint8)


def select_channel(document: Document, channel: Channel, progress: Progress | None = None) -> None:
    """Select the whole picture in the measure of a quality; one undo step. Raises Cancelled."""
    after, whole = TileStore(1), document.bounds
    for top in (progress or Progress()).track(range(0, whole.height, _STRIP), "Looking at the picture"):
        strip = Rect(0, top, whole.width, min(_STRIP, whole.height - top))
        pixels = composite(document.layers.root, strip, document.dtype)
        after.write(strip, channel_coverage(pixels, channel)[..., None])
    after.drop_plain_tiles()
    document.do(document.replacing(document.selection.store, f"Select by {channel}", after))
