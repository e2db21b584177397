"""Learning to enlarge: what a picture looked like before it was made smaller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.core.errors import UserError
from imgstudio.core.pixels import Array
from imgstudio.engine.manifest import WEIGHTS_NAME, ModelManifest, read_manifest, save_model
from imgstudio.engine.nets.edsr import ARCHITECTURE, UpscaleNet
from imgstudio.engine.weights import load
from imgstudio.learn.bicubic import cropped_to_multiple, imresize
from imgstudio.learn.crops import at_least, bytes_of, random_square, tensor_of
from imgstudio.learn.dataset.reading import SampleReader
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.degrade.stack import Degradation
from imgstudio.learn.plan import Phase
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.scores import luma, psnr, ssim
from imgstudio.learn.task import Batch, Terms

FINISH: Final = "finish"
"""Name of the phase that minimises the squared error itself, of which PSNR is the logarithm."""
SQUARED_WEIGHT: Final = 30.0
"""Makes its gradients about as long as those before."""
SIZE: Final = 96
"""Side of the small crops' counterparts at scale 2; 48 small pixels at any scale."""
CONTEXT: Final = 4
"""Small pixels around a crop that are made smaller too, so that its edges are like any other place."""
MEMORY: Final = 1 << 30
"""Bytes of decoded photos that are kept."""
CROPS: Final = 16
"""Of every photo in an epoch."""
LEAST_CROPS: Final = 1600
JUDGED: Final = 24
JUDGED_SIDE: Final = 320
SHOWN: Final = 4
PERFECT: Final = 99.0
"""dB; what equal pictures score, whose PSNR is infinite."""
BRIGHTNESS: Final = (0.299, 0.587, 0.114)
WAYS: Final = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


@dataclass(frozen=True, slots=True)
class UpscaleSettings:
    """What is learned, from what."""

    scale: int = 2
    channels: int = 48
    pairs: int = 7
    """Residual pairs: two convolutions each."""
    spectrum: float = 0.05
    """Weight of the distance of the Fourier transforms (Cho 2021, as in SAFMN)."""
    enlarged: float = 0.25
    """Share of crops that are softer than photos which were made smaller, as camera pictures are."""
    before: Degradation = field(default_factory=Degradation)
    """Happens to the large picture: blur."""
    after: Degradation = field(default_factory=Degradation)
    """Happens to the small one: noise, JPEG."""
    largest: int = 0
    """Photos are reduced to this longer side first, which takes JPEG traces away; 0: as they are."""
    start_from: Path | None = None
    """Folder of a model that this one begins with."""
    licence: str = "Trained on the user's own pictures"
    data: Mapping[str, str] = field(default_factory=dict)
    """Folders with their licences, for the card."""

    @property
    def is_real(self) -> bool:
        """Whether small pictures are spoiled besides being small."""
        return bool(self.before.steps or self.after.steps)


