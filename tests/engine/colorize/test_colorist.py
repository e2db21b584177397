"""What the colorist makes of a network's opinion and of hints; the network here says what a test wants."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from imgstudio.core.colour_hints import KEEP, Hint
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.lab import lab_of, recoloured
from imgstudio.engine.colorize import colorist as module
from imgstudio.engine.colorize.colorist import Colorist, ColorSettings, livened
from imgstudio.engine.colorize.eye import Eye, Opinion
from imgstudio.engine.nets.colournet import UNIT, Lent, Seen, Told, colour_grid

HEIGHT, WIDTH = 96, 128
WHOLE = Rect(0, 0, WIDTH, HEIGHT)
GREEN = (-30.0, 30.0)
RED = Hint(32, 48, 6, 190, 90, 80)


class Says(torch.nn.Module):
    """Says one colour everywhere, and remembers what it was shown."""

    def __init__(self, *, hears=True, spread=2.0):
        super().__init__()
        self.centres, self.hears_hints, self.spread = colour_grid(), hears, spread
        self.looks, self.hints, self.lent = [], [], []

    def look(self, lightness):
        self.looks.append(lightness.clone())
        height, width = lightness.shape[2:]
        none = torch.zeros(1, 1, height // 8, width // 8)
        return Seen(none, torch.zeros(1, 1, height // 2, width // 2), none, none, (height, width))

    def colour(self, seen, hints, lent=None):
        self.hints.append(hints)
        self.lent.append(lent)
        size = seen.half.shape[2:]
        ab = torch.tensor(GREEN).reshape(1, 2, 1, 1).expand(1, 2, *size) / UNIT
        if lent is not None:
            ab = -ab
        chances = torch.full((1, len(self.centres), size[0] // 2, size[1] // 2), -20.0)
        nearest = int(torch.cdist(torch.tensor([GREEN]), self.centres).argmin())
        chances[:, nearest] = 0
        return Told(ab, torch.full((1, 1, *size), np.log(self.spread / UNIT)), chances)

    def lend(self, seen, ab):
        return Lent(ab, ab, ab)


def halves(height=HEIGHT, width=WIDTH):
    """(h, w, 3): a darker and a lighter half with a little grain."""
    light = np.where(np.arange(width) < width // 2, 40.0, 70.0) + np.random.default_rng(0).normal(
        0, 0.5, (height, width)
    )
    return recoloured(light.astype(np.float32), np.zeros((height, width, 2), np.float32))


def made(network, hints=(), settings=ColorSettings(), pixels=None):  # noqa: B008 - frozen
    pixels = halves() if pixels is None else pixels
    colorist = Colorist("cpu", network)
    colorist.set_image(pixels)
    place = Rect(0, 0, pixels.shape[1], pixels.shape[0])
    return lab_of(colorist.colours(hints, settings).applied(pixels, place))


def disc(hint, shape=(HEIGHT, WIDTH)):
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    return np.hypot(columns - hint.x, rows - hint.y) <= hint.radius


def ab_of(hint):
    return lab_of(np.array([[hint[3:]]], np.float32) / np.float32(255))[0, 0, 1:]


def test_without_hints_the_network_has_its_way_and_lightness_stays():
    lab = made(Says(), settings=ColorSettings(vivid=0.0))

    assert np.abs(lab[..., 1:] - GREEN).max() < 1.5
    assert np.abs(lab[..., 0] - lab_of(halves())[..., 0]).max() < 0.05


@pytest.mark.parametrize("hears", [True, False])
def test_hints_are_exact_and_win_over_the_network_in_their_half_only(hears):
    lab = made(Says(hears=hears, spread=30.0), (RED,), ColorSettings(vivid=0.0))

    assert np.abs(lab[disc(RED)][:, 1:] - ab_of(RED)).max() < 0.5
    near, far = lab[48, 40, 1], lab[48, 100, 1]
    assert near > 0 > far, "it spreads round the stroke, not over the edge"
    assert abs(far - GREEN[0]) < 4


def test_a_network_that_is_sure_and_hears_no_hints_gives_way_to_them_all_the_same():
    lab = made(Says(hears=False, spread=0.5), (RED,), ColorSettings(vivid=0.0))

    assert lab[48, 44, 1] > 20, "twelve pixels from the middle of the stroke, in its half"
    assert abs(lab[48, 100, 1] - GREEN[0]) < 4


@pytest.mark.parametrize("automatic", [True, False])
def test_the_same_hints_give_the_same_colours_whatever_was_asked_before(automatic):
    settings = ColorSettings(automatic=automatic)
    colorist = Colorist("cpu", Says(spread=30.0))
    colorist.set_image(halves())
    first = colorist.colours((RED,), settings).applied(halves(), WHOLE)
    colorist.colours((RED, Hint(90, 20, 5, 60, 60, 200)), settings)
    again = colorist.colours((RED,), settings).applied(halves(), WHOLE)

    assert np.array_equal(first, again)


@pytest.mark.parametrize("start", ["grey", "colours"])
def test_bands_on_several_cores_are_what_one_core_makes(start, monkeypatch):
    pixels = np.random.default_rng(3).random((200, 90, 3)).astype(np.float32)
    colorist = Colorist("cpu", Says(spread=30.0))
    colorist.set_image(pixels)
    colours = colorist.colours((Hint(40, 100, 30, 200, 40, 60),), ColorSettings(start=start))
    place = Rect(5, 3, 80, 190)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr(module, "core_count", lambda cores=cores: cores)
        found.append(colours.applied(pixels[place.slices()], place))

    assert np.array_equal(*found)


def test_without_the_network_hints_spread_over_their_half():
    lab = made(None, (RED,), ColorSettings(automatic=False))

    assert np.abs(lab[20, 10, 1:] - ab_of(RED)).max() < 4
    assert np.abs(lab[disc(RED)][:, 1:] - ab_of(RED)).max() < 0.5


def test_what_the_network_is_unsure_of_gets_livelier_and_what_it_is_sure_of_stays():
    sure = made(Says(spread=2.0), settings=ColorSettings(vivid=1.0))
    pale = made(Says(spread=40.0), settings=ColorSettings(vivid=0.0))
    lively = made(Says(spread=40.0), settings=ColorSettings(vivid=1.0))

    assert np.abs(sure[..., 1:] - GREEN).max() < 1.5
    assert np.abs(pale[..., 1:] - GREEN).max() < 1.5
    assert np.hypot(*lively[50, 100, 1:]) > 1.3 * np.hypot(*GREEN)


def test_lively_colours_are_the_likely_ones():
    mean, likely = np.zeros((1, 1, 2), np.float32), np.full((1, 1, 2), 10, np.float32)
    opinion = Opinion(mean, likely, np.full((1, 1), 1000, np.float32), np.zeros((1, 1), np.float32))

    assert np.allclose(livened(opinion, 0.0), mean)
    assert np.allclose(livened(opinion, 1.0), (1 + module.BOOST) * likely, rtol=1e-3)
    assert np.allclose(livened(opinion._replace(near=np.ones((1, 1), np.float32)), 1.0), mean)


def test_a_reference_counts_as_much_as_is_said():
    network = Says()
    reference = recoloured(np.full((64, 64), 50, np.float32), np.full((64, 64, 2), 20, np.float32))
    settings = ColorSettings(vivid=0.0, reference=reference, reference_strength=0.75)

    lab = made(network, settings=settings)

    expected = 0.25 * np.array(GREEN) - 0.75 * np.array(GREEN)
    assert np.abs(lab[..., 1:] - expected).max() < 1.5
    assert network.lent[0] is None
    assert network.lent[1] is not None


def test_colours_that_are_there_stay_but_for_what_a_stroke_changes():
    grey = lab_of(halves())
    faded = recoloured(np.ascontiguousarray(grey[..., 0]), np.full((HEIGHT, WIDTH, 2), 8, np.float32))
    before = lab_of(faded)

    untouched = made(None, (), ColorSettings(start="colours"), faded)
    lab = made(None, (RED,), ColorSettings(start="colours"), faded)

    assert np.abs(untouched - before).max() < 0.3
    assert np.abs(lab[disc(RED)][:, 1:] - ab_of(RED)).max() < 0.5
    assert abs(lab[48, 46, 1] - 8) > 5, "it spreads round the stroke"
    assert np.abs(lab[48, 100, 1:] - 8).max() < 2, "but not over the edge"


@pytest.mark.parametrize(("vivid", "gain"), [(0.0, 0.5), (0.5, 1.0), (1.0, 2.0)])
def test_colours_that_are_there_get_paler_or_livelier_round_exact_strokes(vivid, gain):
    grey = lab_of(halves())
    faded = recoloured(np.ascontiguousarray(grey[..., 0]), np.full((HEIGHT, WIDTH, 2), 8, np.float32))
    keep = Hint(100, 20, 8, KEEP, KEEP, KEEP)

    lab = made(None, (keep,), ColorSettings(vivid=vivid, start="colours"), faded)

    assert np.abs(lab[80, 20:40, 1:] - 8 * gain).max() < 0.5
    assert np.abs(lab[disc(keep)][:, 1:] - 8).max() < 0.3


def test_the_network_sees_the_picture_without_its_border():
    network = Says()
    pixels = np.full((HEIGHT + 40, WIDTH + 40, 3), 0.97, np.float32)
    pixels[20:-20, 20:-20] = halves()

    lab = made(network, settings=ColorSettings(vivid=0.0), pixels=pixels)

    assert float(network.looks[0].max()) < 0.8, "no white border"
    assert np.abs(lab[:14, :, 1:]).max() < 1
    assert np.abs(lab[60, 60:80, 1:] - GREEN).max() < 2


def test_it_looks_once_at_a_picture_however_many_strokes_there_are():
    network = Says()
    colorist = Colorist("cpu", network)
    for hints in ((), (RED,), (RED, RED._replace(x=100))):
        colorist.set_image(halves())
        colorist.colours(hints)

    assert len(network.looks) == 1
    assert len(network.hints) == 3


def test_parts_show_what_the_whole_shows():
    large = halves(3 * HEIGHT, 5 * WIDTH)
    place = Rect(0, 0, 5 * WIDTH, 3 * HEIGHT)
    colorist = Colorist("cpu", Says())
    colorist.set_image(halves(), Size(place.width, place.height))
    colours = colorist.colours((RED._replace(radius=20),))
    whole = colours.applied(large, place)
    part = Rect(37, 51, 200, 77)

    assert np.abs(colours.applied(large[part.slices()], part) - whole[part.slices()]).max() < 1e-4


def test_hints_outside_the_picture_do_nothing():
    inside = made(Says(), (), ColorSettings(vivid=0.0))
    outside = made(Says(), (Hint(-50, 700, 6, 255, 0, 0),), ColorSettings(vivid=0.0))

    assert np.abs(inside - outside).max() < 0.3


def test_of_contradicting_hints_the_later_one_wins():
    later = RED._replace(red=60, blue=200)
    lab = made(Says(), (RED, later))

    assert np.abs(lab[disc(later)][:, 1:] - ab_of(later)).max() < 0.5


def test_suggestions_are_colours_of_that_lightness_with_their_chances():
    colorist = Colorist("cpu", Says())
    colorist.set_image(halves())

    (first, *_) = colorist.suggestions(100, 50, 3)

    lab = lab_of(np.array([[first[:3]]], np.float32) / np.float32(255))[0, 0]
    assert abs(lab[0] - 70) < 2
    assert np.abs(lab[1:] - GREEN).max() < 16
    assert first.share == pytest.approx(1, abs=0.01)


def test_a_cancel_ends_it():
    token = CancelToken()
    token.cancel()
    colorist = Colorist("cpu", Says())
    colorist.set_image(halves())

    with pytest.raises(Cancelled):
        colorist.colours((RED,), progress=Progress(token=token))


def test_there_must_be_a_picture():
    with pytest.raises(UserError, match="no picture"):
        Colorist("cpu", Says()).colours()


def test_only_the_last_few_pictures_are_remembered():
    network = Says()
    colorist = Colorist("cpu", network)
    pictures = [np.clip(halves() + np.float32(0.01 * n), 0, 1) for n in range(module.REMEMBERED + 1)]
    for pixels in (*pictures, pictures[0]):
        colorist.set_image(pixels)
        colorist.colours()

    assert len(network.looks) == module.REMEMBERED + 2


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (40, 300), (300, 33), (17, 19)])
def test_what_the_network_sees_has_sides_of_multiples_of_32_and_about_its_shape(shape):
    network = Says()
    Eye(network, torch.device("cpu")).look(np.full(shape, 50, np.float32))

    height, width = network.looks[0].shape[2:]
    assert height % 32 == 0
    assert width % 32 == 0
    assert 0.5 < (height / width) / max(0.25, min(4, shape[0] / shape[1])) < 2
    assert 40_000 < height * width < 100_000
