"""Vectors of styles: of presets, of any picture, and of what lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from imgstudio.core.errors import UserError
from imgstudio.core.pixels import Floats
from imgstudio.engine.device import guard
from imgstudio.engine.features import BUNDLED, FeatureExtractor
from imgstudio.engine.style.wishes import resized
from imgstudio.engine.tensors import to_tensor

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from imgstudio.engine.nets.anystyle import AnyStyle
    from imgstudio.engine.nets.ghiasi import GhiasiStyle
    from imgstudio.engine.nets.stylenet import StyleNet
    from imgstudio.engine.registry import ModelRegistry

LOOKED_AT: Final = 400
"""Longer side at which a painting is looked at (pixels): the bundled networks learned strokes of this size."""

GHIASI_SIDE: Final = 256
"""Shorter side at which Magenta's network looks at a painting (pixels)."""


def looked_at(picture: Floats, strokes: float = 1.0) -> Floats:
    """(h, w, 3) at the size at which its strokes are taken over, `strokes` times as large as usual."""
    factor = strokes * min(1.0, LOOKED_AT / max(picture.shape[:2]))
    height, width = (max(16, round(side * factor)) for side in picture.shape[:2])
    return resized(picture, (height, width))


def appearance_of(registry: ModelRegistry, picture: Floats, device: torch.device) -> Tensor:
    """(1, numbers): what the bundled perceptual net sees in (h, w, 3), wherever it lies."""
    import torch

    from imgstudio.engine.nets.anystyle import appearance

    features = FeatureExtractor(registry.load(BUNDLED, device))
    with guard(), torch.inference_mode():
        return appearance(features(to_tensor(picture, device)))


def preset_vector(model: AnyStyle, number: int) -> Tensor:
    """(1, n) of a style that the model knows by heart."""
    return model.painter.styles.vectors[number : number + 1].detach()


def predicted_vector(model: AnyStyle, appearance: Tensor) -> Tensor:
    """(1, n) of the picture that looks like that."""
    import torch

    with torch.inference_mode():
        vector: Tensor = model.predictor(appearance)
    return vector


def ghiasi_vector(model: GhiasiStyle, picture: Floats, device: torch.device, strokes: float = 1.0) -> Tensor:
    """(1, 100) of (h, w, 3), `strokes` times as large as usual, for Magenta's network."""
    import torch

    factor = strokes * min(1.0, GHIASI_SIDE / min(picture.shape[:2]))
    height, width = (max(16, round(side * factor)) for side in picture.shape[:2])
    with guard(), torch.inference_mode():
        vector: Tensor = model.predictor(to_tensor(resized(picture, (height, width)), device))
    return vector


def blended(vectors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Weighted mean of vectors (1, n); weights need not sum to 1."""
    total = sum(weights)
    if total <= 0:
        raise ValueError("weights must not all be 0")
    mixed = vectors[0] * (weights[0] / total)
    for vector, weight in zip(vectors[1:], weights[1:], strict=True):
        mixed = mixed + vector * (weight / total)
    return mixed


def painter_of(registry: ModelRegistry, model_id: str, device: torch.device) -> StyleNet:
    """The network of a style that was learned, put on the trunk that it was learned on where it has none.

    The trunk may also be one that comes with the program and that `registry` does not list.

    Raises UserError where that trunk is missing or another one by now.
    """
    from imgstudio.engine.nets.newstyle import NewStyle
    from imgstudio.engine.nets.stylenet import StyleNet

    network = registry.load(model_id, device)
    if isinstance(network, NewStyle):
        known = {manifest.id for manifest in registry.manifests()}
        bases = registry if network.base in known else type(registry).of_user()
        manifest = bases.manifest(network.base)
        if manifest.sha256 != network.base_sha256:
            raise UserError(
                f"“{registry.manifest(model_id).name}” does not fit this version of imgstudio",
                f"It was learned on another version of “{manifest.name}”.",
                "Train the style again.",
            )
        return network.put_on(trunk_of(bases, network.base, device))
    if not isinstance(network, StyleNet):
        raise UserError(f"“{registry.manifest(model_id).name}” is no style", "", "Choose another model.")
    return network


def trunk_of(registry: ModelRegistry, model_id: str, device: torch.device) -> StyleNet:
    """The painter of a network for any style."""
    from imgstudio.engine.nets.anystyle import AnyStyle

    base = registry.load(model_id, device)
    if not isinstance(base, AnyStyle):
        raise UserError(f"“{model_id}” does not paint in any style", "", "Install the model again.")
    return base.painter
