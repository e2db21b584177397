"""What a recipe gives the trainer: a network in layer groups, batches, losses, judgement and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from imgstudio.engine.manifest import ModelManifest
from imgstudio.learn.plan import Phase
from imgstudio.learn.reports import Goal, PreviewRow, Validation

Batch = dict[str, Tensor]
"""CPU tensors by name; the first dimension of each counts the pictures. The trainer moves them to the device."""
Terms = dict[str, Tensor]
"""Parts of a loss, each already weighted: their sum is what is minimised."""


class Task(Protocol):
    """Knows everything about the subject and nothing about how training goes on."""

    goal: Goal
    network: nn.Module
    groups: Sequence[Sequence[nn.Module]]
    """Every layer once, in groups from the input to the output, for freezing and discriminative rates."""
    train_count: int
    """Pictures (or crops) of an epoch."""

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """Pictures `indices` (0 .. train_count - 1), cut and turned by `random`; runs on a reading thread."""
        ...

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        """`network` may be wrapped (distributed); `batch` is on its device, pictures in channels_last."""
        ...

    def validate(self, network: nn.Module) -> Validation:
        """Judge `network`, which is in evaluation mode, on the validation side."""
        ...

    def previews(self, network: nn.Module) -> Sequence[PreviewRow]: ...

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        """Write the model folder; `training` (steps, seconds, scores) goes into its card."""
        ...
