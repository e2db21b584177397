"""The numbers of one phase: how rate and momentum move, what is shown to the network, who learns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, cast

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from imgstudio.app.dialogs.form_dialog import start_from
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.app.panels.train.plan_texts import OPTIMISERS
from imgstudio.core.params import Number, Param, Ui
from imgstudio.learn.plan import Curve, CurveKind, Optimiser, Phase, Unit

Rule = Literal["AdamW", "Adam", "Muon", "SGD", "RMSprop"]
TWO_COLUMNS: Final = 560
"""Pixels from which on the two halves stand side by side."""
GUTTER: Final = 32
LEAST_MOMENTUM: Final = 1e-3
"""Start or end of an exponential momentum, which cannot come from zero."""
SHORTEST: Final = 1e-3
"""Epochs."""
RATE: Final = Number(1e-9, 10, 1e-9, soft_max=1, log=True, decimals=9)
MOMENTUM: Final = Number(0, 0.999, 0.001, decimals=7)


@dataclass(frozen=True, slots=True)
class Course:
    """What moves while a phase lasts."""

    length: Annotated[
        float,
        Number(0, 999_999, 0.1, soft_max=200, decimals=7),
        Ui(help="With a time budget, lengths only say how the time is shared out.", group="Length"),
    ] = 1.0
    unit: Annotated[
        Unit, Ui(label="Counted in", help="An epoch shows every picture once.", group="Length")
    ] = "epochs"
    rate_kind: Annotated[CurveKind, Ui(label="Course", group="Learning rate")] = "constant"
    rate_start: Annotated[float, RATE, Ui(label="Start", group="Learning rate")] = 1e-3
    rate_end: Annotated[float, RATE, Ui(label="End", group="Learning rate")] = 1e-3
    rate_power: Annotated[
        float,
        Number(0.1, 10, 0.1, soft_max=4),
        Ui(label="Power", group="Learning rate", visible_if=("rate_kind", "polynomial")),
    ] = 2.0
    momentum_kind: Annotated[CurveKind, Ui(label="Course", help="Beta 1 of Adam.", group="Momentum")] = (
        "constant"
    )
    momentum_start: Annotated[float, MOMENTUM, Ui(label="Start", group="Momentum")] = 0.9
    momentum_end: Annotated[float, MOMENTUM, Ui(label="End", group="Momentum")] = 0.9
    momentum_power: Annotated[
        float,
        Number(0.1, 10, 0.1, soft_max=4),
        Ui(label="Power", group="Momentum", visible_if=("momentum_kind", "polynomial")),
    ] = 2.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same while a phase lasts."""

    size: Annotated[
        int,
        Number(0, 4096, 16, soft_max=768, unit="px", least_means="As usual"),
        Ui(help="Longer side of the pictures or crops that are learned from.", group="Pictures"),
    ] = 0
    batch: Annotated[
        int,
        Number(1, 1024, soft_max=64, log=True),
        Ui(help="Pictures of one step. It is halved by itself when memory is short.", group="Pictures"),
    ] = 8
    optimiser: Annotated[
        Rule, Ui(label="Rule", help="Another one than before starts afresh.", group="Optimiser")
    ] = "AdamW"
    weight_decay: Annotated[
        float,
        Number(0, 1, 1e-7, soft_max=0.5, log=True, decimals=8),
        Ui(help="Pulls weights towards zero.", group="Optimiser"),
    ] = 0.0
    frozen: Annotated[
        int,
        Number(0, 12, soft_max=4),
        Ui(
            label="At rest",
            help="Layer groups, counted from the input, that do not learn.",
            group="Layers",
        ),
    ] = 0
    spread: Annotated[
        float,
        Number(0.001, 1, 0.001, log=True, decimals=7),
        Ui(
            label="First layers",
            help="Rate of the first layer group that learns, relative to that of the last.",
            group="Layers",
        ),
    ] = 1.0
    frozen_norms: Annotated[
        bool,
        Ui(
            label="Normalisation rests too",
            help="Usually the normalisation layers of resting groups go on learning.",
            group="Layers",
        ),
    ] = False
    averages: Annotated[
        bool,
        Ui(
            label="Average the weights (SWA)",
            help="Collects the weights at the end of every epoch of this phase; their mean is the result.",
            group="Layers",
        ),
    ] = False
    beta2: Annotated[
        float,
        Number(0.5, 0.9999, 0.0001, decimals=7),
        Ui(label="Beta 2", help="Of Adam and AdamW; the smoothing of RMSprop.", advanced=True),
    ] = 0.99
    eps: Annotated[
        float,
        Number(1e-12, 0.1, 1e-12, soft_max=1e-3, log=True, decimals=12),
        Ui(label="Epsilon", help="Keeps steps of Adam and RMSprop finite.", advanced=True),
    ] = 1e-8
    nesterov: Annotated[
        bool, Ui(label="Nesterov's momentum", help="Of SGD.", advanced=True, visible_if=("optimiser", "SGD"))
    ] = False


