"""The task of telling for every pixel which class it belongs to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import to_float
from imgstudio.engine.device import compute_dtype
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets.small_unet import SmallUNet
from imgstudio.engine.nets.unet import UNet
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.segment import ClassFacts, Segmenter, SizeRule, class_colours
from imgstudio.learn import segmentation_losses as losses
from imgstudio.learn.dataset.augment import augmented
from imgstudio.learn.dataset.classes import class_weights
from imgstudio.learn.dataset.masks import mask_reader
from imgstudio.learn.dataset.reading import Bytes, SampleReader
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.metrics import VOID, Labels, confusion, ious, segmentation_scores
from imgstudio.learn.plan import Phase
from imgstudio.learn.recipe import Setup
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.segmentation_settings import (
    LossKind,
    SegmentParams,
    encoder_for,
    frame_of,
    judged_count,
    model_of,
    network_values,
)
from imgstudio.learn.segmentation_start import SMALL, check_start
from imgstudio.learn.task import Batch, Terms

SECOND: Final = 0.5
"""Weight of the second part of a loss."""
LOVASZ_STEP: Final = 4
"""Every so many rows and columns are sorted for the Lovász loss."""
PREVIEWS: Final = 4
PREVIEW_SIDE: Final = 640
OPACITY: Final = 0.6


class SegmentTask:
    """Guards that every picture, trained on or judged, is seen at the size that the exported model will see."""

    def __init__(self, setup: Setup[SegmentParams]) -> None:
        report, self._params = setup.report, setup.params
        check_classes(report)
        self._report = report
        self._frame = frame_of(report, setup.params, setup.request)
        self._augment = setup.params.augment(report)
        self._train, self._valid = (
            SampleReader(report.side(side), self._frame.longest, read_target=mask_reader(report))
            for side in ("train", "valid")
        )
        self._judged = judged_count(report, self._frame, setup.request.minutes)
        self._facts = facts_for(report, self._frame.longest)
        self._names = self._facts.names
        self._weights = torch.from_numpy(class_weights(report.classes)) ** setup.params.balance
        self.goal = Goal("Dice" if len(self._names) == 2 else "mean IoU")
        self.train_count = len(self._train)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(setup.plan.seed)
            self.network, self._architecture, self._hyperparameters = network_for(setup)
        groups: Callable[[], Sequence[Sequence[nn.Module]]] = self.network.groups  # type: ignore[assignment]
        self.groups = groups()

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """`image` (n, 3, h, w) float32 0..1 and `truth` (n, h, w) class indices, 255 void."""
        crop = self._frame.crop(phase.size)
        pairs = [self._crop(index, crop, random) for index in indices]
        image = np.stack([picture for picture, _ in pairs])
        return {
            "image": torch.from_numpy(image).permute(0, 3, 1, 2).float() / 255,
            "truth": torch.from_numpy(np.stack([mask for _, mask in pairs])),
        }

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        return loss_terms(network(batch["image"]), batch["truth"].long(), self._params.loss, self._weights)

    def names(self, indices: Sequence[int]) -> list[str]:
        """Files of training pictures, for messages."""
        return [self._train.sample(index).image.name for index in indices]

    def validate(self, network: nn.Module) -> Validation:
        segmenter = _segmenter(network, self._facts)
        classes = len(self._names)
        table = np.zeros((classes, classes), np.int64)
        surprise, scores = 0.0, []
        for index in _spaced(len(self._valid), self._judged):
            image, truth = self._pair(self._valid, index)
            shares = segmenter.shares(to_float(image), Progress())
            own = confusion(truth, np.asarray(shares.argmax(2), np.uint8), classes)
            table += own
            surprise += _surprise(shares, truth)
            scores.append((str(self._valid.sample(index).image), _picture_score(own)))
        scores.sort(key=lambda scored: scored[1])
        return Validation(
            surprise / max(1, int(table.sum())),
            segmentation_scores(table, self._names),
            table,
            tuple(scores),
        )

    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        segmenter = _segmenter(network, self._facts)
        rows = []
        source = self._valid if len(self._valid) else self._train
        for index in _spaced(len(source), PREVIEWS):
            image, truth = self._pair(source, index)
            shares = segmenter.shares(to_float(image), Progress())
            shown = [
                image,
                *(self._painted(image, m) for m in (np.asarray(shares.argmax(2), np.uint8), truth)),
            ]
            rows.append(PreviewRow(source.sample(index).image.name, *map(_small, shown)))
        return rows

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        facts = replace(self._facts, mirrored=self._params.mirrored)
        is_global = bool(getattr(network, "is_global", False))
        return save_model(
            folder,
            network,
            id=folder.name,
            name=name,
            task="segment",
            architecture=self._architecture,
            hyperparameters=self._hyperparameters,
            classes=self._names,
            multiple_of=int(getattr(network, "multiple_of", 1)),
            tiling="discouraged" if is_global else "supported",
            overlap=int(getattr(network, "overlap", 64)),
            card={
                "data": f"{len(self._train)} pictures of {self._report.folder.name}; "
                f"judged on {self._judged} others. {self._report.split.by}".strip(),
                "segment": facts.to_card(),
                **dict(training),
            },
        )

    def _crop(self, index: int, crop: tuple[int, int], random: np.random.Generator) -> tuple[Bytes, Labels]:
        image, mask = self._pair(self._train, index)
        window = random_window(image.shape[:2], crop, self._params.zoom, random)
        image, seen = augmented(image[window], mask[window], size=crop, augment=self._augment, random=random)
        assert seen is not None
        return image, seen

    def _pair(self, reader: SampleReader, index: int) -> tuple[Bytes, Labels]:
        image, mask = reader[index]
        if mask is None:
            raise UserError(
                "A picture has no mask", str(reader.sample(index).image), "Check the folder again."
            )
        return image, mask

    def _painted(self, image: Bytes, labels: Labels) -> Bytes:
        palette = np.zeros((VOID + 1, 3), np.float32)
        palette[: len(self._names)] = self._facts.colours
        share = np.where(labels[..., None] == VOID, 0, OPACITY)
        return np.asarray(np.rint(image * (1 - share) + palette[labels] * share), np.uint8)


def loss_terms(scores: Tensor, truth: Tensor, kind: LossKind, weights: Tensor) -> Terms:
    """The parts of a loss; "automatic" looks at the number of classes."""
    weights = weights.to(scores.device)
    if kind == "automatic":
        kind = "cross-entropy + Dice" if scores.shape[1] == 2 else "cross-entropy + Lovász"
    terms: Terms = {}
    if kind == "focal":
        return {"focal": losses.focal(scores, truth, weights)}
    if kind == "binary + Dice":
        terms["binary"] = losses.binary_cross_entropy(scores, truth, weights)
    else:
        terms["cross-entropy"] = losses.cross_entropy(scores, truth, weights)
    if kind.endswith("Dice"):
        terms["Dice"] = SECOND * losses.dice(scores, truth)
    elif kind.endswith("Lovász"):
        terms["Lovász"] = SECOND * losses.lovasz_softmax(scores, truth, LOVASZ_STEP)
    return terms


def check_classes(report: DatasetReport) -> None:
    """Raise UserError unless there is something to tell apart."""
    if len(report.classes) < 2:
        raise UserError(
            "There is nothing to tell apart",
            f"The masks of “{report.folder.name}” hold {len(report.classes)} class.",
            "Give masks with at least two classes, such as object and background.",
        )


def facts_for(report: DatasetReport, longest: int) -> ClassFacts:
    """Names and colours of the classes; colours of our own where the folder gives none."""
    colours = tuple(known.colour for known in report.classes)
    if len(set(colours)) < len(colours):
        colours = class_colours(len(colours))
    return ClassFacts(tuple(known.name for known in report.classes), colours, SizeRule(longest))


def network_for(setup: Setup[SegmentParams]) -> tuple[nn.Module, str, dict[str, Any]]:
    """The network to train, the name of its architecture and what builds it; raises UserError.

    It begins as the model that it shall start from, else with what a learned encoder knows.
    """
    params = setup.params
    architecture, values = network_values(len(setup.report.classes), params, setup.request)
    network = SmallUNet(**values) if architecture == "small_unet" else UNet(**values)
    encoder = encoder_for(params, setup.request)
    if params.start_from:
        check_start(params.start_from, [known.name for known in setup.report.classes], architecture, values)
        network.load_state_dict(_models().load(params.start_from).state_dict())
    elif isinstance(network, UNet):
        network.load_encoder(_body_of(encoder))
    elif encoder == SMALL:
        network.encoder.load_state_dict(_body_of(encoder).state_dict())
    return network, architecture, values


def _body_of(encoder: str) -> nn.Module:
    """The learned layers of an encoder; raises UserError."""
    body: Callable[[], nn.Module] = _models().load(model_of(encoder)).body  # type: ignore[assignment]
    return body()


def _models() -> ModelRegistry:
    return ModelRegistry.of_user()


def random_window(
    shape: tuple[int, ...], crop: tuple[int, int], zoom: float, random: np.random.Generator
) -> tuple[slice, slice]:
    """Where to cut a (h, w) picture so that things in the crop come out between fitting and `zoom` times as large.

    Log-even in scale, even in place; the whole picture where the crop is as large.
    """
    height, width = shape[:2]
    fit = max(crop[0] / width, crop[1] / height)
    scale = fit * math.exp(random.uniform(0, math.log(max(zoom / fit, 1.3))))
    across, down = (
        min(side, math.ceil(wanted / scale)) for side, wanted in ((width, crop[0]), (height, crop[1]))
    )
    left, top = (int(random.integers(room + 1)) for room in (width - across, height - down))
    return slice(top, top + down), slice(left, left + across)


def _segmenter(network: nn.Module, facts: ClassFacts) -> Segmenter:
    device = next(network.parameters()).device
    return Segmenter(network, facts, device, compute_dtype(device))


def _surprise(shares: np.ndarray[Any, Any], truth: Labels) -> float:
    """Sum of -log of the share of the true class over labelled pixels."""
    labelled = truth != VOID
    own = np.take_along_axis(shares[labelled], truth[labelled][:, None].astype(np.int64), 1)
    return float(-np.log(np.maximum(own, 1e-7)).sum())


def _picture_score(table: np.ndarray[Any, Any]) -> float:
    """Mean IoU of the classes that the picture truly holds; 1 where nothing is labelled."""
    there = table.sum(1) > 0
    return float(ious(table)[there].mean()) if there.any() else 1.0


def _spaced(count: int, wanted: int) -> list[int]:
    return [index * count // min(count, wanted) for index in range(min(count, wanted))]


def _small(image: Bytes) -> Bytes:
    height, width = image.shape[:2]
    factor = PREVIEW_SIDE / max(height, width)
    if factor >= 1:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
