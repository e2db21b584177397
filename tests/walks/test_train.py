"""From a folder of pictures to a filter, with a real worker: found rate, curves, pause, checkpoints, crash, return."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from imgstudio.app.panels.train.page import TrainPage
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan

SIDE = 64
COUNT = 30
PATIENT = 90.0
"""Seconds that a worker may need to begin on a machine that is busy."""


@pytest.fixture
def workshop(qtbot, person, monkeypatch):
    """Makes windows one after the other, over one home; workers that are left are killed at the end."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = []

    def opened():
        window = person.Studio()
        made.append(window)
        window.begin(qtbot)
        return window

    yield opened
    for window in made:
        for page in window.window.findChildren(TrainPage):
            for _, worker in page.training._workers:
                worker.kill()
                worker.wait()
        window.close()


@pytest.fixture
def folder(tmp_path):
    """Bright discs on a dark ground, with masks that say where they are."""
    place = tmp_path / "discs"
    random = np.random.default_rng(4)
    y, x = np.mgrid[:SIDE, :SIDE]
    for name in ("images", "masks"):
        (place / name).mkdir(parents=True)
    for index in range(COUNT):
        centre, radius = random.uniform(18, 46, 2), random.uniform(8, 18)
        mask = np.hypot(y - centre[0], x - centre[1]) < radius
        picture = np.where(mask[..., None], (220, 190, 60), (40, 60, 90)) + random.normal(
            0, 12, (SIDE, SIDE, 3)
        )
        Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(place / "images" / f"{index:02d}.png")
        Image.fromarray(mask.astype(np.uint8)).save(place / "masks" / f"{index:02d}.png")
    return place


def quick_plan(steps):
    """Small batches of small pictures; judged, and kept, all the time."""
    phase = Phase(
        "quick",
        steps,
        unit="steps",
        rate=Curve("constant", 4e-3, 4e-3),
        optimiser=Optimiser("adamw"),
        size=SIDE,
        batch=4,
    )
    return Plan((phase,), validate_every=2.0, keep_every=1, average_decay=0.9)


def drafted(studio, folder, steps):
    """Choose the folder, wait for the check, take a plan that is over in seconds."""
    page = studio.train()
    training = page.training
    studio.drop_folder("train.folder", folder)
    studio.wait(lambda: training.draft.report is not None)
    assert training.draft.can_start, training.draft.report.findings
    training.draft.set_plan(quick_plan(steps))
    return page


def at_work(training, step=0):
    return training.watch.is_alive and training.watch.status.step > step


def test_a_folder_becomes_a_filter(workshop, folder):
    studio = workshop()
    page = drafted(studio, folder, steps=4000)
    training = page.training
    studio.wait(lambda: any("pictures to learn from" in text for text in page.setup.check.sentences))
    assert len(training.draft.report.classes) == 2
    assert page.plan.isVisible()

    rate_found(studio, page)
    studio.click("train.start")
    assert not studio.part("train.start").isEnabled(), "a second click starts nothing"
    studio.wait(lambda: at_work(training, 15), PATIENT)
    assert len(training.runs()) == 1, "the training goes on where the rate was looked for"
    watched(studio, page)
    steered(studio, training)
    kept = stopped(studio, page)
    used(studio, training, kept)


def rate_found(studio, page):
    training = page.training
    studio.click("train.find_rate")
    assert training.watch.is_alive
    assert not studio.part("train.resume").isVisible()
    studio.wait(lambda: training.watch.run.sweep() is not None and not training.watch.is_alive, PATIENT)
    assert page.plots.sweep.isVisible()
    assert studio.part("train.start").isEnabled()
    assert not studio.part("train.resume").isVisible(), "one button starts it, not two"
    studio.click("train.sweep.use")
    valley = training.watch.run.sweep().valley
    assert training.draft.plan.phases[0].rate.start == pytest.approx(valley)
    training.draft.set_plan(quick_plan(4000))


def watched(studio, page):
    """Curves, pictures and judgement fill while it trains."""
    training = page.training
    studio.wait(lambda: training.watch.run.validations() and page.judgement.shown is not None)
    assert page.plots.loss.isVisible(), "the sweep makes room for the curves"
    assert len(page.plots.shown.curves) > 0
    studio.wait(lambda: len(page.strip.steps) > 1)
    assert page.strip.steps[0] == 0, "the strip begins before the first step"
    assert "pictures/s" in studio.part("train.facts").text()
    studio.click(
        studio.part("train.results").tabBar(), studio.part("train.results").tabBar().tabRect(1).center()
    )
    assert page.judgement.confusion.isVisible()
    assert np.allclose(page.judgement.confusion.shares.sum(axis=1), 1)
    studio.click(
        studio.part("train.results").tabBar(), studio.part("train.results").tabBar().tabRect(0).center()
    )


