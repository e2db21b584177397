"""What a network sees in a picture, layer by layer: the measure of perceptual and style losses."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import torch
from torch import Tensor, nn

from imgstudio.engine.nets.vgg import random_vgg
from imgstudio.engine.sharing import with_shared_tensors

if TYPE_CHECKING:
    from imgstudio.engine.registry import ModelRegistry

logger = logging.getLogger(__name__)

Features: TypeAlias = Callable[[Tensor], Mapping[str, Tensor]]
"""Such as `FeatureExtractor`: pictures (n, 3, h, w) in 0..1 to named layers, finest first, each
computed once."""

TASK: Final = "perceptual"
BUNDLED: Final = "perceptual-slim"
"""Id of the model that comes with the program: it takes a quarter of the time of VGG16."""
PREFERRED: Final = ("perceptual-vgg16-imagenet", "perceptual-vgg16", BUNDLED)
"""Ids of models, the best first; others of the task come after them by name."""
RANDOM_NAME: Final = "Random features"
_SIDE: Final = 128
"""Of the pictures with which a network is tried (pixels)."""


class _Enough(Exception):
    """All layers that were asked for are computed: the rest of the network need not run."""


class FeatureExtractor:
    """Guards that each layer is computed once, nothing after the last one wanted, and that the network stays as it is.

    Shares the weights of `network` but not its layers, so other threads may run either at the same time.
    Values of each layer are divided by what they are on average for a made-up picture, so that weights of a
    loss mean the same whichever network is used.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str] = ()) -> None:
        """`layers` are names as in `network.named_modules()`; none: those before each down-sampling.

        Raises ValueError for a name that the network does not have or never reaches.
        """
        self._network = with_shared_tensors(network)
        self.layers = tuple(layers) or before_downsampling(network)
        self._seen = threading.local()
        modules = dict(self._network.named_modules())
        unknown = [name for name in self.layers if name not in modules]
        if unknown:
            raise ValueError(f"the network has no layers {', '.join(unknown)}")
        for name in self.layers:
            modules[name].register_forward_hook(self._watcher(name))
        self._calls = 0
        self._scales: dict[str, float] = {}
        self._measure()

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """RGB (n, 3, h, w) in 0..1 to {layer: (n, planes, h', w')}, in the order of `layers`.

        Gradients flow to `image`. The picture must be on the device of the network.
        """
        found = self._run(image)
        return {name: found[name] / self._scales[name] for name in self.layers}

    def _run(self, image: Tensor) -> dict[str, Tensor]:
        self._seen.found, self._seen.calls = {}, 0
        with contextlib.suppress(_Enough):
            self._network(image)
        found: dict[str, Tensor] = self._seen.found
        self._seen.found = {}  # holds the whole graph otherwise
        return found

    def _watcher(self, name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def watch(module: nn.Module, inputs: Any, output: Tensor) -> None:
            self._seen.found[name] = output
            self._seen.calls += 1
            if self._seen.calls == self._calls:
                raise _Enough

        return watch

    @torch.no_grad()
    def _measure(self) -> None:
        """Count how often the layers run (some run twice) and how large their values usually are."""
        found = self._run(_made_up_picture(next(self._network.parameters())))
        self._calls = self._seen.calls
        absent = [name for name in self.layers if name not in found]
        if absent:
            raise ValueError(f"the network never reaches {', '.join(absent)}")
        for name, values in found.items():
            self._scales[name] = max(float(values.float().square().mean().sqrt()), 1e-6)


def before_downsampling(network: nn.Module) -> tuple[str, ...]:
    """Names of the innermost layers after which the size falls, and of the last one before it is a point."""
    copied = with_shared_tensors(network)
    names = {module: name for name, module in copied.named_modules() if not list(module.children())}
    seen: list[tuple[str, int]] = []

    def watch(module: nn.Module, inputs: Any, output: Any) -> None:
        if not seen and next(module.parameters(), None) is None:
            return  # nothing but the picture, prepared
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[-1] > 1:
            seen.append((names[module], output.shape[-1]))

    for module in names:
        module.register_forward_hook(watch)
    with torch.no_grad():
        copied(_made_up_picture(next(copied.parameters())))
    last = [name for (name, size), (_, after) in zip(seen, [*seen[1:], ("", 0)], strict=True) if after < size]
    return tuple(dict.fromkeys(last))


def perceptual_net(
    registry: ModelRegistry | None,
    device: torch.device | None = None,
    layers: Sequence[str] = (),
    *,
    first: Sequence[str] = (),
) -> tuple[FeatureExtractor, str]:
    """The best network there is to look through, and what the user calls it.

    Never fails for want of a model: without one, it is a random one, good for textures and style. `layers`
    as in FeatureExtractor; models whose ids are `first` are taken before better ones.
    """
    for model_id in [] if registry is None else _installed(registry, first):
        assert registry is not None
        return FeatureExtractor(registry.load(model_id, device), layers), registry.manifest(model_id).name
    return FeatureExtractor(random_vgg().to(device), layers), RANDOM_NAME


def _installed(registry: ModelRegistry, first: Sequence[str]) -> Iterable[str]:
    names = [manifest.id for manifest in registry.manifests(TASK)]
    best = (*first, *(name for name in PREFERRED if name not in first))
    ordered = [name for name in best if name in names] + [n for n in names if n not in best]
    for name in ordered:
        state = registry.state(name)
        if state == "installed":
            yield name
        else:
            logger.warning("Passed over the model %s: it is %s", name, state)


def _made_up_picture(like: Tensor) -> Tensor:
    """(2, 3, side, side) of coloured noise whose large shapes are strong, as in photographs; 0..1, fixed."""
    generator = torch.Generator().manual_seed(0)
    spectrum = torch.fft.rfft2(torch.randn(2, 3, _SIDE, _SIDE, generator=generator))
    down, across = torch.fft.fftfreq(_SIDE)[:, None], torch.fft.rfftfreq(_SIDE)[None]
    waves = torch.fft.irfft2(spectrum / torch.hypot(down, across).clamp_min(1 / _SIDE))
    waves = waves / waves.std((1, 2, 3), keepdim=True)
    return (0.45 + 0.25 * waves).clamp(0, 1).to(like.device, like.dtype)
