"""The command line as a person types it: results, messages and exit codes."""

import json

import numpy as np
import pytest
from PIL import Image

from imgstudio.cli.main import main


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (48, 64, 3)).astype(np.uint8)).save(path)
    return path


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_apply_runs_a_filter(photo, tmp_path):
    out = tmp_path / "out.png"
    assert main(["apply", "exposure", str(photo), "-o", str(out), "--set", "exposure=1"]) == 0
    assert pixels(out).mean() > pixels(photo).mean() + 20


def test_a_mask_limits_it_to_the_bit(photo, tmp_path):
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 10:30] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    out = tmp_path / "out.png"
    arguments = ["apply", "levels", str(photo), "-o", str(out), "--set", "white=128"]
    assert main([*arguments, "--mask", str(tmp_path / "mask.png")]) == 0
    changed = (pixels(out) != pixels(photo)).any(-1)
    assert changed[10:20, 10:30].any()
    assert not changed[mask == 0].any()


def test_sixteen_bits_stay_sixteen(tmp_path):
    import tifffile

    deep = np.random.default_rng(1).integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb")
    out = tmp_path / "out.tif"
    assert main(["apply", "levels", str(tmp_path / "deep.tif"), "-o", str(out)]) == 0
    assert np.array_equal(tifffile.imread(out), deep)


def test_a_session_filter_runs_without_a_window(photo, tmp_path):
    mask = np.zeros((48, 64), np.uint8)
    mask[20:30, 20:40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    out = tmp_path / "out.png"
    arguments = ["apply", "diffusion-fill", str(photo), "-o", str(out), "--mask", str(tmp_path / "mask.png")]
    assert main(arguments) == 0
    assert pixels(out)[22:28, 22:38].std() < 0.5 * pixels(photo)[22:28, 22:38].std()


def test_resize_writes_the_new_size(photo, tmp_path):
    out = tmp_path / "half.png"
    assert main(["apply", "resize", str(photo), "-o", str(out), "--set", "percent=50"]) == 0
    assert pixels(out).shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["apply", "nonsense", "{photo}", "-o", "{out}"], "no filter “nonsense”"),
        (["apply", "levels", "{photo}", "-o", "{out}", "--set", "nonsense=1"], "no parameter “nonsense”"),
        (["apply", "levels", "{photo}", "-o", "{out}", "--set", "middle=99"], "0.1 to 10"),
        (["apply", "levels", "{photo}", "-o", "{out}", "--set", "middle=x"], "cannot be “x”"),
        (["apply", "levels", "{photo}", "-o", "{out}", "--strength", "3"], "0 to 1"),
        (["apply", "levels", "missing.jpg", "-o", "{out}"], "missing.jpg"),
        (["apply", "levels", "{photo}", "-o", "{photo}"], "never overwritten"),
        (["apply", "levels", "{photo}", "-o", "{folder}/x.xyz"], "xyz"),
        (["apply", "levels", "{photo}", "-o", "{out}", "--mask", "{small}"], "another size"),
        (["apply", "levels", "{photo}", "-o", "{out}", "--memory", "lots"], "amount of memory"),
        (["apply", "lut", "{photo}", "-o", "{out}"], "No table is chosen"),
    ],
)
def test_bad_input_is_told_in_words_and_writes_nothing(arguments, words, photo, tmp_path, capsys):
    small, out = tmp_path / "small.png", tmp_path / "out.png"
    Image.new("L", (5, 5), 255).save(small)
    before = photo.read_bytes()
    values = {"photo": photo, "out": out, "small": small, "folder": tmp_path}
    assert main([argument.format(**values) for argument in arguments]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()
    assert photo.read_bytes() == before
    assert not list(tmp_path.glob("*.part*"))


def test_wrong_usage_is_two(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["apply"])
    assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_batch_does_what_it_can_and_lists_what_failed(photo, tmp_path, capsys):
    recipe = tmp_path / "recipe.json"
    first = tmp_path / "first.png"
    options = ["--set", "exposure=1", "--strength", "0.5", "--save-recipe", str(recipe)]
    assert main(["apply", "exposure", str(photo), "-o", str(first), *options]) == 0
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a picture")
    out = tmp_path / "out"
    assert main(["batch", str(recipe), str(photo), str(broken), "--out", str(out), "--json"]) == 1
    outcomes = json.loads(capsys.readouterr().out)
    assert [item["state"] for item in outcomes] == ["done", "failed"]
    assert np.array_equal(pixels(out / "photo_exposure.png"), pixels(first))
    assert main(["batch", str(recipe), str(photo), "--out", str(out), "--resume"]) == 0


def test_batch_never_gives_two_pictures_one_name(photo, tmp_path):
    other = tmp_path / "b" / "photo.png"
    other.parent.mkdir()
    Image.new("RGB", (8, 8)).save(other)
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"imgstudio_recipe": 1, "steps": [{"filter": "levels"}]}')
    out = tmp_path / "out"
    assert main(["batch", str(recipe), str(photo), str(other), "--out", str(out), "--jobs", "2"]) == 0
    assert len(list(out.iterdir())) == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"imgstudio_recipe": 99, "steps": []}', "{" * 10])
