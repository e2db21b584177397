"""What holds for the whole run: budget, seed, precision, averages, how often it is judged and when it ends early."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from PySide6.QtCore import Signal

from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.panels.train.phase_form import Halves
from imgstudio.core.params import Number, Ui
from imgstudio.learn.plan import EarlyStop, Plan, Precision


@dataclass(frozen=True, slots=True)
class Conduct:
    """How steps are made."""

    minutes: Annotated[
        float,
        Number(0, 10_000, 1, soft_max=240, unit="min", decimals=0, least_means="None"),
        Ui(
            label="Time budget",
            help="With a budget, the lengths of phases only say how the time is shared out.",
            group="Training",
        ),
    ] = 0.0
    precision: Annotated[
        Precision, Ui(help="Automatic: what the device does fastest without harm.", group="Training")
    ] = "auto"
    accumulate: Annotated[
        int,
        Number(1, 256, soft_max=16),
        Ui(
            label="Batches a step",
            help="Their gradients are added up: like a larger batch, without its memory.",
            group="Training",
        ),
    ] = 1
    clip: Annotated[
        float,
        Number(0, 1000, 0.1, soft_max=5, least_means="Off"),
        Ui(label="Clip gradients", help="Longest gradient over all weights.", group="Training"),
    ] = 1.0
    average_decay: Annotated[
        float,
        Number(0, 0.99999, 0.001, decimals=7, least_means="Off"),
        Ui(
            label="Moving average",
            help="Of the weights (EMA); what is judged and kept is the average.",
            group="Training",
        ),
    ] = 0.99
    seed: Annotated[
        int,
        Number(0, 2**31 - 1, soft_max=100),
        Ui(help="The same seed gives the same run.", group="Training"),
    ] = 0


@dataclass(frozen=True, slots=True)
class Judging:
    """When it is looked how good the network is."""

    validate_every: Annotated[
        float,
        Number(0, 1000, 0.1, soft_max=20, unit="epochs", least_means="Off"),
        Ui(label="Judge every", help="It is also judged at the end of each phase.", group="Judging"),
    ] = 1.0
    keep_every: Annotated[
        int,
        Number(0, 1000, soft_max=20, least_means="Off"),
        Ui(
            label="Keep every",
            help="Judgements between two checkpoints that are kept for good; best and last are always kept.",
            group="Judging",
        ),
    ] = 0
    stops: Annotated[
        bool,
        Ui(
            label="End early",
            help="When nothing improves any more, the rate falls to its end and the run is over.",
            group="Judging",
        ),
    ] = False
    patience: Annotated[
        int,
        Number(1, 1000, soft_max=40),
        Ui(help="Judgements without improvement.", group="Judging", visible_if=("stops", True)),
    ] = 8
    margin: Annotated[
        float,
        Number(0, 100, 0.001, soft_max=0.1, decimals=3),
        Ui(
            help="Improvement that counts, in units of the score.",
            group="Judging",
            visible_if=("stops", True),
        ),
    ] = 0.0
    landing: Annotated[
        float,
        Number(0, 1, 0.01),
        Ui(
            help="Share of the steps so far that the fall of the rate takes.",
            group="Judging",
            visible_if=("stops", True),
        ),
    ] = 0.1


def conduct_of(plan: Plan) -> Conduct:
    return Conduct(plan.minutes, plan.precision, plan.accumulate, plan.clip, plan.average_decay, plan.seed)


def judging_of(plan: Plan, remembered: EarlyStop) -> Judging:
    """`remembered` fills in for a plan that does not end early."""
    stop = plan.early_stop or remembered
    return Judging(
        plan.validate_every,
        plan.keep_every,
        plan.early_stop is not None,
        stop.patience,
        stop.margin,
        stop.landing,
    )


class RunForm(Halves):
    """Shows everything of a plan but its phases."""

    changed = Signal(object)
    """The plan as a person changed it."""

    def __init__(self) -> None:
        self.conduct, self.judging = ParamForm(Conduct), ParamForm(Judging)
        super().__init__(self.conduct, self.judging)
        self.setObjectName("train.whole")
        self._plan: Plan | None = None
        self._stop = EarlyStop()
        self.conduct.changed.connect(self._on_changed)
        self.judging.changed.connect(self._on_changed)

    def show_plan(self, plan: Plan) -> None:
        if plan == self._plan:
            return
        self._plan = plan
        self._stop = plan.early_stop or self._stop
        self.conduct.set_value(conduct_of(plan))
        self.judging.set_value(judging_of(plan, self._stop))

    def _on_changed(self, _: Any) -> None:
        if self._plan is None:
            return
        conduct: Conduct = self.conduct.value()
        judging: Judging = self.judging.value()
        self._stop = EarlyStop(judging.patience, judging.margin, judging.landing)
        self._plan = replace(
            self._plan,
            minutes=conduct.minutes,
            precision=conduct.precision,
            accumulate=conduct.accumulate,
            clip=conduct.clip,
            average_decay=conduct.average_decay,
            seed=conduct.seed,
            validate_every=judging.validate_every,
            keep_every=judging.keep_every,
            early_stop=self._stop if judging.stops else None,
        )
        self.changed.emit(self._plan)
