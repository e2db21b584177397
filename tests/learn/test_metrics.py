"""Scores and losses of segmentation agree with their definitions, and void never counts."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from imgstudio.learn import segmentation_losses as losses
from imgstudio.learn.metrics import (
    VOID,
    accuracy,
    confusion,
    dices,
    ious,
    mean_iou,
    segmentation_scores,
)

seeds = st.integers(0, 2**32 - 1)


def maps(seed, classes=4, void=0.2):
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, (9, 7)).astype(np.uint8)
    truth[random.random(truth.shape) < void] = VOID
    return truth, random.integers(0, classes, (9, 7)).astype(np.uint8)


@given(seeds)
def test_scores_follow_their_definitions(seed):
    truth, predicted = maps(seed)
    table = confusion(truth, predicted, 4)
    known = truth != VOID
    for index, (iou, dice) in enumerate(zip(ious(table), dices(table), strict=True)):
        is_there, is_seen = (truth == index) & known, (predicted == index) & known
        if (is_there | is_seen).any():
            assert iou == pytest.approx((is_there & is_seen).sum() / (is_there | is_seen).sum())
            assert dice == pytest.approx(2 * iou / (1 + iou))
        else:
            assert np.isnan(iou)
    if known.any():
        assert accuracy(table) == pytest.approx((truth == predicted)[known].mean())


def test_a_perfect_prediction_scores_one_and_absent_classes_do_not_count():
    truth = np.array([[0, 0, 2], [2, VOID, 0]], np.uint8)
    predicted = np.where(truth == VOID, 1, truth).astype(np.uint8)
    scores = segmentation_scores(confusion(truth, predicted, 3), ("sky", "car", "road"))
    assert scores == {"accuracy": 1, "mean IoU": 1, "Dice": 1, "IoU sky": 1, "IoU road": 1}
    assert np.isnan(mean_iou(np.zeros((3, 3), np.int64)))


def test_the_dice_of_two_classes_is_that_of_the_object():
    table = np.array([[90, 2], [3, 5]])
    assert segmentation_scores(table, ("background", "object"))["Dice"] == pytest.approx(10 / 15)


def batch(seed=0, classes=4, void=True):
    random = torch.Generator().manual_seed(seed)
    scores = torch.randn(2, classes, 6, 5, generator=random)
    truth = torch.randint(0, classes, (2, 6, 5), generator=random)
    if void:
        truth[0, :2] = VOID
    return scores, truth


ALL = {
    "cross-entropy": losses.cross_entropy,
    "focal": losses.focal,
    "dice": losses.dice,
    "lovasz": losses.lovasz_softmax,
    "binary": losses.binary_cross_entropy,
}


@pytest.mark.parametrize("loss", ALL.values(), ids=ALL)
def test_what_void_pixels_say_changes_nothing(loss):
    scores, truth = batch()
    other = scores.clone()
    other[0, :, :2] = torch.randn(4, 2, 5)
    assert loss(scores, truth) == pytest.approx(loss(other, truth).item(), rel=1e-5)


@pytest.mark.parametrize("loss", ALL.values(), ids=ALL)
def test_only_void_gives_a_loss_of_zero_with_a_gradient(loss):
    scores = torch.randn(1, 3, 4, 4, requires_grad=True)
    value = loss(scores, torch.full((1, 4, 4), VOID))
    value.backward()
    assert value.item() == 0
    assert scores.grad is not None
    assert not scores.grad.any()


@pytest.mark.parametrize("loss", ALL.values(), ids=ALL)
def test_a_step_against_the_gradient_lowers_the_loss_and_the_truth_costs_almost_nothing(loss):
    scores, truth = batch()
    scores.requires_grad_()
    value = loss(scores, truth)
    value.backward()
    assert loss(scores - 0.5 * scores.grad, truth) < value
    sure = 40 * functional.one_hot(truth.masked_fill(truth == VOID, 0), 4).permute(0, 3, 1, 2).float() - 20
    assert loss(sure, truth) < 1e-3


def test_cross_entropy_with_weights_is_torchs():
    scores, truth = batch()
    weights = torch.tensor([0.5, 1, 2, 4])
    wanted = functional.cross_entropy(scores, truth, weights, ignore_index=VOID)
    assert losses.cross_entropy(scores, truth, weights) == pytest.approx(wanted.item(), rel=1e-5)
    assert losses.focal(scores, truth, weights, gamma=0) == pytest.approx(wanted.item(), rel=1e-5)


@given(seeds)
def test_lovasz_of_hard_answers_is_one_minus_the_mean_iou_of_the_classes_there(seed):
    truth, predicted = maps(seed, void=0.1)
    if not (truth != VOID).any():
        return
    hard = 400 * functional.one_hot(torch.from_numpy(predicted).long(), 4).permute(2, 0, 1)[None].float()
    table = confusion(truth, predicted, 4)
    wanted = 1 - ious(table)[table.sum(1) > 0].mean()
    value = losses.lovasz_softmax(hard, torch.from_numpy(truth).long()[None])
    assert value.item() == pytest.approx(wanted, abs=1e-5)
