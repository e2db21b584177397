"""Drives a training from its run folder: obeys the letterbox between steps and writes down all that happens."""

from __future__ import annotations

import json
import logging
import math
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.paths import file_errors, write_atomically
from imgstudio.learn.recipe import Setup, TrainSession
from imgstudio.learn.recipes import recipe_named
from imgstudio.learn.reports import RateSweep, Watch
from imgstudio.learn.runs.board import StatusBoard
from imgstudio.learn.runs.control import Letterbox
from imgstudio.learn.runs.failures import explained
from imgstudio.learn.runs.folder import CHECKPOINTS, LOG, SWEEP, SWEEP_SO_FAR, RunFolder
from imgstudio.learn.runs.install import install
from imgstudio.learn.runs.lock import only_worker
from imgstudio.learn.runs.records import RunError, Status
from imgstudio.learn.runs.sitting import Outcome, Sitting, agreed, land

if TYPE_CHECKING:
    from imgstudio.learn.distributed import Processes

log = logging.getLogger(__name__)

Listen = Callable[[Status], None]
STALE: Final = 2.0
"""Letters that were sent so many seconds before the worker began are meant for it all the same."""
WATCH_SECONDS: Final = 0.5
"""Between two looks at a sweep that grows."""


def work(
    run: RunFolder,
    *,
    resume: bool,
    find_rate: bool,
    token: CancelToken | None = None,
    listen: Listen = lambda status: None,
    install_model: bool = False,
) -> Status:
    """Train until the run is over, stopped or cancelled; or, with `find_rate`, only sweep the learning rate.

    `token` stops it like the command "stop": the best is kept. `listen` hears about every step. With
    `install_model` the model becomes one of the user's at the end. Under `torchrun` only the main process
    writes. Raises UserError for whatever goes wrong, after the status says the same.
    """
    from imgstudio.learn.distributed import Processes

    begun = time.time() - STALE
    processes = Processes(run.facts().device)
    worker = _Worker(run, processes, token or CancelToken(), listen)
    if not processes.is_main:
        status = worker.follow(resume=resume, find_rate=find_rate)
        processes.leave()
        return status
    with only_worker(run.path), log_file(run.path / LOG):
        if not resume and not find_rate and run.has_started:
            raise UserError(
                f"“{run.path.name}” has begun already", "Runs are never overwritten.", "Resume it."
            )
        with Letterbox(run.path, begun) as letterbox:
            status = worker.lead(letterbox, resume=resume, find_rate=find_rate, install_model=install_model)
            processes.leave()
            return status


def start_session(run: RunFolder) -> TrainSession:
    """Build what `run` trains; raises UserError, such as when its pictures are gone."""
    facts, report = run.facts(), run.report()
    recipe = recipe_named(facts.recipe)
    gone = [sample.image.name for sample in report.samples if not sample.image.is_file()]
    if gone:
        names = ", ".join(gone[:3]) + (", …" if len(gone) > 3 else "")
        raise UserError(
            f"{len(gone)} of {len(report.samples)} pictures are gone",
            f"They were in {report.folder}: {names}",
            "Put them back, or start a new run with the folder as it is.",
        )
    params = declared.from_json(recipe.params, dict(facts.params))
    return recipe.start(Setup(report, params, run.plan(), facts.request, facts.device))


