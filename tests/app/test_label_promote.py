"""Rounds of training on a project: what is remembered, which pictures come next, what was kept of a prediction."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from imgstudio.app.controllers.labelling.predicting import Predicting, is_fresh, judged
from imgstudio.app.controllers.labelling.rounds import (
    FILE,
    Round,
    RoundEffort,
    efforts_of,
    new_round,
    read_rounds,
    write_rounds,
)
from imgstudio.app.panels.label.promote_panel import HEADS, round_texts
from imgstudio.core.errors import UserError
from imgstudio.core.labelproject.entries import Effort, Entry
from imgstudio.core.labels import UNSEEN
from imgstudio.core.paths import models_folder
from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.small_unet import SmallUNet
from tests.fakes.labelling import CLASSES, HEIGHT, WIDTH, gone_to, opened, painted, project_in, rested


@pytest.fixture
def session(studio, tmp_path):
    return opened(studio, project_in(tmp_path / "street", 6).path)


def said(session, name, value, unsure=20):
    """As if a model had labelled a picture beforehand."""
    shape = (HEIGHT, WIDTH)
    session.project.write_prediction(name, np.full(shape, value, np.uint8), np.full(shape, unsure, np.uint8))
    session.shelf.forget(name)


def test_rounds_come_back_as_they_were_written(tmp_path):
    first = new_round(1, tmp_path / "run-7", CLASSES, 15.0, [Entry("a", "done", labelled=1.0), Entry("b")])
    assert first.values == {"background": 0, "sky": 1, "road": 2, "car": 3}
    assert first.pictures == 1
    over = replace(first, model="street-1", score=0.7, goal="mean IoU")
    write_rounds(tmp_path, [over, replace(first, number=2)])
    assert read_rounds(tmp_path) == (over, replace(first, number=2))
    assert [item.is_over for item in read_rounds(tmp_path)] == [True, False]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rounds": 3}', '{"rounds": [{"number": "x"}]}'])
def test_a_damaged_file_of_rounds_counts_as_none(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    assert read_rounds(tmp_path) == ()


def test_effort_is_told_by_round():
    entries = [
        Entry("a", "done", effort=Effort(10, 12, 60.0)),
        Entry("b", "done", effort=Effort(6, 8, 40.0)),
        Entry("c", "done", effort=Effort(2, 3, 8.0, 1, 0.9, 0.7)),
        Entry("d", "done", effort=Effort(4, 3, 10.0, 1, 0.8)),
        Entry("e", "in work", effort=Effort(99, 99, 999.0, 1, 0.1, 0.1)),
        Entry("f", "done"),
    ]
    by_hand, first = efforts_of(entries)
    assert by_hand == RoundEffort(0, 2, 8.0, 50.0, None)
    assert first == RoundEffort(1, 2, 3.0, 9.0, pytest.approx(0.85), pytest.approx(0.7))
    assert round_texts(0, by_hand) == ("by hand", "2", "8", "0:50", "–", "–")  # noqa: RUF001
    assert round_texts(1, first) == ("1", "2", "3", "0:09", "85 %", "0.70")
    assert len(round_texts(1, first)) == len(HEADS)
    assert round_texts(2, None)[1] == "0"


def test_a_prediction_is_judged_where_both_say_something():
    prediction = np.array([[1, 1, 2, 2, UNSEEN, 1]], np.uint8)
    labels = np.array([[1, 2, 2, UNSEEN, 1, 1]], np.uint8)
    assert judged(prediction, labels).agreed == pytest.approx(3 / 4)
    assert judged(prediction, labels).disagreement == pytest.approx(1 / 4)
    assert judged(prediction, labels).iou == pytest.approx((2 / 3 + 1 / 2) / 2)
    nothing = np.full_like(labels, UNSEEN)
    assert judged(prediction, nothing).agreed is None
    assert judged(prediction, labels[:, :2]).disagreement is None


def test_the_next_pictures_are_labelled_first_and_labelled_ones_last(studio, session):
    session.project.write("4.png", np.full((HEIGHT, WIDTH), 1, np.uint8))
    gone_to(studio, "2.png")
    predicting = Predicting(studio.context, session, session)
    assert predicting.candidates() == ("2.png", "3.png", "5.png", "0.png", "1.png", "4.png")


@dataclass(frozen=True, slots=True)
class Waits:
    """Stands for labelling a picture beforehand: it takes as long as it may."""

    title: str = "Waiting"
    quiet: bool = True

    def run(self, progress):
        while True:
            progress.update(0.0)
            time.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Quick:
    """What a person asks for."""

    title: str = "Quick"

    def run(self, progress):
        return 7


def test_labelling_beforehand_makes_room_for_what_is_asked_for(studio, session, monkeypatch):
    monkeypatch.setattr("imgstudio.app.controllers.labelling.predicting.PredictOne", lambda *_: Waits())
    predicting = Predicting(studio.context, session, session)
    predicting.use("some", {}, 0.0)
    studio.wait(lambda: predicting.is_at_work and studio.program.jobs.handles)
    told = []
    studio.program.jobs.start(Quick(), "compute").succeeded.connect(told.append)
    studio.wait(lambda: told == [7])
    predicting.use("", {}, 0.0)
    studio.settle()
    assert not predicting.is_at_work


def test_only_what_the_newest_model_said_is_fresh(session):
    assert not is_fresh(session.project, "1.png", 0.0)
    said(session, "1.png", 2)
    assert is_fresh(session.project, "1.png", 0.0)
    assert not is_fresh(session.project, "1.png", 4e9)


def test_what_was_kept_of_a_prediction_is_told_when_the_picture_is_left(studio, session):
    promotion = studio.window.workspaces.label.promotion
    promotion.rounds = (Round(1, "run", model="street-1"),)
    said(session, "1.png", 2)
    gone_to(studio, "1.png")
    studio.run("label.accept")
    rested(studio)
    painted(studio, 1, [(0, 10), (96, 10)], size=8)
    gone_to(studio, "2.png")
    studio.settle()
    effort = session.project.entry("1.png").effort
    assert effort.round == 1
    assert effort.agreed == pytest.approx(1 - 8 / HEIGHT, abs=0.03)
    assert session.project.entry("1.png").disagreement == pytest.approx(8 / HEIGHT, abs=0.03)
    assert effort.iou == pytest.approx(effort.agreed / 2), "of two classes it said one"
    gone_to(studio, "1.png")
    line = studio.part("status.effort")
    assert f"IoU {effort.iou:.2f} before correction" in line.text()
    assert "% of the prediction kept" in line.toolTip()


@pytest.mark.parametrize("is_own", [True, False])
def test_labels_that_a_model_learned_from_do_not_count_as_its_success(studio, session, is_own):
    promotion = studio.window.workspaces.label.promotion
    promotion.rounds = (Round(2, "run", model="street-2"),)
    session.project.write("1.png", np.full((HEIGHT, WIDTH), 1, np.uint8))
    if not is_own:
        first = Effort(3, 3, 9.0, 1, 0.5, 0.4)
        session.change("1.png", lambda entry: replace(entry, effort=first))
    said(session, "1.png", 1)
    gone_to(studio, "1.png")
    painted(studio, 2, [(0, 10), (96, 10)], size=8)
    gone_to(studio, "2.png")
    studio.settle()
    entry = session.project.entry("1.png")
    assert entry.disagreement == pytest.approx(8 / HEIGHT, abs=0.03)
    known = (entry.effort.round, entry.effort.agreed, entry.effort.iou)
    assert known == ((0, None, None) if is_own else (1, 0.5, 0.4))


def test_a_picture_that_was_only_looked_at_is_not_judged(studio, session):
    said(session, "1.png", 2)
    gone_to(studio, "1.png")
    gone_to(studio, "2.png")
    studio.settle()
    assert session.project.entry("1.png").effort.agreed is None
    assert session.project.entry("1.png").state == "predicted"


def test_why_a_training_cannot_begin_is_told_in_the_panel(studio, session):
    promotion = studio.window.workspaces.label.promotion
    promotion.problem = UserError("No picture is left to judge by", "", "Label one more")
    promotion.changed.emit()
    panel = studio.part("label.promote")
    studio.wait(lambda: "Label one more" in panel._problem.text())
    assert panel._problem.isVisibleTo(panel)


def test_a_network_that_is_not_installed_predicts_nothing(studio, tmp_path):
    project = project_in(tmp_path / "other", 3)
    write_rounds(
        project.path, [Round(1, "run", model="of-somebody-else", created="2026-01-02T03:04:05+00:00")]
    )
    opened(studio, project.path)
    promotion = studio.window.workspaces.label.promotion
    assert promotion.last is not None
    assert not promotion.predicting.has_model
    assert not studio.part("label.promote.predict").isVisible()


def installed(studio, names):
    """As if a round had ended with a model that tells these classes apart."""
    network = {"classes_or_planes": len(names), "width": 0.25}
    facts = {"id": "street-1", "name": "Street", "task": "segment", "architecture": "small_unet"}
    save_model(
        models_folder() / "street-1", SmallUNet(**network), **facts, hyperparameters=network, classes=names
    )
    studio.context.models().refresh()
    promotion = studio.window.workspaces.label.promotion
    promotion.rounds = (Round(1, "run", model="street-1", created="2026-01-02T03:04:05+00:00"),)
    promotion.changed.emit()
    return promotion


def begun_with(studio, session, promotion):
    """What a round that is started now would go on from."""
    for name in ("0.png", "1.png"):
        session.project.write(name, np.full((HEIGHT, WIDTH), 1, np.uint8))
    promotion.start()
    studio.wait(lambda: promotion._training is not None and promotion._training.draft.folder is not None)
    start_from = promotion._training.draft.params.start_from
    promotion.cancel()
    return start_from


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_round_begins_at_the_base_unless_a_person_says_otherwise(studio, session, goes_on):
    promotion = installed(studio, ("background", "sky", "road", "car"))
    chosen = studio.part("label.promote.begin")
    studio.wait(lambda: not chosen.isHidden() and chosen.model().item(1).isEnabled())
    assert chosen.currentText() == "Start from the base"
    if goes_on:
        chosen.setFocus()
        QTest.keyClick(chosen, Qt.Key.Key_Down)
        studio.wait(lambda: chosen.currentText() == "Go on from the last model")
    assert begun_with(studio, session, promotion) == ("street-1" if goes_on else "")


def test_nobody_goes_on_from_a_model_of_other_classes(studio, session):
    promotion = installed(studio, ("background", "sky", "road", "lorry"))
    promotion.goes_on = True
    promotion.changed.emit()
    chosen = studio.part("label.promote.begin")
    studio.wait(lambda: not studio.part("label.promote")._later.isActive())
    assert not chosen.model().item(1).isEnabled()
    assert chosen.currentText() == "Start from the base"
    assert begun_with(studio, session, promotion) == ""
