"""The dejpeg network and the way windows of a picture go through it."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from imgstudio.core.pixels import from_float, to_float
from imgstudio.engine.dejpeg import ALIGN, Condition, Dejpeg, affordable_passes
from imgstudio.engine.jpeg import JpegTables, block_dct, standard_tables, ycc_from_rgb
from imgstudio.engine.manifest import WEIGHTS_NAME, read_manifest
from imgstudio.engine.nets.dejpeg import ARCHITECTURE, DejpegNet, haar, phase_planes, waves_of
from imgstudio.engine.weights import load

pytestmark = pytest.mark.usefixtures("one_thread")

MODEL = Path(__file__).parents[2] / "resources/models/dejpeg"


@pytest.fixture
def tiny():
    torch.manual_seed(1)
    return Dejpeg(DejpegNet(channels=16, deep_channels=16, pairs=1, deep_pairs=1))


@pytest.fixture(scope="module")
def shipped():
    manifest = read_manifest(MODEL)
    net = ARCHITECTURE.build(**manifest.hyperparameters)
    net.load_state_dict(load(MODEL / WEIGHTS_NAME, manifest.sha256))
    return Dejpeg(net)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def through_jpeg(pixels, quality):
    draft = io.BytesIO()
    Image.fromarray(pixels).save(draft, "JPEG", quality=quality)
    return np.asarray(Image.open(draft))


def error(picture, truth):
    return float(np.mean((picture.astype(np.float64) - truth) ** 2))


def test_the_haar_transform_undoes_itself():
    cells = torch.randn(2, 12, 5, 7)

    assert torch.allclose(haar(haar(cells)), cells, atol=1e-6)


def test_a_flat_picture_has_no_waves_but_its_level():
    waves = waves_of(torch.full((1, 3, 16, 16), 0.25))

    assert torch.allclose(waves[:, :3], torch.tensor(0.5))
    assert waves[:, 3:].abs().max() < 1e-6


def test_phase_planes_repeat_with_the_grid_and_tell_places_apart():
    planes = phase_planes(16, 16, torch.tensor([0]), torch.tensor([0]))
    later = phase_planes(16, 16, torch.tensor([8]), torch.tensor([16]))
    shifted = phase_planes(16, 16, torch.tensor([3]), torch.tensor([0]))

    assert torch.allclose(planes, later, atol=1e-5)
    assert torch.allclose(planes[..., :4], planes[..., 4:], atol=1e-5)
    assert (planes - shifted)[:, :2].abs().max() > 0.5
    assert torch.equal(planes[:, 2:], shifted[:, 2:])


def test_a_network_that_adds_nothing_returns_the_picture(tiny):
    torch.nn.init.zeros_(tiny.net.tail.weight)
    torch.nn.init.zeros_(tiny.net.tail.bias)
    image = picture(37, 50)

    result = tiny.restore(image, tiny.condition_from_tables(standard_tables(10)))

    assert np.abs(result - image).max() < 1e-5


@pytest.mark.parametrize("size", [(1, 1), (7, 90), (33, 17), (300, 40)])
def test_every_size_goes_through(tiny, size):
    image = picture(*size)
    judged = tiny.estimate(image)

    result = tiny.restore(image, tiny.condition_from_tables(standard_tables(10), judged.grid))

    assert result.shape == image.shape
    assert result.dtype == np.float32
    assert np.isfinite(result).all()


@given(
    st.integers(0, 8),
    st.integers(0, 6),
    st.sampled_from([None, (0, 0), (5, 2)]),
    st.booleans(),
    st.sampled_from([1, 2, 4]),
)
@settings(max_examples=12, deadline=None)
def test_a_window_gives_what_the_whole_picture_gives(column, row, grid, has_tables, passes):
    torch.manual_seed(2)
    model = Dejpeg(DejpegNet(channels=16, deep_channels=16, pairs=1, deep_pairs=1))
    image = picture(170, 213)
    tables = standard_tables(20) if has_tables else None
    condition = model.condition_from_tables(standard_tables(20), grid)
    margin = -(-model.reach // ALIGN) * ALIGN
    left, top, width, height = column * ALIGN, row * ALIGN, 64, 48
    start_x, start_y = max(0, left - margin), max(0, top - margin)

    whole = model.restore(image, condition, tables=tables, passes=passes)
    window = image[start_y : top + height + margin, start_x : left + width + margin]
    part = model.restore(window, condition, origin=(start_x, start_y), tables=tables, passes=passes)

    inner = part[top - start_y :, left - start_x :][:height, :width]
    assert np.abs(whole[top : top + height, left : left + width] - inner).max() < 1e-3


@pytest.mark.parametrize(("axis", "grid", "mirrored_grid"), [(1, (3, 0), (5, 0)), (0, (0, 6), (0, 2))])
def test_with_four_passes_a_mirrored_picture_gives_the_mirrored_result(tiny, axis, grid, mirrored_grid):
    image = picture(64, 96)
    tables = standard_tables(20)

    result = tiny.restore(image, tiny.condition_from_tables(tables, grid), passes=4)
    mirrored = np.ascontiguousarray(np.flip(image, axis))
    other = tiny.restore(mirrored, tiny.condition_from_tables(tables, mirrored_grid), passes=4)

    assert np.abs(np.flip(other, axis) - result).max() < 1e-5
    once = tiny.restore(image, tiny.condition_from_tables(tables, grid))
    assert np.abs(once - result).max() > 1e-4


@pytest.mark.parametrize(("pixels", "passes"), [(250_000, 4), (250_001, 2), (500_001, 1), (24_000_000, 1)])
def test_small_pictures_are_looked_at_more_often(pixels, passes):
    assert affordable_passes(pixels) == passes


def test_nothing_further_than_the_reach_matters(tiny):
    image = picture(16, 320)
    other = image.copy()
    other[:, 160 + tiny.reach :] = 1 - other[:, 160 + tiny.reach :]
    condition = tiny.condition_from_tables(standard_tables(10))

    difference = np.abs(tiny.restore(image, condition) - tiny.restore(other, condition))

    assert difference[:, :160].max() == 0
    assert difference[:, 160 + tiny.reach :].max() > 0


def test_with_tables_brightness_stays_within_what_the_file_allows(tiny):
    pixels = through_jpeg(astronaut()[64:128, 64:128] // 2 + 60, 30)
    tables = standard_tables(30)

    result = tiny.restore(to_float(pixels), tiny.condition_from_tables(tables), tables=tables)

    def coefficients(image):
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        return block_dct(255 * ycc_from_rgb(tensor)[0] - 0.5) / tables.luma

    assert (coefficients(result) - coefficients(to_float(pixels)).round()).abs().max() < 0.51


def test_the_given_network_is_left_alone():
    net = DejpegNet(channels=16, deep_channels=16, pairs=1, deep_pairs=1)

    Dejpeg(net, dtype=torch.bfloat16)

    assert {value.dtype for value in net.parameters()} == {torch.float32}
    assert all(value.requires_grad for value in net.parameters())


def test_half_precision_changes_little(shipped):
    image = to_float(through_jpeg(astronaut()[:96, :96], 20))
    condition = shipped.estimate(image)
    other = Dejpeg(shipped.net, dtype=torch.bfloat16)
    assert condition.share == 1

    difference = other.restore(image, condition) - shipped.restore(image, condition)

    assert np.sqrt(np.mean(difference**2)) < 0.5 / 255


@pytest.mark.parametrize(("quality", "part"), [(10, 0.8), (30, 0.8), (80, 0.97)])
@pytest.mark.parametrize("cut", [0, 3])
def test_the_shipped_weights_repair_and_do_no_harm(shipped, quality, part, cut):
    """`part` is how much of the squared error may be left."""
    clean = astronaut()[0:256, 100:356]
    spoiled = through_jpeg(clean, quality)[cut:, cut:]
    image = to_float(spoiled)

    result = from_float(shipped.restore(image, shipped.estimate(image)))

    assert error(result, clean[cut:, cut:]) < part * error(spoiled, clean[cut:, cut:])


def test_the_shipped_weights_leave_a_clean_picture_alone(shipped):
    image = to_float(astronaut().reshape(256, 2, 256, 2, 3).mean((1, 3)).round().astype(np.uint8))

    # astronaut() itself was a JPEG file; halved it no longer is.
    assert np.array_equal(shipped.restore(image, shipped.estimate(image)), image)


def test_a_smooth_picture_is_repaired_too(shipped):
    """Too little of its waves is left to measure anything."""
    hills = np.add.outer(np.sin(np.arange(200) / 19), np.cos(np.arange(220) / 23)) * 50 + 128
    clean = np.stack((hills, 255 - hills, hills / 2 + 60), 2).astype(np.uint8)
    spoiled = through_jpeg(clean, 10)
    image = to_float(spoiled)

    result = from_float(shipped.restore(image, shipped.estimate(image)))

    assert error(result, clean) < 0.6 * error(spoiled, clean)


def test_drawings_are_left_alone(shipped):
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (4, 3)).astype(np.uint8)
    drawn = colours[random.integers(0, 4, (34, 40))]

    for size in (4, 8, 16):
        image = to_float(drawn.repeat(size, 0).repeat(size, 1))
        assert np.array_equal(shipped.restore(image, shipped.estimate(image)), image)


@pytest.mark.parametrize("has_tables", [False, True])
def test_a_gray_picture_stays_gray(shipped, has_tables):
    gray = np.asarray(Image.fromarray(astronaut()[:128, :128]).convert("L"))
    image = to_float(np.repeat(through_jpeg(gray, 15)[..., None], 3, 2))
    tables = JpegTables(standard_tables(15).luma) if has_tables else None
    condition = shipped.estimate(image) if tables is None else shipped.condition_from_tables(tables)

    result = shipped.restore(image, condition, tables=tables)

    assert np.ptp(result, axis=2).max() < 1e-5
    assert np.abs(result - image).max() > 0.01


@pytest.mark.parametrize("quality", [88, 90, 95, 100])
def test_nothing_happens_where_almost_nothing_was_lost(shipped, quality):
    image = to_float(through_jpeg(astronaut()[:256, :256], quality))

    assert np.array_equal(shipped.restore(image, shipped.estimate(image)), image)
    told = shipped.condition_from_tables(standard_tables(quality))
    assert np.array_equal(shipped.restore(image, told), image)


def test_a_coarse_compression_is_seen_through_a_later_fine_one(shipped):
    clean = astronaut()[0:256, 100:356]
    once = through_jpeg(clean, 20)
    twice = to_float(through_jpeg(once[3:, 5:], 95))

    condition = shipped.estimate(twice)

    assert condition.grid == (3, 5)
    assert condition.level == pytest.approx(
        shipped.condition_from_tables(standard_tables(20)).level, abs=0.05
    )
    result = from_float(shipped.restore(twice, condition))
    assert error(result, clean[3:, 5:]) < 0.9 * error(from_float(twice), clean[3:, 5:])


def test_the_condition_is_seen_in_the_picture(shipped):
    guesses = []
    for quality in (10, 40, 80):
        image = to_float(through_jpeg(astronaut()[:256, :256], quality))
        condition = shipped.estimate(image)
        assert isinstance(condition, Condition)
        guesses.append(condition.numbers[0, :3].mean().item())
        told = shipped.condition_from_tables(standard_tables(quality)).numbers[0, :3].mean().item()
        assert guesses[-1] == pytest.approx(told, abs=0.08)
    assert guesses == sorted(guesses, reverse=True)


def test_the_weights_are_small():
    assert (MODEL / WEIGHTS_NAME).stat().st_size < 2_000_000


def test_a_deeper_network_begins_as_the_one_it_starts_from():
    torch.manual_seed(2)
    small = DejpegNet(channels=16, deep_channels=16, pairs=1, deep_pairs=1)
    deep = DejpegNet(channels=16, deep_channels=16, pairs=2, deep_pairs=2)
    deep.start_from(small)
    ycc, condition, phase = torch.rand(1, 3, 32, 32) - 0.5, torch.rand(1, 9), torch.rand(1, 4, 16, 16)
    assert torch.allclose(deep(ycc, condition, phase), small(ycc, condition, phase), atol=1e-6)


def test_a_network_of_another_width_is_refused_as_a_start():
    with pytest.raises(RuntimeError):
        DejpegNet(channels=16, deep_channels=16).start_from(DejpegNet(channels=24, deep_channels=16))


def test_training_in_bfloat16_stays_close_to_float32(tiny):
    ycc, condition, phase = torch.rand(1, 3, 32, 32) - 0.5, torch.rand(1, 9), torch.rand(1, 4, 16, 16)
    exact = tiny.net(ycc, condition, phase)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = tiny.net(ycc, condition, phase)
    assert rounded.dtype == torch.float32
    assert 0 < float((rounded - exact).abs().max()) < 0.05 * float((exact - ycc).abs().max())
