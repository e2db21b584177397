"""The worker: what it writes, how it is steered, how it ends."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys

import pytest

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken
from imgstudio.core.paths import file_errors, models_folder
from imgstudio.engine.registry import ModelRegistry
from imgstudio.learn import checkpoints
from imgstudio.learn.runs.control import Control
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.lock import only_worker
from imgstudio.learn.runs.worker import work


def train(run, *, resume=False, find_rate=False, **options):
    return work(run, resume=resume, find_rate=find_rate, **options)


def at_step(step, act):
    """A listener that acts once, after a step."""
    done = []

    def listen(status):
        if status.step >= step and not done:
            done.append(True)
            act()

    return listen


def is_whole(run):
    return ModelRegistry(run.path).verify("model") == "installed"


def test_a_run_writes_down_all_that_happens(prepared):
    run = prepared()
    status = train(run)
    assert (status.state, status.step, status.done, status.pid) == ("finished", 24, 1.0, 0)
    assert run.status() == status
    assert [row.step for row in run.steps()] == list(range(1, 25))
    assert run.steps()[-1].loss < run.steps()[0].loss
    assert [row.step for row in run.steps(after=22)] == [23, 24]
    validations = run.validations()
    assert validations[-1].step == 24
    assert status.best.score == max(row.scores["PSNR"] for row in validations)
    assert run.preview_steps() == [0, *(row.step for row in validations)]
    first = run.preview(0)[0]
    assert first.input.is_file() and first.output.is_file() and first.truth.is_file()
    assert is_whole(run)
    assert list(run.path.glob("events.out.tfevents.*"))
    assert "finished" in (run.path / "log.txt").read_text()
    kept = {checkpoint.name: checkpoint.step for checkpoint in run.kept_checkpoints()}
    assert kept["last"] == 24 and kept["best"] == status.best.step
    assert kept[f"step-{validations[1].step:08d}"] == validations[1].step
    assert not list(run.path.rglob(".*part*"))


def test_a_run_that_has_begun_is_only_resumed(prepared):
    run = prepared()
    train(run, listen=at_step(5, lambda: run.send("stop")))
    before = run.steps()
    with pytest.raises(UserError, match="begun already"):
        train(run)
    assert run.steps() == before
    assert run.status().state == "stopped"


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(prepared):
    whole, parted = prepared(), prepared()
    train(whole)
    train(parted, listen=at_step(5, lambda: parted.send("stop")))
    assert train(parted, resume=True).state == "finished"
    assert [row.loss for row in parted.steps()] == [row.loss for row in whole.steps()]
    assert [row.scores for row in parted.validations()] == [row.scores for row in whole.validations()]


def test_stop_lets_the_rate_fall_and_keeps_the_best(prepared):
    run = prepared()
    status = train(run, listen=at_step(12, lambda: run.send("stop")))
    assert status.state == "stopped"
    assert 12 < status.step < 24
    assert run.steps()[-1].rate < run.steps()[11].rate
    assert is_whole(run)
    assert f"step {status.best.step}" in status.note


def test_a_second_stop_stops_at_once(prepared):
    run = prepared()
    status = train(run, listen=at_step(12, lambda: (run.send("stop"), run.send("stop"))))
    assert (status.state, status.step) == ("stopped", 12)
    assert is_whole(run)


def test_an_interrupt_before_the_first_validation_still_leaves_a_model(prepared):
    run, token = prepared(), CancelToken()
    status = train(run, token=token, listen=at_step(1, token.cancel))
    assert (status.state, status.step) == ("stopped", 1)
    assert is_whole(run)


@pytest.mark.parametrize("step", [1, 7, 20])
def test_cancel_leaves_no_model(prepared, step):
    run = prepared()
    status = train(run, listen=at_step(step, lambda: run.send("cancel")), install_model=True)
    assert (status.state, status.model, run.model) == ("stopped", "", None)
    assert not list(run.path.glob("*/model.json"))
    assert not models_folder().exists()


def test_a_pause_saves_and_a_hold_waits(prepared):
    run = prepared()
    states = []

    def listen(status):
        if states[-1:] != [status.state]:
            states.append(status.state)
        if status.step == 4 and "paused" not in states:
            run.send("pause")
        elif status.state == "paused":
            assert run.kept_checkpoints()[-1].step == 4
            run.send("hold")
            run.send("resume")
        elif status.state == "held":
            run.send("release")

    assert train(run, listen=listen).state == "finished"
    assert states == ["running", "paused", "held", "running", "stopping"]


def test_a_window_that_died_holds_nothing(prepared):
    run = prepared()
    run.send("hold")
    assert run.wishes().is_held
    letter = json.loads((run.path / "control.json").read_text())
    (run.path / "control.json").write_text(json.dumps(letter | {"held_by": 2**22 + 1}))
    assert train(run).state == "finished"


def test_letters_to_an_earlier_worker_are_not_obeyed(prepared):
    run = prepared()
    run.send("cancel")
    letter = json.loads((run.path / "control.json").read_text())
    (run.path / "control.json").write_text(json.dumps(letter | {"sent": letter["sent"] - 60}))
    assert train(run).state == "finished"
    assert run.wishes() == Control()


def test_a_full_disk_is_named_and_what_was_saved_stays(prepared, monkeypatch):
    run = prepared()
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_atomically", _failing_after(6, checkpoints.write_atomically))
        with pytest.raises(UserError, match="disk is full"):
            train(run)
    status = run.status()
    assert status.state == "failed" and "disk is full" in status.error.why
    assert is_whole(run)
    assert train(run, resume=True).state == "finished"
    assert [row.step for row in run.steps()] == list(range(1, 25))


def test_a_loss_that_is_no_number_is_told_in_words(prepared):
    run = prepared(poison=4)
    with pytest.raises(UserError, match="lower learning rate"):
        train(run)
    assert run.status().error.what == "The training went astray"
    assert is_whole(run)


def test_a_checkpoint_of_another_network_is_refused(prepared):
    run, other = prepared(), prepared(channels=5)
    for item in (run, other):
        train(item, listen=at_step(5, lambda item=item: item.send("stop")))
    shutil.rmtree(run.path / "checkpoints" / "last")
    shutil.copytree(other.path / "checkpoints" / "last", run.path / "checkpoints" / "last")
    with pytest.raises(UserError, match="another network"):
        train(run, resume=True)
    assert is_whole(run)
    assert [row.step for row in run.steps()][:5] == [1, 2, 3, 4, 5]


def test_pictures_that_are_gone_are_named(prepared, photos):
    run = prepared()
    (photos / "3.png").unlink()
    with pytest.raises(UserError, match=r"3\.png"):
        train(run)
    assert run.status().state == "failed"


def test_two_workers_do_not_share_a_run(prepared):
    run = prepared()
    with only_worker(run.path), pytest.raises(UserError, match="at work already"):
        train(run)
    assert not run.steps()


def test_a_sweep_changes_nothing_but_shows_the_rate(prepared):
    run = prepared()
    train(run, find_rate=True)
    sweep = run.sweep()
    assert sweep.points and 1e-6 < sweep.valley < 10
    assert run.status().state == "preparing" and not run.has_started
    run.change_plan(run.plan())
    assert train(run).state == "finished"
    with pytest.raises(UserError, match="cannot be changed"):
        run.change_plan(run.plan())
    before = run.status()
    train(run, find_rate=True)
    after = run.status()
    assert (after.state, after.step, after.best, after.model) == ("finished", 24, before.best, "model")


def test_a_sweep_can_be_watched_and_a_cancelled_one_leaves_nothing(prepared, monkeypatch):
    run, seen, token = prepared(), [], CancelToken()
    monkeypatch.setattr("imgstudio.learn.runs.worker.WATCH_SECONDS", 0.0)

    def look(status):
        seen.append(run.sweep_so_far())
        if len([so_far for so_far in seen if so_far is not None]) == 5:
            token.cancel()

    with pytest.raises(Cancelled):
        train(run, find_rate=True, token=token, listen=look)
    grown = [len(so_far.points) for so_far in seen if so_far is not None]
    assert grown == sorted(grown) and grown[-1] >= 4
    assert run.sweep_so_far() is None and run.sweep() is None


def test_a_model_is_installed_at_the_end(prepared):
    run = prepared()
    status = train(run, install_model=True)
    assert status.installed == "dark"
    assert ModelRegistry(models_folder()).state("dark") == "installed"


def test_a_crash_between_two_models_leaves_the_one_before(prepared):
    run = prepared()
    train(run, listen=at_step(12, lambda: run.send("stop")))
    (run.path / "model").rename(run.path / ".model-before")
    (run.path / ".exporting" / "model").mkdir(parents=True)
    train(run, resume=True, listen=at_step(13, lambda: run.send("stop")))
    assert is_whole(run)
    assert not (run.path / ".exporting").exists() and not (run.path / ".model-before").exists()


def _failing_after(count, write):
    calls = []

    def failing(path, contents):
        calls.append(path)
        if len(calls) > count:
            with file_errors(path):
                raise OSError(errno.ENOSPC, "full")
        write(path, contents)

    return failing


def test_a_run_folder_is_read_without_torch(prepared):
    run = prepared()
    code = (
        "import sys, pathlib\n"
        "from imgstudio.learn.runs import folder, launch, prepare, install, exporting, worker\n"
        "from imgstudio.learn.recipes import recipes\n"
        f"run = folder.RunFolder(pathlib.Path({str(run.path)!r}))\n"
        "run.status(), run.steps(), run.report(), run.plan(), folder.runs_in(run.path.parent), recipes()\n"
        "print('torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
    assert RunFolder(run.path).status().state == "preparing"


def test_tensorboard_sees_the_same_curves(prepared):
    from tensorboardX.proto.event_pb2 import Event

    run = prepared()
    train(run)
    (path,) = run.path.glob("events.out.tfevents.*")
    data, curves = path.read_bytes(), {}
    while data:  # length, its checksum, the event, its checksum
        size = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + size])
        for value in event.summary.value:
            curves.setdefault(value.tag, []).append((event.step, value.simple_value))
        data = data[16 + size :]
    assert [step for step, _ in curves["train/loss"]] == list(range(1, 25))
    assert curves["train/loss"][-1][1] == pytest.approx(run.steps()[-1].loss)
    assert [step for step, _ in curves["valid/PSNR"]] == [row.step for row in run.validations()]
