"""`imgstudio train` as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgstudio.cli.main import main
from imgstudio.cli.training_line import line
from imgstudio.filters import learned
from imgstudio.learn import recipes
from imgstudio.learn.plan import plan_from_json
from imgstudio.learn.reports import Goal
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import Status
from tests.fakes.program import KINDS, RECIPES


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(RECIPES)])
    monkeypatch.setattr(learned, "__path__", [*learned.__path__, str(KINDS)])
    learned.kinds.cache_clear()
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(6):
        colour = np.random.default_rng(index).integers(0, 256, (3, 4, 3)).astype(np.uint8)
        Image.fromarray(colour).resize((24, 20)).save(folder / f"{index}.png")
    yield folder
    learned.kinds.cache_clear()


def train(data, out, *more):
    return main(["train", "fake", "--data", str(data), "--out", str(out), "--threads", "1", *more])


def test_what_is_trained_is_at_once_a_filter(data, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(data, out, "--name", "Night", "--install") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == str(out)
    assert "PSNR" in told.err and "model.night" in told.err
    assert main(["filters", "--json"]) == 0
    listed = {item["id"]: item for item in json.loads(capsys.readouterr().out)}
    assert listed["model.night"]["name"] == "Night"
    dark = tmp_path / "dark.png"
    assert main(["apply", "model.night", str(data / "0.png"), "-o", str(dark)]) == 0
    with Image.open(dark) as after, Image.open(data / "0.png") as before:
        assert np.asarray(after).mean() < 0.8 * np.asarray(before).mean()


def test_a_run_is_never_overwritten(data, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(data, out) == 0
    before = (out / "steps.csv").read_bytes()
    assert train(data, out, "--set", "channels=4") == 0
    assert (out / "steps.csv").read_bytes() == before
    assert RunFolder(tmp_path / "run-2").facts().params["channels"] == 4
    assert main(["train", "--run", str(out)]) == 2
    assert "Resume it" in capsys.readouterr().err
    assert train(data, out, "--resume") == 0
    assert not (tmp_path / "run-3").exists()


def test_a_rate_is_found_and_used(data, tmp_path, capsys):
    assert train(data, tmp_path / "run", "--find-rate") == 0
    rate = capsys.readouterr().out.split()[0]
    assert RunFolder(tmp_path / "run").status().state == "preparing"
    plan = tmp_path / "plan.json"
    assert train(data, tmp_path / "other", "--rate", rate, "--seed", "9", "--save-plan", str(plan)) == 0
    assert not (tmp_path / "other").exists()
    saved = plan_from_json(plan.read_text())
    assert saved.seed == 9 and saved.phases[0].rate.start == pytest.approx(float(rate))
    assert train(data, tmp_path / "third", "--plan", str(plan)) == 0
    assert RunFolder(tmp_path / "third").plan() == saved


def test_a_checkpoint_is_exported(data, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(data, out) == 0
    capsys.readouterr()
    options = ["--run", str(out), "--export", "best", "--name", "Dusk", "--to", str(tmp_path / "models")]
    assert main(["train", *options, "--install"]) == 0
    folder, filter_id = capsys.readouterr().out.split()
    assert (Path(folder) / "weights.safetensors").is_file()
    assert filter_id == "model.dusk"


def test_data_are_checked_without_a_run(data, tmp_path, capsys):
    assert main(["train", "fake", "--data", str(data), "--check", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["samples"]) == 6
    for picture in data.iterdir():
        picture.unlink()
    assert main(["train", "fake", "--data", str(data), "--check"]) == 1
    assert "Error: There are no pictures." in capsys.readouterr().err


def test_recipes_are_listed_with_their_parameters(data, capsys):
    assert main(["train", "--list"]) == 0
    assert "Makes pictures darker." in capsys.readouterr().out
    assert main(["train", "fake", "--list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert [param["name"] for param in listed["params"]] == ["channels", "nap", "poison"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Give a RECIPE"),
        (["fake"], "folder with --data"),
        (["nonsense", "--data", "{data}"], "Known recipes"),
        (["fake", "--data", "{data}", "--minutes", "0"], "more than 0"),
        (["fake", "--data", "{data}", "--quality", "2"], "from 0 to 1"),
        (["fake", "--data", "{data}", "--set", "channels=x"], "cannot be “x”"),
        (["fake", "--data", "{data}", "--rate", "-1"], "more than 0"),
        (["fake", "--data", "{data}", "--plan", "{data}/0.png"], "plan cannot be read"),
        (["fake", "--data", "{data}", "--plan", "{data}/none.json"], "does not exist"),
        (["fake", "--data", "{data}/nothing"], "no pictures"),
        (["--run", "{data}"], "not a training run"),
        (["--export", "best"], "--run"),
        (["--run", "{data}", "--export", "best"], "--install"),
    ],
)
def test_bad_input_is_told_in_words_and_starts_nothing(arguments, words, data, tmp_path, capsys):
    filled = [argument.format(data=data) for argument in arguments]
    assert main(["train", *filled, *(["--out", str(tmp_path / "run")] if "--data" in filled else [])]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_interrupt_stops_and_keeps_the_best(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "imgstudio.cli.train.TrainingLine.show",
        lambda self, status: self._console.token.cancel() if status.step == 5 else None,
    )
    assert train(data, tmp_path / "run") == 130
    run = RunFolder(tmp_path / "run")
    assert (run.status().state, run.status().step) == ("stopped", 5)
    assert run.model is not None
    assert "Stopped" in capsys.readouterr().err


def test_one_line_says_how_it_stands():
    status = Status(
        state="running",
        step=120,
        total_steps=390,
        done=0.31,
        eta_seconds=250,
        loss=0.2134,
        goal=Goal("mean IoU"),
        score=0.512,
        images_per_second=14.2,
    )
    assert line(status) == (
        "[######              ]  31%  4:10 left  step 120/390  loss 0.2134  mean IoU 0.512  14.2 pictures/s"
    )
    assert "Building" in line(Status(state="preparing"))


def test_two_processes_train_one_run(data, tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d"]
    command += ["--rdzv-endpoint=localhost:0", "-m", "tests.fakes.program", "train", "fake"]
    command += ["--data", str(data), "--out", str(tmp_path / "run"), "--threads", "1", "--device", "cpu"]
    root = Path(__file__).parents[2]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, timeout=200)
    run = RunFolder(tmp_path / "run")
    assert run.status().state == "finished" and run.model is not None
    assert [row.step for row in run.steps()] == list(range(1, 25))
    assert not (tmp_path / "run-2").exists()
