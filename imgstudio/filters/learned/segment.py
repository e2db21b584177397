"""Mark, cut out or mask what a segmentation network finds in the picture."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import luma
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.learned.kind import LearnedKind, filter_id
from imgstudio.filters.reducing import reduced

if TYPE_CHECKING:
    from imgstudio.engine.edges import Fit
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry
    from imgstudio.engine.segment import ClassFacts

GROUND: Final = ("background", "back ground", "ground", "none", "nothing", "other", "others", "rest")
"""Names of a first class that is what is left over."""
SHARPNESS: Final = 3.0
"""How steeply the share of a class turns into coverage at an edge."""
_KEPT: Final = 4

_one_at_a_time: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class SegmentFilterParams:
    show: Annotated[
        Literal["colours", "cut out", "black and white"],
        Ui(
            help="Colours: what is where, painted over the picture. Cut out: only the chosen classes stay. Black and "
            "white: the chosen classes are white."
        ),
    ] = "colours"
    classes: Annotated[
        str,
        Ui(help="Names of the classes that count, with commas between; empty: all but the background."),
    ] = ""
    opacity: Annotated[
        float,
        Number(0, 1, step=0.05, decimals=2),
        Ui(help="Of the colours.", visible_if=("show", "colours")),
    ] = 0.6
    edges: Annotated[
        int,
        Number(0, 16, unit="px"),
        Ui(help="How far an outline may move to follow an edge of the picture; 0: as the network draws it."),
    ] = 3
    size: Annotated[
        int | None,
        Number(96, 3072, step=32, unit="px", log=True),
        Ui(
            label="Detail",
            help="Longer side at which the network looks at the picture: larger finds smaller things, and takes "
            "longer. Automatic: as it learned.",
        ),
    ] = None
    mirrored: Annotated[
        bool | None,
        Ui(help="Look at the mirrored picture too: a little better, twice the time.", advanced=True),
    ] = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found in the whole picture, in the form from which tiles are made."""

    fit: Fit
    """One map a class that is painted, or one in all."""
    whole: Rect
    colours: FloatImage
    """(maps, 3), 0..1; black means that nothing is painted there. Unused for one map in all."""


class _Kept:
    """Guards that at most a few pictures' shares are held, the last ones used: parameters change, networks do not."""

    def __init__(self) -> None:
        self._shares: OrderedDict[tuple[object, ...], FloatImage] = OrderedDict()

    def find(self, key: tuple[object, ...]) -> FloatImage | None:
        if key in self._shares:
            self._shares.move_to_end(key)
        return self._shares.get(key)

    def keep(self, key: tuple[object, ...], shares: FloatImage) -> None:
        self._shares[key] = shares
        while len(self._shares) > _KEPT:
            self._shares.popitem(last=False)


_kept: Final = _Kept()


def prepare(
    registry: ModelRegistry,
    model_id: str,
    image: FilterInput,
    params: SegmentFilterParams,
    progress: Progress,
) -> Found:
    from imgstudio.engine.edges import fitted
    from imgstudio.engine.segment import facts_of, resized

    assert image.look is not None
    manifest = registry.manifest(model_id)
    facts = facts_of(manifest)
    chosen = chosen_classes(params.classes, facts.names)
    size = facts.size.seen(image.whole.width, image.whole.height, params.size)
    small = resized(reduced(image.look, image.whole, max(size), progress.part(0.0, 0.1)), size)
    mirrored = facts.mirrored if params.mirrored is None else params.mirrored
    key = (manifest.sha256, hashlib.sha256(small.tobytes()).digest(), mirrored)
    with _one_at_a_time:
        shares = _kept.find(key)
        if shares is None:
            shares = _looked(registry, model_id, image, small, mirrored, progress.part(0.1, 1.0))
            _kept.keep(key, shares)
    if params.show != "colours":
        shares = chosen_share(shares, chosen)
    return Found(fitted(shares, luma(small), params.edges), image.whole, _palette(facts, chosen))


