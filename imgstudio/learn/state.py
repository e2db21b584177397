"""All parts of a run that change while it trains, and how they become a checkpoint and come back from one."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from imgstudio.core.errors import UserError
from imgstudio.learn.batches import Batches
from imgstudio.learn.checkpoints import check_fits, over, under
from imgstudio.learn.descent import Descent
from imgstudio.learn.early_stop import Patience
from imgstudio.learn.ema import Average, steady_copy
from imgstudio.learn.freezing import LayerGroups
from imgstudio.learn.optimisers import load_optimiser, make_optimiser, optimiser_tensors
from imgstudio.learn.plan import Plan
from imgstudio.learn.reader import Order
from imgstudio.learn.swa import MeanWeights, batch_norms, renew_norms
from imgstudio.learn.task import Task
from imgstudio.learn.timeline import Timeline

MAY_CHANGE = ("minutes", "early_stop", "validate_every", "keep_every")
"""What a plan may have otherwise when a run goes on."""
NORM_BATCHES = 40
"""Most batches that measure the statistics of norms for averaged weights."""


@runtime_checkable
class Remembers(Protocol):
    """A task with a state of its own, such as a critic and its optimiser, which checkpoints keep too."""

    def memory(self) -> dict[str, Tensor]: ...

    def remember(self, memory: Mapping[str, Tensor]) -> None:
        """Take back what `memory` returned, on the CPU; raises UserError when it does not fit."""
        ...


@dataclass(eq=False)
class RunState:
    """Guards that weights, averages, optimiser memory and position always belong together."""

    task: Task
    plan: Plan
    layers: LayerGroups
    line: Timeline
    patience: Patience
    descent: Descent
    average: Average | None
    mean: MeanWeights = field(default_factory=MeanWeights)
    mean_step: int = -1
    """When `mean` collected last."""
    optimiser: torch.optim.Optimizer | None = None
    entered: int = -1
    """Phase whose optimiser this is."""
    bad: int = 0
    """Steps in a row without a finite gradient."""
    loss: float = math.nan
    """The last finite one."""
    scores: dict[str, float] = field(default_factory=dict)
    """Of the last validation."""
    _finished: nn.Module | None = None

    def order(self) -> Order:
        """For the batch of the next step."""
        where = self.line.where
        phase = min(where.phase, len(self.plan.phases) - 1)
        return Order(where.step + 1, where.seen, self.line.pictures, phase)

    def enter(self) -> torch.optim.Optimizer:
        """Get ready for a step in the present phase; its optimiser keeps its memory if it is the same."""
        index, phase = self.line.where.phase, self.line.phase
        if index != self.entered:
            before = self.plan.phases[self.entered].optimiser if self.entered >= 0 else None
            if before != phase.optimiser:
                self.optimiser = make_optimiser(phase.optimiser, self.layers)
            self.entered, self.descent.piece = index, phase.batch
        assert self.optimiser is not None
        self.layers.freeze(phase)
        self.layers.set_modes(phase)
        return self.optimiser

    def collect(self) -> None:
        """Take the present weights into their mean, once a step."""
        if self.mean_step < self.line.where.step:
            self.mean.collect(self.layers.network)
            self.mean_step = self.line.where.step

    def network_now(self, batches: Batches) -> nn.Module:
        """A copy in evaluation mode that no longer learns.

        It has the mean of the collected weights (SWA) when the run is over and there are some, else the moving
        average if the plan wants one, else the weights as they are.
        """
        if self.line.is_over and self.mean.is_usable:
            if self._finished is None:
                self._finished = self._with_mean_weights(batches)
            return steady_copy(self._finished)
        if self.average is not None:
            return self.average.applied_to(self.layers.network)
        return steady_copy(self.layers.network)

    @contextlib.contextmanager
    def nothing_changed(self) -> Iterator[None]:
        """Whatever the block does to weights, statistics and random numbers is undone; steps go unseen."""
        network = self.layers.network
        kept = [(value, value.detach().clone()) for value in (*network.parameters(), *network.buffers())]
        memory = self.task.memory() if isinstance(self.task, Remembers) else {}
        memory = {name: value.detach().clone() for name, value in memory.items()}
        piece, scaler = self.descent.piece, self.descent.scaler.state_dict()
        device = next(network.parameters()).device
        try:
            with torch.random.fork_rng([device] if device.type == "cuda" else []):
                yield
        finally:
            with torch.no_grad():
                for value, before in kept:
                    value.copy_(before)
            if isinstance(self.task, Remembers):
                self.task.remember(memory)
            self.descent.piece = piece
            if scaler:
                self.descent.scaler.load_state_dict(scaler)

    def tensors(self) -> dict[str, Tensor]:
        parts = over(self.layers.network.state_dict(), "network.")
        if self.average is not None:
            parts |= over(self.average.weights, "average.")
        if self.optimiser is not None:
            parts |= over(optimiser_tensors(self.optimiser, self.layers.named()), "optimiser.")
        if isinstance(self.task, Remembers):
            parts |= over(self.task.memory(), "task.")
        return parts | over(self.mean.weights, "mean.")

    def facts(self) -> dict[str, Any]:
        return {
            "plan": _plain(self.plan),
            "train_count": self.task.train_count,
            "where": self.line.facts(),
            "best": self.patience.best,
            "stale": self.patience.stale,
            "entered": self.entered,
            "piece": self.descent.piece,
            "scaler": self.descent.scaler.state_dict(),
            "average_updates": 0 if self.average is None else self.average.updates,
            "mean_count": self.mean.count,
            "mean_step": self.mean_step,
            "bad": self.bad,
            "loss": self.loss,
            "scores": self.scores,
        }

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Become what was saved; raises UserError, and changes nothing, when it belongs to another run."""
        network = self.layers.network
        check_fits(under(tensors, "network."), network.state_dict())
        self._check_plan(facts)
        if isinstance(self.task, Remembers):
            self.task.remember(under(tensors, "task."))
        network.load_state_dict(under(tensors, "network."))
        network.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.load(under(tensors, "average."), facts["average_updates"])
        self.mean.load(under(tensors, "mean."), facts["mean_count"], network)
        self._restore_optimiser(under(tensors, "optimiser."), facts["entered"])
        self._restore_numbers(facts)

    def _with_mean_weights(self, batches: Batches) -> nn.Module:
        network = self.mean.applied_to(self.layers.network)
        if batch_norms(network):
            renew_norms(network, self._passes(network, batches))
        return network

    def _passes(self, network: nn.Module, batches: Batches) -> Iterator[None]:
        """Send the next batches, at most an epoch, through `network`."""
        order = self.order()
        for _ in range(min(NORM_BATCHES, math.ceil(self.task.train_count / order.count))):
            yield self.descent.observe(network, batches.whole(order))
            order = order.following()

    def _restore_optimiser(self, tensors: Mapping[str, Tensor], entered: int) -> None:
        self.entered, self.optimiser = entered, None
        if entered >= 0:
            self.optimiser = make_optimiser(self.plan.phases[entered].optimiser, self.layers)
            load_optimiser(self.optimiser, self.layers.named(), tensors)

    def _restore_numbers(self, facts: Mapping[str, Any]) -> None:
        self.line.restore(facts["where"])
        self.patience.best = tuple(facts["best"]) if facts["best"] else None
        self.patience.stale = facts["stale"]
        self.descent.piece = facts["piece"]
        if facts["scaler"]:
            self.descent.scaler.load_state_dict(facts["scaler"])
        self.mean_step, self.bad = facts["mean_step"], facts["bad"]
        self.loss, self.scores = facts["loss"], dict(facts["scores"])
        self._finished = None

    def _check_plan(self, facts: Mapping[str, Any]) -> None:
        saved, present = dict(facts["plan"]), _plain(self.plan)
        timed = (saved["minutes"] > 0, self.plan.minutes > 0)
        for name in MAY_CHANGE:
            saved.pop(name)
            present.pop(name)
        other = [name for name in present if saved.get(name) != present[name]]
        if timed[0] != timed[1]:
            other.append("minutes")
        if other:
            raise UserError(
                "The checkpoint belongs to another plan",
                f"It differs in: {', '.join(other)}.",
                "Go on with the plan that run was started with, or start a new run.",
            )
        if facts["train_count"] != self.task.train_count:
            raise UserError(
                "The checkpoint belongs to other pictures",
                f"It was made with {facts['train_count']} to learn from; now there are {self.task.train_count}.",
                "Bring the folder back to what it was, or start a new run.",
            )


def _plain(plan: Plan) -> dict[str, Any]:
    return dict(json.loads(plan.to_json()))
