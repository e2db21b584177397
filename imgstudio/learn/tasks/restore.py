"""Learning to undo damage: designed damage to the user's own pictures, or pairs of damaged and clean ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.core.pixels import Array
from imgstudio.engine.manifest import Architecture, ModelManifest, save_model
from imgstudio.engine.nets import restorenet, unet
from imgstudio.engine.nets.restorenet import RestoreNet
from imgstudio.engine.nets.unet import UNet
from imgstudio.engine.pretrained import load_pretrained
from imgstudio.engine.registry import ModelRegistry
from imgstudio.learn.crops import at_least, bytes_of, random_square, tensor_of, window
from imgstudio.learn.data import turned
from imgstudio.learn.dataset.reading import SampleReader, read_clean
from imgstudio.learn.dataset.report import DatasetReport, Sample
from imgstudio.learn.degrade.stack import Degradation
from imgstudio.learn.plan import Phase
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.scores import luma, psnr, ssim
from imgstudio.learn.task import Batch, Terms

Kind = Literal["quick", "good", "unet"]
Distance = Callable[[Tensor, Tensor], Terms]
"""Weighted terms of (n, 3, h, w) output and truth in 0..1."""

SIZE: Final = 128
CONTEXT: Final = 16
"""Pixels around a crop that are damaged too, so that its edges are like any other place."""
MEMORY: Final = 1 << 30
"""Bytes of decoded pictures that are kept."""
CROPS: Final = 8
"""Of every photo in an epoch."""
LEAST_CROPS: Final = 800
JUDGED: Final = 16
JUDGED_SIDE: Final = 256
SHOWN: Final = 4
PERFECT: Final = 99.0
"""dB; what equal pictures score, whose PSNR is infinite."""
MULTIPLE: Final = 32
"""Judged crops have sides that every network takes."""
NETS: Final[Mapping[Kind, tuple[Architecture, Mapping[str, Any]]]] = {
    "quick": (restorenet.ARCHITECTURE, {"channels": 32, "deep_channels": 64, "pairs": 1, "deep_pairs": 3}),
    "good": (restorenet.ARCHITECTURE, {"channels": 48, "deep_channels": 96, "pairs": 2, "deep_pairs": 5}),
    "unet": (unet.ARCHITECTURE, {"encoder": "lite0", "classes_or_planes": 3, "adds_input": True}),
}


@dataclass(frozen=True, slots=True)
class RestoreSettings:
    """What is learned, from what."""

    mix: Degradation = field(default_factory=Degradation)
    """Damage to clean pictures; unused where the report's samples are pairs."""
    network: Kind = "quick"
    largest: int = 0
    """Photos are reduced to this longer side first; 0, and for pairs: as they are."""
    licence: str = "Trained on the user's own pictures"


def pixel_distance(output: Tensor, truth: Tensor) -> Terms:
    return {"pixel": (output.float() - truth.float()).abs().mean()}


