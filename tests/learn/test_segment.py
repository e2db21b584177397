"""The recipe "segment_unet": sizes and plan, batches, judging, learning, and the model that comes out."""

import dataclasses
import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import describe, from_json, to_json
from imgstudio.core.paths import models_folder
from imgstudio.core.pixels import to_float
from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.lite0 import Lite0
from imgstudio.engine.nets.unet import UNet
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.segment import Segmenter, facts_of
from imgstudio.learn.dataset.masks import mask_reader
from imgstudio.learn.dataset.reading import SampleReader
from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Sample, Split
from imgstudio.learn.metrics import VOID
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes.segment_unet import RECIPE
from imgstudio.learn.segmentation_settings import SegmentParams, encoder_for, frame_of, judged_count
from imgstudio.learn.tasks.segment import SegmentTask, loss_terms, random_window
from tests.learn.segments import disc_folder

PARAMS = SegmentParams(encoder="from scratch", width=0.25, size=128, mirrored=False)
PLAN = Plan(
    (Phase("all", 36, "steps", Curve("cosine", 6e-3, 1e-4), optimiser=Optimiser(), size=64, batch=4),),
    precision="float32",
    average_decay=0.9,
    validate_every=100,
)


def street(count=367, valid=101, size=(480, 360)):
    samples = tuple(Sample(None, None, *size) for _ in range(count + valid))
    split = Split(tuple(range(count)), tuple(range(count, count + valid)))
    return DatasetReport(
        None, samples, split, classes=(ClassShare("a", 0, 0.9, 1), ClassShare("b", 1, 0.1, 1))
    )


def setup_of(report, params=PARAMS, plan=PLAN):
    return Setup(report, params, plan, Request(0, 0.5), "cpu")


def test_parameters_survive_json_and_all_have_help_or_a_group():
    changed = SegmentParams(encoder="lite0", size=320, dihedral=True)
    assert from_json(SegmentParams, to_json(changed)) == changed
    assert all(param.help or param.ui.group for param in describe(SegmentParams))


def test_choosing_the_recipe_and_planning_load_no_torch():
    code = (
        "import sys; from imgstudio.learn.recipes import segment_unet, regress_points;"
        "import imgstudio.learn.segmentation_settings; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_plan_from_scratch_is_one_cycle_over_growing_pictures():
    params = SegmentParams(encoder="from scratch")
    plan = RECIPE.plan(street(), params, Request(30, 0.5))
    assert plan.minutes == 30
    assert [phase.size for phase in plan.phases] == [256, 256, 352]
    rates = [(phase.rate.start, phase.rate.end) for phase in plan.phases]
    assert rates[0][1] == rates[1][0] == max(max(pair) for pair in rates)
    assert rates[1][1] == rates[2][0] > rates[2][1]
    moments = [(phase.momentum.start, phase.momentum.end) for phase in plan.phases]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(moments))


def test_the_plan_on_an_encoder_rests_and_wakes_it_at_both_sizes():
    plan = RECIPE.plan(street(), SegmentParams(encoder="lite0"), Request(900, 0.5))
    stages = list(dict.fromkeys((phase.size, phase.frozen) for phase in plan.phases))
    assert stages == [(320, 2), (320, 0), (480, 2), (480, 0)]
    assert all(phase.spread < 1 for phase in plan.phases if not phase.frozen)


def test_automatic_takes_the_large_encoder_only_where_it_is_installed():
    assert encoder_for(SegmentParams(), Request(120, 0.5)) == ""
    assert encoder_for(SegmentParams(encoder="small"), Request(120, 0.5)) == "small"
    assert encoder_for(SegmentParams(encoder="resnet18"), Request(1, 0.5)) == "resnet18"


def test_an_encoder_that_is_not_installed_is_named(tmp_path):
    params = dataclasses.replace(PARAMS, encoder="lite0")
    with pytest.raises(UserError, match="imagenet-lite0"):
        SegmentTask(setup_of(disc_folder(tmp_path), params))


def test_sizes_follow_the_folder_the_quality_and_the_wish():
    frame = frame_of(street(), SegmentParams(), Request(0, 0.5))
    assert (frame.longest, frame.usual, frame.crop(256), frame.crop(480)) == (
        480,
        (480, 360),
        (256, 192),
        (480, 352),
    )
    photos = street(size=(4000, 3000))
    assert frame_of(photos, SegmentParams(), Request(0, 0.5)).usual == (512, 384)
    assert frame_of(photos, SegmentParams(), Request(0, 0.0)).usual == (256, 192)
    assert frame_of(photos, SegmentParams(size=1024), Request(30, 0.0)).longest == 1024


