"""Stylize as a filter: what it refuses, what the brush does, the colours it keeps."""

import numpy as np
import pytest
from PIL import Image

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import luma, to_float
from imgstudio.filters.base import Steer
from imgstudio.filters.builtin.stylize import FILTER, StylizeParams, _places
from imgstudio.filters.paintings import LARGEST, painting, recoloured
from imgstudio.filters.session import capture_session


@pytest.fixture
def swirls(tmp_path):
    """A painting of coloured waves."""
    y, x = np.mgrid[:90, :120]
    waves = np.stack([np.sin(x / (4 + k) + np.cos(y / 7) * 2) for k in range(3)], 2)
    path = tmp_path / "swirls.png"
    Image.fromarray((127 + 120 * waves).astype(np.uint8)).save(path)
    return path


def photo(height=96, width=128):
    y, x = np.mgrid[:height, :width]
    page = np.full((height, width, 4), 255, np.uint8)
    page[..., :3] = np.stack([x, y, 255 - x], 2) % 256
    return page


def session(params, pixels=None, select=None):
    document = Document.from_pixels(photo() if pixels is None else pixels)
    if select is not None:
        document.selection.store.write(select, np.full((select.height, select.width, 1), 255, np.uint8))
        document.selection.touched()
    assert document.active is not None
    return capture_session(document, document.active, FILTER, params)


def quick(style, **values):
    return StylizeParams(style=style, **({"size": 128, "iterations": 5} | values))


def pixels_of(result, box):
    return to_float(result.pixels.read(box))[..., :3]


def test_a_picture_takes_on_the_colours_of_a_painting(swirls):
    job = session(quick(swirls))
    made = pixels_of(job.run(Progress()), job.box)
    assert made.shape == (96, 128, 3)
    assert np.abs(made - to_float(photo())[..., :3]).mean() > 0.02
    assert len(job.frames_kept) >= 1


def test_an_earlier_painting_is_gone_on_from(swirls, tmp_path):
    first = session(quick(swirls))
    painted = pixels_of(first.run(Progress()), first.box)
    path = tmp_path / "painted.png"
    Image.fromarray((painted * 255).round().astype(np.uint8)).save(path)
    job = session(quick(swirls, start="picture", begun=path))
    frames = []
    job.on_frame = frames.append
    job.run(Progress())
    assert frames[-1].total == 5
    assert np.abs(frames[0].pixels - painted).mean() < np.abs(photo()[..., :3] / 255 - painted).mean() / 2


def test_a_picture_to_go_on_from_must_be_chosen(swirls):
    with pytest.raises(UserError, match="go on from"):
        session(quick(swirls, start="picture")).run(Progress())


def test_colours_of_the_photo_stay_where_they_are_wanted(swirls):
    job = session(quick(swirls, colours="of the photo"))
    made, before = pixels_of(job.run(Progress()), job.box), to_float(photo())[..., :3]
    inside = ((made > 0.02) & (made < 0.98)).all(2)
    apart = (made - luma(made)[..., None]) - (before - luma(before)[..., None])
    assert inside.any()
    assert np.abs(apart[inside]).max() < 0.01


def test_the_painting_can_be_recoloured_like_the_photo():
    random = np.random.default_rng(0)
    picture, like = random.random((40, 40, 3)).astype(np.float32), photo()[..., :3].astype(np.float32) / 255
    made = recoloured(picture, like)
    assert np.allclose(made.mean((0, 1)), like.mean((0, 1)), atol=1e-3)
    assert np.allclose(np.cov(made.reshape(-1, 3).T), np.cov(like.reshape(-1, 3).T), atol=1e-3)


def test_a_running_one_obeys_every_wish_of_the_brush(swirls):
    job = session(quick(swirls, second=swirls, iterations=20))
    sent = []

    def on_frame(frame):
        if not sent:
            for action in FILTER.steering:
                coverage = np.zeros((96, 128), np.float32)
                coverage[:20, :20] = 1
                job.steer(Steer(coverage, action, (1.0, 0.0, 0.0)))
                sent.append(action)
            coverage = np.zeros((96, 128), np.float32)
            coverage[60:, 60:] = 1
            job.steer(Steer(coverage, "protect"))

    job.on_frame = on_frame
    made = pixels_of(job.run(Progress()), job.box)
    assert sent == list(FILTER.steering)
    assert np.allclose(made[60:, 60:], to_float(photo())[60:, 60:, :3], atol=1 / 255)


