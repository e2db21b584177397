"""The blend functions of W3C Compositing and Blending Level 1 on planes of straight colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, get_args

import numpy as np

from imgstudio.core.lab_mode import recoloured_planes
from imgstudio.core.layers import BlendMode
from imgstudio.core.pixels import Floats

BLEND_MODES: Final[tuple[BlendMode, ...]] = get_args(BlendMode)
"""Every mode, in the order menus show them."""

Blend: TypeAlias = Callable[[Floats, Floats], Floats]


def blended(mode: BlendMode, backdrop: Floats, source: Floats) -> Floats:
    """B(cb, cs) of the standard, section 10: (3, height, width) straight colour in 0..1, result too.

    "plus" has no such function: it is an operator (section 9.1.14), and the compositor's business.
    """
    return _FUNCTIONS[mode](backdrop, source)


def _normal(backdrop: Floats, source: Floats) -> Floats:
    return source


def _multiply(backdrop: Floats, source: Floats) -> Floats:
    return backdrop * source


def _screen(backdrop: Floats, source: Floats) -> Floats:
    return backdrop + source - backdrop * source


def _overlay(backdrop: Floats, source: Floats) -> Floats:
    return _hard_light(source, backdrop)


def _darken(backdrop: Floats, source: Floats) -> Floats:
    return np.minimum(backdrop, source)


def _lighten(backdrop: Floats, source: Floats) -> Floats:
    return np.maximum(backdrop, source)


def _color_dodge(backdrop: Floats, source: Floats) -> Floats:
    room = 1 - source
    out = np.ones_like(backdrop)
    np.divide(backdrop, room, out=out, where=room > 0)
    return np.where(backdrop <= 0, np.float32(0), np.minimum(out, 1))


def _color_burn(backdrop: Floats, source: Floats) -> Floats:
    lack = np.ones_like(backdrop)
    np.divide(1 - backdrop, source, out=lack, where=source > 0)
    return np.where(backdrop >= 1, np.float32(1), 1 - np.minimum(lack, 1))


def _hard_light(backdrop: Floats, source: Floats) -> Floats:
    twice = source + source
    return np.where(source <= 0.5, backdrop * twice, _screen(backdrop, twice - 1))


def _soft_light(backdrop: Floats, source: Floats) -> Floats:
    curve = ((16 * backdrop - 12) * backdrop + 4) * backdrop
    lifted = np.where(backdrop <= 0.25, curve, np.sqrt(np.maximum(backdrop, 0)))
    darker = backdrop - (1 - 2 * source) * backdrop * (1 - backdrop)
    lighter = backdrop + (2 * source - 1) * (lifted - backdrop)
    return np.where(source <= 0.5, darker, lighter)


def _difference(backdrop: Floats, source: Floats) -> Floats:
    return np.asarray(np.abs(backdrop - source), np.float32)


def _hue(backdrop: Floats, source: Floats) -> Floats:
    return _with_lightness(_with_saturation(source, _saturation(backdrop)), _lightness(backdrop))


def _saturation_mode(backdrop: Floats, source: Floats) -> Floats:
    return _with_lightness(_with_saturation(backdrop, _saturation(source)), _lightness(backdrop))


def _color(backdrop: Floats, source: Floats) -> Floats:
    return _with_lightness(source, _lightness(backdrop))


def _luminosity(backdrop: Floats, source: Floats) -> Floats:
    return _with_lightness(backdrop, _lightness(source))


def _lightness(colour: Floats) -> Floats:
    """Lum() of section 10.2."""
    return np.asarray(
        np.float32(0.3) * colour[0] + np.float32(0.59) * colour[1] + np.float32(0.11) * colour[2], np.float32
    )


def _saturation(colour: Floats) -> Floats:
    return np.asarray(colour.max(0) - colour.min(0), np.float32)


def _with_saturation(colour: Floats, saturation: Floats) -> Floats:
    """SetSat() of section 10.2, for all three channels at once."""
    low = colour.min(0)
    spread = colour.max(0) - low
    gain = np.zeros_like(spread)
    np.divide(saturation, spread, out=gain, where=spread > 0)
    return np.asarray((colour - low) * gain, np.float32)


def _with_lightness(colour: Floats, lightness: Floats) -> Floats:
    """SetLum() with ClipColor() of section 10.2."""
    moved = colour + (lightness - _lightness(colour))
    middle = _lightness(moved)
    low, high = moved.min(0), moved.max(0)
    gain = np.ones_like(middle)
    np.divide(middle, middle - low, out=gain, where=(low < 0) & (middle > low))
    moved = middle + (moved - middle) * gain
    gain = np.ones_like(middle)
    np.divide(1 - middle, high - middle, out=gain, where=(high > 1) & (high > middle))
    return np.clip(middle + (moved - middle) * gain, 0, 1)


_FUNCTIONS: Final[dict[BlendMode, Blend]] = {
    "normal": _normal,
    "multiply": _multiply,
    "screen": _screen,
    "overlay": _overlay,
    "darken": _darken,
    "lighten": _lighten,
    "color-dodge": _color_dodge,
    "color-burn": _color_burn,
    "hard-light": _hard_light,
    "soft-light": _soft_light,
    "difference": _difference,
    "hue": _hue,
    "saturation": _saturation_mode,
    "color": _color,
    "luminosity": _luminosity,
    "color-lab": recoloured_planes,
}
