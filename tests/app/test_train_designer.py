"""The designer of damage: what is put together there is what the recipe gets, and what is seen on the pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from imgstudio.app.controllers.training import Training
from imgstudio.app.jobs import JobService
from imgstudio.app.panels.train.designer import Designer, proposed_mix
from imgstudio.app.panels.train.designer_preview import SIDE, square_of
from imgstudio.learn.dataset.report import DatasetReport, Sample, Split
from imgstudio.learn.degrade.stack import degradation_from_json, degraders, preview, step
from imgstudio.learn.recipes import recipe_named
from imgstudio.learn.recipes.restore import RestoreParams, mix_of
from imgstudio.learn.recipes.upscale import UpscaleParams
from tests.app.fake_context import FakeContext


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(1)
    for number in range(5):
        noise = random.integers(0, 255, (90, 120, 3), np.uint8)
        Image.fromarray(noise).resize((480, 360)).save(tmp_path / f"{number}.png")
    (tmp_path / "5.png").write_bytes(b"no picture")
    return tmp_path


@pytest.fixture
def training(qtbot, folder):
    jobs = JobService()
    made = Training(FakeContext(jobs))
    samples = tuple(Sample(path) for path in sorted(folder.iterdir()))
    made.draft.recipe = recipe_named("restore")
    made.draft.params = RestoreParams()
    made.draft.report = DatasetReport(folder, samples, Split((0, 1, 2, 3), (4, 5)))
    yield made
    jobs.shutdown()


@pytest.fixture
def designer(qtbot, training):
    made = Designer(training)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(made)
    made.open()
    qtbot.waitUntil(lambda: bool(made.preview.after))
    yield made
    made.close()
    assert made._jobs.shutdown()


def settled(qtbot, designer):
    qtbot.waitUntil(lambda: designer.preview._spoiling is None or designer.preview._spoiling.is_finished)


def ids(designer):
    return [item.degrader for item in designer.mix.steps]


def test_it_begins_with_what_the_switches_of_the_recipe_say(designer):
    assert designer.mix == mix_of(RestoreParams())
    assert not designer.propose.isEnabled()


def test_it_begins_with_the_designed_mix(qtbot, training):
    mine = '[{"degrader": "holes", "chance": 0.25, "params": {"most": 9}}]'
    training.draft.params = RestoreParams(mix=mine)
    made = Designer(training)
    qtbot.addWidget(made)
    assert made.mix == degradation_from_json(mine)
    training.draft.params = RestoreParams(mix="{broken")
    again = Designer(training)
    qtbot.addWidget(again)
    assert again.mix == mix_of(RestoreParams())
    for dialog in (made, again):
        assert dialog._jobs.shutdown()


@pytest.mark.parametrize(
    ("params", "wanted"),
    [(UpscaleParams(), []), (UpscaleParams(pictures="from the web"), ["noise", "jpeg"])],
)
def test_upscaling_begins_with_its_own_mix(params, wanted):
    assert [item.degrader for item in proposed_mix(params).steps] == wanted


def test_a_step_is_added_where_it_happens_and_accepting_gives_it_to_the_recipe(designer, training):
    designer.findChild(object, "train.designer.add.blur").trigger()
    assert ids(designer) == ["blur", "noise", "jpeg"]
    assert designer.steps.currentRow() == 0
    designer.accept()
    assert mix_of(training.draft.params) == designer.mix
    assert ids(designer) == ["blur", "noise", "jpeg"]


def test_accepting_the_proposed_mix_leaves_the_switches_in_charge(designer, training):
    designer.add("holes")
    designer.propose.click()
    designer.accept()
    assert training.draft.params == RestoreParams()


def test_cancelling_changes_nothing(designer, training):
    designer.add("holes")
    designer.reject()
    assert training.draft.params == RestoreParams()


def test_numbers_and_odds_of_the_chosen_step_are_its_form(designer):
    designer.steps.setCurrentRow(1)
    designer.odds.editors["chance"]._edit(40.0)
    designer._form.editors["least"]._edit(30)
    assert designer.mix.steps[1] == step("jpeg", 0.4, least=30)
    assert designer.mix.steps[0] == mix_of(RestoreParams()).steps[0]


def test_every_kind_of_damage_has_a_form(designer):
    for degrader in degraders():
        designer.add(degrader.id)
        assert isinstance(designer._form.value(), degrader.params)


def test_steps_are_moved_and_removed_by_keys(designer):
    designer.steps.setCurrentRow(0)
    QTest.keyClick(designer.steps, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert ids(designer) == ["jpeg", "noise"]
    QTest.keyClick(designer.steps, Qt.Key.Key_Delete)
    assert ids(designer) == ["jpeg"]
    QTest.keyClick(designer.steps, Qt.Key.Key_Delete)
    assert ids(designer) == []
    assert not designer.odds.isVisible()


def test_what_is_shown_is_what_the_training_does(designer, qtbot):
    designer.throw_again()
    settled(qtbot, designer)
    wanted = preview(designer.preview.before, designer.mix, 1)
    for shown, made in zip(designer.preview.after, wanted, strict=True):
        np.testing.assert_array_equal(shown, made)


def test_another_throw_shows_other_damage(designer, qtbot):
    designer.alone.setChecked(True)
    settled(qtbot, designer)
    before = [picture.copy() for picture in designer.preview.after]
    designer.throw.click()
    settled(qtbot, designer)
    assert any((a != b).any() for a, b in zip(before, designer.preview.after, strict=True))


def test_the_chosen_step_can_be_seen_alone_and_always(designer, qtbot):
    designer.add("grey")
    designer.odds.editors["chance"]._edit(0.0)
    designer.alone.click()
    settled(qtbot, designer)
    for picture in designer.preview.after:
        assert np.ptp(picture.astype(int), axis=-1).max() <= 2
    assert designer.mix.steps[designer.steps.currentRow()].chance == 0


def test_pictures_come_from_all_over_the_folder_and_unreadable_ones_are_left_out(designer, qtbot):
    assert designer.preview.names == ["0.png", "2.png", "4.png"]
    designer.other_pictures()
    qtbot.waitUntil(lambda: designer.preview.names == ["1.png", "3.png"])


def test_a_press_on_a_spoiled_picture_shows_the_clean_one(designer):
    place = designer.preview._place(0, 1)
    spoiled = designer.preview.grab(place).toImage()
    QTest.mousePress(designer.preview, Qt.MouseButton.LeftButton, pos=place.center())
    clean = designer.preview.grab(place).toImage()
    QTest.mouseRelease(designer.preview, Qt.MouseButton.LeftButton, pos=place.center())
    assert clean != spoiled
    assert clean == designer.preview.grab(designer.preview._place(0, 0)).toImage()
    assert designer.preview.grab(place).toImage() == spoiled


def test_a_square_is_cut_from_the_middle_of_a_picture_of_any_size(tmp_path):
    Image.new("L", (40, 900), 7).save(tmp_path / "narrow.png")
    assert square_of(tmp_path / "narrow.png").shape == (40, 40, 3)
    Image.new("RGB", (3000, 2000)).save(tmp_path / "large.jpg")
    assert square_of(tmp_path / "large.jpg").shape == (SIDE, SIDE, 3)
    assert square_of(tmp_path / "missing.png") is None


def test_without_a_folder_it_says_what_is_missing(qtbot, training):
    training.draft.report = None
    made = Designer(training)
    qtbot.addWidget(made)
    assert "folder" in made._note.text()
    assert made._jobs.shutdown()


def test_a_mix_with_other_settings_stays_with_them(designer, training):
    training.draft.params = replace(training.draft.params, features=0.0, network="quick")
    designer.add("holes")
    designer.accept()
    assert training.draft.params.network == "quick"
