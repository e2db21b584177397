"""Recipe "regress_points": learns where one or more points lie in a picture, such as the centre of a face."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from imgstudio.core.jobs import Progress
from imgstudio.learn.builders import one_cycle
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Optimiser, Plan
from imgstudio.learn.point_settings import PointsParams, side_for
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession

BATCH: Final = 8
RATE: Final = 3e-3
UNTIMED: Final = 15.0
"""Minutes to plan for without a time budget."""
_PIXELS_A_SECOND: Final = 400_000
"""Training pace on two cores, cautiously; only for the first estimate of epochs."""


def check(folder: Path, params: PointsParams, progress: Progress) -> DatasetReport:
    from imgstudio.learn.point_files import check_points

    return check_points(folder, progress)


def plan(report: DatasetReport, params: PointsParams, request: Request) -> Plan:
    """One cycle at one size."""
    side = side_for(params, request)
    pixels = max(1, len(report.side("train"))) * side * side
    epochs = max(1.0, round((request.minutes or UNTIMED) * 60 * _PIXELS_A_SECOND / pixels, 1))
    phases = one_cycle(epochs, RATE, optimiser=Optimiser("adamw", weight_decay=1e-2), size=side, batch=BATCH)
    return Plan(
        phases, minutes=request.minutes, average_decay=0.99, validate_every=max(1.0, round(epochs / 30))
    )


def start(setup: Setup[PointsParams]) -> TrainSession:
    from imgstudio.learn.tasks.points import PointsTask
    from imgstudio.learn.trainer import Trainer

    task = PointsTask(setup.report, setup.params, side_for(setup.params, setup.request), setup.plan.seed)
    return Trainer(task, setup.plan, setup.device)


RECIPE = Recipe(
    id="regress_points",
    name="Find points",
    help="A network that tells where points lie in a picture, such as the centre of a face.",
    data="A folder of pictures with points: labelme files beside them, or a table with file, x, y.",
    params=PointsParams,
    task="points",
    check=check,
    plan=plan,
    start=start,
)