class _Worker:
    """Guards that the status ends as one that is over, whatever happens but a kill."""

    def __init__(self, run: RunFolder, processes: Processes, token: CancelToken, listen: Listen) -> None:
        self._run, self._processes, self._token, self._listen = run, processes, token, listen

    def lead(self, letterbox: Letterbox, *, resume: bool, find_rate: bool, install_model: bool) -> Status:
        before = self._run.status()
        begin = replace(
            before if resume or find_rate else Status(),
            state="checking",
            note="",
            error=None,
            installed="",
            score=None,
        )
        with StatusBoard(self._run.path, begin) as board:
            try:
                if find_rate:
                    self._sweep(board, letterbox)
                    board.tell(**_standing(before))
                else:
                    outcome = self._train(board, letterbox, resume=resume)
                    self._finish(board, outcome, install_model=install_model)
            except Cancelled:
                board.tell(**_standing(before))
                raise
            except Exception as error:  # the runner of this job: whatever it is, the user must be told
                told = explained(error, self._run.path)
                details = "" if told is error else traceback.format_exc()
                log.info("%s\n%s", told, details)
                board.tell(state="failed", error=RunError.of(told, details), eta_seconds=None)
                raise told from error
        return board.status

    def follow(self, *, resume: bool, find_rate: bool) -> Status:
        """One of several processes, not the main one: does its share and writes nothing."""
        session = start_session(self._run)
        if find_rate:
            session.find_rate(Progress())
            return self._run.status()
        if resume:
            self._restore(session)
        steps = session.steps()
        while (order := agreed(self._processes, lambda: "wait")) in ("go", "land"):
            if order == "land":
                land(session)
            elif next(steps, None) is None:
                break
        return self._run.status()

    def _train(self, board: StatusBoard, letterbox: Letterbox, *, resume: bool) -> Outcome:
        session = self._session(board)
        is_restored = resume and self._restore(session)
        sitting = Sitting(self._run, session, board, letterbox, self._token, self._listen)
        return sitting.train(self._processes, is_fresh=not is_restored)

    def _sweep(self, board: StatusBoard, letterbox: Letterbox) -> None:
        session = self._session(board)
        board.tell(state="finding rate", done=0.0)

        def on_progress(fraction: float, message: str) -> None:
            board.change(done=fraction, note=message)
            self._listen(board.status)
            if letterbox.look().end:
                self._token.cancel()

        draft = self._run.path / SWEEP_SO_FAR
        try:
            sweep = session.find_rate(Progress(on_progress, self._token), watch=_now_and_then(draft))
            write_atomically(self._run.path / SWEEP, json.dumps(sweep.to_values()))
        finally:
            draft.unlink(missing_ok=True)

    def _session(self, board: StatusBoard) -> TrainSession:
        session = start_session(self._run)
        board.tell(
            state="preparing",
            goal=session.goal,
            total_steps=session.total_steps,
            device=str(self._processes.device),
        )
        return session

    def _restore(self, session: TrainSession) -> bool:
        """Whether there was a checkpoint; raises UserError for one of another network or plan."""
        folder = self._run.path / CHECKPOINTS / "last"
        if not folder.is_dir():
            return False
        session.restore(folder)
        return True

    def _finish(self, board: StatusBoard, outcome: Outcome, *, install_model: bool) -> None:
        model = self._run.model
        if install_model and model is not None and outcome != "cancel":
            board.change(installed=install(model, self._run.facts().name).id)
        best = board.status.best
        kept = f" The model of step {best.step} is kept." if best is not None and model is not None else ""
        notes = {
            "finished": board.status.note,
            "stop": f"Stopped at step {board.status.step}.{kept}",
            "cancel": "Cancelled. No model was kept.",
        }
        changes = {"done": 1.0} if outcome == "finished" else {}
        state = "finished" if outcome == "finished" else "stopped"
        board.tell(state=state, note=notes[outcome], eta_seconds=None, **changes)
        log.info("%s at step %d", state, board.status.step)


def _standing(before: Status) -> dict[str, object]:
    """The status that there was, without a worker."""
    return {"state": before.state, "step": before.step, "done": before.done, "note": before.note}


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write what the program logs to the run as well."""
    with file_errors(path):
        handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("imgstudio")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()


def _now_and_then(path: Path) -> Watch:
    """Writes what a sweep knows so far to `path`, at most once in a while."""
    written = -math.inf

    def write(sweep: RateSweep) -> None:
        nonlocal written
        now = time.monotonic()
        if now - written >= WATCH_SECONDS:
            write_atomically(path, json.dumps(sweep.to_values()))
            written = now

    return write
