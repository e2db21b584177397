"""The compositor of the screen: layers blended by QPainter in 8 bits, which is fast, or exactly.

Same rules as core/blend.py, which is exact; tests hold the two together. Modes that turn the rounding of
their backdrop into a jump are left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import numpy as np
from PySide6.QtGui import QPainter

from imgstudio.app.canvas.layer_images import LayerImages, active_mask
from imgstudio.app.canvas.surfaces import (
    Surface,
    blank,
    faded,
    halved,
    premultiplied,
    times,
    unpremultiplied,
    wrapped,
)
from imgstudio.core.blend import composite
from imgstudio.core.blendmodes import blended
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import BlendMode, Layer
from imgstudio.core.pixels import Floats, from_float

Arranged = Callable[[Layer | None, Sequence[Layer]], Sequence[Layer]]
"""What to show of the children of a group (None: of the document), bottom first."""

_Mode = QPainter.CompositionMode
MODES: Final[dict[BlendMode, QPainter.CompositionMode]] = {
    "normal": _Mode.CompositionMode_SourceOver,
    "multiply": _Mode.CompositionMode_Multiply,
    "screen": _Mode.CompositionMode_Screen,
    "overlay": _Mode.CompositionMode_Overlay,
    "darken": _Mode.CompositionMode_Darken,
    "lighten": _Mode.CompositionMode_Lighten,
    "color-dodge": _Mode.CompositionMode_ColorDodge,
    "color-burn": _Mode.CompositionMode_ColorBurn,
    "hard-light": _Mode.CompositionMode_HardLight,
    "soft-light": _Mode.CompositionMode_SoftLight,
    "difference": _Mode.CompositionMode_Difference,
    "plus": _Mode.CompositionMode_Plus,
}
"""Modes QPainter blends itself; of a reduced picture the others are blended in numpy."""
STEEP: Final[frozenset[BlendMode]] = frozenset(
    ("color-dodge", "color-burn", "hue", "saturation", "color", "luminosity", "color-lab")
)
"""Modes that can make any jump of a rounding below them."""
_EXACTLY: Final = 5
"""The exact compositor takes so many times as long as QPainter."""


def as_it_is(group: Layer | None, layers: Sequence[Layer]) -> Sequence[Layer]:
    return layers


def paint_layers(
    layers: Sequence[Layer],
    rect: Rect,
    images: LayerImages,
    arranged: Arranged = as_it_is,
    group: Layer | None = None,
) -> Surface:
    """Blend `layers` over nothing in `rect`, which is in pixels of `images.level`.

    A reduced picture is rough anyway: only one at full size is blended exactly where that is needed.
    """
    if images.is_exact and _has_steep(arranged(group, layers)):
        return premultiplied(composite(shown_tree(layers, arranged, group), rect, np.uint8))
    surface = blank(rect.width, rect.height)
    for base, clipped in _runs(arranged(group, layers)):
        _paint_run(surface, base, clipped, rect, images, arranged)
    return surface


def shown_tree(layers: Sequence[Layer], arranged: Arranged, group: Layer | None = None) -> list[Layer]:
    """The layers arranged, those in groups too, as the exact compositor needs them."""
    return [
        layer
        if layer.children is None
        else replace(layer, children=shown_tree(layer.children, arranged, layer))
        for layer in arranged(group, layers)
    ]


def work_of(layers: Sequence[Layer]) -> int:
    """What blending at full size costs, roughly, in pixel layers that QPainter draws."""
    work = sum(
        (work_of(layer.children) + 1 if layer.children is not None else 1)
        for layer in layers
        if layer.visible and layer.opacity > 0
    )
    return work * _EXACTLY if _has_steep(layers) else work


def _has_steep(layers: Iterable[Layer]) -> bool:
    return any(layer.blend in STEEP and layer.visible and layer.opacity > 0 for layer in layers)


def _runs(layers: Sequence[Layer]) -> list[tuple[Layer, list[Layer]]]:
    """Visible bases with the visible layers clipped to them, bottom first."""
    runs: list[tuple[Layer, list[Layer]]] = []
    for layer in layers:
        if not (layer.clip and runs):
            runs.append((layer, []))
        elif _shows(layer):
            runs[-1][1].append(layer)
    return [(base, clipped) for base, clipped in runs if _shows(base)]


def _shows(layer: Layer) -> bool:
    return layer.visible and layer.opacity > 0 and not (layer.children is None and layer.pixels.is_empty)


def _paint_run(
    surface: Surface,
    base: Layer,
    clipped: Sequence[Layer],
    rect: Rect,
    images: LayerImages,
    arranged: Arranged,
) -> None:
    if not clipped:
        _paint_one(surface, base, rect, images, arranged)
        return
    source = _alone(base, rect, images, arranged)
    alpha = source[..., 3].copy()
    if not alpha.any():
        return
    # Source-atop with any mode: blend over the base's straight colour as if it were opaque, then give
    # it its alpha back.
    source = unpremultiplied(source)
    source[..., 3] = 255
    for layer in clipped:
        _paint_one(source, layer, rect, images, arranged)
    source[..., 3] = alpha
    _blend(surface, premultiplied(source), base.blend, base.opacity)


def _paint_one(surface: Surface, layer: Layer, rect: Rect, images: LayerImages, arranged: Arranged) -> None:
    if layer.children is None and layer.blend in MODES and not _fades_itself(layer.blend, layer.opacity):
        with _painting(surface, layer.blend, layer.opacity) as painter:
            images.draw(painter, layer, rect)
    else:
        _blend(surface, _alone(layer, rect, images, arranged), layer.blend, layer.opacity)


def _alone(layer: Layer, rect: Rect, images: LayerImages, arranged: Arranged) -> Surface:
    """A layer or group by itself: transform and mask applied, opacity not."""
    if layer.children is None:
        surface = blank(rect.width, rect.height)
        with _painting(surface) as painter:
            images.draw(painter, layer, rect)
        return surface
    surface = paint_layers(layer.children, rect, images, arranged, layer)
    mask = active_mask(layer)
    if mask is None:
        return surface
    whole = Rect(*(side << images.level for side in rect))
    return times(surface, halved(mask.read(whole)[..., 0], images.level))


@contextmanager
def _painting(surface: Surface, mode: BlendMode = "normal", opacity: float = 1.0) -> Iterator[QPainter]:
    image = wrapped(surface)
    painter = QPainter(image)
    painter.setCompositionMode(MODES[mode])
    painter.setOpacity(opacity)
    yield painter
    painter.end()


def _blend(surface: Surface, source: Surface, mode: BlendMode, opacity: float) -> None:
    if _fades_itself(mode, opacity):
        source, opacity = faded(source, opacity), 1.0
    if mode in MODES:
        with _painting(surface, mode, opacity) as painter:
            painter.drawImage(0, 0, wrapped(source))
        return
    surface[:] = _blended_exactly(surface, source, mode, opacity)


def _fades_itself(mode: BlendMode, opacity: float) -> bool:
    """Qt clips before it fades where the standard fades the source first; only addition shows it."""
    return mode == "plus" and opacity < 1


def _blended_exactly(surface: Surface, source: Surface, mode: BlendMode, opacity: float) -> Surface:
    """Source-over with a blend function (W3C Compositing Level 1, section 5), premultiplied in and out."""
    below = surface.transpose(2, 0, 1) * np.float32(1 / 255)
    above = source.transpose(2, 0, 1) * np.float32(opacity / 255)
    colour, alpha = below[:3], below[3]
    mixed = blended(mode, _quotient(colour, alpha), _quotient(above[:3], above[3]))
    out = np.empty_like(below)
    out[:3] = (1 - alpha) * above[:3] + (1 - above[3]) * colour + alpha * above[3] * mixed
    out[3] = alpha + above[3] * (1 - alpha)
    return np.asarray(from_float(out).transpose(1, 2, 0), np.uint8)


def _quotient(colour: Floats, alpha: Floats) -> Floats:
    out = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    return np.minimum(out, 1, out=out)
