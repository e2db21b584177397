"""Live learning: a few strokes tell classes apart, other pictures help, and nothing a person does makes it fail."""

import cv2
import numpy as np
import pytest

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.labels import UNSEEN
from imgstudio.core.paths import resources
from imgstudio.engine.live.labeller import VIEWS, Guess, LiveLabeller
from imgstudio.engine.registry import ModelRegistry

HEIGHT, WIDTH = 150, 200
GROUND, DISC, BOX = 0, 3, 7
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def network():
    return ModelRegistry(resources() / "models").load("cutout")


@pytest.fixture
def labeller(network):
    return LiveLabeller("cpu", network)


def scene(seed=0, *, moved=0, colours=((60, 130, 70), (190, 60, 50), (60, 70, 190))):
    """(h, w, 3): a disc and a box on the ground, with grain; and their class values (h, w)."""
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(truth, (60 + moved, 75), 35, DISC, -1)
    cv2.rectangle(truth, (125 + moved, 40), (170 + moved, 110), BOX, -1)
    grain = np.random.default_rng(seed).normal(0, 9, (HEIGHT, WIDTH, 3))
    ground, disc, box = (np.array(colour) for colour in colours)
    picture = np.where((truth == DISC)[..., None], disc, np.where((truth == BOX)[..., None], box, ground))
    return np.clip(picture + grain, 0, 255).astype(np.uint8), truth


def strokes(**lines):
    """(h, w): a line of each class, all else unseen."""
    made = np.full((HEIGHT, WIDTH), UNSEEN, np.uint8)
    for name, (start, end) in lines.items():
        cv2.line(made, start, end, {"ground": GROUND, "disc": DISC, "box": BOX}[name], 5)
    return made


ALL = strokes(ground=((10, 15), (190, 15)), disc=((45, 75), (75, 75)), box=((150, 60), (150, 90)))


def share(mask, truth):
    return float((mask == truth).mean())


def test_one_stroke_of_each_class_tells_the_picture(labeller):
    picture, truth = scene()
    labeller.look(picture, "a")
    labeller.teach("a", ALL)

    guess = labeller.guess("a")

    assert share(guess.mask, truth) > 0.98
    assert guess.mask.dtype == guess.unsure.dtype == np.uint8


def test_what_was_told_is_kept_even_where_it_is_strange(labeller):
    picture, _ = scene()
    told = ALL.copy()
    told[70:76, 50:56] = BOX
    labeller.look(picture, "a")
    labeller.teach("a", told)

    guess = labeller.guess("a")

    assert (guess.mask == told)[told != UNSEEN].all()
    assert (guess.unsure[told != UNSEEN] == 0).all()


@pytest.mark.parametrize(
    "told", [np.full((HEIGHT, WIDTH), UNSEEN, np.uint8), strokes(disc=((45, 75), (75, 75)))]
)
def test_less_than_two_classes_give_no_guess(labeller, told):
    labeller.look(scene()[0], "a")
    labeller.teach("a", told)
    assert labeller.guess("a") is None


def test_another_picture_teaches_the_next_before_any_stroke(labeller):
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    picture, truth = scene(1, moved=20)
    labeller.look(picture, "b")

    assert share(labeller.guess("b").mask, truth) > 0.95
    assert labeller.taught.keys == ("a",)


def test_strokes_here_win_over_what_other_pictures_taught(labeller):
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    picture, truth = scene(1, colours=((60, 130, 70), (60, 70, 190), (190, 60, 50)))
    labeller.look(picture, "b")
    labeller.teach("b", ALL)

    assert share(labeller.guess("b").mask, truth) > 0.97


def test_unknown_things_are_less_sure_than_known_ones(labeller):
    picture, truth = scene()
    labeller.look(picture, "a")
    labeller.teach("a", strokes(ground=((10, 15), (190, 15)), disc=((45, 75), (75, 75))))

    unsure = labeller.guess("a").unsure

    inner = [
        cv2.erode((truth == value).astype(np.uint8), np.ones((15, 15))) > 0 for value in (GROUND, DISC, BOX)
    ]
    known, disc, unknown = (float(unsure[place].mean()) for place in inner)
    assert unknown > 2 * max(known, disc)


def test_the_same_labels_give_the_same_guess_whatever_was_taught_between(labeller):
    picture, _ = scene()
    labeller.look(picture, "a")
    labeller.teach("a", ALL)
    first = labeller.guess("a")
    labeller.teach("a", strokes(ground=((10, 15), (190, 15)), box=((150, 60), (150, 90))))
    labeller.guess("a")
    labeller.teach("a", ALL)
    again = labeller.guess("a")

    assert (first.mask == again.mask).all()
    assert (first.unsure == again.unsure).all()


