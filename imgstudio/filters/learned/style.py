"""Paint a picture in a style that was learned from a painting."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.learned.kind import LearnedKind, filter_id
from imgstudio.filters.paintings import in_colours_of
from imgstudio.filters.reducing import reduced

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry

_one_at_a_time: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class StyleParams:
    size: Annotated[
        int,
        Number(256, 4096, 16, unit="px", log=True),
        Ui(
            label="Canvas",
            help="Longer side of the canvas that is painted: a small one gives large strokes and is quick, a "
            "large one fine strokes. The painting is then brought to the picture's size.",
        ),
    ] = 1024
    keep_colours: Annotated[
        bool,
        Ui(label="Keep colours", help="Take strokes and light from the painting, colours from the picture."),
    ] = False


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The whole picture, painted on its canvas: what the tiles are cut from."""

    canvas: FloatImage
    whole: Rect

    def cut(self, box: Rect) -> FloatImage:
        """(height, width, 3) of a box in document coordinates, brought to the picture's size."""
        height, width = self.canvas.shape[:2]
        rows = _taps(np.arange(box.y, box.bottom) - self.whole.y, self.whole.height, height)
        columns = _taps(np.arange(box.x, box.right) - self.whole.x, self.whole.width, width)
        return _drawn(_drawn(self.canvas, rows).swapaxes(0, 1), columns).swapaxes(0, 1)


def prepare(
    registry: ModelRegistry, model_id: str, image: FilterInput, params: StyleParams, progress: Progress
) -> Painted:
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.nets.stylenet import StyleNet
    from imgstudio.engine.stylise import Stylist

    assert image.look is not None
    small = reduced(image.look, image.whole, params.size, progress.part(0.0, 0.1))
    device = pick_device(image.device)
    network = registry.load(model_id, device)
    assert isinstance(network, StyleNet)
    with _one_at_a_time:
        canvas = Stylist(network, device, image.precise).paint(small, progress.part(0.1, 1.0))
        if not np.isfinite(canvas).all():  # half precision overflowed
            canvas = Stylist(network, device, precise=True).paint(small, progress.part(0.1, 1.0))
    return Painted(canvas, image.whole)


def paint(image: FilterInput, params: StyleParams, progress: Progress) -> FloatImage:
    painted: Painted = image.shared
    made = painted.cut(image.origin)
    if params.keep_colours:
        made = in_colours_of(image.pixels, made)
    return np.asarray(made, np.float32)


def make(registry: ModelRegistry, manifest: ModelManifest) -> Filter[StyleParams]:
    """The filter of one installed style."""
    return Filter(
        id=filter_id(manifest.id),
        name=manifest.name,
        category="Style",
        help=f"Paint the picture in the style “{manifest.name}”.",
        params=StyleParams,
        run=paint,
        prepare=partial(prepare, registry, manifest.id),
        models=(manifest.id,),
        preview="on request",
        source_type="compositeWithTrainedAlgorithmicMedia",
        version=manifest.version,
    )


def _taps(places: npt.NDArray[np.int64], length: int, cells: int) -> tuple[npt.NDArray[np.int64], FloatImage]:
    """For each place along `length` pixels the four nearest of `cells` cells and their weights (Catmull-Rom).

    They depend on nothing but the place, so neighbouring tiles agree to the bit.
    """
    if cells == length:
        return places[None], np.ones((1, len(places)), np.float32)
    centres = (places + 0.5) * (cells / length) - 0.5
    first = np.floor(centres)
    t = (centres - first).astype(np.float32)
    weights = np.stack(
        (
            ((2 - t) * t - 1) * t / 2,
            ((3 * t - 5) * t * t + 2) / 2,
            ((4 - 3 * t) * t + 1) * t / 2,
            (t - 1) * t * t / 2,
        )
    )
    indices = first.astype(np.int64)[None] + np.arange(-1, 3)[:, None]
    return np.clip(indices, 0, cells - 1), weights


def _drawn(pixels: FloatImage, taps: tuple[npt.NDArray[np.int64], FloatImage]) -> FloatImage:
    """Weighted sums of rows of (h, w, 3)."""
    indices, weights = taps
    total = np.zeros((indices.shape[1], *pixels.shape[1:]), np.float32)
    for rows, weight in zip(indices, weights, strict=True):
        total += pixels[rows] * weight[:, None, None]
    return total


KIND = LearnedKind("style", make)
