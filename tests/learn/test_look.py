"""Learning a look from a folder of pictures that are paired with nothing."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.nets.looknet import LookNet, smoothed
from imgstudio.engine.nets.vgg import Vgg
from imgstudio.engine.registry import ModelRegistry
from imgstudio.filters.learned import filter_of
from imgstudio.learn.dataset.manifest import report_from_json, report_to_json
from imgstudio.learn.dataset.two_folders import check_two_folders, folders_of
from imgstudio.learn.picture_pool import PicturePool
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes import look
from imgstudio.learn.tasks.look import LookSettings, LookTask, shown_square
from imgstudio.learn.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")

BLUE, ORANGE = (0.5, 0.7, 1.0), (1.0, 0.7, 0.4)
SIDE = 140


def fill(folder, tint, count, *, seed, side=SIDE):
    """Photos of coarse noise in one tint."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        coarse = (random.random((6, 8, 1)) * 255 * np.array(tint)).astype(np.uint8)
        picture = Image.fromarray(coarse).resize((side + 20, side), Image.Resampling.BICUBIC)
        picture.save(folder / f"{folder.name}-{number}.png")


@pytest.fixture
def two(tmp_path):
    """Blue photos, orange paintings."""
    fill(tmp_path / "two" / "photos", BLUE, 12, seed=0)
    fill(tmp_path / "two" / "paintings", ORANGE, 12, seed=1)
    return tmp_path / "two"


def task(two, **settings):
    report = check_two_folders(two, Progress())
    torch.manual_seed(0)
    features = FeatureExtractor(Vgg((8, 16), (1, 1), average=True))
    small = {"width": 8, "blocks": 1, "critic_channels": 8, "matches_colours": False, **settings}
    return LookTask(report, LookSettings(**small), features)


def trainer(made, steps=60, *, alone=6):
    """The critics alone for some steps, then all together."""
    rate, momentum, adam = Curve("constant", 3e-3, 3e-3), Curve("constant", 0.5, 0.5), Optimiser("adam")
    phases = [
        Phase(name, length, "steps", rate, momentum, adam, batch=2, size=32, frozen=frozen)
        for name, length, frozen in (("Critics", alone, 1), ("Look", steps, 0))
    ]
    return Trainer(made, Plan(tuple(phases), precision="float32", average_decay=0.8, clip=0), "cpu")


def findings(folder, severity, **params):
    report = look.check(folder, look.LookParams(**params), Progress())
    return [finding.what for finding in report.findings if finding.severity == severity]


def test_the_look_comes_nearer_while_the_way_back_stays_open(two):
    made = task(two)
    before = made.validate(made.network.eval())
    run = trainer(made, 60)
    judged = [made.validate(run.network_now()) for report in run.steps() if report.step % 11 == 0]
    after = min(judged, key=lambda validation: validation.scores["distance"])

    assert before.scores["distance"] == pytest.approx(1, abs=0.01)
    assert after.scores["style"] < 0.6
    assert after.scores["distance"] < 0.7
    assert after.scores["cycle"] < 0.1
    assert len(after.pictures) == len({path for path, _ in after.pictures})


def test_critics_learn_to_tell_and_change_no_painter_while_they_learn_alone(two):
    made = task(two)
    before = {name: value.clone() for name, value in made.network.there.state_dict().items()}
    reports = list(itertools.islice(trainer(made, 2, alone=40).steps(), 40))

    assert all(torch.equal(value, before[name]) for name, value in made.network.there.state_dict().items())
    assert {name for report in reports for name in report.terms} == {"critics"}
    assert np.mean([report.loss for report in reports[-5:]]) < 0.5 < reports[0].loss


def test_painters_have_no_gradient_from_the_term_of_the_critics_nor_critics_from_the_others(two):
    made = task(two)
    batch = made.batch(range(2), Phase("Look", 1, size=32), np.random.default_rng(0))
    torch.nn.init.normal_(made.network.there.paint.tail.weight, std=0.1)
    terms = made.losses(made.network, batch)

    terms["critics"].backward(retain_graph=True)
    assert all(p.grad is None for p in made.network.there.parameters())
    made.network.zero_grad()
    (terms["look"] + terms["cycle"] + terms["identity"]).backward()
    assert all(p.grad is None for p in made.network.critic_of_look.parameters())
    assert any(p.grad is not None and float(p.grad.abs().max()) > 0 for p in made.network.there.parameters())
    assert all(p.requires_grad for p in made.network.parameters())


