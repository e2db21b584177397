"""Teaches a critic to tell generated pictures from real ones, patch by patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.learn.crops import tensor_of
from imgstudio.learn.data import turned
from imgstudio.learn.plan import Phase
from imgstudio.learn.reports import Bytes, Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms

SHOWN: Final = 4
HELD_OUT: Final = 8
"""One pair in so many only judges."""


class CriticTask:
    """Pairs of a real and a generated picture in, an opinion for every patch out: above 0 is real.

    `real` and `generated` are sequences of (h, w, 3) pictures, of equal length; what lies at one index is
    shown together.
    """

    goal = Goal("accuracy")

    def __init__(
        self,
        network: nn.Module,
        real: Sequence[Bytes],
        generated: Sequence[Bytes],
        hyperparameters: Mapping[str, Any],
    ) -> None:
        self.network = network
        self.groups: Sequence[Sequence[nn.Module]] = [[network]]
        self._real, self._generated = real, generated
        self._hyperparameters = hyperparameters
        count = min(len(real), len(generated))
        self._valid = list(range(0, count, HELD_OUT)) if count > 1 else [0]
        self._train = [index for index in range(count) if index not in set(self._valid)] or self._valid
        self.train_count = len(self._train)

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """The same window of both pictures of a pair, both turned alike, so that only the making differs."""
        pairs = [self._pair(self._train[index], phase.size, random) for index in indices]
        return {
            "real": tensor_of([real for real, _ in pairs]),
            "generated": tensor_of([made for _, made in pairs]),
        }

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        return critic_terms(network, batch["real"], batch["generated"])

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        losses, scores = [], []
        for index in self._valid:
            real, generated = (_opinion(network, pixels) for pixels in self._both(index))
            losses.append(float(real_loss(real) + real_loss(-generated)) / 2)
            scores.append((float(real.mean() > 0) + float(generated.mean() <= 0)) / 2)
        named = sorted(zip(map(str, self._valid), scores, strict=True), key=lambda pair: pair[1])
        return Validation(float(np.mean(losses)), {"accuracy": float(np.mean(scores))}, pictures=tuple(named))

    @torch.no_grad()
    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        """Generated pictures, how real every patch of them looks (white: very), and the real ones."""
        rows = []
        for index in self._valid[:SHOWN]:
            real, generated = self._both(index)
            seen = (255 * _opinion(network, generated)[0, 0].sigmoid()).cpu().numpy().astype(np.uint8)
            height, width = generated.shape[:2]
            shown = cv2.resize(seen, (width, height), interpolation=cv2.INTER_NEAREST)
            truth = np.asarray(cv2.resize(real, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            rows.append(PreviewRow(f"pair {index}", generated, np.dstack([shown] * 3), truth))
        return rows

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        return save_critic(network, folder, name, training, self._hyperparameters)

    def _both(self, index: int) -> tuple[Bytes, Bytes]:
        return self._real[index], self._generated[index]

    def _pair(self, index: int, size: int, random: np.random.Generator) -> tuple[Bytes, Bytes]:
        pair = self._both(index)
        side = min(min(pixels.shape[:2]) for pixels in pair)
        side = min(size or side, side)
        height, width = (min(lengths) for lengths in zip(*(pixels.shape[:2] for pixels in pair), strict=True))
        top, left = int(random.integers(height - side + 1)), int(random.integers(width - side + 1))
        way = int(random.integers(8))
        real, generated = (turned(pixels[top : top + side, left : left + side], way) for pixels in pair)
        return real, generated


def critic_terms(network: nn.Module, real: Tensor, generated: Tensor) -> Terms:
    """Binary cross-entropy of every patch, both kinds counting half; ln 2 in all for one who guesses."""
    opinions = network(torch.cat((real, generated))).float()
    true, made = opinions[: len(real)], opinions[len(real) :]
    return {
        "real": real_loss(true) / 2,
        "generated": real_loss(-made) / 2,
    }


def save_critic(
    network: nn.Module,
    folder: Path,
    name: str,
    training: Mapping[str, Any],
    hyperparameters: Mapping[str, Any],
) -> ModelManifest:
    return save_model(
        folder,
        network,
        half=True,
        id=folder.name,
        name=name,
        task="critic",
        architecture="critic",
        hyperparameters=dict(hyperparameters),
        card={"training": dict(training), "limits": "Knows only pictures of the generator it learned from."},
    )


def real_loss(opinions: Tensor) -> Tensor:
    """How far the critic is from taking everything for real."""
    return functional.softplus(-opinions.float()).mean()


def _opinion(network: nn.Module, pixels: Bytes) -> Tensor:
    """(1, 1, h', w') logits."""
    device = next(network.parameters()).device
    opinion: Tensor = network(tensor_of([pixels]).to(device)).float()
    return opinion
