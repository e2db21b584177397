"""Labels become a network that labels the next pictures: with a real worker."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imgstudio.app.controllers.labelling.rounds import read_rounds
from imgstudio.core.geometry import Rect
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import classes_named
from tests.fakes.labelling import gone_to, opened, painted, rested

SIDE, COUNT, LABELLED = 64, 14, 10
WHOLE = Rect(0, 0, SIDE, SIDE)
PATIENT = 120.0


@pytest.fixture
def truth(tmp_path):
    """Name -> (h, w) true values; a project of bright discs on a dark ground, most of them labelled."""
    folder, random = tmp_path / "discs", np.random.default_rng(4)
    folder.mkdir()
    y, x = np.mgrid[:SIDE, :SIDE]
    masks = {}
    for index in range(COUNT):
        centre, radius = random.uniform(20, 44, 2), random.uniform(9, 17)
        disc = np.hypot(y - centre[0], x - centre[1]) < radius
        noise = random.normal(0, 12, (SIDE, SIDE, 3))
        pixels = np.where(disc[..., None], (220, 190, 60), (40, 60, 90)) + noise
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{index:02d}.png")
        masks[f"{index:02d}.png"] = np.where(disc, 2, 0).astype(np.uint8)
    project = ProjectFolder.create(folder, folder, classes_named(["unused", "disc"]))
    for name in list(masks)[:LABELLED]:
        project.write(name, masks[name])
    return folder, masks


@pytest.fixture
def window(qtbot, person, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = person.Studio()
    made.begin(qtbot)
    yield made
    training = made.window.workspaces.label.promotion._training
    for _, worker in [] if training is None else training._workers:
        worker.kill()
        worker.wait()
    made.context.labelling.close()
    made.wait(lambda: not made.program.jobs.handles)
    made.close()


def test_labels_become_a_network_that_labels(window, truth):
    folder, masks = truth
    session = opened(window, folder)
    promotion = window.window.workspaces.label.promotion
    promotion.minutes = 0.4
    window.click("label.promote.start")
    assert promotion.phase == "checking"
    window.wait(lambda: promotion.phase == "training", PATIENT)
    assert not window.part("label.promote.start").isVisible()
    window.wait(lambda: promotion.status is not None and promotion.status.step > 2, PATIENT)
    window.wait(lambda: promotion.phase == "idle", PATIENT)
    assert promotion.problem is None
    (first,) = read_rounds(folder)
    assert first.model
    assert first.pictures == LABELLED
    assert first.score > 0.5
    predicted(window, promotion, folder, masks)
    corrected(window, session, folder, masks)


def predicted(window, promotion, folder, masks):
    """All pictures are labelled beforehand, those without labels first; labels stay as they are."""
    window.wait(lambda: promotion.predicting.count == COUNT, PATIENT)
    project = ProjectFolder.open(folder)
    for name in list(masks)[LABELLED:]:
        assert project.entry(name).state == "predicted"
        assert project.entry(name).unsure < 0.5
        said = project.prediction(name).mask
        assert set(np.unique(said)) <= {0, 2}, "a class that nobody painted is not predicted"
        assert (said == masks[name]).mean() > 0.9
    for name in list(masks)[:LABELLED]:
        np.testing.assert_array_equal(project.labels(name), masks[name])
        assert project.entry(name).disagreement < 0.1


def corrected(window, session, folder, masks):
    """A prediction is accepted and corrected; what was kept of it is told, and counted for the round."""
    name = list(masks)[LABELLED]
    gone_to(window, name)
    assert session.document.labels.prediction is not None
    window.run("label.accept")
    rested(window)
    painted(window, 1, [(2, 2), (12, 2)], size=6)
    window.run("label.done_next")
    window.settle()
    entry = ProjectFolder.open(folder).entry(name)
    assert entry.state == "done"
    assert entry.effort.round == 1
    assert 0.9 < entry.effort.agreed < 1
    assert entry.effort.iou == pytest.approx(2 / 3, abs=0.06), "of three classes it did not know one"
    table = window.part("label.promote")
    window.wait(lambda: any(label.text() == "1" for label in table.findChildren(type(table.state))))


def test_too_few_labels_are_told(studio, tmp_path):
    folder = tmp_path / "bare"
    folder.mkdir()
    for index in range(3):
        Image.new("RGB", (SIDE, SIDE)).save(folder / f"{index}.png")
    ProjectFolder.create(folder, folder, classes_named(["disc"]))
    opened(studio, folder)
    assert not studio.part("label.promote.start").isEnabled()
    assert "two pictures" in studio.part("label.promote.state").text()
