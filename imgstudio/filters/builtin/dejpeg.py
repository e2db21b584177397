"""Remove JPEG artifacts with our own network, which reads the file's quantisation tables when it can."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.imagefile import JpegInfo
from imgstudio.core.jobs import CancelToken, Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.models import models

if TYPE_CHECKING:
    from imgstudio.engine.dejpeg import Condition, Dejpeg
    from imgstudio.engine.jpeg import JpegTables

MODEL: Final = "dejpeg"
MARGIN: Final = 64
"""Context in pixels; the network's reach is checked against it when it is loaded."""
HIDDEN_LOSS: Final = 0.25
"""How much coarser (log2 of the step / 8) a picture must look than its file says to distrust the file."""

_one_at_a_time: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class DejpegParams:
    quality: Annotated[
        int | None,
        Number(1, 100),
        Ui(help="Quality it was saved with. Automatic reads it from the file or judges it by looking."),
    ] = None
    passes: Annotated[
        Literal["automatic", 1, 2, 4],
        Ui(
            help="How often it looks, each time at another mirror image; the mean is a little nearer to the "
            "truth. Automatic looks more than once at small pictures only.",
            advanced=True,
        ),
    ] = "automatic"


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """How the picture was compressed, found out once for all tiles."""

    condition: Condition
    tables: JpegTables | None
    """Given where the file's own tables may bound the result."""


def prepare(image: FilterInput, params: DejpegParams, progress: Progress) -> Judged:
    from imgstudio.engine.jpeg import standard_tables

    network = _network(image.device)
    looked = network.estimate(_mosaic(image))
    if params.quality is not None:
        return Judged(network.condition_from_tables(standard_tables(params.quality), looked.grid), None)
    if image.jpeg is None:
        return Judged(looked, None)
    tables = _tables(image.jpeg)
    told = network.condition_from_tables(tables, image.jpeg.grid)
    # Saved well after it had been saved badly: the file knows of the last time only.
    if float(looked.numbers[0, :3].mean() - told.numbers[0, :3].mean()) > HIDDEN_LOSS:
        return Judged(looked, None)
    return Judged(told, tables)


def dejpeg(image: FilterInput, params: DejpegParams, progress: Progress) -> FloatImage:
    from imgstudio.engine.dejpeg import affordable_passes
    from imgstudio.engine.device import guard

    network = _network(image.device, precise=image.precise)
    judged: Judged = image.shared
    whole = image.whole.width * image.whole.height
    passes = affordable_passes(whole) if params.passes == "automatic" else params.passes
    with _one_at_a_time, guard(), _cancellable(network, progress.token):
        return network.restore(
            image.pixels,
            judged.condition,
            origin=(image.origin.x, image.origin.y),
            tables=judged.tables,
            passes=passes,
        )


def _mosaic(image: FilterInput) -> FloatImage:
    """Windows from all over the picture at full resolution, side by side; all of a small picture.

    They begin at multiples of 16, so block grids stay in step, and lie where the network's judge looks.
    """
    from imgstudio.engine.dejpeg import PROBE, PROBES

    assert image.look is not None
    whole, look = image.whole, image.look
    if min(whole.width, whole.height) < PROBE * PROBES:
        side = PROBE * PROBES
        return look(Rect(0, 0, min(whole.width, side), min(whole.height, side)))
    columns, rows = (
        [(side - PROBE) * i // (PROBES - 1) // 16 * 16 for i in range(PROBES)]
        for side in (whole.width, whole.height)
    )
    strips = [np.concatenate([look(Rect(x, y, PROBE, PROBE)) for x in columns], axis=1) for y in rows]
    return np.concatenate(strips, axis=0)


def _tables(jpeg: JpegInfo) -> JpegTables:
    import torch

    from imgstudio.engine.jpeg import JpegTables

    names = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}
    luma = torch.from_numpy(jpeg.luma.astype(np.float32)).clamp(1, 255)
    chroma = None if jpeg.chroma is None else torch.from_numpy(jpeg.chroma.astype(np.float32)).clamp(1, 255)
    return JpegTables(luma, chroma, names.get(jpeg.subsampling, "4:2:0"))


@cache
def _network(device_name: str, *, precise: bool = False) -> Dejpeg:
    import torch

    from imgstudio.engine.dejpeg import Dejpeg
    from imgstudio.engine.device import compute_dtype, pick_device
    from imgstudio.engine.nets.dejpeg import DejpegNet

    device = pick_device(device_name)
    loaded = models().load(MODEL)
    assert isinstance(loaded, DejpegNet)
    dtype = torch.float32 if precise else compute_dtype(device)
    network = Dejpeg(loaded, device, dtype)
    assert network.reach <= MARGIN
    return network


@contextmanager
def _cancellable(network: Dejpeg, token: CancelToken) -> Iterator[None]:
    """Check for a cancel before every convolution, so that even a slow tile ends at once."""
    import torch

    layers = [module for module in network.net.modules() if isinstance(module, torch.nn.Conv2d)]
    hooks = [layer.register_forward_pre_hook(lambda module, inputs: token.check()) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


FILTER = Filter(
    id="dejpeg",
    name="Remove JPEG artifacts",
    category="Repair",
    help="Take away the blocks and ringing of JPEG compression and keep the texture.",
    params=DejpegParams,
    run=dejpeg,
    prepare=prepare,
    margin=lambda params: MARGIN,
    align=16,
    models=(MODEL,),
    preview="live",
    source_type="algorithmicallyEnhanced",
)
