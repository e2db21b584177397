"""Photos, crops and the ways they are spoiled."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from imgstudio.engine.jpeg import JpegTables, standard_tables
from imgstudio.engine.jpeg_traces import find_grid
from imgstudio.learn.crappify import camera_table, compressed, grayed, random_quality, random_tables
from imgstudio.learn.data import load_photos, pictures_in, random_region, turned
from imgstudio.learn.jpeg_pairs import CROP, Shares, random_batch, random_pair


@pytest.fixture(scope="module")
def photos():
    return [astronaut()[:200, :300], astronaut()[200:, 100:]]


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_standard_tables_spoil_exactly_as_the_encoder_s_own_quality(subsampling):
    photo = astronaut()[:64, :80]
    draft = io.BytesIO()
    Image.fromarray(photo).save(draft, "JPEG", quality=35, subsampling=subsampling)

    assert np.array_equal(compressed(photo, standard_tables(35, subsampling)), np.asarray(Image.open(draft)))


def test_gray_tables_give_a_gray_picture():
    spoiled = compressed(astronaut()[:64, :64], JpegTables(standard_tables(50).luma))

    assert np.ptp(spoiled, axis=2).max() == 0
    assert np.abs(spoiled.astype(int) - grayed(astronaut()[:64, :64])).mean() < 8


@given(st.integers(0, 2**31), st.floats(5, 95))
@settings(max_examples=30, deadline=None)
def test_camera_tables_are_tables(seed, quality):
    table = camera_table(standard_tables(50).luma, quality, np.random.default_rng(seed))

    assert table.shape == (8, 8)
    assert table.min() >= 1
    assert table.max() <= 255
    assert torch.equal(table, table.round())


def test_half_of_all_qualities_lie_between_10_and_40_and_some_everywhere():
    random = np.random.default_rng(0)
    qualities = np.array([random_quality(random) for _ in range(4000)])

    middle = np.mean((qualities >= 10) & (qualities <= 40))
    assert middle == pytest.approx(0.5 + 0.5 * 30 / 90, abs=0.03)
    assert qualities.min() < 6
    assert qualities.max() > 94


def test_every_subsampling_and_gray_are_drawn():
    random = np.random.default_rng(0)
    drawn = [random_tables(random, 50) for _ in range(200)]

    assert {tables.subsampling for tables in drawn} == {"4:4:4", "4:2:2", "4:2:0"}
    assert any(tables.chroma is None for tables in drawn)
    standard = standard_tables(50).luma
    assert 0.55 < np.mean([torch.equal(tables.luma, standard) for tables in drawn]) < 0.85


def test_the_eight_ways_are_all_different():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)

    assert len({turned(picture, way).tobytes() for way in range(8)}) == 8
    assert np.array_equal(turned(picture, 0), picture)


def test_regions_have_the_asked_size_and_come_from_all_photos():
    photos = [np.full((50, 60, 3), value, np.uint8) for value in (1, 2, 3)]
    random = np.random.default_rng(0)

    regions = [random_region(photos, 40, random) for _ in range(60)]

    assert {region.shape for region in regions} == {(40, 40, 3)}
    assert {int(region[0, 0, 0]) for region in regions} == {1, 2, 3}


def test_photos_that_are_too_small_are_left_out(tmp_path):
    for name, side in (("b.png", 50), ("a.png", 30), ("c.jpg", 60)):
        Image.new("RGB", (side, 70)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture")

    paths = pictures_in(tmp_path)

    assert [path.name for path in paths] == ["a.png", "b.png", "c.jpg"]
    assert [photo.shape for photo in load_photos(paths, 40)] == [(70, 50, 3), (70, 60, 3)]


def test_the_same_seed_draws_the_same_batch(photos):
    first, second = (random_batch(photos, 4, np.random.default_rng(3), Shares()) for _ in range(2))

    assert torch.equal(first.spoiled, second.spoiled)
    assert torch.equal(first.told, second.told)
    assert torch.equal(first.phase, second.phase)
    assert first.spoiled.shape == first.clean.shape == (4, 3, CROP, CROP)


def test_a_pair_knows_where_its_grid_begins(photos):
    random = np.random.default_rng(1)
    shares = Shares(untouched=0, nearly_untouched=0, twice=0, aligned=0)

    for _ in range(6):
        pair = random_pair(photos, random, shares)
        plane = torch.from_numpy(pair.spoiled @ np.array([0.299, 0.587, 0.114], np.float32))
        assert find_grid([plane]) in (None, (-pair.left % 8, -pair.top % 8))


def test_untouched_pairs_are_equal_and_say_so(photos):
    shares = Shares(untouched=1)

    pair = random_pair(photos, np.random.default_rng(1), shares)
    batch = random_batch(photos, 3, np.random.default_rng(1), shares)

    assert np.array_equal(pair.spoiled, pair.clean)
    assert pair.told.abs().max() == 0
    assert torch.equal(batch.spoiled, batch.clean)
    assert batch.phase.abs().max() == 0


def test_a_picture_compressed_twice_is_judged_by_the_worse(photos):
    random = np.random.default_rng(2)
    pairs = [random_pair(photos, random, Shares(untouched=0, nearly_untouched=0, twice=1)) for _ in range(8)]

    assert all(bool((pair.worst >= pair.told).all()) for pair in pairs)
    assert any(bool((pair.worst > pair.told).any()) for pair in pairs)


def test_the_phase_is_hidden_or_wrong_as_often_as_asked(photos):
    always = Shares(untouched=0, phase_unknown=0, phase_wrong=0)
    never = Shares(untouched=0, phase_unknown=1, phase_wrong=0)

    known = random_batch(photos, 4, np.random.default_rng(0), always).phase
    hidden = random_batch(photos, 4, np.random.default_rng(0), never).phase

    assert known.abs().amax((1, 2, 3)).min() > 0.7
    assert hidden.abs().max() == 0
