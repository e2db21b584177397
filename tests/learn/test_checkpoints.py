"""Checkpoints: whole at any moment, and never taken for those of another run."""

import errno
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.learn.checkpoints import CHECKPOINT_NAME, has_checkpoint
from imgstudio.learn.plan import Plan, plan_from_json
from tests.learn.tiny_task import TinyTask, are_equal, losses_of, phase, plan, trainer, varied_plan

ROOT = Path(__file__).parents[2]


def saved(folder, steps=3, the_plan=None):
    run = trainer(the_plan)
    reports = list(itertools.islice(run.steps(), steps))
    run.save(folder)
    return run, reports


def test_a_folder_without_a_checkpoint_has_none(tmp_path):
    assert not has_checkpoint(tmp_path)
    with pytest.raises(UserError, match="no checkpoint"):
        trainer().restore(tmp_path)
    saved(tmp_path)
    assert has_checkpoint(tmp_path)


def test_a_full_disk_is_told_and_the_previous_checkpoint_stays(tmp_path, monkeypatch):
    run, _ = saved(tmp_path)
    before = (tmp_path / CHECKPOINT_NAME).read_bytes()
    list(itertools.islice(run.steps(), 2))

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"disk is full.*still whole"):
        run.save(tmp_path)

    assert (tmp_path / CHECKPOINT_NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_NAME]


KILLED_WHILE_SAVING = """
import itertools, os, signal, sys
from pathlib import Path
from tests.learn.tiny_task import trainer, varied_plan
run = trainer(varied_plan())
folder = Path(sys.argv[1])
for report in run.steps():
    if report.step == 9:  # the draft is written but not yet in its place
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
    run.save(folder)
"""


@pytest.mark.usefixtures("one_thread")
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_killed_in_the_middle_of_a_save_a_run_goes_on_from_the_one_before(tmp_path):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_SAVING, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    left_behind = {path.name for path in tmp_path.iterdir()} - {CHECKPOINT_NAME}
    run = trainer(varied_plan())

    run.restore(tmp_path)

    assert killed.returncode == -signal.SIGKILL
    assert run.step == 8
    assert len(left_behind) == 1
    assert losses_of(run.steps()) == losses_of(trainer(varied_plan()).steps())[8:]
    run.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_NAME]


def refused(folder, match, the_plan=None, **task_fields):
    """Restoring raises, and the run is as if it had never been tried."""
    run = trainer(the_plan, task=TinyTask(**task_fields))
    before = {name: value.clone() for name, value in run._state.tensors().items()}
    with pytest.raises(UserError, match=match):
        run.restore(folder)
    assert are_equal(before, run._state.tensors())
    assert run.step == 0


def test_weights_of_another_network_are_refused_in_words(tmp_path):
    saved(tmp_path)
    wider = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Identity(), nn.Conv2d(8, 3, 1))

    refused(tmp_path, r"another network.*It lacks", network=wider)


def test_another_plan_is_refused_and_named(tmp_path):
    saved(tmp_path)

    refused(tmp_path, r"another plan.*phases, seed", plan(phase(length=11), seed=4))
    refused(tmp_path, r"another plan.*minutes", plan(minutes=1))


def test_other_pictures_are_refused(tmp_path):
    saved(tmp_path)

    refused(tmp_path, r"other pictures.*20 .* 19", count=19)


def test_what_does_not_touch_the_steps_may_be_changed(tmp_path):
    _, begun = saved(tmp_path)
    run = trainer(plan(validate_every=0.2, keep_every=3))

    run.restore(tmp_path)

    assert losses_of(begun) + losses_of(run.steps()) == losses_of(trainer().steps())


@pytest.mark.parametrize("damage", [lambda data: data[:-10], lambda data: b"", lambda data: b"x" * 100])
def test_a_damaged_checkpoint_is_told(tmp_path, damage):
    saved(tmp_path)
    path = tmp_path / CHECKPOINT_NAME
    path.write_bytes(damage(path.read_bytes()))

    refused(tmp_path, "cannot be read")


def test_time_already_spent_counts_after_a_resume(tmp_path):
    own = plan(phase(), minutes=0.3 / 60)
    first = trainer(own)
    for report in first.steps():
        if report.done > 0.5:
            break
    first.save(tmp_path)
    second = trainer(own)
    second.restore(tmp_path)
    started = time.monotonic()
    list(second.steps())

    assert time.monotonic() - started < 0.3
    assert second.done == 1


def test_a_plan_survives_its_file():
    own = varied_plan(minutes=3.0)

    assert plan_from_json(own.to_json()) == own
    assert isinstance(own, Plan)
    with pytest.raises(UserError, match="cannot be read"):
        plan_from_json('{"phases": [{}]}')
