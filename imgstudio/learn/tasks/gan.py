"""Both sides of a GAN as ordinary tasks: a generator judged by a critic, a critic fed by a generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.engine.device import to_device
from imgstudio.engine.manifest import ModelManifest
from imgstudio.learn.gan_plan import GanSettings
from imgstudio.learn.plan import Phase
from imgstudio.learn.reports import Bytes, Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Task, Terms
from imgstudio.learn.tasks.critic import critic_terms, real_loss, save_critic

Make: TypeAlias = Callable[[nn.Module, Batch], Tensor]
"""What a generator makes of a batch: (n, 3, h, w) in 0..1."""
Truth: TypeAlias = Callable[[Batch], Tensor]
"""What it should have made: pictures of the same shape."""


def made_of_input(network: nn.Module, batch: Batch) -> Tensor:
    """What most restoring tasks mean by "made"."""
    made: Tensor = network(batch["input"])
    return made


def target_of(batch: Batch) -> Tensor:
    """What most restoring tasks mean by "truth"."""
    return batch["target"]


@dataclass(frozen=True, slots=True, eq=False)
class Generator:
    """A restoring task as a GAN sees it."""

    task: Task
    make: Make = made_of_input
    truth: Truth = target_of


class GeneratorDuel:
    """The generator's turn: stay near the truth and look real to the critic, which rests."""

    def __init__(self, generator: Generator, critic: nn.Module, settings: GanSettings) -> None:
        task = generator.task
        self.goal: Goal = task.goal
        self.network: nn.Module = task.network
        self.groups: Sequence[Sequence[nn.Module]] = task.groups
        self.train_count: int = task.train_count
        self._generator, self._critic, self._settings = generator, critic, settings

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        return self._generator.task.batch(indices, phase, random)

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        made, truth = self._generator.make(network, batch), self._generator.truth(batch)
        with resting(self._critic):
            opinion = self._critic(made)
        return {
            "pixel": self._settings.pixel_weight * (made.float() - truth.float()).abs().mean(),
            "critic": self._settings.critic_weight * real_loss(opinion),
        }

    def validate(self, network: nn.Module) -> Validation:
        return self._generator.task.validate(network)

    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        return self._generator.task.previews(network)

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        return self._generator.task.export(network, folder, name, training)


class CriticDuel:
    """The critic's turn: tell what the generator makes now, which rests, from the truth."""

    goal = Goal("loss", larger_is_better=False)

    def __init__(self, generator: Generator, critic: nn.Module, hyperparameters: Mapping[str, Any]) -> None:
        self.network = critic
        self._hyperparameters = hyperparameters
        self.groups: Sequence[Sequence[nn.Module]] = [[critic]]
        self.train_count: int = generator.task.train_count
        self._generator = generator

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        return self._generator.task.batch(indices, phase, random)

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        maker = self._generator.task.network
        with torch.no_grad(), resting(maker):
            made = self._generator.make(maker, batch)
        return critic_terms(network, self._generator.truth(batch), made.float())

    def validate(self, network: nn.Module) -> Validation:
        """Nothing to say: what a critic is worth shows in the generator's pictures alone."""
        return Validation(0.0, {"loss": 0.0})

    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        return ()

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        return save_critic(network, folder, name, training, self._hyperparameters)


@contextmanager
def resting(network: nn.Module) -> Iterator[None]:
    """Neither learn nor change running figures, such as those of batch norm; afterwards as before."""
    was_training = network.training
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    network.eval()
    for parameter in learning:
        parameter.requires_grad = False
    try:
        yield
    finally:
        network.train(was_training)
        for parameter in learning:
            parameter.requires_grad = True


@torch.no_grad()
def saved_generations(
    generator: Generator, phase: Phase, count: int, seed: int
) -> tuple[list[Bytes], list[Bytes]]:
    """The true and the generated pictures of `count` windows; the same for the same weights and seed."""
    task = generator.task
    device = next(task.network.parameters()).device
    real: list[Bytes] = []
    made: list[Bytes] = []
    order = np.random.default_rng([seed, 2])
    with resting(task.network):
        while len(real) < count:
            random = np.random.default_rng([seed, 3, len(real)])
            indices = [
                int(index) for index in order.integers(task.train_count, size=min(4, count - len(real)))
            ]
            batch = {
                name: to_device(value, device) for name, value in task.batch(indices, phase, random).items()
            }
            real += _bytes(generator.truth(batch))
            made += _bytes(generator.make(task.network, batch))
    return real, made


def _bytes(pictures: Tensor) -> list[Bytes]:
    levels = (255 * pictures.detach().float().clamp(0, 1) + 0.5).to(torch.uint8)
    return list(levels.permute(0, 2, 3, 1).cpu().numpy())
