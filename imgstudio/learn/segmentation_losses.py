"""Losses of segmentation: (n, classes, h, w) scores against (n, h, w) class indices, void pixels left out."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from imgstudio.learn.metrics import VOID

_SMOOTH: Final = 1.0
"""Pixels added to both sides of a Dice ratio, so that a class that is hardly there does not jump about."""


def cross_entropy(scores: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over labelled pixels, each weighted by its class; 0 where none is labelled."""
    total = functional.cross_entropy(scores.float(), truth, weights, ignore_index=VOID, reduction="sum")
    return total / _weight_of(truth, weights)


def focal(scores: Tensor, truth: Tensor, weights: Tensor | None = None, gamma: float = 2.0) -> Tensor:
    """Cross-entropy that counts pixels less the surer they are right (Lin 2017)."""
    log_share = functional.log_softmax(scores.float(), 1)
    own = log_share.gather(1, _known(truth)[:, None])[:, 0]
    loss = -((1 - own.exp()) ** gamma) * own * _pixel_weights(truth, weights)
    return loss.sum() / _weight_of(truth, weights)


def dice(scores: Tensor, truth: Tensor) -> Tensor:
    """1 - soft Dice over the whole batch, mean over the classes that are there (Milletari 2016)."""
    shares, hot, labelled = _shares_and_truth(scores, truth)
    both = (shares * hot).sum((0, 2, 3))
    either = (shares * labelled).sum((0, 2, 3)) + hot.sum((0, 2, 3))
    there = hot.sum((0, 2, 3)) > 0
    if not bool(there.any()):
        return scores.sum() * 0
    return (1 - (2 * both + _SMOOTH) / (either + _SMOOTH))[there].mean()


def lovasz_softmax(scores: Tensor, truth: Tensor, step: int = 1) -> Tensor:
    """Convex surrogate of 1 - mean IoU over the classes that are there (Berman 2018).

    Sorts every pixel once a class, so `step` looks only at every step-th row and column: with thousands of
    pixels left the estimate is as good.
    """
    scores, truth = scores[:, :, ::step, ::step], truth[:, ::step, ::step]
    labelled = truth != VOID
    shares = scores.float().softmax(1).permute(0, 2, 3, 1)[labelled]
    classes = truth[labelled]
    losses = [_lovasz(shares[:, index], classes == index) for index in classes.unique().tolist()]
    return torch.stack(losses).mean() if losses else scores.sum() * 0


def binary_cross_entropy(scores: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """Every class against all others by itself (sigmoid), mean over labelled pixels and classes."""
    hot = functional.one_hot(_known(truth), scores.shape[1]).permute(0, 3, 1, 2).to(scores.dtype)
    loss = functional.binary_cross_entropy_with_logits(scores.float(), hot.float(), reduction="none").mean(1)
    return (loss * _pixel_weights(truth, weights)).sum() / _weight_of(truth, weights)


def _lovasz(share: Tensor, is_class: Tensor) -> Tensor:
    """Of one class: errors in falling order, each times the growth of the Jaccard loss up to there."""
    error = (is_class.to(share.dtype) - share).abs()
    error, order = error.sort(descending=True)
    own = is_class[order].to(share.dtype)
    total = own.sum()
    jaccard = 1 - (total - own.cumsum(0)) / (total + (1 - own).cumsum(0))
    growth = torch.cat((jaccard[:1], jaccard[1:] - jaccard[:-1]))
    return (error * growth).sum()


def _shares_and_truth(scores: Tensor, truth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Softmax, one-hot truth without void, and (n, 1, h, w) where something is labelled; float32."""
    labelled = (truth != VOID).float()[:, None]
    hot = functional.one_hot(_known(truth), scores.shape[1]).permute(0, 3, 1, 2).float() * labelled
    return scores.float().softmax(1), hot, labelled


def _known(truth: Tensor) -> Tensor:
    """Void as class 0, where an index must be one."""
    return truth.masked_fill(truth == VOID, 0)


def _pixel_weights(truth: Tensor, weights: Tensor | None) -> Tensor:
    labelled = (truth != VOID).float()
    return labelled if weights is None else weights.float()[_known(truth)] * labelled


def _weight_of(truth: Tensor, weights: Tensor | None) -> Tensor:
    return _pixel_weights(truth, weights).sum().clamp_min(1e-6)