def test_the_same_seed_gives_the_same_run(two):
    first, second = (
        [report.loss for report in itertools.islice(trainer(task(two)).steps(), 10)] for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("stop", [3, 9])
def test_a_run_that_was_stopped_goes_on_exactly(two, tmp_path, stop):
    def told(reports):
        return [(report.step, report.loss, tuple(report.terms.items())) for report in reports]

    def small():
        made = task(two)
        for pool in made._pools.values():
            pool.most = 3  # full, and drawn from, before the run is stopped
        return trainer(made, 8)

    straight = told(small().steps())
    first = small()
    begun = told(itertools.islice(first.steps(), stop))
    first.save(tmp_path / "checkpoint")
    torch.manual_seed(77)
    second = small()
    second.restore(tmp_path / "checkpoint")

    assert begun + told(second.steps()) == straight


def test_finding_a_rate_leaves_the_memory_of_the_critics_as_it_was(two):
    made = task(two)
    run = trainer(made, 4, alone=2)
    list(itertools.islice(run.steps(), 3))
    before = {name: value.clone() for name, value in made.memory().items()}

    run.find_rate(Progress(), count=5)

    assert made.memory().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in made.memory().items())


def test_matched_colours_bring_photos_to_the_look_before_the_first_step_and_back_again(two):
    made = task(two, matches_colours=True)
    judged = made.validate(made.network.eval())

    assert judged.scores["style"] < 0.1
    assert judged.scores["cycle"] < 0.01


def test_the_model_is_a_filter_of_the_painter_alone(two, tmp_path):
    made = task(two, matches_colours=True)
    run = trainer(made, 2, alone=1)
    list(run.steps())
    manifest = run.export(tmp_path / "models" / "orange", "Orange")
    registry = ModelRegistry(tmp_path / "models")
    picture = torch.rand(1, 3, 40, 52)

    assert (manifest.task, manifest.architecture, manifest.classes) == ("look", "looknet", ("paintings",))
    assert "photos" in manifest.card["data"]["photos"]
    assert torch.allclose(registry.load("orange")(picture), run.network_now()(picture), atol=2e-3)
    assert filter_of(registry, manifest).category == "Style"


def test_previews_show_what_becomes_of_photos_and_what_is_made_of_it_on_the_way_back(two):
    made = task(two)
    rows = made.previews(made.network.eval())
    there, back = ([row for row in rows if (row.truth is not None) is is_back] for is_back in (False, True))

    assert there and back
    assert np.array_equal(back[0].input, there[0].output)
    assert np.array_equal(back[0].truth, there[0].input)
    assert all(row.input.shape == row.output.shape for row in rows)


def test_the_recipe_goes_from_two_folders_to_a_first_step(two):
    recipe = look.RECIPE
    params = look.LookParams(width=8, blocks=1)
    declared.check(params)
    report = recipe.check(two, params, Progress())
    plan = recipe.plan(report, params, Request(minutes=1))
    phases = tuple(dataclasses.replace(phase, size=32) for phase in plan.phases)
    setup = Setup(report, params, dataclasses.replace(plan, phases=phases[1:]), Request(minutes=1), "cpu")

    first = next(iter(recipe.start(setup).steps()))

    assert report.can_start
    assert plan.minutes == 1
    assert first.terms.keys() == {"look", "cycle", "identity", "critics"}


def test_each_folder_is_split_for_itself_and_the_report_can_be_kept(two):
    report = check_two_folders(two, Progress())

    for side in ("train", "valid"):
        photos, looks = folders_of(report.side(side))
        assert photos and looks
        assert {sample.image.parent.name for sample in photos} == {"photos"}
        assert {sample.image.parent.name for sample in looks} == {"paintings"}
    assert report_from_json(report_to_json(report)).samples == report.samples


@pytest.mark.parametrize(
    ("names", "direction", "wanted"),
    [
        (("photos", "paintings"), "automatic", "paintings"),
        (("photo", "monet"), "automatic", "monet"),
        (("summer", "winter"), "automatic", "winter"),
        (("summer", "winter"), "second to first", "summer"),
        (("trainA", "trainB"), "automatic", "trainB"),
        (("glass", "holidays"), "automatic", "glass"),
    ],
)
def test_which_folder_is_the_look_is_told_by_names_or_chosen(tmp_path, names, direction, wanted):
    for name in names:
        fill(tmp_path / name, BLUE, 2, seed=len(name))

    report = check_two_folders(tmp_path, Progress(), direction=direction)

    assert {sample.image.parent.name for sample in folders_of(report.samples)[1]} == {wanted}
    assert f"look of “{wanted}”" in next(f.what for f in report.findings if "will take on" in f.what)