def course_of(phase: Phase) -> Course:
    return Course(
        phase.length,
        phase.unit,
        phase.rate.kind,
        phase.rate.start,
        phase.rate.end,
        phase.rate.power,
        phase.momentum.kind,
        phase.momentum.start,
        phase.momentum.end,
        phase.momentum.power,
    )


def setting_of(phase: Phase) -> Setting:
    rule = phase.optimiser
    return Setting(
        size=phase.size,
        batch=phase.batch,
        optimiser=cast(Rule, OPTIMISERS[rule.kind]),
        weight_decay=rule.weight_decay,
        frozen=phase.frozen,
        spread=phase.spread,
        frozen_norms=phase.frozen_norms,
        averages=phase.averages,
        beta2=rule.beta2,
        eps=rule.eps,
        nesterov=rule.nesterov,
    )


def with_course(phase: Phase, course: Course) -> Phase:
    """The phase with another course; numbers of a slider lose the digits that nobody can set by hand."""
    length = max(1.0, round(course.length)) if course.unit == "steps" else max(SHORTEST, course.length)
    rate = Curve(
        course.rate_kind,
        _three_digits(course.rate_start, phase.rate.start),
        _three_digits(course.rate_end, phase.rate.end),
        course.rate_power,
    )
    least = LEAST_MOMENTUM if course.momentum_kind == "exponential" else 0.0
    momentum = Curve(
        course.momentum_kind,
        max(least, course.momentum_start),
        max(least, course.momentum_end),
        course.momentum_power,
    )
    return replace(phase, length=length, unit=course.unit, rate=rate, momentum=momentum)


def with_setting(phase: Phase, setting: Setting) -> Phase:
    kind = next(kind for kind, name in OPTIMISERS.items() if name == setting.optimiser)
    rule = Optimiser(kind, setting.weight_decay, setting.beta2, setting.eps, setting.nesterov)
    return replace(
        phase,
        optimiser=rule,
        size=setting.size,
        batch=setting.batch,
        frozen=setting.frozen,
        spread=setting.spread,
        frozen_norms=setting.frozen_norms,
        averages=setting.averages,
    )


class CourseForm(ParamForm):
    """Hides the end of what does not move."""

    def __init__(self) -> None:
        super().__init__(Course)

    def _applies(self, param: Param) -> bool:
        what, _, which = param.name.partition("_")
        if which == "end" and self.editors[f"{what}_kind"].value() == "constant":
            return False
        return super()._applies(param)


class Halves(QWidget):
    """Two forms side by side, or one below the other where that is too narrow."""

    def __init__(self, first: QWidget, second: QWidget) -> None:
        super().__init__()
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(GUTTER)
        for part in (first, second):
            holder = QVBoxLayout()
            holder.addWidget(part)
            holder.addStretch(1)
            self._line.addLayout(holder, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        is_wide = event.size().width() >= TWO_COLUMNS
        self._line.setDirection(
            QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        )
        self._line.setSpacing(GUTTER if is_wide else 12)


class PhaseForm(Halves):
    """Shows one phase; its arrows lead back to what the phase was when it was chosen."""

    changed = Signal(object)
    """The phase as a person changed it."""

    def __init__(self) -> None:
        self.course, self.setting = CourseForm(), ParamForm(Setting)
        super().__init__(self.course, self.setting)
        self.setObjectName("train.phase")
        self.phase: Phase | None = None
        self.course.changed.connect(self._on_course)
        self.setting.changed.connect(self._on_setting)

    def begin(self, phase: Phase) -> None:
        """Show a phase that was not shown before."""
        self.phase = phase
        start_from(self.course, course_of(phase))
        start_from(self.setting, setting_of(phase))

    def show_phase(self, phase: Phase) -> None:
        """Show other numbers of the same phase."""
        if phase != self.phase:
            self.phase = phase
            self.course.set_value(course_of(phase))
            self.setting.set_value(setting_of(phase))

    def _on_course(self, course: Any) -> None:
        if self.phase is not None:
            self._tell(with_course(self.phase, course))

    def _on_setting(self, setting: Any) -> None:
        if self.phase is not None:
            self._tell(with_setting(self.phase, setting))

    def _tell(self, phase: Phase) -> None:
        if phase != self.phase:
            self.phase = phase
            self.changed.emit(phase)


def _three_digits(value: float, before: float) -> float:
    return before if value == before else float(f"{value:.3g}")