def segment(image: FilterInput, params: SegmentFilterParams, progress: Progress) -> FloatImage:
    """(h, w, 3); with a fourth plane, what stays, where something is cut out."""
    from imgstudio.engine.edges import applied, taps

    found: Found = image.shared
    box, whole = image.origin.translated(-found.whole.x, -found.whole.y), found.whole
    cells = found.fit.level.shape
    rows = taps(box.y, box.bottom, whole.height, cells[0])
    columns = taps(box.x, box.right, whole.width, cells[1])
    maps = applied(found.fit, luma(image.pixels), rows, columns)
    if params.show == "colours":
        return painted(image.pixels, found.colours[maps.argmax(2)], params.opacity)
    coverage = ((maps - 0.5) * SHARPNESS + 0.5).clip(0, 1)
    if params.show == "cut out":
        return np.concatenate([image.pixels, coverage], axis=2)
    return np.repeat(coverage, 3, axis=2)


def chosen_share(shares: FloatImage, chosen: tuple[int, ...]) -> FloatImage:
    """(h, w, 1): the likeliest chosen class against the likeliest other; 0.5 where they are equally likely."""
    others = [index for index in range(shares.shape[2]) if index not in chosen]
    if not others:
        return np.ones((*shares.shape[:2], 1), np.float32)
    best = shares[..., list(chosen)].max(2, keepdims=True)
    rest = shares[..., others].max(2, keepdims=True)
    return np.asarray(best / (best + rest), np.float32)


def painted(pixels: FloatImage, colours: FloatImage, opacity: float) -> FloatImage:
    """Lay colours over (h, w, 3), but for black ones, which stand for nothing."""
    share = np.float32(opacity) * colours.any(axis=2, keepdims=True)
    return np.asarray(pixels + share * (colours - pixels), np.float32)


def chosen_classes(text: str, names: tuple[str, ...]) -> tuple[int, ...]:
    """Indices of the classes that are named, or of all but the background; raises UserError for other names."""
    asked = [part.strip() for part in text.split(",") if part.strip()]
    if not asked:
        first = 1 if len(names) > 1 and names[0].strip().lower() in GROUND else 0
        return tuple(range(first, len(names)))
    known = {name.strip().lower(): index for index, name in enumerate(names)}
    unknown = [name for name in asked if name.lower() not in known]
    if unknown:
        raise UserError(f"The model knows no class “{unknown[0]}”", "", "Classes: " + ", ".join(names) + ".")
    return tuple(sorted({known[name.lower()] for name in asked}))


def make(registry: ModelRegistry, manifest: ModelManifest) -> Filter[SegmentFilterParams]:
    """The filter of one installed network."""
    return Filter(
        id=filter_id(manifest.id),
        name=manifest.name,
        category="Cut out",
        help=f"Find {_listed(manifest.classes)}.",
        params=SegmentFilterParams,
        run=segment,
        prepare=partial(prepare, registry, manifest.id),
        cuts=lambda params: params.show == "cut out",
        may_be_flat=True,
        models=(manifest.id,),
        preview="live",
        source_type="minorHumanEdits",
        version=manifest.version,
    )


def _looked(
    registry: ModelRegistry,
    model_id: str,
    image: FilterInput,
    small: FloatImage,
    mirrored: bool,
    progress: Progress,
) -> FloatImage:
    """(h, w, classes) of the whole picture at the size that the network wants."""
    import torch

    from imgstudio.engine.device import pick_device
    from imgstudio.engine.segment import Segmenter, facts_of
    from imgstudio.engine.tensors import NotFinite

    device = pick_device(image.device)
    network = registry.load(model_id, device)
    facts = facts_of(registry.manifest(model_id))
    dtype = torch.float32 if image.precise else None
    try:
        return Segmenter(network, facts, device, dtype).shares(small, progress, mirrored=mirrored)
    except NotFinite:  # half precision overflowed
        return Segmenter(network, facts, device, torch.float32).shares(small, progress, mirrored=mirrored)


def _palette(facts: ClassFacts, chosen: tuple[int, ...]) -> FloatImage:
    colours = np.zeros((len(facts.names), 3), np.float32)
    for index in chosen:
        # Plain black would look like a class that is not painted.
        colours[index] = np.asarray(facts.colours[index] if any(facts.colours[index]) else (1, 1, 1)) / 255
    return colours


def _listed(names: tuple[str, ...]) -> str:
    shown = [name for index, name in enumerate(names) if index or name.strip().lower() not in GROUND]
    return ", ".join(shown[:6]) + (" and more" if len(shown) > 6 else "") if shown else "the classes"


KIND = LearnedKind("segment", make)
