"""Laws that every built-in function filter keeps."""

import numpy as np
import pytest

from imgstudio.core import params as declared
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import from_float
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import Filter, Finish, SessionFilter
from imgstudio.filters.registry import load_filters
from imgstudio.filters.runner import RunSettings, capture, result_layer

FILTERS = [item for item in load_filters([]) if isinstance(item, Filter) and item.id != "cutout"]
"""But for the one that finds nothing in a picture of noise; test_cutout.py has the laws that it keeps."""
SAME_SIZE = [item for item in FILTERS if item.size is None]
TRIED = {
    "levels": {"black": 20, "middle": 1.3},
    "curves": {"rgb": [[0, 0], [0.4, 0.6], [1, 1]]},
    "exposure": {"exposure": 0.7},
    "hue-saturation": {"hue": 40.0, "saturation": 30.0},
    "white-balance": {"temperature": 30.0},
    "black-and-white": {"tint": 20.0},
    "blur": {"radius": 5.0},
    "sharpen": {"amount": 150.0},
    "dejpeg": {"quality": 20},
}


def params_of(item, tmp_path):
    values = dict(TRIED.get(item.id, {}))
    if item.id == "lut":
        values["file"] = str(cube_file(tmp_path))
    return declared.from_json(item.params, values)


def cube_file(folder):
    path = folder / "warm.cube"
    grid = np.linspace(0, 1, 5)
    rows = [f"{min(1, r * 1.1)} {g} {b * 0.8}" for b in grid for g in grid for r in grid]
    path.write_text("LUT_3D_SIZE 5\n" + "\n".join(rows))
    return path


def picture(height=150, width=170, dtype=np.uint8, alpha=False):
    rng = np.random.default_rng(5)
    smooth = np.add.outer(np.linspace(0, 0.6, height), np.linspace(0, 0.3, width))[..., None]
    rgb = smooth * [1, 0.8, 0.6] + rng.random((height, width, 3)) * 0.1
    a = rng.random((height, width, 1)) if alpha else np.ones((height, width, 1))
    return from_float(np.concatenate([rgb, a], axis=2).astype(np.float32), dtype)


def select(document, rect, value=255):
    document.selection.store.write(rect, np.full((rect.height, rect.width, 1), value, np.uint8))
    document.selection.touched()


def run(document, item, params, **how):
    return capture(document, document.active, item, params, RunSettings(**how)).run(Progress())


@pytest.mark.parametrize("item", SAME_SIZE, ids=lambda f: f.id)
def test_nothing_outside_the_selection_changes_by_a_bit(item, tmp_path):
    from imgstudio.core.blend import flatten

    document = Document.from_pixels(picture(alpha=True))
    before = flatten(document)
    select(document, Rect(40, 30, 60, 50), 200)
    result = run(document, item, params_of(item, tmp_path))
    base = document.active
    document.add_layer(result_layer(result, item.name), document.place_above(base))
    after = flatten(document)
    outside = np.ones(before.shape[:2], bool)
    outside[30:80, 40:100] = False
    assert np.array_equal(before[outside], after[outside])
    assert np.array_equal(before[..., 3], after[..., 3]), "alpha belongs to the layer below"
    assert not np.array_equal(before, after), "the filter did something inside"
    document.history.undo()
    assert np.array_equal(flatten(document), before)


@pytest.mark.parametrize("item", SAME_SIZE, ids=lambda f: f.id)
def test_a_part_is_what_the_whole_shows_there(item, tmp_path):
    document = Document.from_pixels(picture())
    params = params_of(item, tmp_path)
    whole = run(document, item, params).pixels.read(document.bounds)
    box = Rect(53, 47, 41, 38)
    part = run(document, item, params, region=box).pixels.read(box)
    difference = np.abs(part.astype(int) - whole[box.slices()].astype(int)).max()
    assert difference <= 1


@pytest.mark.parametrize("item", SAME_SIZE, ids=lambda f: f.id)
def test_tiles_do_not_show(item, tmp_path):
    document = Document.from_pixels(picture())
    params = params_of(item, tmp_path)
    jobs = [capture(document, document.active, item, params) for _ in range(2)]
    jobs[1].tile = 64
    whole, tiled = (job.run(Progress()).pixels.read(document.bounds).astype(int) for job in jobs)
    assert np.abs(whole - tiled).max() <= 1


@pytest.mark.parametrize("item", SAME_SIZE, ids=lambda f: f.id)
def test_sixteen_bits_go_in_and_sixteen_come_out(item, tmp_path):
    document = Document.from_pixels(picture(dtype=np.uint16))
    out = run(document, item, params_of(item, tmp_path)).pixels.read(document.bounds)
    assert out.dtype == np.uint16
    assert (out[..., :3] % 257 != 0).any(), "more than 256 levels are used"


