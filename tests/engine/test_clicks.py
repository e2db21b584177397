"""Selecting by clicks: what holds whatever the network says, and what the bundled one finds in a photo."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.segment import Predictor
from imgstudio.engine.select.guidance import BOX, INSIDE, OUTSIDE, PREVIOUS, guidance
from imgstudio.engine.select.prompts import Mark, Prompts
from imgstudio.engine.select.sight import Pyramid


class Bright(nn.Module):
    """Says that what is bright belongs to the thing, and counts how often it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def forward(self, image):
        self.asked += 1
        return 20 * (image[:, :3].mean(1, keepdim=True) - 0.5)


def squares(height=120, width=160):
    photo = np.zeros((height, width, 3), np.uint8)
    photo[20:60, 20:60] = 255
    photo[70:110, 100:140] = 255
    photo[5:13, 145:153] = 255
    return photo


@pytest.fixture
def bright():
    made = Predictor("cpu", Bright())
    made.set_image(squares())
    return made


@pytest.fixture(scope="module")
def real():
    made = Predictor("cpu")
    made.set_image(astronaut())
    return made


# What holds whatever the network says


places = st.tuples(st.integers(0, 159), st.integers(0, 119), st.booleans())


@settings(max_examples=30, deadline=None)
@given(st.lists(places, min_size=1, max_size=5), st.sampled_from([None, (10, 10, 150, 112)]))
def test_every_click_is_obeyed_unless_a_later_one_nearby_says_otherwise(clicks, box):
    predictor = Predictor("cpu", Bright())
    predictor.set_image(squares())

    mask = predictor.predict(clicks, box=box)

    for number, (x, y, is_inside) in enumerate(clicks):
        later = clicks[number + 1 :]
        if all(max(abs(x - a), abs(y - b)) > 2 for a, b, _ in later):
            assert (mask[y, x] > 0.5) == is_inside


def test_of_two_clicks_at_one_place_the_later_wins(bright):
    assert bright.predict([(30, 30, True), (30, 30, False)])[30, 30] < 0.5
    assert bright.predict([(30, 30, False), (40, 40, True), (30, 30, True)])[30, 30] > 0.5


def test_only_the_piece_under_the_click_is_selected(bright):
    mask = bright.predict([(40, 40, True)])

    assert mask[25:55, 25:55].min() > 0.9
    assert mask[:, 90:].max() == 0


def test_what_lies_under_a_stroke_is_inside_and_under_a_negative_one_outside(bright):
    mask = bright.predict([(40, 40, True)], strokes=[([(20, 80), (60, 80)], 3, True)])
    assert mask[80, 20:60].min() > 0.5

    mask = bright.predict([(25, 25, True)], strokes=[([(30, 50), (50, 50)], 3, False)])
    assert mask[50, 30:50].max() < 0.5


def test_a_stroke_added_after_a_click_at_the_same_place_wins(bright):
    bright.predict([(40, 40, True), (50, 50, False)])

    mask = bright.predict([(40, 40, True), (50, 50, False)], strokes=[([(45, 50), (55, 50)], 4, True)])

    assert mask[50, 50] > 0.5


def test_a_mask_alone_comes_back_as_it_is(bright):
    start = np.random.default_rng(0).integers(0, 256, (120, 160)).astype(np.uint8)

    assert np.allclose(bright.predict(previous=start), start / np.float32(255))
    assert np.array_equal(bright.predict(previous=start > 99) > 0.5, start > 99)


def test_details_of_a_mask_to_begin_with_stay_where_nothing_was_said():
    predictor = Predictor("cpu", Bright())
    predictor.set_image(np.repeat(np.repeat(squares(), 4, 0), 4, 1))
    start = np.zeros((480, 640), np.uint8)
    start[80:240, 80:240] = 255
    start[120, 240:320] = 255  # a hair that the network does not see

    mask = predictor.predict([(480, 360, True)], previous=start)

    assert mask[120, 240:320].min() == 1
    assert mask[300:420, 420:540].min() > 0.9


def test_what_was_selected_elsewhere_stays(bright):
    start = np.zeros((120, 160), np.float32)
    start[70:110, 100:140] = 1

    mask = bright.predict([(40, 40, True)], previous=start)

    assert mask[75:105, 105:135].min() > 0.9
    assert mask[25:55, 25:55].min() > 0.9