def test_nothing_outside_the_selection_is_returned(swirls):
    box = Rect(30, 20, 50, 40)
    result = session(quick(swirls), select=box).run(Progress())
    assert result.region == box


def of_two_colours(tmp_path, name, colour):
    """A painting of stripes of one hue."""
    y, x = np.mgrid[:90, :120]
    stripes = (0.6 + 0.4 * np.sin((x + 2 * y) / 4))[..., None] * np.asarray(colour, float)
    path = tmp_path / name
    Image.fromarray((255 * stripes).astype(np.uint8)).save(path)
    return path


def test_a_picture_says_which_painting_counts_where(tmp_path):
    red, blue = (
        of_two_colours(tmp_path, f"{k}.png", colour) for k, colour in enumerate([(1, 0, 0), (0, 0, 1)])
    )
    right = np.zeros((48, 64), np.uint8)
    right[:, 32:] = 255
    where = tmp_path / "where.png"
    Image.fromarray(right).save(where)
    params = quick(red, second=blue, second_where=where, content_weight=0.1, iterations=20)
    job = session(params, pixels=np.full((96, 128, 4), 128, np.uint8))
    made = pixels_of(job.run(Progress()), job.box)
    redness = made[..., 0] - made[..., 2]
    assert redness[:, :50].mean() > 0.1
    assert redness[:, 78:].mean() < -0.1


def test_the_place_of_the_second_is_laid_over_the_document_not_over_the_selection(tmp_path, swirls):
    right = np.zeros((96, 128), np.uint8)
    right[:, 64:] = 255
    where = tmp_path / "where.png"
    Image.fromarray(right).save(where)
    image = session(quick(swirls), select=Rect(70, 10, 58, 60))._input()
    first, second = _places(image, where)
    assert first.shape == image.mask.shape == second.shape
    assert first.max() == 0
    assert np.array_equal(second, image.mask * (np.arange(128)[image.origin.x : image.origin.right] >= 64))


@pytest.mark.parametrize(
    "changed",
    [
        {"content_weight": 4.0},
        {"kept": "details"},
        {"kept": "layout"},
        {"histogram": 2.0},
        {"statistics": "wasserstein"},
    ],
)
def test_every_way_of_comparing_changes_the_picture(swirls, changed):
    plain, other = (session(quick(swirls, **values)) for values in ({}, changed))
    apart = np.abs(pixels_of(plain.run(Progress()), plain.box) - pixels_of(other.run(Progress()), other.box))
    assert apart.mean() > 0.002


@pytest.mark.parametrize(
    ("pixels", "what"),
    [
        (np.zeros((10, 10, 3), np.uint8), "too small"),
        (np.full((60, 60, 3), 90, np.uint8), "one colour"),
        (np.zeros((60, 60, 4), np.uint8), "transparent"),
    ],
)
def test_paintings_without_strokes_are_refused(tmp_path, pixels, what):
    path = tmp_path / "style.png"
    Image.fromarray(pixels).save(path)
    with pytest.raises(UserError, match=what):
        session(quick(path)).run(Progress())


def test_without_a_painting_nothing_is_painted():
    with pytest.raises(UserError, match="No painting is chosen"):
        session(StylizeParams()).run(Progress())


def test_grey_transparent_and_huge_paintings_are_used_as_they_are(tmp_path):
    random = np.random.default_rng(1)
    grey, sheer = tmp_path / "grey.png", tmp_path / "sheer.png"
    Image.fromarray(random.integers(0, 255, (3000, 40), np.uint8)).save(grey)
    rgba = random.integers(0, 255, (50, 60, 4)).astype(np.uint8)
    rgba[:25, :, 3] = 0
    Image.fromarray(rgba).save(sheer)
    assert painting(grey).shape[0] == LARGEST
    upper = painting(sheer)[:25]
    assert np.ptp(upper, axis=(0, 1)).max() < 0.01
