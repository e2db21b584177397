"""Trains the network of a task by a plan, one step at a time; going on from a checkpoint changes nothing."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.manifest import ModelManifest
from imgstudio.learn.batches import Batches
from imgstudio.learn.checkpoints import load_checkpoint, save_checkpoint
from imgstudio.learn.descent import Descent, Losses
from imgstudio.learn.distributed import Processes
from imgstudio.learn.early_stop import Patience
from imgstudio.learn.ema import Average
from imgstudio.learn.freezing import LayerGroups
from imgstudio.learn.optimisers import make_optimiser, set_rates
from imgstudio.learn.plan import EarlyStop, Plan
from imgstudio.learn.rate_finder import Spacing, sweep, sweep_rates
from imgstudio.learn.reader import Order, Reader
from imgstudio.learn.recipe import Diverged
from imgstudio.learn.reports import PreviewRow, RateSweep, StepReport, Validation, Watch
from imgstudio.learn.state import RunState
from imgstudio.learn.task import Batch, Task
from imgstudio.learn.timeline import Timeline

PATIENCE = 20
"""Steps in a row without a finite gradient after which a run has diverged."""


class Trainer:
    """Guards that between two steps everything is whole: saved, restored or left there, the run is the same.

    The crops of step i (from 1) are drawn by `default_rng([seed, i])`, the order of epoch e is
    `default_rng([seed, e, 1]).permutation(train_count)`, what torch draws is seeded anew in each step. A step that
    has no finite gradient is skipped: its report has the last good loss, no terms, and a note naming its pictures.
    """

    def __init__(self, task: Task, plan: Plan, device: str = "auto") -> None:
        """Raises UserError for a device that is not there and for phases in which nothing learns."""
        self.task = task
        self.plan = plan
        self.goal = task.goal
        self._processes = Processes(device)
        self.device = self._processes.device
        if self.device.type == "cuda":
            torch.backends.cudnn.deterministic = True  # the same seed gives the same run
        network = task.network.to(self.device).to(memory_format=torch.channels_last)
        layers = LayerGroups(network, task.groups)
        for phase in plan.phases:
            layers.check(phase)
        if min(phase.batch * plan.accumulate for phase in plan.phases) < self._processes.count:
            raise UserError(
                "The batch is too small for so many processes",
                f"{self._processes.count} processes share it, and each needs a picture.",
                "Start fewer processes or choose a larger batch.",
            )
        self._state = RunState(
            task,
            plan,
            layers,
            Timeline(plan, task.train_count),
            Patience(task.goal, plan.early_stop),
            Descent(layers, task.losses, plan, self._processes),
            Average(network, plan.average_decay) if plan.average_decay > 0 else None,
        )
        self._line = self._state.line
        self._batches = Batches(task, plan, self._processes)
        self.total_steps = self._line.total_steps
        """With a time budget estimated from the pace so far."""

    @property
    def step(self) -> int:
        return self._line.where.step

    @property
    def seconds(self) -> float:
        """Spent on steps, validations, previews and checkpoints, over all sittings."""
        return self._line.where.seconds

    @property
    def done(self) -> float:
        """Share of the run that is over, 0..1."""
        return self._line.done

    @property
    def best(self) -> tuple[float, int] | None:
        """Best score so far, and its step."""
        return self._state.patience.best

    def steps(self) -> Iterator[StepReport]:
        """One report per optimisation step until the plan is over.

        Raises Diverged after `PATIENCE` bad steps in a row, and UserError when the memory is too small.
        """
        with Reader(self._batches.own) as reader:
            try:
                while not self._line.is_over:
                    yield self._step(reader)
            finally:
                self._state.layers.release()

    def land(self) -> bool:
        """End soon: let the rate fall to its end first; False when the plan's own end is nearer anyway."""
        rule = self.plan.early_stop or EarlyStop()
        has_begun = self._line.land(rule.landing)
        self.total_steps = self._line.total_steps
        return has_begun

    def find_rate(
        self,
        progress: Progress,
        *,
        count: int = 100,
        lowest: float = 1e-6,
        highest: float = 10.0,
        spacing: Spacing = "exponential",
        watch: Watch = lambda so_far: None,
    ) -> RateSweep:
        """Sweep the learning rate of the present phase; everything is as before afterwards."""
        rates = sweep_rates(lowest, highest, count, spacing)
        with self._state.nothing_changed(), Reader(self._batches.own) as reader:
            self._state.enter()
            optimiser = make_optimiser(self._line.phase.optimiser, self._state.layers)
            order = self._state.order()

            def advance(rate: float) -> float:
                nonlocal order
                losses, _ = self._descend(reader, order, optimiser, rate, self._line.phase.momentum.start)
                order = order.following()
                return math.nan if losses is None else losses.loss

            return sweep(advance, rates, progress, watch)

    def previews(self) -> Sequence[PreviewRow]:
        """What the averaged network does now to a few fixed validation pictures."""
        with self._spending(), torch.no_grad():
            return self.task.previews(self.network_now())

    def save(self, folder: Path) -> None:
        """Write a checkpoint (of several processes only the main one does); raises UserError."""
        if self._processes.is_main:
            with self._spending():
                save_checkpoint(folder, self._state.tensors(), self._state.facts())

    def restore(self, folder: Path) -> None:
        """Go on from a checkpoint exactly.

        Raises UserError, and changes nothing, when it is missing or damaged, or belongs to another network, plan or
        set of pictures.
        """
        self._state.restore(*load_checkpoint(folder))
        self.total_steps = self._line.total_steps

    def export(self, folder: Path, name: str) -> ModelManifest:
        """Write the averaged network as a model folder."""
        scores = {key: round(value, 5) for key, value in self._state.scores.items() if math.isfinite(value)}
        training: dict[str, Any] = {
            "steps": self.step,
            "epochs": round(self._line.epoch, 2),
            "seconds": round(self.seconds),
            "device": self.device.type,
            "seed": self.plan.seed,
            "scores": scores,
        }
        return self.task.export(self.network_now(), folder, name, training)

    def network_now(self) -> nn.Module:
        """A copy in evaluation mode that no longer learns.

        It has the mean of the collected weights (SWA) when the run is over and there are some, else the moving
        average if the plan wants one, else the weights as they are.
        """
        return self._state.network_now(self._batches)

    def _step(self, reader: Reader[Batch]) -> StepReport:
        line, where = self._line, self._line.where
        where.seconds = self._processes.from_main(where.seconds)
        started = time.monotonic()
        optimiser = self._state.enter()
        phase, rate, momentum = where.phase, line.rate, line.momentum
        order = self._state.order()
        losses, note = self._descend(reader, order, optimiser, rate, momentum)
        self._count(losses, order)
        epoch = int(line.epoch)
        line.advance()
        spent = self._processes.from_main(time.monotonic() - started)
        where.seconds += spent
        report: dict[str, Any] = {
            "step": where.step,
            "loss": self._state.loss,
            "terms": {} if losses is None else losses.terms,
            "epoch": line.epoch,
            "phase": phase,
            "rate": rate,
            "momentum": momentum,
            "images": order.count,
            "seconds": spent,
        }
        turned = line.turn()
        if self.plan.phases[phase].averages and (turned or int(line.epoch) > epoch):
            self._state.collect()
        validation, ending = self._judge(turned)
        self.total_steps = self._line.total_steps
        notes = " ".join(part for part in (note, ending) if part)
        return StepReport(**report, done=line.done, validation=validation, note=notes)

    def _descend(
        self,
        reader: Reader[Batch],
        order: Order,
        optimiser: torch.optim.Optimizer,
        rate: float,
        momentum: float,
    ) -> tuple[Losses | None, str]:
        """One step at a rate; None instead of losses when it was skipped, and a note."""
        batch = reader.take(order)
        set_rates(optimiser, rate, momentum, self._state.layers.factors(self._line.phase))
        descent = self._state.descent
        losses, note = descent.gradients(batch, order.step, order.count)
        has_stepped = descent.apply(optimiser)
        if has_stepped and math.isfinite(losses.loss):
            return losses, note
        if math.isfinite(losses.loss) and descent.scaler.is_enabled():
            return None, note  # the scaler tries how far it can go: nothing is wrong
        why = f"Step {order.step} was skipped: its loss is not a number ({self._batches.names(order)})."
        return None, f"{note} {why}".strip()

    def _count(self, losses: Losses | None, order: Order) -> None:
        """Follow a step with the averages, or count it as bad."""
        state = self._state
        if losses is None:
            state.bad += 1
            if state.bad >= PATIENCE:
                raise Diverged(
                    f"The loss was not a number in {state.bad} steps in a row, last in step {order.step} "
                    f"({self._batches.names(order)})."
                )
            return
        state.bad, state.loss = 0, losses.loss
        if state.average is not None:
            state.average.update(state.layers.network)

    def _judge(self, turned: bool) -> tuple[Validation | None, str]:
        """Validate if it is time to, and land if nothing has improved for long."""
        if not turned and not self._line.wants_validation:
            return None, ""
        started = time.monotonic()
        validation = self._processes.from_main(self._validated() if self._processes.is_main else None)
        assert validation is not None
        self._line.judge(self._processes.from_main(time.monotonic() - started))
        patience = self._state.patience
        self._state.scores = dict(validation.scores)
        patience.hear(validation, self.step)
        ending = ""
        if patience.is_out and self.land():
            ending = patience.sentence()
        if turned:
            patience.start_again()
        return validation, ending

    def _validated(self) -> Validation:
        with torch.no_grad():
            return self.task.validate(self.network_now())

    @contextlib.contextmanager
    def _spending(self) -> Iterator[None]:
        """The time that the block takes belongs to the run."""
        started = time.monotonic()
        try:
            yield
        finally:
            if not self._line.is_over:
                self._line.where.seconds += time.monotonic() - started
