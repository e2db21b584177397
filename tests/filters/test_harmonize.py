"""Harmonize as a filter: where it paints and where not, what it refuses, what the brush does, how it is called."""

import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

import imgstudio
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Transform
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import to_float
from imgstudio.core.projectfile import load, save
from imgstudio.core.snapshot import freeze
from imgstudio.core.tiles import TileStore
from imgstudio.filters.backgrounds import ground_of
from imgstudio.filters.base import FilterInput, Finish, Steer
from imgstudio.filters.builtin.harmonize import FILTER, HarmonizeParams
from imgstudio.filters.instant import capture_instant
from imgstudio.filters.objects import capture_object, has_moved, seen_object
from imgstudio.filters.runner import RunSettings, refinish, result_layer
from imgstudio.filters.session import capture_session
from imgstudio.filters.sheet import capture_sheet
from imgstudio.filters.variations import variations
from tests.filters.composites import CENTRE, HEIGHT, RADIUS, WIDTH, composition, placed, waves

QUICK = {"size": 64, "iterations": 5, "texture": 0.0}


def quick(**values):
    return HarmonizeParams(**(QUICK | values))


def run(document, layer, **values):
    return capture_session(document, layer, FILTER, quick(**values)).run(Progress())


def add(document, layer, result):
    made = result_layer(result, "Harmonize")
    document.add_layer(made, document.place_above(layer, free=True))
    return made