def test_what_is_wrong_with_the_folders_is_said_in_words(tmp_path, two):
    assert "no sub-folders" in findings(two / "photos", "error")[0]
    (tmp_path / "one").mkdir()
    (two / "paintings").rename(tmp_path / "paintings")
    (two / "empty").mkdir()
    assert "only one sub-folder with pictures, “photos”" in findings(two, "error")[0]
    fill(two / "b", ORANGE, 3, seed=2)
    fill(two / "c", ORANGE, 3, seed=3)
    assert "3 sub-folders with pictures" in findings(two, "error")[0]
    with pytest.raises(UserError):
        look.check(tmp_path / "absent", look.LookParams(), Progress())


def test_what_is_wrong_with_pictures_names_their_folder(two):
    fill(two / "few", ORANGE, 4, seed=4)
    for path in (two / "paintings").iterdir():
        path.unlink()
    fill(two / "photos" / "more", BLUE, 2, seed=5, side=60)
    (two / "photos" / "broken.jpg").write_bytes(b"no picture")
    Image.new("RGB", (200, 200)).save(two / "loose.png")
    said = findings(two, "warning")

    assert any(what.startswith("In “few”: There are only 4 pictures") for what in said)
    assert any(what.startswith("In “photos”: 2 pictures are too small") for what in said)
    assert any(what.startswith("In “photos”: 1 picture cannot be read") for what in said)
    assert any(what.startswith("1 picture lies beside") for what in said)
    assert any("takes long" in what for what in findings(two, "note"))
    assert look.check(two, look.LookParams(), Progress()).can_start


def test_a_folder_in_which_nothing_can_be_used_forbids_the_start(two):
    for path in (two / "paintings").iterdir():
        path.write_bytes(b"no picture")

    report = look.check(two, look.LookParams(), Progress())

    assert not report.can_start
    assert "“paintings”" in report.errors[0].what


def test_crops_show_the_picture_at_several_sizes_upright_without_leaving_it():
    picture = np.zeros((90, 120, 3), np.uint8)
    picture[:45] = 255  # the sky stays above
    random = np.random.default_rng(0)
    crops = [shown_square(picture, 48, random) for _ in range(20)]

    assert all(crop.shape == (48, 48, 3) for crop in crops)
    assert all(crop[0].mean() >= crop[-1].mean() for crop in crops)


def test_the_pool_gives_back_new_pictures_until_it_is_full_and_then_old_ones_too():
    pool = PicturePool(4)
    torch.manual_seed(0)
    pictures = torch.arange(40).reshape(40, 1, 1, 1).expand(40, 3, 4, 4) / 255
    given = torch.cat([pool.exchanged(picture[None]) for picture in pictures])

    assert torch.equal(given[:4], pictures[:4])
    is_old = (given[4:] < pictures[4:] - 1e-4)[:, 0, 0, 0]
    assert 0.2 < float(is_old.float().mean()) < 0.8
    assert len(pool) == 4
    assert len(pool.memory()["pictures"]) == 4

    pool.exchanged(torch.rand(1, 3, 8, 8))
    assert len(pool) == 1

    with pytest.raises(UserError):
        pool.remember({"pictures": torch.rand(2, 3, 4, 4)})
    assert len(pool) == 1


def test_a_look_net_begins_by_changing_nothing_and_its_tiles_agree():
    torch.manual_seed(0)
    network = LookNet(8, 1).eval()
    picture = torch.rand(1, 3, 96, 160)

    assert torch.allclose(network(picture), picture, atol=1e-6)
    torch.nn.init.normal_(network.paint.tail.weight, std=0.1)
    whole, reach = network(picture), -(-network.reach // network.multiple_of) * network.multiple_of
    part = network(picture[..., 80 - reach :])
    assert torch.allclose(part[..., reach:], whole[..., 80:], atol=1e-5)


@pytest.mark.parametrize("period", [2, 4])
def test_a_look_net_cannot_draw_the_grid_of_its_own_cells(period):
    grid = torch.zeros(1, 3, 32, 32)
    grid[..., ::period, ::period] = 1

    assert float(smoothed(grid)[..., 4:-4, 4:-4].std()) < 1e-6