def test_little_time_means_smaller_pictures_and_never_tiny_ones():
    sizes = [
        frame_of(street(), SegmentParams(), Request(minutes, 0.5)).longest for minutes in (1, 10, 30, 200)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] == 192
    assert sizes[-1] == 480


def test_pictures_that_lie_both_ways_are_cut_square():
    samples = tuple(Sample(None, None, *((400, 300) if n % 2 else (300, 400))) for n in range(10))
    report = DatasetReport(None, samples, Split(tuple(range(8)), (8, 9)))
    width, height = frame_of(report, SegmentParams(), Request()).crop(256)
    assert width == height


def test_a_validation_never_eats_the_budget():
    report, frame = street(valid=5000), frame_of(street(), SegmentParams(), Request(0, 0.5))
    assert judged_count(report, frame, 1) < judged_count(report, frame, 60) < 5000
    assert judged_count(street(), frame, 30) == 101


def test_windows_lie_inside_and_have_between_fitting_and_the_largest_scale():
    random = np.random.default_rng(0)
    sides = set()
    for _ in range(200):
        rows, columns = random_window((360, 480), (256, 192), 1.5, random)
        assert 0 <= rows.start < rows.stop <= 360
        assert 0 <= columns.start < columns.stop <= 480
        sides.add(columns.stop - columns.start)
    assert min(sides) >= 256 / 1.5
    assert min(sides) < 190
    assert max(sides) > 440