def test_a_box_limits_what_is_added_and_not_what_was_selected(bright):
    start = np.zeros((120, 160), np.float32)
    start[70:110, 100:140] = 1

    mask = bright.predict(box=(15, 15, 65, 65), previous=start)

    assert mask[75:105, 105:135].min() > 0.9
    assert mask[25:55, 25:55].min() > 0.9
    assert mask[5:13, 145:153].max() < 0.5


def test_going_back_a_click_gives_the_earlier_mask_without_asking_again():
    network = Bright()
    predictor = Predictor("cpu", network)
    predictor.set_image(squares())
    one = predictor.predict([(40, 40, True)])
    predictor.predict([(40, 40, True), (120, 90, True)])
    asked = network.asked

    assert np.array_equal(predictor.predict([(40, 40, True)]), one)
    assert network.asked == asked


def test_the_patch_is_the_mask_and_the_rest_is_nothing(bright):
    clicks = [(40, 40, True), (50, 58, False)]
    patch = bright.predict_patch(clicks)
    mask = bright.predict(clicks)

    assert np.array_equal(mask[patch.box.slices()], patch.coverage / np.float32(255))
    mask[patch.box.slices()] = 0
    assert mask.max() == 0


def test_another_picture_forgets_the_answers(bright):
    bright.predict([(40, 40, True)])
    bright.set_image(np.zeros((50, 50, 3), np.uint8))

    mask = bright.predict([(40, 40, True)])

    assert mask.shape == (50, 50)
    assert mask[40, 40] > 0.5
    assert mask.mean() < 0.05


def test_only_what_does_not_belong_selects_nothing(bright):
    assert bright.predict([(40, 40, False)]).max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3000), (3000, 2), (40, 40)])
def test_tiny_long_and_plain_pictures_are_no_trouble(shape):
    predictor = Predictor("cpu", Bright())
    predictor.set_image(np.full((*shape, 3), 90, np.uint8))
    y, x = shape[0] - 1, shape[1] - 1

    mask = predictor.predict([(0, 0, True), (x, y, True)])

    assert mask.shape == shape
    assert mask[0, 0] > 0.5
    assert mask[y, x] > 0.5
    assert predictor.predict(box=(0, 0, x + 1, y + 1)).shape == shape


def test_edges_of_a_large_picture_are_those_of_its_own_pixels():
    """The network sees 320 pixels of 2,400; the square's edge must still be right to two pixels."""
    predictor = Predictor("cpu", Bright())
    photo = np.zeros((1800, 2400, 3), np.uint8)
    photo[401:1203, 505:1707] = 230
    predictor.set_image(photo)

    found = predictor.predict([(1000, 800, True)]) > 0.5

    wrong = found != (photo[..., 0] > 0)
    near = cv2.dilate(
        cv2.morphologyEx((photo[..., 0] > 0).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))),
        np.ones((5, 5)),
    )
    assert not wrong[near == 0].any()


def test_a_cancelled_question_ends_and_the_next_one_is_answered(bright):
    token = CancelToken()
    token.cancel()

    with pytest.raises(Cancelled):
        bright.predict([(40, 40, True)], progress=Progress(token=token))

    assert bright.predict([(40, 40, True)])[40, 40] > 0.5


# Bad input


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"clicks": [(160, 5, True)]},
        {"clicks": [(5, 120, True)]},
        {"clicks": [(-1, 5, False)]},
        {"clicks": [(float("nan"), 5, True)]},
        {"box": (10, 10, 10, 50)},
        {"box": (200, 10, 300, 50)},
        {"box": (-50, -50, 0, 0)},
        {"box": (0, 0, float("inf"), 10)},
        {"strokes": [([], 3, True)]},
        {"strokes": [([(5, 5)], -1, True)]},
        {"strokes": [([(500, 500), (600, 500)], 5, True)]},
        {"previous": np.zeros((10, 10), np.float32)},
        {"previous": np.zeros((120, 160, 3), np.float32)},
        {"previous": np.zeros((120, 160), np.uint16)},
    ],
)
def test_bad_questions_are_refused_in_words(bright, asked):
    with pytest.raises(UserError):
        bright.predict(**asked)


