"""The Quality panel: shares, islands to go to, where the model differs, doubles, another labelling."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imgstudio.app.panels.label.quality_panel import QualityPanel
from imgstudio.core.labelproject.folder import ProjectFolder
from tests.fakes.labelling import CLASSES, HEIGHT, WIDTH, opened, painted, project_in

NONE = "\N{EN DASH}"


def labelled_mask(speck=None):
    mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
    mask[:32] = 1
    mask[32:48] = 2
    if speck is not None:
        x, y = speck
        mask[y : y + 3, x : x + 3] = 3
    return mask


@pytest.fixture
def folder(tmp_path):
    project = project_in(tmp_path / "street", 4)
    project.write("0.png", labelled_mask())
    project.write("1.png", labelled_mask((70, 10)))
    said = labelled_mask()
    said[:, :24] = 3
    project.write_prediction("0.png", said, np.zeros((HEIGHT, WIDTH), np.uint8))
    return project.path


@pytest.fixture
def panel(studio, folder):
    session = opened(studio, folder)
    made = QualityPanel(studio.context, session)
    made.resize(300, 900)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def rests(studio, panel):
    studio.wait(lambda: not panel.check.work and not panel.check._rest.isActive())
    studio.settle()


def all_pictures(studio, panel):
    panel.scope.button(1).click()
    rests(studio, panel)


def texts(listed):
    return [(row.text, row.number) for row in listed.rows]


def test_shares_of_the_picture_in_hand_follow_the_brush(studio, panel):
    studio.wait(lambda: panel.bars.bars)
    assert [(bar.name, bar.text) for bar in panel.bars.bars] == [
        ("Background", NONE),
        ("sky", "67 %"),
        ("road", "33 %"),
        ("car", NONE),
    ]
    assert "25 %" in panel.told.text()
    painted(studio, 3, [(5, 60), (90, 60)])
    studio.wait(lambda: panel.bars.bars[3].share > 0.05)


def test_an_island_of_another_picture_is_gone_to(studio, panel):
    all_pictures(studio, panel)
    assert texts(panel.islands) == [("car  ·  1.png", "9 px")]
    panel.islands.itemClicked.emit(panel.islands.topLevelItem(0), 0)
    studio.wait(lambda: studio.context.labelling.shown == "1.png")
    studio.settle()
    place, middle = studio.on_screen(71, 11), studio.canvas.rect().center()
    assert studio.canvas.view.zoom >= 4
    assert (place.x(), place.y()) == pytest.approx((middle.x(), middle.y()), abs=8)


def test_the_size_of_islands_can_be_chosen(studio, panel):
    panel.least.set_value(5)
    panel.check.set_least(5)
    all_pictures(studio, panel)
    assert texts(panel.islands) == []
    assert "no islands" in panel.told_islands.text()


def test_pictures_on_which_the_model_differs_are_listed(studio, panel):
    assert "otherwise on" not in panel.told_difference.text()
    studio.wait(lambda: "25.0 %" in panel.told_difference.text())
    all_pictures(studio, panel)
    assert texts(panel.differences) == [("0.png", "25 %")]


def test_only_changed_pictures_are_looked_at_again(studio, panel):
    all_pictures(studio, panel)
    before = dict(panel.check.looks)
    studio.context.labelling.project.write("1.png", labelled_mask())
    panel.look_button.click()
    rests(studio, panel)
    assert panel.check.looks["0.png"] is before["0.png"]
    assert panel.check.looks["1.png"].island_count == 0


def test_doubles_are_found(studio, panel, folder):
    random = np.random.default_rng(0)
    for number in range(4):
        pixels = random.integers(0, 255, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(pixels).resize((WIDTH, HEIGHT)).save(folder / f"{number}.png")
    with Image.open(folder / "2.png") as picture:
        picture.resize((WIDTH * 2, HEIGHT * 2)).save(folder / "3.png")
    all_pictures(studio, panel)
    panel.doubles_button.click()
    rests(studio, panel)
    assert [row.target.name for row in panel.doubles.rows] == ["2.png", "3.png"]


def test_another_labelling_is_compared(studio, panel, tmp_path):
    other = project_in(tmp_path / "other", 4)
    other.write("0.png", labelled_mask((0, 40)))
    all_pictures(studio, panel)
    panel.check.compare(other.path)
    rests(studio, panel)
    assert [bar.name for bar in panel.iou.bars] == ["sky", "road", "car"]
    assert panel.iou.bars[0].share == 1.0
    assert panel.iou.bars[2].share == 0.0
    assert texts(panel.compared) == [("0.png", "<1 %")]
    assert "in 1 pictures" in panel.told_comparison.text()


def test_a_folder_without_labels_is_told(studio, panel, tmp_path):
    (tmp_path / "nothing").mkdir()
    panel.check.compare(tmp_path / "nothing")
    rests(studio, panel)
    assert "no labels" in studio.errors[-1].what
    assert panel.check.comparison is None


def test_work_can_be_cancelled_and_another_project_forgets_all(studio, panel, tmp_path):
    all_pictures(studio, panel)
    assert panel.check.looks
    panel.check.find_doubles()
    panel.check.cancel()
    rests(studio, panel)
    assert panel.check.doubles is None
    ProjectFolder.create(tmp_path / "b", project_in(tmp_path / "pictures", 2).path, CLASSES)
    opened(studio, tmp_path / "b")
    assert panel.check.looks is None
    assert panel.islands.rows == ()


def test_nothing_is_looked_at_while_the_panel_is_hidden(studio, panel):
    studio.wait(lambda: panel.check.current is not None)
    panel.hide()
    panel.check.current = None
    painted(studio, 3, [(5, 60), (90, 60)])
    studio.settle()
    assert panel.check.current is None
    assert not panel.check._rest.isActive()


def test_the_split_of_a_training_is_shown_and_a_picture_that_judges_is_gone_to(studio, panel, folder):
    project = ProjectFolder.open(folder)
    for number in (2, 3):
        project.write(f"{number}.png", labelled_mask())
    studio.context.labelling.project.rescan()
    panel.scope.button(1).click()
    rests(studio, panel)
    panel.sides_button.click()
    rests(studio, panel)
    sides = panel.check.sides
    assert sides.learning + len(sides.judging) == 4
    assert len(sides.judging) >= 1
    assert f"{sides.learning} learn, {len(sides.judging)} judge." in panel.told_sides.text()
    assert [row.target.name for row in panel.judging.rows] == list(sides.judging)
    panel.go_to(panel.judging.rows[0].target)
    studio.wait(lambda: studio.context.labelling.shown == sides.judging[0])
