"""One sitting of a training: takes step after step from the session until the run is over or somebody says stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal

from imgstudio.core.jobs import CancelToken
from imgstudio.learn.plan import Plan
from imgstudio.learn.recipe import TrainSession
from imgstudio.learn.reports import PreviewRow, StepReport, Validation
from imgstudio.learn.runs.board import StatusBoard
from imgstudio.learn.runs.control import Letterbox
from imgstudio.learn.runs.folder import MODEL, RunFolder
from imgstudio.learn.runs.keeping import Keeper
from imgstudio.learn.runs.pace import Pace
from imgstudio.learn.runs.records import Best, Status
from imgstudio.learn.runs.writer import RunWriter

if TYPE_CHECKING:
    from imgstudio.learn.distributed import Processes

log = logging.getLogger(__name__)

Outcome = Literal["finished", "stop", "cancel"]
Order = Literal["go", "wait", "land", "stop", "cancel"]
NAP: Final = 0.05
"""Seconds between looks into the letterbox while paused."""
SAVE_EVERY: Final = 60.0
"""Seconds between checkpoints; more where one takes long."""
LOOK_EVERY: Final = 60.0
"""Seconds between previews where no validation brings one."""
MOST_SHARE: Final = 20
"""Checkpoints and previews in between take at most one part in this many of the time."""


class Sitting:
    """Guards that what the tables, the checkpoints and the status say belongs to one and the same step."""

    def __init__(
        self,
        run: RunFolder,
        session: TrainSession,
        board: StatusBoard,
        letterbox: Letterbox,
        token: CancelToken,
        listen: Callable[[Status], None],
    ) -> None:
        self._run, self._session, self._board = run, session, board
        self._letterbox, self._token, self._listen = letterbox, token, listen
        self._plan: Plan = run.plan()
        self._keeper = Keeper(run, session)
        self._writer: RunWriter | None = None
        self._pace = Pace(self._plan, session.total_steps, len(run.report().side("train")))
        self._previews: Sequence[PreviewRow] = ()
        self._best: Best | None = board.status.best
        self._step = board.status.step
        self._seconds = board.status.elapsed_seconds
        self._is_landing = False
        self._saved_at = self._looked_at = time.monotonic()
        self._save_took = self._look_took = 0.0

    def train(self, processes: Processes, *, is_fresh: bool) -> Outcome:
        """Go on until the end; the session stands at the start, or where a checkpoint left it."""
        steps = self._session.steps()
        try:
            if is_fresh:
                self._begin(1)
            while (order := agreed(processes, self._order)) in ("go", "land"):
                if order == "land":
                    if self._is_landed():
                        continue
                    break
                began = time.monotonic()
                report = next(steps, None)
                if report is None:
                    return self._end("stop" if self._is_landing else "finished")
                self._take(report, began)
            return self._end("cancel" if order == "cancel" else "stop")
        finally:
            getattr(steps, "close", lambda: None)()
            if self._writer is not None:
                self._writer.close()

    def _begin(self, first_step: int) -> RunWriter:
        self._writer = writer = RunWriter(self._run, first_step)
        self._best = writer.best(self._session.goal)
        self._seconds, self._step = writer.seconds, first_step - 1
        self._board.tell(state="running", best=self._best, error=None, step=self._step)
        if first_step == 1:
            self._look(writer)
        return writer

    def _order(self) -> Order:
        """What to do next; pauses are entered and left here."""
        wanted = self._letterbox.look()
        if wanted.end == "cancel":
            return "cancel"
        if wanted.end == "stop now" or self._token.is_cancelled:
            return "stop"
        if wanted.end == "stop" and not self._is_landing:
            return "land"
        going = "stopping" if self._is_landing else "running"
        state = "paused" if wanted.paused else "held" if wanted.is_held else going
        if state != self._board.status.state:
            if state == "paused" and self._step != self._keeper.saved_step and self._writer is not None:
                self._save("last")  # so that nothing is lost when the machine is switched off
            self._board.tell(state=state)
            self._listen(self._board.status)
        if state == going:
            return "go"
        time.sleep(NAP)
        return "wait"

    def _is_landed(self) -> bool:
        """Let the session come down from here, if it can; what comes back with a resume is the state before."""
        if self._writer is None or self._step == 0:
            return False
        self._save("last")
        self._is_landing = land(self._session)
        if self._is_landing:
            self._board.change(note="The learning rate falls to its end, then it stops.")
        return self._is_landing

    def _take(self, report: StepReport, began: float) -> None:
        writer = self._writer or self._begin(report.step)
        self._step = report.step
        took = time.monotonic() - began
        writer.add_step(report, self._seconds + took)
        if report.validation is not None:
            self._judge(writer, report, report.validation, self._seconds + took)
        elif self._is_due(self._looked_at, self._look_took, LOOK_EVERY):
            self._look(writer)
        if self._is_due(self._saved_at, self._save_took, SAVE_EVERY):
            self._save("last")
        wall = time.monotonic() - began
        self._seconds += wall
        self._pace.add(report, wall)
        self._show(report)

    def _judge(self, writer: RunWriter, report: StepReport, validation: Validation, seconds: float) -> None:
        writer.add_validation(report, validation, seconds)
        self._look(writer)
        score, goal = validation.scores.get(self._session.goal.name), self._session.goal
        self._board.change(score=None if score is None else float(score))
        if score is not None and goal.is_better(score, None if self._best is None else self._best.score):
            self._best = Best(float(score), report.step)
            self._save("best")
            self._keeper.export(self._previews)
            self._board.tell(best=self._best, model=MODEL)
        if self._plan.keep_every and len(writer.validations) % self._plan.keep_every == 0:
            self._save(f"step-{report.step:08d}")
        self._save("last")

    def _look(self, writer: RunWriter) -> None:
        began = time.monotonic()
        self._previews = self._session.previews()
        writer.add_previews(self._step, self._previews)
        self._looked_at = time.monotonic()
        self._look_took = self._looked_at - began

    def _save(self, name: str) -> None:
        if self._is_landing and name == "last":
            return
        began = time.monotonic()
        if self._writer is not None:
            self._writer.flush()
        self._keeper.save(name, self._step)
        self._saved_at = time.monotonic()
        self._save_took = self._saved_at - began

    def _is_due(self, last: float, took: float, every: float) -> bool:
        return time.monotonic() - last > max(every, took * MOST_SHARE)

    def _show(self, report: StepReport) -> None:
        total = self._session.total_steps
        self._board.change(
            step=report.step,
            total_steps=total,
            done=report.done,
            epoch=report.epoch,
            phase=report.phase,
            elapsed_seconds=self._seconds,
            eta_seconds=self._pace.left(report.done, total),
            images_per_second=self._pace.images_per_second,
            loss=float(report.loss),
            note=report.note or self._board.status.note,
        )
        if report.note:
            log.info("step %d: %s", report.step, report.note)
        self._listen(self._board.status)

    def _end(self, outcome: Outcome) -> Outcome:
        self._board.tell(state="stopping", eta_seconds=None)
        self._listen(self._board.status)
        if outcome == "cancel":
            self._keeper.drop_model()
            self._board.change(model="")
        has_steps = self._step > 0 and self._writer is not None
        if has_steps and self._keeper.saved_step != self._step:
            self._save("last")
        if outcome != "cancel" and self._step > 0 and (self._best is None or self._run.model is None):
            self._keeper.export(self._previews)
            self._board.change(model=MODEL)
        return outcome


def land(session: TrainSession) -> bool:
    """Ask a session to end soon, with its rate at its end; False where it does not know how."""
    go_down = getattr(session, "land", None)
    if go_down is None:
        return False
    go_down()
    return True


def agreed(processes: Processes, order: Callable[[], Order]) -> Order:
    """What all processes do next: the main one decides, the others follow; waits are waited for here."""
    while True:
        decided = processes.from_main(order() if processes.is_main else "wait")
        if decided != "wait":
            return decided
