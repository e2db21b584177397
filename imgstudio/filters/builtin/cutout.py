"""Cut out subject: a network finds what stands out, matting finds its edge."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

import cv2
import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import CutInto, Filter, FilterInput, FloatImage, Need
from imgstudio.filters.models import models, sha256_of
from imgstudio.filters.reducing import reduced

if TYPE_CHECKING:
    from imgstudio.engine.cutout import Matte
    from imgstudio.engine.cutout_large import CutOut

T = TypeVar("T")
MODELS: Final = {"own": "cutout", "U2-NetP": "cutout-u2netp", "MODNet": "portrait-modnet"}
"""Networks by what they are called in the form."""
OPAQUE: Final = 0.02
"""Coverage of a pixel from which on a layer has something there."""
EMPTY_GREY: Final = 0.5
"""What the network sees where a layer has nothing."""
_KEPT: Final = 6

_one_at_a_time: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class CutoutParams:
    output: Annotated[
        Literal["alpha", "layer", "selection", "mask"],
        Ui(
            help="Alpha: all but the subject becomes transparent, by a mask. Layer: a copy that is cut out, the layer "
            "itself is hidden. Selection: the subject is selected. Mask: a picture, white where the subject is."
        ),
    ] = "alpha"
    threshold: Annotated[
        float,
        Number(0.05, 0.95, step=0.05, decimals=2),
        Ui(help="How sure a part must be to stay: lower takes in more, higher less."),
    ] = 0.5
    edge: Annotated[
        float,
        Number(0, 10, step=0.1, soft_max=4, decimals=1, unit="%"),
        Ui(
            help="How far on either side of the outline the true edge is looked for, of the picture's longer side: more "
            "for hair and fur. 0: as the network draws it."
        ),
    ] = 2.0
    decontaminate: Annotated[
        bool,
        Ui(
            label="Decontaminate colours",
            help="Give the soft edge the subject's own colours, so that no old background shines through.",
        ),
    ] = True
    mirrored: Annotated[
        bool, Ui(help="Look at the mirrored picture too: a little surer, twice the time.", advanced=True)
    ] = True
    network: Annotated[
        Literal["own", "U2-NetP", "MODNet"],
        Ui(
            help="Own: comes with the program. The others are from the model manager. U2-NetP: outlines a little truer, "
            "takes longer. MODNet: for portraits, sees people only.",
            advanced=True,
        ),
    ] = "own"


class _Kept:
    """Guards that at most a few results are held, the last ones used: dials move, pictures stay."""

    def __init__(self) -> None:
        self._items: OrderedDict[tuple[object, ...], object] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: tuple[object, ...], kind: type[T]) -> T | None:
        with self._lock:
            found = self._items.get(key)
            if found is None:
                return None
            self._items.move_to_end(key)
        assert isinstance(found, kind)
        return found

    def keep(self, key: tuple[object, ...], item: object) -> None:
        with self._lock:
            self._items[key] = item
            while len(self._items) > _KEPT:
                self._items.popitem(last=False)


_kept: Final = _Kept()


def prepare(image: FilterInput, params: CutoutParams, progress: Progress) -> CutOut:
    from imgstudio.engine.cutout import MATTED
    from imgstudio.engine.cutout_large import cut_out

    assert image.look is not None
    box = _filled(image)
    longest = min(MATTED, max(box.width, box.height))
    small = reduced(image.look, box, longest, progress.part(0.0, 0.15))
    small = _on_grey(small, image, box)
    found = _matte(image, small, params, progress.part(0.15, 0.9))
    cleans = params.decontaminate and params.output in ("alpha", "layer")
    return cut_out(small, found, box, progress.part(0.9, 1.0), decontaminate=cleans)


def cutout(image: FilterInput, params: CutoutParams, progress: Progress) -> FloatImage:
    """(h, w, 4), the last plane what stays; (h, w, 3) where the mask is asked for."""
    from imgstudio.engine.cutout_large import part_of

    colours, coverage = part_of(image.shared, image.pixels, image.origin)
    if params.output == "mask":
        return np.repeat(coverage[..., None], 3, axis=2)
    return np.dstack((colours, coverage)).astype(np.float32)


def _matte(image: FilterInput, small: FloatImage, params: CutoutParams, progress: Progress) -> Matte:
    from imgstudio.engine.cutout import Matte, check_subject, matte

    picture = hashlib.sha256(small.tobytes()).digest()
    seen_key = (sha256_of(MODELS[params.network]), picture, params.mirrored)
    salient = _kept.find(seen_key, np.ndarray)
    if salient is None:
        salient = _salience(image, small, params, progress.part(0.0, 0.3))
        _kept.keep(seen_key, salient)
    check_subject(salient, params.threshold)
    reach = params.edge / 100 * max(small.shape[:2])
    key = (*seen_key, params.threshold, reach)
    made = _kept.find(key, Matte)
    if made is None:
        made = matte(small, salient, progress.part(0.3, 1.0), threshold=params.threshold, reach=reach)
        _kept.keep(key, made)
    return made


def _salience(image: FilterInput, small: FloatImage, params: CutoutParams, progress: Progress) -> FloatImage:
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.salience import salience

    progress.update(0.0, "Looking for what stands out")
    device = pick_device(image.device)
    with _one_at_a_time:
        network = models().load(MODELS[params.network], device)
        return salience(network, small, mirrored=params.mirrored, device=device, progress=progress)


def _filled(image: FilterInput) -> Rect:
    """The part of the picture where the layer has something; all of it when it has nothing."""
    if image.alpha is None:
        return image.whole
    left, top, width, height = cv2.boundingRect((image.alpha > OPAQUE).astype(np.uint8))
    if min(width, height) == 0:
        return image.whole
    across, down = image.whole.width / image.alpha.shape[1], image.whole.height / image.alpha.shape[0]
    first = int(left * across), int(top * down)
    last = int(-(-(left + width) * across // 1)), int(-(-(top + height) * down // 1))
    box = Rect(first[0], first[1], last[0] - first[0], last[1] - first[1])
    return box.translated(image.whole.x, image.whole.y).intersect(image.whole)


def _on_grey(small: FloatImage, image: FilterInput, box: Rect) -> FloatImage:
    """Where the layer is transparent, whatever colours lie there must not count."""
    if image.alpha is None:
        return small
    across, down = image.alpha.shape[1] / image.whole.width, image.alpha.shape[0] / image.whole.height
    height, width = small.shape[:2]
    inner = box.translated(-image.whole.x, -image.whole.y)
    columns = (inner.x + (np.arange(width, dtype=np.float32) + 0.5) * inner.width / width) * across - 0.5
    rows = (inner.y + (np.arange(height, dtype=np.float32) + 0.5) * inner.height / height) * down - 0.5
    across_map, down_map = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    alpha = cv2.remap(image.alpha, across_map, down_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[
        ..., None
    ]
    return np.asarray(EMPTY_GREY + alpha * (small - EMPTY_GREY), np.float32)


def into(params: CutoutParams) -> CutInto:
    """What the cut-out becomes in a document."""
    return params.output if params.output in ("layer", "selection") else "mask"


FILTER = Filter(
    id="cutout",
    name="Cut out subject",
    category="Cut out",
    help="Find what stands out, follow its edge into the hair, and free it of its background.",
    params=CutoutParams,
    run=cutout,
    prepare=prepare,
    cuts=lambda params: params.output != "mask",
    into=into,
    may_be_flat=True,
    needs=tuple(
        Need(model, only_if=("network", network)) for network, model in MODELS.items() if network != "own"
    ),
    models=tuple(MODELS.values()),
    chosen_models=lambda params: (MODELS[params.network],),
    preview="live",
    source_type="minorHumanEdits",
)
