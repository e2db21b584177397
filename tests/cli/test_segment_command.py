"""Selecting from the command line: the mask that is written, messages and exit codes."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from imgstudio.cli.main import main


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    Image.fromarray(astronaut()).save(path)
    return path


def mask_in(path):
    with Image.open(path) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


def test_a_click_writes_the_mask_of_the_person(photo, tmp_path, capsys):
    out = tmp_path / "mask.png"

    assert main(["segment", str(photo), "--click", "220,300,+", "-o", str(out), "--json"]) == 0

    mask = mask_in(out)
    assert mask.shape == (512, 512)
    assert mask[300, 220] == 255
    assert mask[30, 350] == 0
    told = json.loads(capsys.readouterr().out)
    assert told["share"] == pytest.approx(mask.mean() / 255, abs=1e-4)
    x, y, width, height = told["box"]
    assert mask[y : y + height, x : x + width].sum() == mask.sum()


def test_clicks_that_do_not_belong_and_a_box_are_taken(photo, tmp_path):
    out = tmp_path / "mask.png"
    arguments = [
        "segment",
        str(photo),
        "--box",
        "20,0,460,511",
        "--click",
        "220,300,+",
        "--click",
        "400,60,-",
    ]

    assert main([*arguments, "-o", str(out)]) == 0

    assert mask_in(out)[300, 220] > 127
    assert mask_in(out)[60, 400] <= 127


def test_a_mask_to_begin_with_stays_where_nothing_is_said(photo, tmp_path):
    start = np.zeros((512, 512), np.uint8)
    start[100:400, 150:300] = 255
    Image.fromarray(start).save(tmp_path / "start.png")
    out = tmp_path / "mask.png"

    assert main(["segment", str(photo), "--from", str(tmp_path / "start.png"), "-o", str(out)]) == 0

    assert np.array_equal(mask_in(out), start)


def test_deep_grey_pictures_and_transparent_ones_are_read(tmp_path):
    grey = (np.mgrid[:40, :60][1] * 1000).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    clear = np.zeros((40, 60, 4), np.uint8)
    clear[10:30, 20:40] = 255
    Image.fromarray(clear).save(tmp_path / "clear.png")

    for name in ("grey.png", "clear.png"):
        out = tmp_path / f"mask-{name}"
        assert main(["segment", str(tmp_path / name), "--click", "30,20,+", "-o", str(out)]) == 0
        assert mask_in(out)[20, 30] > 127


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Nothing was pointed at"),
        (["--click", "10,20"], "is no click"),
        (["--click", "10,20,yes"], "is no click"),
        (["--click", "ten,20,+"], "is not a number"),
        (["--click", "512,20,+"], "outside of the picture"),
        (["--box", "1,2,3"], "is no box"),
        (["--box", "5,5,5,90"], "holds nothing"),
        (["--box", "a,b,c,d"], "is not a number"),
        (["--from", "missing.png"], "missing.png"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(photo, tmp_path, capsys, arguments, words):
    out = tmp_path / "mask.png"

    assert main(["segment", str(photo), *arguments, "-o", str(out)]) == 2

    assert words in capsys.readouterr().err
    assert not out.exists()


def test_the_picture_itself_is_never_overwritten(photo, capsys):
    assert main(["segment", str(photo), "--click", "220,300,+", "-o", str(photo)]) == 2
    assert "never overwritten" in capsys.readouterr().err