def test_a_box_may_reach_beyond_the_picture_and_have_its_corners_in_any_order(bright):
    assert np.array_equal(bright.predict(box=(900, 900, -5, -5)), bright.predict(box=(0, 0, 160, 120)))


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused_in_words(pixels):
    with pytest.raises(UserError, match="bytes"):
        Predictor("cpu", Bright()).set_image(pixels)


def test_without_a_picture_nothing_can_be_asked():
    with pytest.raises(UserError, match="picture"):
        Predictor("cpu", Bright()).predict([(0, 0, True)])


# What the network is shown


def test_planes_show_marks_where_they_are_and_the_later_one_on_top():
    view = Rect(100, 50, 64, 64)
    marks = (
        Mark(((132.5, 82.5),), 0, is_inside=True),
        Mark(((110.5, 60.5), (120.5, 60.5)), 2, is_inside=False),
    )
    seen = guidance(Prompts(marks, Rect(110, 60, 20, 30)), view, np.full((64, 64), 0.25, np.float32), 64)

    assert seen.shape == (64, 64, 4)
    assert seen[32, 32, INSIDE] == 1
    assert seen[10, 10:21, OUTSIDE].min() == 1
    assert seen[10, 10:21, INSIDE].max() == 0
    assert seen[..., PREVIOUS].min() == 0.25
    assert seen[10:40, 10:30, BOX].min() == 1
    assert seen[..., BOX].sum() == 600

    both = guidance(
        Prompts((*marks, Mark(((132.5, 82.5),), 0, is_inside=False))),
        view,
        np.zeros((64, 64), np.float32),
        64,
    )
    assert both[32, 32, INSIDE] == 0
    assert both[32, 32, OUTSIDE] == 1


def test_every_copy_of_a_picture_shows_the_same_part():
    ramp = np.dstack([np.tile(np.linspace(0, 255, 4000).astype(np.uint8), (1000, 1))] * 3)
    picture = Pyramid(ramp)

    part = picture.part(Rect(1000, 100, 2000, 800), (100, 40))

    wanted = cv2.resize(ramp[100:900, 1000:3000], (100, 40), interpolation=cv2.INTER_AREA)
    assert np.abs(part.astype(int) - wanted).max() <= 2


# What the bundled network finds


def test_a_click_on_the_person_selects_the_person(real):
    mask = real.predict([(220, 300, True)])

    assert mask[90:130, 200:240].min() > 0.5, "the face"
    assert mask[330:480, 140:260].mean() > 0.9, "the suit"
    assert mask[20:60, 320:380].max() < 0.5, "the wall"
    assert 0.15 < mask.mean() < 0.6


def test_a_click_on_what_does_not_belong_takes_it_out_and_leaves_the_rest(real):
    before = real.predict([(220, 300, True)]) > 0.5
    assert before[110, 222], "the face"

    after = real.predict([(220, 300, True), (222, 110, False)]) > 0.5

    assert not after[110, 222]
    assert after.sum() < before.sum()
    assert after[330:430, 180:240].mean() > 0.8, "the suit"


def test_a_box_round_the_person_is_enough(real):
    mask = real.predict(box=(20, 0, 460, 512))

    assert mask[330:480, 140:260].mean() > 0.9


def test_the_same_question_to_two_predictors_gives_the_same_mask(real):
    other = Predictor("cpu")
    other.set_image(astronaut())
    clicks = [(220, 300, True), (400, 60, False)]

    assert np.array_equal(other.predict(clicks), real.predict(clicks))


def test_a_large_picture_has_the_mask_of_the_small_one(real):
    photo = astronaut()
    large = Predictor("cpu")
    large.set_image(cv2.resize(photo, (2048, 2048), interpolation=cv2.INTER_CUBIC))

    small = real.predict([(220, 300, True)])
    found = cv2.resize(large.predict([(880, 1200, True)]), (512, 512), interpolation=cv2.INTER_AREA)

    assert (np.abs(found - small) > 0.5).mean() < 0.02


def test_grey_noise_is_no_trouble_for_the_bundled_network():
    predictor = Predictor("cpu")
    predictor.set_image(np.random.default_rng(0).integers(0, 256, (64, 80, 3)).astype(np.uint8))

    mask = predictor.predict([(40, 30, True)])

    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
    assert mask[30, 40] > 0.5