class UpscaleTask:
    """Guards that no photo of the judging side is ever learned from."""

    def __init__(self, report: DatasetReport, settings: UpscaleSettings, *, seed: int = 0) -> None:
        self.goal = Goal("PSNR")
        self.settings = settings
        self._train = SampleReader(report.side("train"), settings.largest, memory=MEMORY)
        judged = report.side("valid") or report.side("train")[:1]
        self._judged = SampleReader(judged[:JUDGED], settings.largest)
        self.train_count = max(LEAST_CROPS, CROPS * len(self._train))
        torch.manual_seed(seed)
        self.network: nn.Module = new_net(settings)
        self.groups: Sequence[Sequence[nn.Module]] = self.network.groups()

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        side = max(8, (phase.size or SIZE * self.settings.scale // 2) // self.settings.scale)
        pairs = [self._pair(self._train[index % len(self._train)][0], side, random) for index in indices]
        return {
            "input": tensor_of([small for small, _ in pairs]),
            "target": tensor_of([large for _, large in pairs]),
            "squared": torch.full((len(pairs),), float(phase.name == FINISH)),
        }

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        error = network(batch["input"]).float() - batch["target"]
        weights = error.new_tensor(BRIGHTNESS)[:, None, None]
        # Brightness, which is what eyes and scores look at, counts as much as the three colours together.
        planes = torch.cat((error, 3 * (weights * error).sum(1, keepdim=True)), 1)
        if bool(batch["squared"][0] > 0):
            return {"squared error": SQUARED_WEIGHT * planes.square().mean()}
        terms = {"pixels": planes.abs().mean()}
        if self.settings.spectrum > 0:
            waves = torch.view_as_real(torch.fft.rfft2(planes))
            terms["spectrum"] = self.settings.spectrum * waves.abs().mean()
        return terms

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        rows = [self._judgement(network, index) for index in range(len(self._judged))]
        names = rows[0].keys()
        means = {name: float(np.mean([row[name] for row in rows])) for name in names if name != "loss"}
        listed = [(str(self._judged.sample(index).image), row["PSNR"]) for index, row in enumerate(rows)]
        loss = float(np.mean([row["loss"] for row in rows]))
        return Validation(loss, means, pictures=tuple(sorted(listed, key=lambda item: item[1])))

    @torch.no_grad()
    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        rows = []
        for index in range(min(SHOWN, len(self._judged))):
            small, large = self._test_pair(index)
            size = large.shape[1::-1]
            seen = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)
            rows.append(
                PreviewRow(self._judged.sample(index).image.name, seen, enlarged(network, small), large)
            )
        return rows

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        settings = self.settings
        assert isinstance(network, UpscaleNet)
        limits = "Made for photos. Detail that the small picture does not hold is guessed modestly."
        return save_model(
            folder,
            network,
            half=True,
            id=folder.name,
            name=name,
            task="upscale",
            architecture=ARCHITECTURE.id,
            hyperparameters={
                "scale": settings.scale,
                "channels": settings.channels,
                "pairs": settings.pairs,
            },
            overlap=network.reach,
            scale=settings.scale,
            licence=settings.licence,
            card={
                "data": dict(settings.data) or f"{len(self._train)} photos of the user's own",
                "degradation": self._degradation(),
                "training": dict(training),
                "limits": limits,
            },
        )

    def _degradation(self) -> str:
        if not self.settings.is_real:
            return "bicubic, as MATLAB's imresize makes pictures smaller"
        before, after = self.settings.before.sentence(), self.settings.after.sentence()
        return f"{before}; made smaller one of several ways; {after}"

    def _pair(self, photo: Array, side: int, random: np.random.Generator) -> tuple[Array, Array]:
        """A small crop of `side` pixels and what it is a small version of."""
        scale = self.settings.scale
        whole = (side + 2 * CONTEXT) * scale
        if random.random() < self.settings.enlarged:
            cut = random_square(photo, int(random.integers(whole * 3 // 4, whole)), random)
            large = np.asarray(cv2.resize(cut, (whole, whole), interpolation=cv2.INTER_CUBIC), np.uint8)
        else:
            large = random_square(photo, whole, random)
        small = made_small(large, self.settings, random)
        inner = slice(CONTEXT, CONTEXT + side)
        outer = slice(CONTEXT * scale, (CONTEXT + side) * scale)
        return small[inner, inner], large[outer, outer]

    def _test_pair(self, index: int) -> tuple[Array, Array]:
        """The middle of a judged photo, always spoiled the same way."""
        scale = self.settings.scale
        photo = at_least(self._judged[index][0], 16 * scale)
        top, left = (max(0, side - JUDGED_SIDE) // 2 for side in photo.shape[:2])
        cut = photo[top : top + JUDGED_SIDE, left : left + JUDGED_SIDE]
        large = cropped_to_multiple(cut, scale)
        return made_small(large, self.settings, np.random.default_rng([7, index])), large

    def _judgement(self, network: nn.Module, index: int) -> dict[str, float]:
        small, large = self._test_pair(index)
        scale = self.settings.scale
        made, plain = enlarged(network, small), imresize(small, scale)
        edge = slice(scale, -scale)
        planes = [luma(picture)[edge, edge] for picture in (made, plain, large)]
        score, plain_score = (min(psnr(plane, planes[2]), PERFECT) for plane in planes[:2])
        return {
            "PSNR": score,
            "gain over bicubic": score - plain_score,
            "SSIM": ssim(planes[0], planes[2]),
            "loss": float(np.abs(made.astype(np.float32) - large).mean() / 255),
        }


def made_small(large: Array, settings: UpscaleSettings, random: np.random.Generator) -> Array:
    """(h, w, 3) bytes, sides multiples of the scale, to bytes of 1/scale the size."""
    if not settings.is_real:
        return imresize(large, 1 / settings.scale)
    soft = settings.before.applied_to_bytes(large, random)
    way = int(random.integers(len(WAYS) + 1))
    if way == len(WAYS):
        small = imresize(soft, 1 / settings.scale)
    else:
        size = (soft.shape[1] // settings.scale, soft.shape[0] // settings.scale)
        small = np.asarray(cv2.resize(soft, size, interpolation=WAYS[way]), np.uint8)
    return settings.after.applied_to_bytes(small, random)


def enlarged(network: nn.Module, small: Array) -> Array:
    """(h, w, 3) bytes through the network, wherever it is."""
    device = next(network.parameters()).device
    result: Tensor = network(tensor_of([small]).to(device))
    return bytes_of(result)


def new_net(settings: UpscaleSettings) -> UpscaleNet:
    """A fresh network; with `start_from` it begins as that model, but for the tail where the scale is another.

    Raises UserError when their shapes differ.
    """
    net = UpscaleNet(settings.scale, settings.channels, settings.pairs)
    if settings.start_from is None:
        return net
    other = net_of(settings.start_from)
    try:
        if other.scale == net.scale:
            net.load_state_dict(other.state_dict())
        else:
            net.start_from(other)
    except RuntimeError as error:
        raise UserError(
            "The training cannot start from this model",
            f"Its network has another shape ({error}).",
            "Choose a model with the same channels and depth, or none.",
        ) from error
    return net


def net_of(folder: Path) -> UpscaleNet:
    """The network of a model folder; raises UserError when there is none or it is another kind."""
    manifest = read_manifest(folder)
    net = ARCHITECTURE.build(**manifest.hyperparameters)
    assert isinstance(net, UpscaleNet)
    net.load_state_dict(load(folder / WEIGHTS_NAME, manifest.sha256))
    return net