@pytest.mark.parametrize("item", SAME_SIZE, ids=lambda f: f.id)
def test_strength_nought_gives_the_picture_back(item, tmp_path):
    document = Document.from_pixels(picture())
    out = run(document, item, params_of(item, tmp_path), finish=Finish(strength=0)).pixels.read(
        document.bounds
    )
    assert np.array_equal(out, document.active.pixels.read(document.bounds))


NEUTRAL = [
    f for f in SAME_SIZE if f.id in ("levels", "curves", "exposure", "hue-saturation", "white-balance")
]


@pytest.mark.parametrize("item", NEUTRAL, ids=lambda f: f.id)
def test_an_adjustment_at_its_defaults_changes_nothing(item):
    document = Document.from_pixels(picture())
    out = run(document, item, item.params()).pixels.read(document.bounds).astype(int)
    assert np.abs(out - document.active.pixels.read(document.bounds)).max() <= 1


def test_every_filter_declares_itself_fully():
    ids = [item.id for item in load_filters([])]
    assert len(ids) == len(set(ids)) >= 11
    for item in load_filters([]):
        assert item.name
        assert item.help.endswith(".")
        declared.check(item.params())
        assert declared.from_json(item.params, declared.to_json(item.params())) == item.params()
        assert isinstance(item, Filter | SessionFilter)


def test_automatic_levels_use_the_whole_range():
    document = Document.from_pixels(np.clip(picture(), 60, 180))
    item = load_filters([])["levels"]
    out = run(document, item, item.params(auto=True)).pixels.read(document.bounds)[..., :3]
    assert out.min() <= 5
    assert out.max() >= 250


def test_grey_point_makes_its_colour_neutral():
    tinted = np.full((32, 32, 4), (180, 150, 120, 255), np.uint8)
    document = Document.from_pixels(tinted)
    item = load_filters([])["white-balance"]
    params = item.params(method="grey point", grey="#b49678")
    out = run(document, item, params).pixels.read(document.bounds)[0, 0, :3].astype(int)
    assert out.max() - out.min() <= 1


def test_resize_gives_the_asked_size_and_keeps_flat_colour():
    from imgstudio.filters.resizing import capture_size, commit_size

    document = Document.from_pixels(np.full((40, 60, 4), (10, 200, 30, 255), np.uint8))
    select(document, Rect(0, 0, 30, 20))
    item = load_filters([])["resize"]
    params = item.params(unit="pixels", width=33)
    assert item.size(params, Size(60, 40)) == (33, 22)
    commit_size(document, capture_size(document, item, params).run(Progress()), "Resize")
    assert document.bounds == Rect(0, 0, 33, 22)
    assert (document.active.pixels.read(document.bounds) == (10, 200, 30, 255)).all()
    assert not document.selection.is_empty
    document.history.undo()
    assert document.bounds == Rect(0, 0, 60, 40)
    assert document.selection.bounds() == Rect(0, 0, 30, 20)


def test_a_mirrored_table_is_read_and_a_broken_one_is_refused(tmp_path):
    from imgstudio.core.errors import UserError
    from imgstudio.filters.cube import apply_cube, read_cube

    inverse = tmp_path / "inverse.cube"
    inverse.write_text('TITLE "x"\nLUT_1D_SIZE 2\n1 1 1\n0 0 0\n')
    pixels = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)
    assert np.allclose(apply_cube(pixels, read_cube(inverse)), 1 - pixels, atol=1e-6)
    for text in ("", "LUT_3D_SIZE 2\n0 0 0\n", "LUT_3D_SIZE x", "LUT_1D_SIZE 2\n0 0 nan\n1 1 1\n"):
        inverse.write_text(text)
        with pytest.raises(UserError):
            read_cube(inverse)


def test_an_identity_table_changes_nothing(tmp_path):
    from imgstudio.filters.cube import apply_cube, read_cube

    grid = np.linspace(0, 1, 7)
    path = tmp_path / "same.cube"
    path.write_text("LUT_3D_SIZE 7\n" + "\n".join(f"{r} {g} {b}" for b in grid for g in grid for r in grid))
    pixels = np.random.default_rng(1).random((20, 20, 3)).astype(np.float32)
    assert np.allclose(apply_cube(pixels, read_cube(path)), pixels, atol=1e-5)


def test_blur_does_not_pull_hidden_colour_in():
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[:, :20] = (200, 200, 200, 255)
    pixels[:, 20:] = (255, 0, 0, 0)
    document = Document.from_pixels(pixels)
    item = load_filters([])["blur"]
    out = run(document, item, item.params(radius=6.0)).pixels.read(document.bounds)
    assert np.abs(out[:, :20, :3].astype(int) - 200).max() <= 1


def test_a_transparent_store_reads_as_its_fill():
    assert (TileStore(1, fill=255).read(Rect(-5, -5, 3, 3)) == 255).all()
