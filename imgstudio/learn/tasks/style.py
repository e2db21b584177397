"""Learning to paint any photo in the style of one painting, in one go.

Either a whole network (Johnson et al. 2016), or on the trunk of one that knows other styles nothing but a vector and
the first and last convolution (Dumoulin et al. 2016), which begin as the predictor of that network says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, to_float
from imgstudio.engine.features import Features
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets import newstyle, stylenet
from imgstudio.engine.nets.anystyle import AnyStyle
from imgstudio.engine.nets.newstyle import NewStyle
from imgstudio.engine.nets.stylenet import StyleNet
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.stylist import Stylist, grain
from imgstudio.engine.style.vectors import appearance_of, looked_at, predicted_vector
from imgstudio.engine.tensors import to_tensor
from imgstudio.learn.crops import bytes_of, tensor_of, zoomed_square
from imgstudio.learn.dataset.pictures import read_picture
from imgstudio.learn.dataset.reading import SampleReader, reduced
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.perceptual import StyleLoss, StyleWeights
from imgstudio.learn.plan import Phase
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms

LARGEST: Final = 640
"""Photos are reduced to this: style is learned at the size of a screen, not of a sensor (pixels)."""
ZOOM: Final = (1.0, 2.0)
"""Shorter side of a photo / side of the crop that is cut from it."""
CROP: Final = 128
JUDGED: Final = 6
JUDGED_SIDE: Final = 256
SHOWN: Final = 4
SHOWN_SIDE: Final = 448
CROPS: Final = 400
"""Of an epoch at least: paintings are learned from a handful of photos, too."""


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """What is learned, from what."""

    painting: Path
    strokes: float = 1.0
    """Size of what is taken over from the painting; above 1 larger."""
    weights: StyleWeights = field(default_factory=StyleWeights)
    base: str = ""
    """Model whose trunk it is learned on; without, a network of its own is learned."""
    width: int = 32
    blocks: int = 5
    """Of a network of its own."""
    perceptual: str = ""
    """Name of the net that judges, for the card."""


class StyleTask:
    """Guards that the judged photos are never learned from, where there is more than one."""

    goal = Goal("loss", larger_is_better=False)

    def __init__(
        self,
        report: DatasetReport,
        settings: StyleSettings,
        features: Features,
        *,
        registry: ModelRegistry | None = None,
        device: torch.device | None = None,
        seed: int = 0,
    ) -> None:
        """`features` must be on `device`, where the training takes place; `registry` has the base."""
        self.settings = settings
        self._train = SampleReader(report.side("train"), LARGEST)
        judged = report.side("valid") or report.side("train")[:1]
        self._judged = SampleReader(judged[:JUDGED], LARGEST)
        self.train_count = max(CROPS, len(self._train))
        self._device = device or torch.device("cpu")
        painting = looked_at(to_float(read_picture(settings.painting)), settings.strokes)
        seen = to_tensor(painting, self._device)
        self._loss = StyleLoss(features, seen, settings.weights)
        torch.manual_seed(seed)
        self._base: ModelManifest | None = None
        network = StyleNet(1, width=settings.width, blocks=settings.blocks)
        if settings.base:
            assert registry is not None
            self._base = registry.manifest(settings.base)
            network = begun(registry, settings.base, painting, self._device)
        self.network: nn.Module = network
        self.groups: Sequence[Sequence[nn.Module]] = self.network.groups()

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        crops = [
            zoomed_square(self._train[index % len(self._train)][0], phase.size or CROP, ZOOM, random)
            for index in indices
        ]
        photo = tensor_of(crops)
        return {"photo": photo, "grained": grained(photo, random)}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        return self._loss(network(batch["grained"]), batch["photo"])

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        rows: list[dict[str, float]] = []
        for index in range(len(self._judged)):
            photo = reduced(self._judged[index][0], JUDGED_SIDE)
            made, seen = self._painted(network, photo), self._input(photo)
            rows.append({name: float(term) for name, term in self._loss(made, seen).items()})
        means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        listed = [
            (str(self._judged.sample(index).image), sum(row.values())) for index, row in enumerate(rows)
        ]
        listed.sort(key=lambda item: -item[1])
        loss = sum(means.values())
        return Validation(loss, {"loss": loss, **means}, pictures=tuple(listed))

    @torch.no_grad()
    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        rows = []
        for index in range(min(SHOWN, len(self._judged))):
            photo = reduced(self._judged[index][0], SHOWN_SIDE)
            painted = bytes_of(self._painted(network, photo))
            rows.append(PreviewRow(self._judged.sample(index).image.name, photo, painted, None))
        return rows

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        assert isinstance(network, StyleNet)
        shape: dict[str, Any] = {"width": network.width, "blocks": len(network.blocks)}
        kept: nn.Module = network
        architecture, hyperparameters = stylenet.ARCHITECTURE.id, {"styles": 1, **shape}
        if self._base is not None:
            hyperparameters = {"base": self._base.id, "base_sha256": self._base.sha256, **shape}
            architecture = newstyle.ARCHITECTURE.id
            kept = NewStyle(**hyperparameters)
            kept.take(network)
        return save_model(
            folder,
            kept,
            half=True,
            id=folder.name,
            name=name,
            task="style",
            architecture=architecture,
            hyperparameters=hyperparameters,
            classes=(self.settings.painting.stem,),
            multiple_of=network.multiple_of,
            minimum=network.multiple_of,
            overlap=network.overlap,
            licence="Trained on the user's own pictures; a style may be protected as its painting is",
            card={
                "data": {"painting": self.settings.painting.name, "photos": len(self._train)},
                "training": {**training, "judged by": self.settings.perceptual},
                "limits": "Paints every picture in this one style.",
            },
        )

    def _painted(self, network: nn.Module, photo: Array) -> Tensor:
        """(1, 3, h, w) just as the filter paints it."""
        assert isinstance(network, StyleNet)
        made = Stylist(network, self._device, precise=True).paint(to_float(photo), Progress())
        return to_tensor(made, self._device)

    def _input(self, photo: Array) -> Tensor:
        return tensor_of([photo]).to(self._device)


def grained(photo: Tensor, random: np.random.Generator) -> Tensor:
    """(n, 3, h, w) as a style network sees it."""
    noise = grain((len(photo), *photo.shape[2:], 3), random)
    return photo + torch.from_numpy(noise).permute(0, 3, 1, 2)


def begun(registry: ModelRegistry, base: str, painting: Floats, device: torch.device) -> StyleNet:
    """A painter with the trunk of `base` and the style that its predictor finds in (h, w, 3), as it is looked at."""
    model = registry.load(base, device)
    assert isinstance(model, AnyStyle)
    trunk = model.painter
    painter = StyleNet(1, width=trunk.width, blocks=len(trunk.blocks))
    painter.start_from(trunk)
    with torch.no_grad():
        painter.styles.vectors.copy_(predicted_vector(model, appearance_of(registry, painting, device)))
    return painter
