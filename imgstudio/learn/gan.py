"""Trains a restoring network against a critic: alone first, then the critic alone, then both in turns."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.manifest import ModelManifest
from imgstudio.learn.checkpoints import load_checkpoint, save_checkpoint
from imgstudio.learn.critic_switch import CriticSwitch
from imgstudio.learn.gan_plan import LONGEST, GanPlans, GanSettings, gan_plans
from imgstudio.learn.recipe import Setup
from imgstudio.learn.reports import Goal, PreviewRow, RateSweep, StepReport, Watch
from imgstudio.learn.task import Task
from imgstudio.learn.tasks.critic import CriticTask
from imgstudio.learn.tasks.gan import (
    CriticDuel,
    Generator,
    GeneratorDuel,
    Make,
    Truth,
    made_of_input,
    saved_generations,
    target_of,
)
from imgstudio.learn.trainer import Trainer

CRITIC_HYPERPARAMETERS: Mapping[str, Any] = {"channels": 32, "halvings": 3}


def gan_session(
    setup: Setup[Any],
    generator_task: Task,
    *,
    make: Make = made_of_input,
    truth: Truth = target_of,
    settings: GanSettings | None = None,
    hyperparameters: Mapping[str, Any] = CRITIC_HYPERPARAMETERS,
) -> GanSession:
    """A session over `setup.plan`, whose phases come from `gan_plan.gan_phases`; raises UserError otherwise.

    `make(network, batch)` is what the generator makes of a batch, (n, 3, h, w) in 0..1, `truth(batch)` what it
    should make; `hyperparameters` are those of the critic.
    """
    from imgstudio.engine.nets.critic import ARCHITECTURE

    settings = settings or GanSettings()
    torch.manual_seed(setup.plan.seed + 1)
    players = Players(
        Generator(generator_task, make, truth),
        ARCHITECTURE.build(**hyperparameters),
        hyperparameters,
        settings,
        gan_plans(setup.plan, generator_task.train_count, settings),
        setup.device,
    )
    return GanSession(players)


@dataclass(frozen=True, slots=True, eq=False)
class Players:
    """Everybody and everything that takes part, the same from the first stage to the last."""

    generator: Generator
    critic: nn.Module
    hyperparameters: Mapping[str, Any]
    settings: GanSettings
    plans: GanPlans
    device: str

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator.task.network, "critic": self.critic}


class Alone:
    """A stage in which one network learns by itself."""

    def __init__(self, name: str, trainer: Trainer) -> None:
        self.name = name
        self.trainers = {name: trainer}

    @property
    def done(self) -> float:
        return self.trainers[self.name].done

    def reports(self) -> Iterator[StepReport]:
        return self.trainers[self.name].steps()

    def finish(self, networks: Mapping[str, nn.Module]) -> None:
        """Let the averaged weights be where the next stage begins."""
        networks[self.name].load_state_dict(self.trainers[self.name].network_now().state_dict())

    def facts(self) -> dict[str, Any]:
        return {}

    def recall(self, facts: Mapping[str, Any]) -> None:
        """Nothing but what the trainer knows."""


class Together:
    """The last stage: generator and critic in turns, as the switch decides."""

    name = "generator"

    def __init__(self, generator: Trainer, critic: Trainer, switch: CriticSwitch, minutes: float) -> None:
        self.trainers = {"generator": generator, "critic": critic}
        self._switch = switch
        self._seconds = 60 * minutes
        self._seen = {"generator": 0.0, "critic": 0.0}
        """Last losses."""

    @property
    def done(self) -> float:
        generator = self.trainers["generator"].done
        if self._seconds <= 0:
            return generator
        spent = sum(trainer.seconds for trainer in self.trainers.values())
        return min(1.0, max(generator, spent / self._seconds))

    def reports(self) -> Iterator[StepReport]:
        """Steps of either side; `loss` stays the generator's, both are among the terms."""
        iterators = {name: trainer.steps() for name, trainer in self.trainers.items()}
        try:
            while self.done < 1:
                turn = self._switch.turn
                report = next(iterators[turn], None)
                if report is None:
                    return
                self._seen[turn] = report.loss
                self._switch.after(report.loss)
                yield self._judged(self._told(report, is_generator=turn == "generator"))
        finally:
            for iterator in iterators.values():
                _close(iterator)

    def finish(self, networks: Mapping[str, nn.Module]) -> None:
        """It is the last stage."""

    def facts(self) -> dict[str, Any]:
        return {"turn": self._switch.turn, "waited": self._switch.waited, "seen": self._seen}

    def recall(self, facts: Mapping[str, Any]) -> None:
        self._switch.turn, self._switch.waited = facts["turn"], int(facts["waited"])
        self._seen = dict(facts["seen"])

    def _judged(self, report: StepReport) -> StepReport:
        """With a validation, too, when time is up before the generator's own end."""
        if self.done < 1 or report.validation is not None:
            return report
        trainer = self.trainers["generator"]
        with torch.no_grad():
            return dataclasses.replace(report, validation=trainer.task.validate(trainer.network_now()))

    def _told(self, report: StepReport, *, is_generator: bool) -> StepReport:
        terms = {"generator loss": self._seen["generator"], "critic loss": self._seen["critic"]}
        terms |= report.terms if is_generator else {}
        images = report.images if is_generator else 0
        return dataclasses.replace(report, loss=self._seen["generator"], terms=terms, images=images)