def test_a_bad_recipe_is_refused(text, photo, tmp_path):
    recipe = tmp_path / "recipe.json"
    recipe.write_text(text)
    assert main(["batch", str(recipe), str(photo), "--out", str(tmp_path / "out")]) == 2


def test_filters_are_listed_for_people_and_machines(capsys):
    assert main(["filters", "--json"]) == 0
    listed = {item["id"]: item for item in json.loads(capsys.readouterr().out)}
    assert {p["name"] for p in listed["levels"]["params"]} >= {"black", "white", "middle"}
    assert main(["filters", "levels"]) == 0
    assert "middle = 1.0" in capsys.readouterr().out


def test_info_tells_about_a_picture(photo, capsys):
    assert main(["info", str(photo), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["width"], found["height"], found["format"]) == (64, 48, "PNG")


def test_models_are_listed(capsys):
    assert main(["models", "list", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)
    assert main(["models", "install", "nonsense"]) == 2


@pytest.mark.parametrize("words", [["--yes", "dejpeg"], ["dejpeg", "--yes"]])
def test_options_of_models_stand_before_or_behind_the_ids(words, capsys):
    assert main(["models", "install", *words]) == 0
    assert "installed already" in capsys.readouterr().err
    assert main(["models", "verify", "--json", "dejpeg"]) == 0


def test_listing_filters_imports_no_torch():
    import subprocess
    import sys

    code = (
        "import sys; from imgstudio.cli.main import main; main(['filters']); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_a_sheet_shows_settings_side_by_side_and_says_how_to_get_them(photo, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    assert main(["sheet", "exposure", str(photo), "-o", str(out), "--set", "exposure=1", "--count", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=1) == ["1", "As set now"]
    assert len(lines) == 5
    wide, high = pixels(out).shape[1::-1]
    assert wide > 4 * 64
    assert high > 2 * 48
    chosen = next(line for line in lines if "+2" in line).partition("--set ")[2]
    alone = tmp_path / "alone.png"
    assert main(["apply", "exposure", str(photo), "-o", str(alone), "--set", chosen]) == 0
    assert pixels(alone).mean() > pixels(photo).mean() + 20


def test_a_sheet_is_listed_for_machines(photo, tmp_path, capsys):
    arguments = ["sheet", "sharpen", str(photo), "-o", str(tmp_path / "sheet.jpg"), "--json", "--side", "40"]
    assert main(arguments) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 8
    assert listed[0]["set"] == ""
    assert all("=" in one["set"] for one in listed[1:])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["curves"], "no contact sheet"),
        (["stylize"], "Choose a picture for"),
        (["exposure", "--side", "9"], "side of 9"),
        (["exposure", "--count", "1"], "1 pictures"),
    ],
)
def test_what_no_sheet_can_be_made_of_is_told(arguments, words, photo, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    assert main(["sheet", arguments[0], str(photo), "-o", str(out), *arguments[1:]]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()
