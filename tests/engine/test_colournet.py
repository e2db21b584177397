"""The network that guesses colours: hints, lent colours, and what depends on what."""

import pytest
import torch

from imgstudio.engine.nets.colournet import (
    HEADS,
    KEY,
    UNIT,
    ColourNet,
    Hinted,
    Lent,
    Recall,
    colour_grid,
    gathered,
    places_of,
)
from tests.engine.networks import covers_every_parameter_once


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    made = ColourNet().eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as trained: otherwise all changes fade away
            module.running_var.uniform_(0.05, 0.2)
    return made


def are_alike(one, other):
    """Equal within what is rounded in other places; an untrained network's answers are large."""
    return float((one - other).abs().max()) < 1e-4 * float(other.abs().max())


def no_hints(count, height, width):
    return Hinted(torch.zeros(count, 3, height, width), torch.zeros(count, 3, height // 2, width // 2))


def a_hint(height, width, x, y, a=0.5, b=-0.3):
    hints = no_hints(1, height, width)
    hints.marks[0, :, y : y + 6, x : x + 6] = torch.tensor([a, b, 1.0])[:, None, None]
    return hints


@pytest.mark.parametrize("shape", [(64, 64), (96, 160)])
def test_sizes_of_what_is_told(net, shape):
    height, width = shape
    with torch.inference_mode():
        told = net(torch.rand(2, 1, *shape), no_hints(2, *shape))

    assert told.ab.shape == (2, 2, height // 2, width // 2)
    assert told.spread.shape == (2, 1, height // 2, width // 2)
    assert told.chances.shape == (2, len(net.centres), height // 4, width // 4)
    assert told.ab.dtype == torch.float32


def test_a_hint_changes_what_is_told_everywhere_but_not_what_is_seen(net):
    grey = torch.rand(1, 1, 96, 96)
    with torch.inference_mode():
        seen = net.look(grey)
        before = net.colour(seen, no_hints(1, 96, 96))
        after = net.colour(seen, a_hint(96, 96, 10, 70))

    changed = (before.ab - after.ab).abs().amax(1)[0]
    assert float(changed.min()) > 0


def test_hints_of_a_picture_do_not_leak_into_another_one_of_the_batch(net):
    grey = torch.rand(2, 1, 64, 64)
    hints = Hinted(*(torch.cat(pair) for pair in zip(a_hint(64, 64, 8, 8), no_hints(1, 64, 64), strict=True)))
    with torch.inference_mode():
        together = net(grey, hints)
        alone = net(grey[1:], no_hints(1, 64, 64))

    assert are_alike(together.ab[1:], alone.ab)
    assert not are_alike(together.ab[:1], alone.ab)


def test_lent_colours_count_only_where_they_are_there(net):
    grey, other = torch.rand(1, 1, 64, 64), torch.rand(1, 1, 64, 64)
    ab = torch.full((1, 2, 64, 64), 0.4)
    hints = no_hints(1, 64, 64)
    with torch.inference_mode():
        lent = net.lend(net.look(other), ab)
        plain, led = net(grey, hints), net(grey, hints, lent)
        nothing = net(grey, hints, lent._replace(there=torch.zeros_like(lent.there)))

    assert not are_alike(plain.ab, led.ab)
    assert are_alike(plain.ab, nothing.ab)
    assert torch.allclose(lent.ab, torch.full_like(lent.ab, 0.4))


def test_what_was_spread_already_is_heard_at_every_size(net):
    grey, hints = torch.rand(1, 1, 64, 64), no_hints(1, 64, 64)
    with torch.inference_mode():
        plain = net(grey, hints)
        heard = net(grey, hints._replace(field=torch.full_like(hints.field, 0.5)))

    assert not are_alike(plain.ab, heard.ab)
    assert not are_alike(plain.chances, heard.chances)


def test_recall_gives_the_colour_of_the_place_that_is_most_alike():
    keys = torch.nn.functional.normalize(torch.randn(1, HEADS, 5, KEY), dim=-1)
    ab = torch.rand(1, 5, 2)
    recall = Recall(by_distance=False)
    with torch.no_grad():
        recall.steep.fill_(5.0)  # about 150 times the likeness: the nearest one takes all
        recall.none.fill_(-100.0)
        found = recall(keys, Lent(keys, ab, torch.ones(1, 5, dtype=torch.bool)), None)

    a = found.unflatten(1, (HEADS, 3))[0, 0]
    assert torch.allclose(a[0], ab[0, :, 0], atol=1e-2)
    assert torch.allclose(a[2], torch.ones(5), atol=1e-3)


def test_hints_are_gathered_as_the_mean_of_what_is_hinted():
    hints = torch.zeros(1, 3, 16, 16)
    hints[0, :, 0, 0] = torch.tensor([0.2, 0.4, 1.0])
    hints[0, :, 0, 1] = torch.tensor([0.4, 0.0, 1.0])

    cells = gathered(hints, 8)

    assert torch.allclose(cells[0, :, 0, 0], torch.tensor([0.3, 0.2, 1.0]))
    assert float(cells[0, :, 1:].abs().max()) == 0
    assert float(cells[0, :, 0, 1].abs().max()) == 0


def test_too_many_hinted_places_are_thinned_out_but_never_taken_twice():
    keys = torch.randn(1, HEADS, 64, KEY)
    cells = torch.ones(1, 3, 8, 8)
    cells[0, 0] = torch.arange(64.0).reshape(8, 8)

    places = places_of(keys, cells, 20)

    taken = places.lent.ab[0, :, 0]
    assert len(taken.unique()) == 20
    assert bool(places.lent.there.all())
    assert float(taken.max() - taken.min()) > 40, "from all over the picture"


def test_the_grid_covers_the_colours_of_srgb():
    grid = colour_grid()
    primaries = torch.tensor([[80.1, 67.2], [-86.2, 83.2], [79.2, -107.9], [0.0, 0.0]])

    assert float(torch.cdist(primaries, grid).min(1).values.max()) < 12
    assert float(grid.abs().max()) / UNIT < 1.3


def test_groups_hold_every_weight_once():
    assert covers_every_parameter_once(ColourNet())


def test_half_precision_weights_stay_below_eight_megabytes():
    assert 2 * sum(p.numel() for p in ColourNet().parameters()) <= 8_000_000
