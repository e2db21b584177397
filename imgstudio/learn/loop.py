"""The training loop: one optimisation step at a time, resumable, the same for every small network."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.learn.checkpoints import Run, load_checkpoint, save_checkpoint
from imgstudio.learn.ema import Average
from imgstudio.learn.recipe import Diverged, StepReport
from imgstudio.learn.schedule import OneCycle

Terms = dict[str, Tensor]
"""Parts of a loss, each already weighted: their sum is what is minimised."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast to train."""

    total_steps: int
    seconds: float = math.inf
    """Wall-clock budget over all sittings; the schedule ends when either this or `total_steps` is used up."""
    schedule: OneCycle = field(default_factory=OneCycle)
    seed: int = 0
    clip: float = 0.5
    """Longest gradient, over all weights together."""
    decay: float = 0.999
    """Of the moving average."""
    patience: int = 20
    """Steps in a row without a finite gradient before giving up."""


class Loop:
    """Guards one invariant: weights, average, optimiser, random state and step always belong together."""

    def __init__(
        self,
        module: nn.Module,
        losses: Callable[[nn.Module, np.random.Generator], Terms],
        settings: LoopSettings,
    ) -> None:
        """`losses` draws a batch from the generator and returns the weighted terms for the module."""
        self.module = module
        self.average = Average(module, settings.decay)
        self.step = 0
        self.seconds = 0.0
        self._losses = losses
        self._settings = settings
        self._bad = 0
        self._optimiser = torch.optim.Adam(module.parameters(), lr=1e-3, betas=(0.9, 0.99))
        self._random = np.random.default_rng(settings.seed)
        torch.manual_seed(settings.seed)
        random.seed(settings.seed)

    @property
    def done(self) -> float:
        """Share of the run that is over, 0..1: of steps or of time, whichever is further."""
        settings = self._settings
        return min(1.0, max(self.step / settings.total_steps, self.seconds / settings.seconds))

    def steps(self) -> Iterator[StepReport]:
        """One report per optimisation step until the run is done.

        Raises Diverged after `patience` steps in a row whose gradient is not finite; single ones are skipped.
        """
        while self.done < 1:
            started = time.monotonic()
            self._set_rate()
            self.module.train()
            terms = self._losses(self.module, self._random)
            loss = torch.stack(list(terms.values())).sum()
            self._descend(loss)
            self.step += 1
            self.seconds += time.monotonic() - started
            values = {name: term.item() for name, term in terms.items()}
            yield StepReport(self.step, loss.item(), values, self.done)

    def save(self, folder: Path) -> None:
        save_checkpoint(folder, self._run(), {"step": self.step, "seconds": self.seconds})

    def resume(self, folder: Path) -> None:
        facts = load_checkpoint(folder, self._run())
        self.step, self.seconds = int(facts["step"]), float(facts["seconds"])

    def _run(self) -> Run:
        return Run(self.module, self.average, self._optimiser, self._random)

    def _set_rate(self) -> None:
        schedule = self._settings.schedule
        for group in self._optimiser.param_groups:
            group["lr"] = schedule.rate_at(self.done)
            group["betas"] = (schedule.momentum_at(self.done), group["betas"][1])

    def _descend(self, loss: Tensor) -> None:
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        length = nn.utils.clip_grad_norm_(self.module.parameters(), self._settings.clip)
        if not bool(torch.isfinite(length)):
            self._bad += 1
            if self._bad >= self._settings.patience:
                raise Diverged(f"no finite gradient in {self._bad} steps, last at step {self.step + 1}")
            return
        self._bad = 0
        self._optimiser.step()
        self.average.update(self.module)
