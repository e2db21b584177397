"""What OpenRaster cannot say about a document, as JSON under imgstudio/ in the file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from imgstudio.core.blendmodes import BLEND_MODES
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import IDENTITY, Transform
from imgstudio.core.imagefile import JpegInfo
from imgstudio.core.imageformats.guard import Damaged
from imgstudio.core.layers import Layer
from imgstudio.core.recipe import Recipe

SCHEMA: Final = 1
NAME: Final = "imgstudio/state.json"

State: TypeAlias = dict[str, Any]
_FARTHEST: Final = 1 << 24
_LARGEST: Final = 1e12
"""Of the numbers of a transform."""


def written(state: State) -> bytes:
    return json.dumps({"imgstudio_project": SCHEMA} | state, ensure_ascii=True, indent=1).encode()


def parsed(data: bytes) -> State:
    """Read what `written` made, of any schema; raises Damaged."""
    try:
        state = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{NAME}: {error}") from error
    if not isinstance(state, dict) or not isinstance(state.get("imgstudio_project"), int):
        raise Damaged(f"{NAME} is no project state")
    return state


def properties_of(layer: Layer) -> State:
    """Everything about a layer but its pictures and children."""
    return {
        "id": layer.id,
        "name": layer.name,
        "visible": layer.visible,
        "opacity": layer.opacity,
        "blend": layer.blend,
        "clip": layer.clip,
        "locked": layer.locked,
        "mask_enabled": layer.mask_enabled,
        "transform": list(layer.transform[:6] if layer.transform.is_affine else layer.transform),
        "recipe": None if layer.recipe is None else json.loads(layer.recipe.to_json()),
        "jpeg": None if layer.jpeg is None else _written_jpeg(layer.jpeg),
    }


def layer_from(state: State, notes: list[str]) -> Layer:
    """A layer with these properties and no pixels; what cannot be used falls back, with a note."""
    name = state.get("name")
    layer = Layer(name if isinstance(name, str) else "Layer")
    if isinstance(state.get("id"), str) and state["id"]:
        layer.id = state["id"]
    for flag in ("visible", "clip", "locked", "mask_enabled"):
        if isinstance(state.get(flag), bool):
            setattr(layer, flag, state[flag])
    layer.opacity = min(max(number(state.get("opacity"), 1.0), 0.0), 1.0)
    if state.get("blend") in BLEND_MODES:
        layer.blend = state["blend"]
    else:
        notes.append(f"“{layer.name}”: its blend mode is not known and became Normal")
    layer.transform = _transform(state.get("transform"))
    layer.recipe = _recipe(state.get("recipe"), layer.name, notes)
    layer.jpeg = _jpeg(state.get("jpeg"))
    return layer


def number(value: object, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return default
    return float(value)


def offset(value: object) -> int:
    """A coordinate, kept in a range that geometry can bear."""
    return round(min(max(number(value, 0.0), -_FARTHEST), _FARTHEST))


def _transform(value: object) -> Transform:
    """Six numbers, nine in perspective."""
    if not isinstance(value, list) or len(value) not in (6, 9):
        return IDENTITY
    numbers = [number(item, math.inf) for item in value]
    return Transform(*numbers) if all(abs(item) <= _LARGEST for item in numbers) else IDENTITY


def _recipe(value: object, name: str, notes: list[str]) -> Recipe | None:
    if value is None:
        return None
    try:
        return Recipe.from_json(json.dumps(value))
    except UserError as error:
        notes.append(f"“{name}”: its recipe was left out. {error}")
        return None


def _written_jpeg(jpeg: JpegInfo) -> State:
    return {
        "luma": jpeg.luma.tolist(),
        "chroma": None if jpeg.chroma is None else jpeg.chroma.tolist(),
        "subsampling": list(jpeg.subsampling),
        "grid": list(jpeg.grid),
        "quality": jpeg.quality,
    }


def _jpeg(value: object) -> JpegInfo | None:
    """A wrong table is worse than none, so anything odd gives None."""
    if not isinstance(value, Mapping):
        return None
    try:
        luma = np.array(value["luma"], np.uint16)
        chroma = None if value["chroma"] is None else np.array(value["chroma"], np.uint16)
        across, down = (int(n) for n in value["subsampling"])
        x, y = (int(n) % 8 for n in value["grid"])
        info = JpegInfo(luma, chroma, (across, down), (x, y), int(value["quality"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    fits = luma.shape == (8, 8) and (chroma is None or chroma.shape == (8, 8))
    return info if fits and across in (1, 2, 4) and down in (1, 2, 4) else None