class RestoreTask:
    """Guards that no photo of the judging side is ever learned from."""

    def __init__(
        self,
        report: DatasetReport,
        settings: RestoreSettings,
        *,
        distance: Distance = pixel_distance,
        registry: ModelRegistry | None = None,
        seed: int = 0,
    ) -> None:
        self.goal = Goal("PSNR")
        self.settings = settings
        self._distance = distance
        self._train = Pictures(report.side("train"), settings)
        self._judged = Pictures((report.side("valid") or report.side("train")[:1])[:JUDGED], settings)
        self.train_count = max(LEAST_CROPS, CROPS * len(self._train))
        torch.manual_seed(seed)
        self.network: nn.Module = new_net(settings.network, registry)
        self.groups: Sequence[Sequence[nn.Module]] = self.network.groups()

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        side = max(MULTIPLE, (phase.size or SIZE) // MULTIPLE * MULTIPLE)
        pairs = [self._train.crop(index % len(self._train), side, random) for index in indices]
        return {
            "input": tensor_of([damaged for damaged, _ in pairs]),
            "target": tensor_of([clean for _, clean in pairs]),
        }

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        return self._distance(network(batch["input"]), batch["target"])

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        rows = [_judgement(network, *self._judged.test_pair(index)) for index in range(len(self._judged))]
        means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        loss = means.pop("loss")
        listed = [(str(self._judged.path(index)), row["PSNR"]) for index, row in enumerate(rows)]
        return Validation(loss, means, pictures=tuple(sorted(listed, key=lambda item: item[1])))

    @torch.no_grad()
    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        rows = []
        for index in range(min(SHOWN, len(self._judged))):
            damaged, clean = self._judged.test_pair(index)
            name = self._judged.path(index).name
            rows.append(PreviewRow(name, damaged, restored(network, damaged), clean))
        return rows

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        architecture, hyperparameters = NETS[self.settings.network]
        assert isinstance(network, RestoreNet | UNet)
        return save_model(
            folder,
            network,
            half=True,
            id=folder.name,
            name=name,
            task="restore",
            architecture=architecture.id,
            hyperparameters=dict(hyperparameters),
            multiple_of=network.multiple_of,
            minimum=network.multiple_of,
            tiling="discouraged" if network.is_global else "supported",
            overlap=network.overlap,
            licence=self.settings.licence,
            card={
                "data": f"{len(self._train)} pictures of the user's own",
                "degradation": "pairs" if self._train.are_pairs else self.settings.mix.sentence(),
                "training": dict(training),
                "limits": "Undoes the kinds of damage that it was shown, in pictures like those.",
            },
        )


class Pictures:
    """Clean pictures that are damaged on the way, or pairs of files; both sides of a pair are cut alike."""

    def __init__(self, samples: Sequence[Sample], settings: RestoreSettings) -> None:
        self.are_pairs = all(sample.target is not None for sample in samples)
        self._mix = settings.mix
        largest = 0 if self.are_pairs else settings.largest
        target = read_clean if self.are_pairs else None
        self._reader = SampleReader(samples, largest, read_target=target, memory=MEMORY)

    def __len__(self) -> int:
        return len(self._reader)

    def path(self, index: int) -> Path:
        return self._reader.sample(index).image

    def crop(self, index: int, side: int, random: np.random.Generator) -> tuple[Array, Array]:
        """A random square of `side` pixels: damaged, clean."""
        if self.are_pairs:
            damaged, clean = (at_least(picture, side) for picture in self._both(index))
            where, way = window(clean.shape, side, random), int(random.integers(8))
            return turned(damaged[where], way), turned(clean[where], way)
        clean = random_square(self._reader[index][0], side + 2 * CONTEXT, random)
        inner = slice(CONTEXT, CONTEXT + side)
        return self._mix.applied_to_bytes(clean, random)[inner, inner], clean[inner, inner]

    def test_pair(self, index: int) -> tuple[Array, Array]:
        """The middle of a picture, always damaged the same way."""
        damaged, clean = (_middle(picture) for picture in self._both(index))
        if self.are_pairs:
            return damaged, clean
        return self._mix.applied_to_bytes(clean, np.random.default_rng([7, index])), clean

    def _both(self, index: int) -> tuple[Array, Array]:
        damaged, clean = self._reader[index]
        if clean is None:
            return damaged, damaged
        height, width = (min(sides) for sides in zip(damaged.shape[:2], clean.shape[:2], strict=True))
        return damaged[:height, :width], clean[:height, :width]


def new_net(kind: Kind, registry: ModelRegistry | None = None) -> RestoreNet | UNet:
    """A fresh network that changes nothing yet; with `registry` a U-Net begins with what is installed there."""
    architecture, hyperparameters = NETS[kind]
    net = architecture.build(**hyperparameters)
    if isinstance(net, UNet):
        nn.init.zeros_(net.head.weight)
        if registry is not None:
            load_pretrained(net, registry)
        return net
    assert isinstance(net, RestoreNet)
    return net


def restored(network: nn.Module, damaged: Array) -> Array:
    """(h, w, 3) bytes through the network, wherever it is."""
    device = next(network.parameters()).device
    result: Tensor = network(tensor_of([damaged]).to(device))
    return bytes_of(result)


def _middle(picture: Array) -> Array:
    picture = at_least(picture, 2 * MULTIPLE)
    height, width = (min(side, JUDGED_SIDE) // MULTIPLE * MULTIPLE for side in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def _judgement(network: nn.Module, damaged: Array, clean: Array) -> dict[str, float]:
    made = restored(network, damaged)
    scores = [min(PERFECT, psnr(picture, clean)) for picture in (made, damaged)]
    return {
        "PSNR": scores[0],
        "gain over the input": scores[0] - scores[1],
        "SSIM": ssim(luma(made), luma(clean)),
        "loss": float(np.abs(made.astype(np.float32) - clean).mean() / 255),
    }
