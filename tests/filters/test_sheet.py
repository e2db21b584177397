"""A contact sheet: small, alike to what a run would make, cancelled at once, honest about what fails."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.imagefile import JpegInfo
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.params import Number
from imgstudio.filters.base import Filter, Finish, Frame, SessionFilter
from imgstudio.filters.runner import RunSettings
from imgstudio.filters.sheet import capture_sheet
from imgstudio.filters.variations import NOW, Variation, variations


@dataclass(frozen=True)
class DarkenParams:
    amount: Annotated[float, Number(0, 1, 0.01)] = 0.5
    iterations: Annotated[int, Number(1, 500)] = 100


SEEN: list[tuple[tuple[int, ...], DarkenParams]] = []


def darken(image, params, progress):
    SEEN.append((image.pixels.shape, params))
    if params.amount > 0.9:
        raise UserError("Too dark", "", "Less")
    return image.pixels * np.float32(1 - params.amount)


class Darkening:
    def __init__(self, image, params):
        self.image, self.params = image, params

    def frames(self):
        for step in range(self.params.iterations):
            time.sleep(0.001)
            yield Frame(self.image.pixels * np.float32(0.5), step + 1, self.params.iterations)


DARKEN = Filter("darken", "Darken", "Adjust", "Darkens.", DarkenParams, darken)
NEAR = Filter("near", "Near", "Repair", "Looks about.", DarkenParams, darken, margin=lambda params: 8)
SLOW = SessionFilter(
    "slow", "Slow", "Style", "Slowly.", DarkenParams, lambda image, params, progress: Darkening(image, params)
)


@pytest.fixture
def document():
    SEEN.clear()
    y, x = np.mgrid[:300, :400]
    return Document.from_pixels(
        np.stack([x % 256, y % 256, (x + y) % 256, np.full_like(x, 255)], 2).astype(np.uint8)
    )


def sheet(document, item, wanted=None, how=None, **kwargs):
    wanted = wanted or variations(item, DarkenParams())
    return capture_sheet(document, document.active, item, wanted, how or RunSettings(), **kwargs)


def plain(*amounts):
    return [Variation(NOW if not i else f"Amount {a}", DarkenParams(a)) for i, a in enumerate(amounts)]


def test_every_variation_is_run_on_a_small_copy_with_little_effort(document):
    job, told = sheet(document, DARKEN, plain(0.5, 0.25), side=80), []
    job.on_cell = lambda index, answer: told.append(index)
    first, second = job.run(Progress())
    assert told == [0, 1]
    assert {shape for shape, _ in SEEN} == {(60, 80, 3)}
    assert {params.iterations for _, params in SEEN} == {12}
    assert first.shape == (60, 80, 4)
    assert first.dtype == np.uint8
    assert (first[..., 3] == 255).all()
    assert abs(float(second[..., :3].mean()) / float(first[..., :3].mean()) - 1.5) < 0.02


def test_a_large_picture_is_reduced_strip_by_strip_to_the_same(monkeypatch, document):
    plainly = sheet(document, DARKEN, plain(0.5, 0.25), side=50).run(Progress())
    monkeypatch.setattr("imgstudio.filters.sheet.READ_AT_ONCE", 100)
    in_strips = sheet(document, DARKEN, plain(0.5, 0.25), side=50).run(Progress())
    assert np.median(np.abs(plainly[0].astype(int) - in_strips[0])) <= 1
    assert plainly[0].shape == in_strips[0].shape


def test_strength_and_selection_count_as_in_a_run(document):
    box = Rect(0, 0, 400, 150)
    document.selection.store.write(box, np.full((150, 400, 1), 255, np.uint8))
    document.selection.touched()
    job = sheet(document, DARKEN, plain(0.5, 0.0), RunSettings(Finish(strength=0.0)), side=100)
    assert job.box == Rect(0, 0, 400, 214), "with some of what surrounds the selection"
    assert isinstance(job.run(Progress())[1], UserError), "without strength nothing differs"
    strong, untouched = sheet(document, DARKEN, plain(0.5, 0.0), side=100).run(Progress())
    assert np.array_equal(strong[45:], untouched[45:])
    assert strong[5:30, :, :3].mean() < 0.6 * untouched[5:30, :, :3].mean()


def test_what_looks_at_neighbours_is_shown_at_full_size_where_one_looks(document):
    document.active.jpeg = JpegInfo(np.ones((8, 8)), None, (2, 2), (0, 0), 50)
    job = sheet(document, NEAR, plain(0.0, 0.5), side=64, look_at=Point(390, 100))
    assert job.box == Rect(336, 68, 64, 64)
    shown = job.run(Progress())[0]
    np.testing.assert_array_equal(shown, document.active.pixels.read(job.box))
    small, _ = job._small(Progress())
    assert small.jpeg.grid == (-336 % 8, -68 % 8)


def test_one_that_fails_is_told_and_the_others_are_made(document):
    answers = sheet(document, DARKEN, plain(0.5, 0.95, 0.25)).run(Progress())
    assert [isinstance(answer, UserError) for answer in answers] == [False, True, False]
    with pytest.raises(UserError, match="Too dark"):
        sheet(document, DARKEN, plain(0.95, 0.5)).run(Progress())


def test_settings_that_change_nothing_are_told(document):
    answers = sheet(document, DARKEN, plain(0.5, 0.5, 0.4)).run(Progress())
    assert answers[1].what == "It makes no difference here"
    assert not isinstance(answers[2], UserError)


def test_a_session_is_cancelled_between_its_frames(document):
    token = CancelToken()
    job = sheet(document, SLOW)
    job.on_cell = lambda index, answer: token.cancel()
    with pytest.raises(Cancelled):
        job.run(Progress(token=token))


def test_what_is_cut_away_is_transparent(document):
    def cut(image, params, progress):
        stays = np.zeros((*image.pixels.shape[:2], 1), np.float32)
        stays[:, 20:] = 1
        return np.concatenate([image.pixels, stays], 2)

    item = Filter("cut", "Cut", "Cut out", "Cuts.", DarkenParams, cut, cuts=lambda params: True)
    shown = sheet(document, item, plain(0.5, 0.25), side=40).run(Progress())[0]
    assert (shown[:, :20, 3] == 0).all()
    assert (shown[:, 20:, 3] == 255).all()


def test_values_out_of_range_are_refused_before_it_starts(document):
    with pytest.raises(UserError):
        sheet(document, DARKEN, plain(0.5, 2.0))


def test_places_of_the_document_are_known_on_every_picture():
    spots = []

    def run(image, params, progress):
        spots.append(image.to_document.inverted().apply(300, 200))
        return image.pixels

    pixels = np.full((400, 600, 4), 255, np.uint8)
    pixels[200, 300, :3] = 0
    document = Document.from_pixels(pixels)
    box = Rect(200, 100, 400, 300)
    document.selection.store.write(box, np.full((300, 400, 1), 255, np.uint8))
    document.selection.touched()
    item = Filter("mark", "Mark", "Adjust", "Marks.", DarkenParams, run)
    job = capture_sheet(
        document, document.active, item, variations(item, DarkenParams()), RunSettings(), side=100
    )
    (first, *_) = job.run(Progress())
    x, y = spots[0]
    row, column = np.unravel_index(int(first[..., 0].argmin()), first.shape[:2])
    assert (abs(x - 0.5 - column) <= 1, abs(y - 0.5 - row) <= 1) == (True, True)
