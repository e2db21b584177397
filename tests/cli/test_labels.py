"""Labels from the command line: new, check, losses, export, import."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from imgstudio.cli.main import main
from imgstudio.core.labelproject.folder import ProjectFolder


@pytest.fixture
def pictures(tmp_path):
    for name in ("a.png", "b.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (12, 8)).save(path)
    return tmp_path / "photos"


@pytest.fixture
def project(pictures):
    assert main(["labels", "new", str(pictures), "--classes", "road, tree"]) == 0
    made = ProjectFolder.open(pictures)
    mask = np.full((8, 12), 255, np.uint8)
    mask[:, :6] = 1
    mask[3, 3] = 2
    made.write("a.png", mask)
    return pictures


def test_a_new_project_knows_its_classes(pictures, tmp_path, capsys):
    out = tmp_path / "labels of mine"
    assert main(["labels", "new", str(pictures), "--classes", "a,b", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"project": str(out.resolve()), "pictures": 2, "classes": ["a", "b"]}
    assert [known.name for known in ProjectFolder.open(out).classes] == ["a", "b"]


def test_a_check_tells_problems_by_its_exit_code(project, capsys):
    assert main(["labels", "check", str(project)]) == 0
    assert "1 new, 1 in work" in capsys.readouterr().out
    (project / "labels" / "a.png.png").write_bytes(b"broken")
    assert main(["labels", "check", str(project), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [problem["name"] for problem in told["problems"]] == ["a.png"]


def test_losses_are_told_before_anything_is_written(project, capsys):
    arguments = ["labels", "losses", str(project), "--format", "coco", "--set", "shape=polygon", "--json"]
    assert main(arguments) == 0
    told = {loss["kind"]: loss for loss in json.loads(capsys.readouterr().out)}
    assert told["holes"]["change"] == {"shape": "rle"}
    assert told["unseen"]["count"] == 48


def test_labels_go_out_and_come_back(project, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["labels", "export", str(project), "--format", "voc", "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    (tmp_path / "more").mkdir()
    Image.new("RGB", (12, 8)).save(tmp_path / "more" / "a.jpg")
    assert main(["labels", "new", str(tmp_path / "more")]) == 0
    assert main(["labels", "import", str(tmp_path / "more"), "--from", str(out), "--json"]) == 0
    text = capsys.readouterr().out
    told = json.loads(text[text.index("{") :])
    assert (told["format"], told["pictures"], told["new_classes"]) == ("voc", ["a.jpg"], ["road", "tree"])
    back, there = ProjectFolder.open(tmp_path / "more"), ProjectFolder.open(project)
    assert (back.labels("a.jpg") == there.labels("a.png")).all()


def test_some_failures_are_told_and_the_rest_is_done(project, tmp_path, capsys):
    made = ProjectFolder.open(project)
    made.write("b.png", np.ones((8, 12), np.uint8))
    (project / "labels" / "a.png.png").write_bytes(b"broken")
    out = tmp_path / "out"
    assert main(["labels", "export", str(project), "--format", "png", "--out", str(out), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == 1
    assert [problem["name"] for problem in told["problems"]] == ["a.png"]
    assert (out / "masks" / "b.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "PROJECT", "--format", "nothing", "--out", "x"], "Known formats: coco"),
        (["export", "PROJECT", "--format", "coco", "--set", "shape=round", "--out", "x"], "Choose one of"),
        (["export", "PROJECT", "--format", "coco", "--out", "PROJECT"], "not empty"),
        (["check", "nowhere"], "no label project"),
        (["import", "PROJECT", "--from", "nowhere"], "not there"),
        (["new", "PROJECT"], "holds a project already"),
    ],
)
def test_wrong_usage_says_what_to_do(project, capsys, arguments, said):
    arguments = [str(project) if word == "PROJECT" else word for word in arguments]
    assert main(["labels", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_formats_are_listed_with_their_options(capsys):
    assert main(["labels", "formats"]) == 0
    told = capsys.readouterr().out
    assert "camvid" in told
    assert "Choose one of: auto, polygon, rle" in told
