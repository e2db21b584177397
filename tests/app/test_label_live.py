"""Live learning in the window: a guess after each stroke, taking it over, sending it away, and what is done ahead."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imgstudio.app.controllers.labelling.live import LiveLearning
from imgstudio.app.controllers.labelling.live_parts import (
    MOST_PIXELS,
    Part,
    PartsInSight,
    part_of,
    reduced,
    spread,
    told_in,
)
from imgstudio.app.panels.label.live_panel import LivePanel
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.labels import UNSEEN
from imgstudio.core.tiles import TileStore
from tests.fakes.labelling import HEIGHT, WIDTH, gone_to, opened, painted, project_in, rested
from tests.fakes.live_learning import FakeLabeller

WHOLE = Rect(0, 0, WIDTH, HEIGHT)
SKY, ROAD, CAR = 1, 2, 3
LEFT, RIGHT = [(10, 20), (30, 20)], [(60, 50), (80, 50)]


@pytest.fixture
def project(tmp_path):
    return project_in(tmp_path / "street", 5)


@pytest.fixture
def session(studio, project):
    return opened(studio, project.path)


@pytest.fixture
def fake():
    return FakeLabeller()


@pytest.fixture
def live(studio, session, fake):
    before = session.live
    made = LiveLearning(studio.context, session, lambda device: fake)
    yield made
    fake.may_guess.set()
    made.set_live(False)
    studio.settle()
    session.live = before
    made.deleteLater()


def guessed(session):
    """(h, w) what is proposed of the picture in hand; None: nothing."""
    store = session.document.labels.prediction
    return None if store is None else store.read(WHOLE)[..., 0]


def at_rest(studio, live):
    studio.wait(lambda: live._handle is None and not live._is_asked and not live._rest.isActive())
    studio.settle()


def two_strokes(studio, live):
    painted(studio, SKY, LEFT)
    painted(studio, CAR, RIGHT)
    at_rest(studio, live)


def test_after_strokes_of_two_classes_the_rest_is_guessed_and_labels_stay(studio, session, live):
    live.set_live(True)
    painted(studio, SKY, LEFT)
    at_rest(studio, live)
    assert guessed(session) is None
    painted(studio, CAR, RIGHT)
    at_rest(studio, live)

    assert (guessed(session)[:, : WIDTH // 2] == SKY).all()
    assert (guessed(session)[:, WIDTH // 2 :] == CAR).all()
    assert session.document.labels.unsure.read(WHOLE).min() == 51
    labels = session.document.labels.mask(WHOLE)
    assert (labels == UNSEEN).mean() > 0.8
    assert live.has_guess
    assert live.answer.doubt == pytest.approx(0.2)
    assert dict(live.learned.pixels) == {value: int((labels == value).sum()) for value in (SKY, CAR)}


def test_switched_off_it_does_nothing_until_it_is_asked_once(studio, session, live, fake):
    two_strokes(studio, live)
    assert fake.guessed == []
    live.learn_now()
    at_rest(studio, live)
    assert live.has_guess
    painted(studio, ROAD, [(40, 30), (50, 30)])
    at_rest(studio, live)
    assert len(fake.guessed) == 1


def test_a_newer_stroke_is_answered_and_the_old_guess_stays_meanwhile(studio, session, live, fake):
    live.set_live(True)
    two_strokes(studio, live)
    old = guessed(session)
    fake.may_guess.clear()
    session.set_rules(type(session.rules)(value=0))
    for y in (10, 30):
        studio.brush([(40, y), (50, y)], radius=4, tool="brush")
        studio.wait(lambda: live.phase == "learning")
        np.testing.assert_array_equal(guessed(session), old)
    fake.may_guess.set()
    at_rest(studio, live)

    assert (guessed(session)[:, : WIDTH // 2] == 0).all()
    last = fake.told[fake.guessed[-1][0]]
    assert (last[[10, 30], 45] == 0).all()


def test_accepting_is_one_step_and_undo_brings_the_guess_back(studio, session, live):
    live.set_live(True)
    two_strokes(studio, live)
    before = session.document.labels.mask(WHOLE)
    studio.run("label.accept")
    rested(studio)
    at_rest(studio, live)

    after = session.document.labels.mask(WHOLE)
    np.testing.assert_array_equal(after[before != UNSEEN], before[before != UNSEEN])
    assert not (after == UNSEEN).any()
    assert not live.has_guess
    assert live.answer.is_all_told
    studio.undo()
    rested(studio)
    at_rest(studio, live)
    np.testing.assert_array_equal(session.document.labels.mask(WHOLE), before)
    assert live.has_guess


def test_discarded_it_is_away_until_the_next_stroke(studio, session, live):
    live.set_live(True)
    two_strokes(studio, live)
    studio.run("label.discard")
    at_rest(studio, live)
    assert guessed(session) is None
    assert not live.has_guess
    painted(studio, ROAD, [(40, 30), (50, 30)])
    at_rest(studio, live)
    assert live.has_guess


def test_what_a_trained_model_said_is_heard_and_comes_back(studio, session, live, fake):
    said, unsure = TileStore(1, fill=UNSEEN), TileStore(1)
    said.write(WHOLE, np.full((HEIGHT, WIDTH, 1), ROAD, np.uint8))
    session.document.labels.predict(said, unsure)
    live.set_live(True)
    two_strokes(studio, live)

    assert (fake.guessed[-1][1].mask == ROAD).all()
    assert set(np.unique(guessed(session))) == {SKY, CAR}
    live.discard()
    assert (guessed(session) == ROAD).all()
    assert not live.has_guess


def test_seen_near_by_the_guess_of_the_whole_picture_is_heard(studio, project, live, fake, session):
    Image.fromarray(np.full((1200, 1600, 3), 90, np.uint8)).save(project.picture("4.png"))
    live.set_live(True)
    two_strokes(studio, live)
    gone_to(studio, "4.png")
    at_rest(studio, live)
    whole, before = fake.guessed[-1]
    assert (whole.box, before) == (session.document.bounds, None)
    studio.canvas.zoom_to(4.0)
    studio.wait(lambda: fake.guessed[-1][0] != whole)
    at_rest(studio, live)

    near, before = fake.guessed[-1]
    assert near.box.width < 800
    assert before.mask.shape == (near.height, near.width)
    assert set(np.unique(before.mask)) <= {SKY, CAR}
    prediction = session.document.labels.prediction
    assert set(np.unique(prediction.read(session.document.bounds))) == {SKY, CAR}


def test_the_next_pictures_are_seen_beforehand_and_guessed_at_once(studio, session, live, fake):
    live.set_live(True)
    two_strokes(studio, live)
    studio.wait(lambda: {"1.png", "2.png"} <= {part.name for part in fake.looked})
    gone_to(studio, "1.png")
    at_rest(studio, live)

    assert live.has_guess
    assert [part.name for part in fake.looked].count("1.png") == 1
    assert fake.guessed[-1][0].name == "1.png"
    assert live.learned.pictures == 1


def test_pictures_that_were_labelled_before_are_learned_from(studio, project, live, fake, session):
    mask = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    mask[40:] = ROAD
    project.write("3.png", mask)
    session.close()
    session.open(project.path)
    studio.wait(lambda: session.document is not None)
    gone_to(studio, "0.png")
    live.set_live(True)
    at_rest(studio, live)

    assert fake.studied == ["3.png"]
    assert live.has_guess
    assert live.learned.pictures == 1


def test_another_project_begins_anew(studio, session, live, fake, tmp_path):
    live.set_live(True)
    two_strokes(studio, live)
    other = project_in(tmp_path / "other", 2)
    session.open(other.path)
    studio.wait(lambda: session.project is not None and session.project.path == other.path)
    studio.wait(lambda: session.document is not None)
    at_rest(studio, live)

    assert fake.forgotten == 1
    assert guessed(session) is None
    assert live.learned.pixels == ()


def test_a_failure_is_told_once_and_switches_it_off(studio, session, live, fake):
    fake.failure = UserError("The model is damaged")
    live.set_live(True)
    painted(studio, SKY, LEFT)
    at_rest(studio, live)

    assert studio.errors == [fake.failure]
    assert not live.is_live
    assert guessed(session) is None


def test_leaving_the_workspace_lets_it_rest(studio, session, live, fake):
    live.set_live(True)
    at_rest(studio, live)
    count = len(fake.guessed)
    studio.click(studio.window.workspaces.switch.button(0))
    live.learn_now()
    studio.settle()
    assert len(fake.guessed) == count


def test_the_panel_says_what_is_missing(studio, session, live):
    panel = LivePanel(live, session)
    assert "Off" in panel.state.text()
    assert not panel.accept.isEnabled()
    panel.switch.button(1).click()
    painted(studio, CAR, RIGHT)
    at_rest(studio, live)
    studio.wait(lambda: "car" in panel.state.text())
    assert not panel.accept.isEnabled()
    painted(studio, SKY, LEFT)
    at_rest(studio, live)
    studio.wait(panel.accept.isEnabled)
    assert "20 % unsure" in panel.state.text()
    assert "1 picture" in panel.source.text()
    assert [bar.name for bar in panel.classes.bars] == ["sky", "car"]
    panel.discard.click()
    studio.wait(lambda: not panel.accept.isEnabled())
    panel.deleteLater()


def test_a_small_picture_is_seen_whole_and_a_large_one_as_far_as_it_is_on_the_screen():
    assert part_of("a", 0, Rect(0, 0, 500, 400), Rect(10, 10, 50, 50)) == Part(
        "a", 0, Rect(0, 0, 500, 400), 500, 400
    )
    large = Rect(0, 0, 6000, 4000)
    near = part_of("a", 0, large, Rect(1000, 1000, 800, 600))
    assert near.box == Rect(900, 900, 1000, 800)
    assert near.width * near.height <= MOST_PIXELS
    assert part_of("a", 0, large, EMPTY).box == large
    assert part_of("a", 0, large, large).width == pytest.approx(
        large.width * (MOST_PIXELS / 24e6) ** 0.5, abs=1
    )


def test_a_part_serves_while_the_screen_shows_little_less():
    large = Rect(0, 0, 6000, 4000)
    seen = Rect(1000, 1000, 800, 600)
    part = part_of("a", 0, large, seen)
    assert part.serves("a", 0, seen)
    assert part.serves("a", 0, seen.translated(80, -80))
    assert not part.serves("a", 0, seen.translated(200, 0))
    assert not part.serves("a", 0, Rect(1000, 1000, 200, 200))
    assert not part.serves("a", 1, seen)
    assert not part.serves("b", 0, seen)


def test_only_the_newest_parts_stay_in_sight():
    parts = PartsInSight(2)
    a, b, c = (part_of(name, 0, Rect(0, 0, 10, 10), EMPTY) for name in "abc")
    for part in (a, b, a, c):
        parts.keep(part)
    assert a in parts
    assert b not in parts
    assert parts.has_picture("c")


def test_thin_strokes_are_told_also_where_the_picture_is_seen_small():
    mask = np.full((2000, 3000), UNSEEN, np.uint8)
    mask[1001:1003, 300:2400] = 4
    part = part_of("a", 0, Rect(0, 0, 3000, 2000), EMPTY)
    told = told_in(mask, part)
    row = told[np.arange(part.height) == int(1002 * part.height / 2000)]
    assert (row == 4).mean() > 0.65
    assert set(np.unique(told)) == {4, UNSEEN}


def test_a_guess_comes_back_at_the_size_of_the_picture_with_smooth_edges():
    part = Part("a", 0, Rect(0, 0, 400, 300), 100, 75)
    y, x = np.mgrid[:75, :100]
    mask = np.where(x + y > 80, np.uint8(3), np.uint8(0))
    large = spread(mask, part, Progress())
    rows, columns = np.mgrid[:300, :400]
    wanted = np.where(rows + columns > 325, 3, 0)
    blocky = np.repeat(np.repeat(mask, 4, 0), 4, 1)
    assert large.shape == (300, 400)
    assert (large != wanted).mean() < 0.6 * (blocky != wanted).mean()


def test_pixels_are_averaged_where_they_are_seen_small():
    part = Part("a", 0, Rect(0, 0, 4, 2), 2, 1)
    pixels = np.array([[[0] * 3, [100] * 3, [7] * 3, [7] * 3]] * 2, np.uint8)
    assert reduced(pixels, part)[..., 0].tolist() == [[50, 7]]


def test_the_buttons_take_over_what_a_trained_network_says_too(studio, session, live):
    panel = LivePanel(live, session)
    labels, bounds = session.document.labels, session.document.bounds
    assert not panel.accept.isEnabled()
    said = TileStore(1, fill=UNSEEN)
    said.write(bounds, np.full((bounds.height, bounds.width, 1), CAR, np.uint8))
    labels.predict(said, TileStore(1))
    studio.wait(panel.accept.isEnabled)
    panel.accept.click()
    assert (labels.mask(bounds) == CAR).all()
    studio.undo()
    panel.discard.click()
    studio.wait(lambda: not panel.discard.isEnabled())
    assert labels.prediction is None
    panel.deleteLater()