def test_erased_labels_are_forgotten(labeller):
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    labeller.teach("a", np.full_like(ALL, UNSEEN))

    assert labeller.guess("a") is None
    assert labeller.taught.pixels == {}


def test_a_class_that_is_erased_again_is_never_guessed(labeller):
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    labeller.teach("a", np.where(ALL == BOX, np.uint8(UNSEEN), ALL))
    assert set(np.unique(labeller.guess("a").mask)) <= {GROUND, DISC}


def test_what_it_learned_from_is_counted(labeller):
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    assert labeller.taught.pixels == {value: int((value == ALL).sum()) for value in (GROUND, DISC, BOX)}


def test_cancelled_work_ends_and_the_next_succeeds(labeller):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        labeller.look(scene()[0], "a", Progress(token=token))
    assert not labeller.has_seen("a")
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    with pytest.raises(Cancelled):
        labeller.guess("a", Progress(token=token))
    assert labeller.guess("a") is not None


def test_cancelling_while_it_learns_ends_it_there(labeller):
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    token, told = CancelToken(), []

    def report(fraction, message):
        told.append(fraction)
        token.cancel()  # the first report comes before the classifier is fitted

    with pytest.raises(Cancelled):
        labeller.guess("a", Progress(report, token))
    assert told == [0.0]


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (7, 9), (33, 31), (700, 500)])
def test_pictures_of_any_size_are_looked_at(labeller, size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    told = np.full(size, UNSEEN, np.uint8)
    told[0, 0], told[-1, -1] = 1, 2
    labeller.look(picture, "a")
    labeller.teach("a", told)
    guess = labeller.guess("a")

    assert guess.mask.shape == guess.unsure.shape == size
    assert set(np.unique(guess.mask)) <= {1, 2}


def test_a_picture_of_one_pixel_is_no_trouble(labeller):
    for key, value in (("a", 1), ("b", 2)):
        labeller.look(np.full((1, 1, 3), 90 * value, np.uint8), key)
        labeller.teach(key, np.full((1, 1), value, np.uint8))
    assert labeller.guess("b").mask.tolist() == [[2]]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_plain_pictures_are_no_trouble(labeller, level):
    labeller.look(np.full((HEIGHT, WIDTH, 3), level, np.uint8), "a")
    labeller.teach("a", ALL)
    assert set(np.unique(labeller.guess("a").mask)) <= {GROUND, DISC, BOX}


def test_only_the_last_views_stay_in_sight_but_all_lessons_do(labeller):
    for number in range(VIEWS + 2):
        labeller.look(scene(number)[0], number)
        labeller.teach(number, ALL)

    assert [labeller.has_seen(number) for number in (1, 2)] == [False, True]
    assert len(labeller.taught.keys) == VIEWS + 2
    labeller.forget()
    assert labeller.nbytes == 0


def test_a_dropped_key_teaches_nothing_any_more(labeller):
    labeller.look(scene()[0], "a")
    labeller.teach("a", ALL)
    labeller.drop("a")
    assert labeller.taught.keys == ()
    with pytest.raises(UserError):
        labeller.guess("a")


def test_what_does_not_fit_is_refused(labeller):
    with pytest.raises(UserError):
        labeller.look(np.zeros((5, 5), np.uint8), "a")
    labeller.look(scene()[0], "a")
    with pytest.raises(UserError):
        labeller.teach("a", np.zeros((5, 5), np.uint8))
    with pytest.raises(UserError):
        labeller.teach("b", ALL)


def test_what_another_model_says_counts_where_nothing_was_taught(labeller):
    picture, truth = scene()
    labeller.look(picture, "a")
    labeller.teach("a", strokes(ground=((10, 15), (190, 15)), disc=((45, 75), (75, 75))))

    alone = labeller.guess("a")
    helped = labeller.guess("a", before=Guess(truth, np.zeros_like(truth)))
    doubted = labeller.guess("a", before=Guess(truth, np.full_like(truth, 255)))

    assert BOX not in alone.mask
    assert share(helped.mask, truth) > 0.98
    assert BOX not in doubted.mask


def test_strokes_win_over_what_another_model_says(labeller):
    picture, truth = scene()
    said = np.where(truth == DISC, np.uint8(BOX), truth)  # it takes the disc for a box
    labeller.look(picture, "a")
    labeller.teach("a", ALL)
    assert share(labeller.guess("a", before=Guess(said, np.zeros_like(said))).mask, truth) > 0.95


def test_what_is_learned_in_passing_is_kept_but_not_its_view(labeller):
    labeller.look(scene()[0], "a")
    labeller.learn(scene(1)[0], ALL, "b")

    assert labeller.taught.keys == ("b",)
    assert labeller.has_seen("a")
    assert not labeller.has_seen("b")
    assert labeller.guess("a") is not None
