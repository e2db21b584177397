"""The recipe "regress_points": tables and label files, heat maps, and a disc whose centre is found."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.jobs import Progress
from imgstudio.engine.points import peaks
from imgstudio.learn.dataset.reading import SampleReader
from imgstudio.learn.dataset.report import ClassShare
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.point_files import POINTS, check_points, points_in_table
from imgstudio.learn.point_settings import PointsParams
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes.regress_points import RECIPE
from imgstudio.learn.tasks.points import PointsTask, heat, places_of, random_affine
from tests.learn.segments import disc, disc_folder

places = st.floats(0.1, 0.9)


@given(places, places)
def test_the_peak_of_a_heat_map_is_the_point(x, y):
    maps = heat(torch.tensor([[[x, y]]]), 64, 0.03)
    assert maps.sum().item() == pytest.approx(1, abs=1e-4)
    found = peaks((maps + 1e-12).log())[0, 0]
    assert found.tolist() == pytest.approx([x, y], abs=0.5 / 64)


def test_a_point_that_is_not_marked_has_no_heat():
    assert not heat(torch.full((1, 2, 2), torch.nan), 16, 0.05).any()


@pytest.mark.parametrize(
    "text",
    [
        "file,x,y\na.png,3,4.5\nb.png,1,2\n",
        "folder/a.png;3;4.5\nb.png;1;2\n",
        "picture,name,x,y\na.png,point,3,4.5\nb.png,point,1,2\n",
    ],
)
def test_tables_are_read_as_people_write_them(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text)
    assert points_in_table(path) == {"a.png": {"point": [3, 4.5]}, "b.png": {"point": [1, 2]}}


def test_several_points_a_row_get_names(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("a.png,1,2,3,4,5\n")
    assert points_in_table(path) == {"a.png": {"point": [1, 2], "point 2": [3, 4]}}


def test_label_files_and_tables_together_make_the_report(tmp_path):
    disc_folder(tmp_path, 6)
    for mask in tmp_path.glob("*_mask.png"):
        mask.unlink()
    shapes = [{"label": "nose", "shape_type": "point", "points": [[5, 6]]}]
    (tmp_path / "0.json").write_text(json.dumps({"imagePath": "0.png", "shapes": shapes}))
    (tmp_path / "points.csv").write_text("1.png,nose,7,8\n2.png,nose,900,8\n")
    report = check_points(tmp_path, Progress())
    assert [sample.extra[POINTS] for sample in report.samples] == [{"nose": [5, 6]}, {"nose": [7, 8]}]
    assert [known.name for known in report.classes] == ["nose"]
    assert any("outside" in finding.what for finding in report.findings)
    assert sorted((*report.split.train, *report.split.valid)) == [0, 1]


def test_a_folder_without_points_cannot_start(tmp_path):
    disc_folder(tmp_path, 4)
    assert not check_points(tmp_path, Progress()).can_start


def test_points_move_with_the_picture(tmp_path):
    report = point_report(tmp_path)
    task = PointsTask(report, PointsParams(flip=True, rotate=40, zoom=1.3), 64, 0)
    batch = task.batch([0, 1, 2, 3], Phase("p", 1, size=64), np.random.default_rng(3))
    for image, (place,) in zip(batch["image"], batch["places"], strict=True):
        if torch.isfinite(place).all():
            rows, columns = torch.nonzero(image[0] > 0.55, as_tuple=True)
            middle = torch.stack((columns.float().mean(), rows.float().mean())) / 64
            assert middle.tolist() == pytest.approx(place.tolist(), abs=0.1)


def test_the_map_of_no_variation_leaves_everything():
    still = PointsParams(rotate=0, zoom=1, flip=False)
    assert np.allclose(random_affine(still, np.random.default_rng(0)), np.eye(3))


def test_it_learns_where_a_disc_lies(tmp_path):
    report = point_report(tmp_path, 24)
    phase = Phase("all", 60, "steps", Curve("cosine", 8e-3, 1e-4), optimiser=Optimiser(), size=64, batch=8)
    plan = Plan((phase,), precision="float32", average_decay=0.9, validate_every=100)
    params = PointsParams(size=64, spread=4, rotate=0, zoom=1.1)
    session = RECIPE.start(Setup(report, params, plan, Request(0, 0.5), "cpu"))
    validation = [step for step in session.steps() if step.validation][-1].validation
    assert validation.scores["error"] < 8
    manifest = session.export(tmp_path / "centre", "Centre")
    assert (manifest.task, manifest.classes) == ("points", ("centre",))
    assert len(session.previews()) == 3


def test_the_plan_is_one_cycle(tmp_path):
    plan = RECIPE.plan(point_report(tmp_path), PointsParams(), Request(5, 0.5))
    assert plan.minutes == 5
    assert {phase.size for phase in plan.phases} == {192}


def point_report(folder, count=8):
    report = disc_folder(folder, count)
    return dataclasses.replace(report, classes=(ClassShare("centre", 0, 1.0, count),))


def test_places_are_shares_of_the_sides(tmp_path):
    report = point_report(tmp_path)
    x, y = disc(0)[2]
    assert places_of(SampleReader(report.samples), 0, ("centre", "other"))[0].tolist() == pytest.approx(
        [x / 64, y / 48]
    )