def away():
    """(HEIGHT, WIDTH): distance of each pixel from the middle of the ball."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(x + 0.5 - CENTRE[0], y + 0.5 - CENTRE[1])


@pytest.fixture(scope="module")
def painted():
    """A painted ball: the document before, and the result."""
    document, ball = composition()
    return document, ball, run(document, ball, texture=1.0)


@pytest.fixture
def files(tmp_path):
    """Composite, mask and background as files."""
    document, _ = composition()
    Image.fromarray(flatten(document)[..., :3]).save(tmp_path / "composite.png")
    Image.fromarray(((away() < RADIUS - 1) * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    Image.fromarray(waves()[..., :3]).save(tmp_path / "painting.png")
    return tmp_path


def arrays():
    document, _ = composition()
    composite, background = (to_float(p)[..., :3] for p in (flatten(document), waves()))
    return composite, background, (away() < RADIUS - 1).astype(np.float32)


def test_the_result_is_a_layer_above_the_object_that_fades_out_beyond_its_edge(painted):
    document, ball, result = painted
    before = flatten(document)
    layer = add(document, ball, result)
    after = flatten(document)
    document.history.undo()
    assert not layer.clip
    assert layer.mask is None
    alpha = layer.pixels.read(document.bounds)[..., 3]
    far, near = away() > RADIUS + 12, away() < RADIUS - 4
    assert np.array_equal(before[far], after[far]), "nothing changes elsewhere, not by a bit"
    assert (alpha[near] == 255).all()
    assert alpha[(away() > RADIUS) & ~far].any(), "the feather goes beyond the edge"
    assert np.abs(before[near].astype(int) - after[near]).mean() > 5


def test_it_remembers_its_object_through_a_project_file(painted, tmp_path):
    document, ball, result = painted
    layer = add(document, ball, result)
    save(freeze(document), tmp_path / "p.ora")
    document.history.undo()
    opened = load(tmp_path / "p.ora")
    again = opened.layers.root[-1]
    assert again.recipe.steps[-1] == layer.recipe.steps[-1]
    assert again.recipe.steps[-1].made_of["layer"] == ball.id
    assert not has_moved(opened, again)
    opened.set_layer(opened.layers.find(ball.id), "Move", transform=Transform(e=4.0, f=4.0))
    assert has_moved(opened, again)


def test_strength_blends_with_the_object_and_keeps_the_feather(painted):
    _, _, result = painted
    half = refinish(result, Finish(0.5))
    box = result.region
    raw, mixed, before = (store.read(box).astype(int) for store in (result.raw, half.pixels, result.source))
    np.testing.assert_array_equal(raw[..., 3], mixed[..., 3])
    assert np.abs(mixed[..., :3] - (raw + before)[..., :3] / 2).max() <= 1


def test_only_the_objects_box_and_what_is_near_is_worked_on():
    document, ball = composition(600, 900, (450, 300), 40)
    job = capture_session(document, ball, FILTER, quick())
    assert job.box.width < 250
    frame = next(FILTER.start(job._input(), job.params, Progress()).frames())
    assert frame.pixels.shape[:2] == (job.box.height, job.box.width) == frame.alpha.shape


def test_a_frame_can_be_gone_on_from():
    document, ball = composition()
    source = capture_object(document, ball)
    ground = ground_of(seen_object(source, source.region), None)
    random = np.random.default_rng(0)
    feather = np.where(ground.mask > 0, ground.mask * 0.8, 0).astype(np.float32)
    made = ground.composite + feather[..., None] * (random.random(ground.composite.shape) - ground.composite)
    frame = ground.frame(made.astype(np.float32), feather, 1, 1)
    np.testing.assert_allclose(ground.made_from(frame.pixels, feather), made, atol=1e-5)


def test_what_is_protected_stays_as_it_was_pasted():
    document, ball = composition()
    job = capture_session(document, ball, FILTER, quick())
    sent = []

    def on_frame(frame):
        if not sent:
            for action in (*FILTER.steering, "protect"):
                coverage = np.zeros((job.box.height, job.box.width), np.float32)
                coverage[:, : job.box.width // 2] = 1
                job.steer(Steer(coverage, action, (1.0, 0.0, 0.0)))
                sent.append(action)

    job.on_frame = on_frame
    before = flatten(document).astype(int)
    add(document, ball, job.run(Progress()))
    changed = np.abs(flatten(document).astype(int) - before).max(2)
    half = job.box.x + job.box.width // 2
    assert len(sent) == 6
    assert changed[:, :half].max() <= 1
    assert changed[:, half:].max() > 10


def test_cancelled_half_way_nothing_has_changed():
    document, ball = composition()
    before, state = flatten(document), document.history.state
    token = CancelToken()
    job = capture_session(document, ball, FILTER, quick(iterations=400))
    job.on_frame = lambda frame: token.cancel()
    with pytest.raises(Cancelled):
        job.run(Progress(token=token))
    assert document.history.state == state
    np.testing.assert_array_equal(flatten(document), before)


def alone():
    document = Document.from_pixels(waves())
    document.layers.root.clear()
    return document, placed(document, waves()[:40, :40], 20, 20)


def one_pixel():
    document, ball = composition()
    document.set_layer(ball, "", pixels=TileStore.from_array(np.full((1, 1, 4), 255, np.uint8)))
    return document, ball


def larger():
    document = Document.from_pixels(waves())
    return document, placed(document, waves(300, 400), -50, -50, "photo")


@pytest.mark.parametrize(
    ("make", "what"), [(alone, "nothing below"), (one_pixel, "too small"), (larger, "hides the whole")]
)
def test_what_cannot_be_done_is_said_in_words(make, what):
    with pytest.raises(UserError, match=what):
        run(*make())


@pytest.mark.parametrize("kind", ["painterly", "photo"])
def test_a_flat_background_and_an_object_partly_outside_are_no_trouble(kind):
    document, _ = composition()
    flat = Document.from_pixels(np.full((HEIGHT, WIDTH, 4), 200, np.uint8))
    ball = placed(
        flat, document.layers.root[1].pixels.read(document.layers.root[1].pixels.content_bounds()), 130, 90
    )
    result = run(flat, ball, kind=kind)
    assert np.isfinite(to_float(result.pixels.read(result.region))).all()


def test_deep_pictures_stay_deep():
    document = Document.from_pixels(waves().astype(np.uint16) * 257)
    small = waves()[:40, :40].astype(np.uint16) * 257
    small[..., 0] //= 2
    result = run(document, placed(document, small, 60, 40))
    assert result.pixels.dtype == np.uint16
    assert (result.pixels.read(result.region)[..., 0] % 257).any()


def test_it_works_on_arrays_and_changes_nothing_far_from_the_mask():
    composite, background, mask = arrays()
    call = partial(imgstudio.run_filter, "harmonize", composite, mask=mask, **QUICK)
    out = call(background=background, kind="painterly")
    assert out.shape == composite.shape
    assert np.array_equal(out[away() > RADIUS + 14], composite[away() > RADIUS + 14])
    assert np.abs(out - composite)[mask > 0].mean() > 0.02
    assert np.array_equal(call(background=background, strength=0.0), composite)


def test_the_background_may_be_a_file_of_another_size_but_not_of_another_shape(files):
    composite, background, mask = arrays()
    call = partial(imgstudio.run_filter, "harmonize", composite, mask=mask, **QUICK)
    by_array, by_file = call(background=background), call(background=str(files / "painting.png"))
    np.testing.assert_allclose(by_array, by_file, atol=1e-6)
    Image.fromarray(waves(240, 320)[..., :3]).save(files / "large.png")
    assert call(background=files / "large.png").shape == composite.shape
    Image.fromarray(waves(120, 120)[..., :3]).save(files / "square.png")
    with pytest.raises(UserError, match="another shape"):
        call(background=files / "square.png")


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({}, "nothing below"),
        ({"background": np.zeros((5, 5, 3), np.float32)}, "another size"),
        ({"background": "nowhere.png"}, "nowhere.png"),
        (
            {"background": waves()[..., :3] / 255.0, "mask": np.zeros((HEIGHT, WIDTH), np.float32)},
            "too small",
        ),
        ({"background": waves()[..., :3] / 255.0, "mask": None}, "hides the whole"),
        ({"background": waves()[..., :3] / 255.0, "kind": "sketch"}, "cannot be"),
    ],
)
def test_bad_calls_are_refused_in_words(values, what):
    composite, _, mask = arrays()
    with pytest.raises(UserError, match=what):
        imgstudio.run_filter("harmonize", composite, **({"mask": mask} | values))


def test_other_filters_take_no_background():
    composite, background, _ = arrays()
    with pytest.raises(UserError, match="takes no background"):
        imgstudio.run_filter("blur", composite, background=background)


def test_the_same_seed_gives_the_same_picture():
    document, ball = composition()
    one, other = (run(document, ball) for _ in range(2))
    assert np.array_equal(one.pixels.read(one.region), other.pixels.read(other.region))


def test_an_instant_look_lies_on_the_object_small_or_large():
    document, ball = composition(240, 320, (200, 120), 44)
    shown = {}
    for most in (4000, 10**6):
        layer = capture_instant(document, ball, FILTER, HarmonizeParams(), most=most).run(Progress()).layer
        box = layer.transform.bounds_of(layer.pixels.content_bounds())
        assert abs(box.x + box.width / 2 - 200) < 4
        assert abs(box.y + box.height / 2 - 120) < 4
        shown[most] = layer.pixels.content_bounds().width
    assert shown[4000] < shown[10**6]


def test_its_contact_sheet_shows_the_object_in_its_surroundings():
    document, ball = composition()
    wanted = variations(FILTER, quick())[:2]
    sheet = capture_sheet(document, ball, FILTER, wanted, RunSettings(), side=96).run(Progress())
    assert len({picture.tobytes() for picture in sheet}) == 2
    assert all(max(picture.shape[:2]) == 96 for picture in sheet)


def test_a_photo_is_changed_less_than_a_painting_and_heeds_the_brush():
    document, ball = composition()
    source = capture_object(document, ball)
    image = seen_object(source, source.region)
    session = FILTER.start(image, quick(kind="photo"), Progress())
    frames = session.frames()
    next(frames)
    session.steer(Steer(np.ones(image.mask.shape, np.float32), "protect"))
    last = list(frames)[-1]
    shown = image.pixels + last.alpha[..., None] * (last.pixels - image.pixels)
    np.testing.assert_allclose(shown, image.pixels, atol=1e-5)
    free = list(FILTER.start(image, quick(kind="photo"), Progress()).frames())[-1]
    assert np.abs(free.pixels - image.pixels)[image.mask > 0.5].mean() > 0.005


def test_a_look_without_anything_below_says_why():
    image = FilterInput(
        np.zeros((40, 40, 3), np.float32),
        None,
        np.eye(40, dtype=np.float32),
        Layer("").bounds(),
        Layer("").bounds(),
    )
    with pytest.raises(UserError, match="nothing below"):
        FILTER.instant(image, HarmonizeParams(), Progress())


def test_the_command_line_takes_composite_mask_and_background(files, capsys):
    from imgstudio.cli.main import main

    out = files / "out.png"
    arguments = ["apply", "harmonize", str(files / "composite.png"), "-o", str(out)]
    arguments += ["--mask", str(files / "mask.png"), "--set", "size=64", "--set", "iterations=5"]
    assert main([*arguments, "--set", "kind=painterly"]) == 2
    assert "nothing below" in capsys.readouterr().err
    recipe = files / "r.json"
    background = f"background={files / 'painting.png'}"
    assert main([*arguments, "--set", background, "--save-recipe", str(recipe)]) == 0
    made, before = (np.asarray(Image.open(files / name)).astype(int) for name in ("out.png", "composite.png"))
    far = away() > RADIUS + 14
    assert np.array_equal(made[far][:, :3], before[far])
    assert np.abs(made[..., :3] - before)[away() < RADIUS - 3].mean() > 5
    assert json.loads(recipe.read_text())["steps"][0]["params"]["kind"] == "painterly"
    batch = ["batch", str(recipe), str(files / "composite.png"), "--out", str(files / "many")]
    assert main([*batch, "--mask", str(files / "mask.png")]) == 0
    again = np.asarray(Image.open(files / "many" / "composite_harmonize.png")).astype(int)
    assert np.abs(again - made).max() <= 1


def test_a_shadow_falls_as_far_as_it_is_long():
    document, ball = composition(240, 480, (160, 120), 30)
    result = run(document, ball, kind="photo", shadow=0.8, direction=60.0, length=2.0)
    before = flatten(document).astype(int)
    add(document, ball, result)
    darker = (before - flatten(document))[..., :3].sum(2)
    assert result.region.right > 160 + 2 * 60
    assert darker[150:160, 200:230].mean() > 20
    assert np.abs(darker[:, 400:]).max() <= 1
    assert np.abs(darker[200:]).max() <= 1
