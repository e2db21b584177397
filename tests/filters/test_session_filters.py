"""Filters one watches: they converge, pause, scrub back and obey the brush."""

import threading

import numpy as np
import pytest

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.filters.base import Steer
from imgstudio.filters.builtin.diffusion_fill import FILTER, DiffusionParams
from imgstudio.filters.session import capture_session

HOLE = Rect(30, 30, 40, 40)


def ramp_with_hole():
    ramp = np.repeat(np.linspace(20, 220, 100).astype(np.uint8)[None, :, None], 100, axis=0)
    pixels = np.concatenate([np.repeat(ramp, 3, axis=2), np.full((100, 100, 1), 255, np.uint8)], axis=2)
    truth = pixels.copy()
    pixels[HOLE.slices()] = (255, 0, 255, 255)
    document = Document.from_pixels(pixels)
    document.selection.store.write(HOLE, np.full((40, 40, 1), 255, np.uint8))
    document.selection.touched()
    return document, truth


def test_a_hole_in_a_ramp_is_filled_with_the_ramp():
    document, truth = ramp_with_hole()
    result = capture_session(document, document.active, FILTER, DiffusionParams()).run(Progress())
    filled = result.pixels.read(HOLE)[..., :3].astype(int)
    assert np.abs(filled - truth[HOLE.slices()][..., :3]).max() <= 3


def test_it_converges_before_ones_eyes():
    document, _ = ramp_with_hole()
    job, notes = capture_session(document, document.active, FILTER, DiffusionParams(start_grey=True)), []
    job.on_frame = lambda frame: notes.append(float(frame.note.split()[1]))
    job.run(Progress())
    assert notes[-1] < 0.05 * max(notes)


def test_a_pulled_colour_stays_and_spreads():
    document, _ = ramp_with_hole()
    job = capture_session(document, document.active, FILTER, DiffusionParams(iterations=60))
    coverage = np.zeros((job.box.height, job.box.width), np.float32)
    coverage[45 - job.box.y : 55 - job.box.y, 45 - job.box.x : 55 - job.box.x] = 1
    job.steer(Steer(coverage, "pull", (0.0, 1.0, 0.0)))
    result = job.run(Progress()).pixels.read(HOLE)
    assert tuple(result[20, 20, :3]) == (0, 255, 0)
    beside = result[20, 8, :3].astype(int)
    assert beside[1] > beside[0] + 20


def test_it_can_be_stopped_and_what_is_there_is_the_result():
    document, _ = ramp_with_hole()
    job, seen = capture_session(document, document.active, FILTER, DiffusionParams(iterations=500)), []

    def watch(frame):
        seen.append(frame)
        if frame.iteration == 5:
            job.stop()

    job.on_frame = watch
    result = job.run(Progress())
    assert len(seen) == 5
    assert not result.pixels.is_empty


def test_scrubbing_back_goes_on_from_there():
    document, _ = ramp_with_hole()
    job, iterations = capture_session(document, document.active, FILTER, DiffusionParams(iterations=12)), []

    def watch(frame):
        iterations.append(frame.iteration)
        if len(iterations) == 10:
            job.restart_from(3)

    job.on_frame = watch
    job.run(Progress())
    assert iterations == [*range(1, 11), *range(5, 13)]
    assert [kept.iteration for kept in job.frames_kept] == list(range(1, 13))


def test_pausing_holds_it_and_cancelling_a_paused_run_ends_it():
    document, _ = ramp_with_hole()
    token, outcome = CancelToken(), []
    job = capture_session(document, document.active, FILTER, DiffusionParams(iterations=2000))
    reached = threading.Event()

    def watch(frame):
        if frame.iteration == 3:
            job.pause()
            reached.set()

    def run():
        try:
            job.run(Progress(token=token))
        except Cancelled:
            outcome.append("cancelled")

    job.on_frame = watch
    worker = threading.Thread(target=run)
    worker.start()
    assert reached.wait(10)
    assert job.is_paused
    token.cancel()
    worker.join(5)
    assert outcome == ["cancelled"]
    assert len(job.frames_kept) == 3


def test_it_asks_for_a_selection_in_words():
    document = Document.from_pixels(np.full((20, 20, 4), 255, np.uint8))
    with pytest.raises(UserError, match="needs a selection"):
        capture_session(document, document.active, FILTER, DiffusionParams())


@pytest.fixture
def paused():
    """A session that stands still at its fifth frame, and a way to wait for its end."""
    document, _ = ramp_with_hole()
    job = capture_session(document, document.active, FILTER, DiffusionParams(iterations=12, start_grey=True))
    iterations, standing, results = [], threading.Event(), []

    def watch(frame):
        iterations.append(frame.iteration)
        if len(iterations) == 5:
            job.pause()
            standing.set()

    job.on_frame = watch
    worker = threading.Thread(target=lambda: results.append(job.run(Progress())))
    worker.start()
    assert standing.wait(10)

    def ended():
        worker.join(10)
        assert not worker.is_alive()
        return results[0]

    yield job, iterations, ended
    job.stop()
    worker.join(10)


def test_looking_back_while_it_is_paused_forgets_nothing(paused):
    job, iterations, ended = paused
    for index in (0, 3, 1):
        job.restart_from(index)
    assert [kept.iteration for kept in job.frames_kept] == [1, 2, 3, 4, 5]
    job.resume()
    ended()
    assert iterations == [1, 2, 3, 4, 5, *range(3, 13)], "it went on from the last that was looked at"


def test_stopping_while_one_looks_back_gives_what_one_looks_at(paused):
    job, iterations, ended = paused
    job.restart_from(1)
    job.stop()
    result = ended()
    assert iterations == [1, 2, 3, 4, 5]
    there = result.pixels.read(HOLE)
    kept = job.frames_kept[1].pixels[HOLE.translated(-job.box.x, -job.box.y).slices()]
    np.testing.assert_array_equal(there[..., :3], kept)


def test_a_stroke_on_a_paused_one_is_answered_by_one_frame_from_where_one_looks(paused):
    job, iterations, ended = paused
    job.restart_from(1)
    answered = threading.Event()
    job.on_frame = lambda frame: (iterations.append(frame.iteration), answered.set())
    job.steer(Steer(np.ones((job.box.height, job.box.width), np.float32), "pull", (0.0, 1.0, 0.0)))
    assert answered.wait(10)
    assert job.is_paused
    assert iterations == [1, 2, 3, 4, 5, 3]
    job.resume()
    ended()
    assert iterations[5:] == [*range(3, 13)]
