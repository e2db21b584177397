"""What a watched run says while it ends."""

from __future__ import annotations

import pytest

from imgstudio.app.controllers.training_watch import RunWatch
from imgstudio.app.jobs import JobService
from imgstudio.learn.runs.folder import RunFolder
from tests.app.fake_run import Recorded, make_run, write_status


class EndingRun(RunFolder):
    """Stops at the moment after somebody has looked at it so many times."""

    looks = 0

    def stop_after(self, looks: int) -> None:
        write_status(self, "stopping", Recorded(), None, alive=True)
        self.looks = looks

    def status(self):
        read = super().status()
        self.looks -= 1
        if self.looks == 0:
            write_status(self, "stopped", Recorded(), None)
        return read


@pytest.fixture
def watch(qtbot):
    jobs = JobService()
    made = RunWatch(jobs)
    yield made
    made.open(None)
    jobs.shutdown()


@pytest.mark.parametrize("looks", range(1, 5))
def test_an_end_is_told_with_the_last_word_whenever_it_comes(watch, looks, tmp_path):
    run = EndingRun(make_run(tmp_path).path)
    write_status(run, "running", Recorded(), None, alive=True)
    told = []
    watch.ended.connect(lambda status: told.append(status.state))
    watch.open(run)
    run.stop_after(looks)
    for _ in range(4):
        watch.look()
        assert watch.is_alive or watch.status.state == "stopped"
    assert told == ["stopped"]


@pytest.mark.parametrize("looks", range(1, 4))
def test_a_run_that_stops_meanwhile_was_not_interrupted(looks, tmp_path):
    run = EndingRun(make_run(tmp_path).path)
    run.stop_after(looks)
    assert not run.was_interrupted
