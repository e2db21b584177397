"""Workers as real processes: killed, orphaned, watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imgstudio.learn.runs.launch import detached, worker_command
from imgstudio.learn.runs.process import is_running
from imgstudio.learn.runs.worker import work

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


def command(run, *extra):
    """What the window calls, with the recipe of the tests."""
    made = worker_command(run, "--threads", "1", *extra)
    made[made.index("imgstudio")] = "tests.fakes.program"
    return made


def until(condition, process=None):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited too long"
        assert process is None or process.poll() is None, "the worker ended"
        time.sleep(0.01)


def test_after_kill_nine_a_run_goes_on_with_the_same_losses(prepared):
    whole, killed = prepared(), prepared(nap=0.05)
    work(whole, resume=False, find_rate=False)
    worker = detached(command(killed), killed)
    torn = []

    def has_gone_far():
        text = (killed.path / "status.json").read_text() if (killed.path / "status.json").exists() else "{}"
        try:
            json.loads(text)
        except ValueError:
            torn.append(text)
        return killed.status().step >= 11

    until(has_gone_far, worker)
    assert killed.is_alive
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert not torn, "the status was half written"
    assert killed.was_interrupted
    work(killed, resume=True, find_rate=False)
    assert [row.loss for row in killed.steps()] == [row.loss for row in whole.steps()]
    assert [row.scores for row in killed.validations()] == [row.scores for row in whole.validations()]
    assert killed.status().best == whole.status().best


def test_a_worker_outlives_the_window_and_is_stopped_by_letter(prepared):
    run = prepared(nap=0.05)
    window = (
        "import sys, pathlib, os\n"
        "from imgstudio.learn.runs.launch import detached\n"
        "from imgstudio.learn.runs.folder import RunFolder\n"
        f"run = RunFolder(pathlib.Path({str(run.path)!r}))\n"
        f"print(detached({command(run)!r}, run).pid, flush=True)\n"
        "os._exit(0)"
    )
    told = subprocess.run([sys.executable, "-c", window], capture_output=True, text=True, check=True)
    pid = int(told.stdout)
    until(lambda: run.status().step >= 3)
    assert run.is_alive and run.status().pid == pid
    assert os.getsid(pid) != os.getsid(0)
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    run.send("stop")
    run.send("stop")
    until(lambda: run.status().is_over)
    assert run.status().state == "stopped" and run.model is not None
    until(lambda: not is_running(pid))


def test_a_process_that_ended_but_was_not_waited_for_is_not_running():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    until(lambda: not is_running(process.pid))
    process.wait()
    assert is_running(os.getpid())
    assert not is_running(0)