def steered(studio, training):
    studio.click("train.pause")
    studio.wait(lambda: training.watch.status.state == "paused")
    step = training.watch.run.status().step
    assert not studio.part("train.pause").isVisible()
    studio.click("train.resume")
    studio.wait(lambda: training.watch.status.state == "running" and training.watch.status.step > step)


def stopped(studio, page):
    """Stop, slide through the pictures, make filters; the names of the models."""
    training = page.training
    studio.wait(lambda: len(training.watch.run.kept_checkpoints()) > 3)
    studio.click("train.stop")
    studio.wait(lambda: not training.watch.is_alive, PATIENT)
    assert training.watch.status.state == "stopped", training.watch.status.error
    assert "is kept" in studio.part("train.note").text()
    slider = studio.part("train.strip.slider")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Home)
    assert page.strip.step == 0
    first = page.strip.grab().toImage()
    middle = next(
        kept.step for kept in training.watch.run.kept_checkpoints() if kept.name.startswith("step-")
    )
    while page.strip.step < middle:
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert page.strip.step == middle
    assert page.strip.grab().toImage() != first
    assert page.checkpoints.chosen == str(middle), "the checkpoint of these pictures is marked"
    studio.wait(lambda: any(item.id.startswith("model.") for item in studio.context.filters))
    before = {item.id for item in studio.context.filters}
    studio.click("train.install")
    studio.wait(lambda: {item.id for item in studio.context.filters} > before)
    (mine,) = {item.id for item in studio.context.filters} - before
    return next(iter(item for item in before if item.startswith("model."))), mine


def used(studio, training, kept):
    """The best model stands in the Filter menu and does its work on a picture."""
    best, _ = kept
    for name in kept:
        assert studio.program.actions.specs[f"filter.{name}"].menu.startswith("Filter")
    studio.click(studio.window.workspaces.switch.button(0))
    sample = Image.open(training.draft.report.samples[0].image).convert("RGBA")
    studio.show_pixels(np.array(sample))
    before = studio.pixels()
    studio.run_filter(best)
    after = studio.pixels()
    truth = np.array(Image.open(training.draft.report.samples[0].target)) > 0
    painted = (before != after).any(axis=2)
    assert painted[truth].mean() > 0.8
    assert painted[~truth].mean() < 0.2
    studio.undo()
    np.testing.assert_array_equal(studio.pixels(), before)


def test_a_training_outlives_its_window_and_a_kill(workshop, folder):
    first = workshop()
    training = drafted(first, folder, steps=4000).training
    first.click("train.start")
    first.wait(lambda: at_work(training, 10) and training.watch.run.kept_checkpoints(), PATIENT)
    run = training.watch.run
    first.window.close()
    first.wait(lambda: not first.window.isVisible())
    assert run.is_alive, "the worker goes on"

    second = workshop()
    page = second.train()
    watch = page.training.watch
    assert watch.run.path == run.path
    assert len(page.plots.shown.curves) > 0, "with all that was measured before"
    assert second.part("train.pause").isVisible()
    step = watch.status.step
    second.wait(lambda: watch.status.step > step)

    os.kill(watch.status.pid, signal.SIGKILL)
    second.wait(lambda: not watch.is_alive)
    assert second.part("train.state").text().startswith("Interrupted")
    reached = watch.status.step
    second.click("train.resume")
    assert second.part("train.state").text() == "Starting …"
    second.wait(lambda: at_work(page.training, reached), PATIENT)
    second.click("train.cancel")
    second.wait(lambda: not watch.is_alive, PATIENT)
    assert watch.status.state == "stopped"
    assert not [item.id for item in second.context.filters if item.id.startswith("model.")]


def test_a_broken_folder_says_why_and_cannot_be_started(workshop, tmp_path):
    (tmp_path / "broken" / "images").mkdir(parents=True)
    (tmp_path / "broken" / "images" / "only.png").write_bytes(b"no picture at all")
    studio = workshop()
    page = studio.train()
    studio.drop_folder("train.folder", tmp_path / "broken")
    studio.wait(lambda: page.setup.check.sentences and not page.training.draft.is_checking)
    for name in ("train.start", "train.find_rate"):
        assert not studio.part(name).isEnabled()
    QTest.mouseClick(studio.part("train.start"), Qt.MouseButton.LeftButton)
    assert page.training.runs() == []