def test_batches_are_repeatable_and_masks_move_with_pictures(tmp_path):
    task = SegmentTask(setup_of(disc_folder(tmp_path)))
    phase = PLAN.phases[0]
    one, again = (task.batch([0, 3], phase, np.random.default_rng([5, 1])) for _ in range(2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    image, truth = one["image"], one["truth"]
    assert image.shape[2:] == truth.shape[1:]
    assert set(truth.unique().tolist()) <= {0, 1, VOID}
    red = image[:, 0]
    assert red[truth == 1].mean() > red[truth == 0].mean() + 0.2


def test_losses_by_name_have_the_parts_they_promise():
    scores, truth = torch.randn(1, 3, 8, 8), torch.randint(0, 3, (1, 8, 8))
    weights = torch.ones(3)
    parts = {
        "automatic": {"cross-entropy", "Lovász"},
        "cross-entropy": {"cross-entropy"},
        "cross-entropy + Dice": {"cross-entropy", "Dice"},
        "focal": {"focal"},
        "binary + Dice": {"binary", "Dice"},
    }
    for kind, names in parts.items():
        assert set(loss_terms(scores, truth, kind, weights)) == names
    assert set(loss_terms(scores[:, :2], truth.clamp_max(1), "automatic", weights[:2])) == {
        "cross-entropy",
        "Dice",
    }


def test_one_class_cannot_be_told_apart(tmp_path):
    report = disc_folder(tmp_path, 4)
    with pytest.raises(UserError, match="tell apart"):
        SegmentTask(setup_of(dataclasses.replace(report, classes=report.classes[:1])))


def test_it_learns_discs_and_the_exported_model_scores_as_the_training_said(tmp_path, one_thread):
    report = disc_folder(tmp_path)
    session = RECIPE.start(setup_of(report))
    validation = [step for step in session.steps() if step.validation][-1].validation
    assert validation.scores["Dice"] > 0.8
    assert [score for _, score in validation.pictures] == sorted(score for _, score in validation.pictures)
    assert validation.confusion.sum() == sum((mask != VOID).sum() for mask in truths(report))

    session.export(tmp_path / "models" / "discs", "Discs")
    registry = ModelRegistry(tmp_path / "models")
    manifest = registry.manifest("discs")
    facts = facts_of(manifest)
    assert manifest.classes == ("background", "disc")
    assert facts.colours == ((0, 0, 0), (250, 60, 60))
    segmenter = Segmenter(registry.load("discs"), facts)
    right = labelled = 0
    reader = SampleReader(report.side("valid"), read_target=mask_reader(report))
    for index in range(len(reader)):
        image, truth = reader[index]
        segmenter.set_image(to_float(image), Progress())
        right += int((segmenter.labels == truth)[truth != VOID].sum())
        labelled += int((truth != VOID).sum())
    assert right / labelled == pytest.approx(validation.scores["accuracy"], abs=0.01)

    rows = session.previews()
    assert [row.name for row in rows] == ["7.png", "8.png", "9.png"]
    assert all(row.input.shape == row.output.shape == row.truth.shape == (48, 64, 3) for row in rows)


def truths(report):
    read = mask_reader(report)
    return [read(sample) for sample in report.side("valid")]


@pytest.mark.parametrize("quality", [0.1, 0.9])
def test_the_small_encoder_brings_its_weights_whatever_the_width_of_the_rest(tmp_path, quality):
    setup = setup_of(disc_folder(tmp_path), dataclasses.replace(PARAMS, encoder="small", width=None))
    task = SegmentTask(dataclasses.replace(setup, request=Request(10, quality)))
    wanted = ModelRegistry.of_user().load("encoder-small").body().state_dict()
    got = task.network.encoder.state_dict()
    assert all(torch.equal(got[name], value) for name, value in wanted.items())
    assert task.network(torch.rand(1, 3, 48, 64)).shape == (1, 2, 48, 64)


def test_a_learned_encoder_brings_its_weights(tmp_path):
    torch.manual_seed(3)
    donor = Lite0(4)
    save_model(
        models_folder() / "imagenet-lite0",
        donor,
        id="imagenet-lite0",
        name="Lite0",
        task="classify",
        architecture="efficientnet_lite0",
        hyperparameters={"classes": 4},
    )
    assert encoder_for(SegmentParams(), Request(120, 0.5)) == "lite0"
    assert encoder_for(SegmentParams(), Request(10, 0.5)) == ""
    task = SegmentTask(setup_of(disc_folder(tmp_path), dataclasses.replace(PARAMS, encoder="lite0")))
    wanted, got = donor.body().state_dict(), task.network.encoder.state_dict()
    assert wanted.keys() == got.keys()
    assert all(torch.equal(wanted[name], got[name]) for name in wanted)
    assert [param for group in task.groups for layer in group for param in layer.parameters()]


@pytest.fixture
def last_round(tmp_path):
    """Report of a folder, and the network of a model "discs" that was trained on it and installed."""
    report = disc_folder(tmp_path)
    task = SegmentTask(setup_of(report))
    with torch.no_grad():
        for parameter in task.network.parameters():
            parameter.add_(0.01)
    task.export(task.network, models_folder() / "discs", "Discs", {})
    return report, task.network.state_dict()


GOES_ON = SegmentParams(start_from="discs", size=128)


def test_a_training_goes_on_from_the_last_model_whatever_its_size(last_round):
    report, wanted = last_round
    got = SegmentTask(setup_of(report, GOES_ON)).network.state_dict()
    assert wanted.keys() == got.keys()
    assert all(torch.equal(wanted[name], value) for name, value in got.items())
    again = RECIPE.plan(report, GOES_ON, Request(120, 0.9))
    assert [phase.name for phase in again.phases] == [
        phase.name for phase in RECIPE.plan(report, PARAMS, Request(120, 0.9)).phases
    ]


def test_a_training_goes_on_without_the_encoder_that_its_first_round_began_with(tmp_path):
    values = {"encoder": "lite0", "classes_or_planes": 2, "full_size": False}
    network, facts = UNet(**values), {"id": "discs", "name": "Discs", "task": "segment"}
    names = ("background", "disc")
    save_model(
        models_folder() / "discs",
        network,
        **facts,
        architecture="unet",
        hyperparameters=values,
        classes=names,
    )
    got = SegmentTask(setup_of(disc_folder(tmp_path), GOES_ON)).network.state_dict()
    assert all(torch.equal(got[name], value) for name, value in network.state_dict().items())


def test_without_a_word_it_learns_anew(last_round):
    report, wanted = last_round
    got = SegmentTask(setup_of(report)).network.state_dict()
    assert not torch.equal(wanted["head.weight"], got["head.weight"])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"width": 0.5}, "another shape"),
        ({"encoder": "small"}, "another shape"),
        ({"encoder": "resnet18"}, "another shape"),
        ({"start_from": "squares"}, "not installed"),
        ({"start_from": "encoder-small"}, "was not trained"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_before_the_training(last_round, changed, why):
    report, _ = last_round
    params = dataclasses.replace(GOES_ON, **changed)
    with pytest.raises(UserError, match=why):
        RECIPE.plan(report, params, Request(10, 0.5))
    with pytest.raises(UserError, match=why):
        SegmentTask(setup_of(report, params))


def test_other_classes_are_named_when_a_model_does_not_fit(last_round):
    report, _ = last_round
    ground, disc = report.classes
    other = dataclasses.replace(report, classes=(ground, dataclasses.replace(disc, name="moon")))
    with pytest.raises(UserError, match="background, disc; here they are background, moon"):
        RECIPE.plan(other, GOES_ON, Request(10, 0.5))