Stage = Alone | Together


class GanSession:
    """A TrainSession of three stages. Guards that networks, stage and switch in a checkpoint belong together.

    Losses of a GAN say little, so the goal is "progress": the newest counts as the best, and whoever watches
    picks a kept checkpoint by eye.
    """

    goal = Goal("progress")

    def __init__(self, players: Players) -> None:
        self._players = players
        self._stage_number = 0
        self.step = 0
        self._epoch = self._epochs_before = self._seconds_before = 0.0
        self._stage = self._made_stage()

    @property
    def done(self) -> float:
        shares = self._players.plans.shares
        return min(1.0, sum(shares[: self._stage_number]) + shares[self._stage_number] * self._stage.done)

    @property
    def seconds(self) -> float:
        """Spent in all stages so far, over all sittings."""
        return self._seconds_before + sum(trainer.seconds for trainer in self._stage.trainers.values())

    @property
    def total_steps(self) -> int:
        """As the steps done so far and their share of the whole suggest."""
        if self.done > 0:
            return max(self.step, round(self.step / self.done))
        return sum(trainer.total_steps for trainer in self._stage.trainers.values())

    def steps(self) -> Iterator[StepReport]:
        """Steps of all stages; raises Diverged."""
        while True:
            for report in self._stage.reports():
                self.step += 1
                yield self._placed(report)
            if self._stage_number == len(self._players.plans.shares) - 1:
                return
            self._stage.finish(self._players.networks)
            self._epochs_before, self._seconds_before = self._epoch, self.seconds
            self._stage_number += 1
            self._stage = self._made_stage()

    def find_rate(self, progress: Progress, *, watch: Watch = lambda so_far: None) -> RateSweep:
        """For the network whose stage it is."""
        return self._stage.trainers[self._stage.name].find_rate(progress, watch=watch)

    def previews(self) -> Sequence[PreviewRow]:
        trainer = self._stage.trainers.get("generator")
        if trainer is not None:
            return trainer.previews()
        return self._players.generator.task.previews(self._players.generator.task.network.eval())

    def save(self, folder: Path) -> None:
        """The checkpoint's own file, replaced last, names the folder with those of the trainers."""
        parts = folder / f"step-{self.step:08d}-{self._stage_number}"
        for player, trainer in self._stage.trainers.items():
            trainer.save(parts / player)
        save_checkpoint(folder, self._weights(), self._facts(parts.name))
        for old in folder.glob("step-*"):
            if old.is_dir() and old != parts:
                shutil.rmtree(old, ignore_errors=True)

    def restore(self, folder: Path) -> None:
        weights, facts = load_checkpoint(folder)
        try:
            for player, network in self._players.networks.items():
                network.load_state_dict(_under(weights, player))
            self.step, self._stage_number = int(facts["step"]), int(facts["stage"])
            self._epochs_before, self._epoch = float(facts["epochs_before"]), float(facts["epoch"])
            self._seconds_before = float(facts["seconds_before"])
        except (RuntimeError, KeyError) as error:
            raise UserError(
                "The run cannot go on from this checkpoint",
                "It belongs to another network or another kind of training.",
                "Start a new run, or take the checkpoint of this one.",
            ) from error
        self._stage = self._made_stage()
        self._stage.recall(facts["switch"])
        for player, trainer in self._stage.trainers.items():
            trainer.restore(folder / Path(facts["parts"]).name / player)

    def export(self, folder: Path, name: str) -> ModelManifest:
        trainer = self._stage.trainers.get("generator")
        if trainer is not None:
            return trainer.export(folder, name)
        task = self._players.generator.task
        return task.export(
            task.network.eval(), folder, name, {"steps": self.step, "seconds": round(self.seconds)}
        )

    def _made_stage(self) -> Stage:
        return (_generator_stage, _critic_stage, _together_stage)[self._stage_number](self._players)

    def _placed(self, report: StepReport) -> StepReport:
        """The report of one stage as one of the whole run."""
        plans = self._players.plans
        if self._stage_number < 2 or report.images > 0:
            self._epoch = self._epochs_before + report.epoch
        before = (0, len(plans.generator.phases), len(plans.generator.phases) + 1)[self._stage_number]
        validation = report.validation
        if validation is not None:
            scores = {self.goal.name: self.done, **validation.scores}
            validation = dataclasses.replace(validation, scores=scores)
        return dataclasses.replace(
            report,
            step=self.step,
            done=self.done,
            epoch=self._epoch,
            phase=before + report.phase,
            validation=validation,
        )

    def _facts(self, parts: str) -> dict[str, Any]:
        return {
            "parts": parts,
            "step": self.step,
            "stage": self._stage_number,
            "epoch": self._epoch,
            "epochs_before": self._epochs_before,
            "seconds_before": self._seconds_before,
            "switch": self._stage.facts(),
        }

    def _weights(self) -> dict[str, torch.Tensor]:
        return {
            f"{player}.{name}": value
            for player, network in self._players.networks.items()
            for name, value in network.state_dict().items()
        }


def _generator_stage(players: Players) -> Stage:
    return Alone("generator", Trainer(players.generator.task, players.plans.generator, players.device))


def _critic_stage(players: Players) -> Stage:
    plan = players.plans.critic
    real, made = saved_generations(players.generator, plan.phases[0], players.settings.generations, plan.seed)
    task = CriticTask(players.critic, real, made, players.hyperparameters)
    return Alone("critic", Trainer(task, plan, players.device))


def _together_stage(players: Players) -> Stage:
    generator = GeneratorDuel(players.generator, players.critic, players.settings)
    critic = CriticDuel(players.generator, players.critic, players.hyperparameters)
    return Together(
        Trainer(generator, players.plans.together, players.device),
        Trainer(critic, players.plans.duel, players.device),
        CriticSwitch(players.settings.threshold, LONGEST),
        players.plans.minutes,
    )


def _under(tensors: Mapping[str, torch.Tensor], player: str) -> dict[str, torch.Tensor]:
    start = f"{player}."
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _close(iterator: Iterator[StepReport]) -> None:
    close: Callable[[], None] | None = getattr(iterator, "close", None)
    if close is not None:
        close()
