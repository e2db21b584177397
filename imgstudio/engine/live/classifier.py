"""Multinomial logistic regression on few examples, and how far a place is from all of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats

DECAY: Final = 0.01
"""Of the squared weights, where the examples' weights sum to 1."""
_STEPS: Final = 30
_COMPARED: Final = 192
"""Examples with which places are compared."""

Integers = npt.NDArray[np.int64]


def softmax(scores: Floats) -> Floats:
    """(n, classes) to shares that sum to 1."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)


class Examples(NamedTuple):
    """What a classifier is fitted to; n examples."""

    features: Floats
    """(n, numbers)."""
    classes: Integers
    """(n,) 0, 1, ...: columns of `base`."""
    weights: Floats
    """(n,), with a sum of 1."""
    base: Floats
    """(n, classes): scores that are there before anything is fitted, such as what another model says."""


def fit(examples: Examples, progress: Progress) -> Floats:
    """(numbers + 1, classes) that give what `scores` adds to the base. Raises Cancelled between steps.

    A class without examples is given nothing. By L-BFGS (Liu & Nocedal 1989), always the same for the same input.
    """
    told = torch.from_numpy(_with_one(examples.features))
    base, weights = torch.from_numpy(examples.base), torch.from_numpy(examples.weights)[:, None]
    truth = functional.one_hot(torch.from_numpy(examples.classes), base.shape[1]).float()
    is_shown = truth.amax(0)
    solution = torch.zeros(told.shape[1], base.shape[1])
    steps = torch.optim.LBFGS([solution], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        progress.token.check()
        shares = (told @ solution + base).softmax(1)
        solution.grad = (told.T @ ((shares - truth) * weights) + DECAY * solution) * is_shown
        misfit = -(weights * truth * shares.clamp_min(1e-9).log()).sum()
        return misfit + 0.5 * DECAY * solution.square().sum()

    with torch.no_grad():
        steps.step(loss)
    return np.asarray(solution.numpy(), np.float32)


def scores(features: Floats, solution: Floats) -> Floats:
    """(n, classes) before the softmax."""
    return np.asarray(_product(features, solution[:-1]) + solution[-1], np.float32)


def balanced(classes: Integers, weights: Floats, count: int) -> Floats:
    """The weights, summing to 1, with rare classes raised: a class counts as the root of what was told of it."""
    sums = np.bincount(classes, weights, count)
    share = weights / np.sqrt(np.maximum(sums[classes], 1e-12))
    return np.asarray(share / max(float(share.sum()), 1e-12), np.float32)


def strangeness(features: Floats, told: Floats) -> Floats:
    """(n,) 0..1: 0 like an example, towards 1 where a place is unlike all of them."""
    if len(told) > _COMPARED:
        told = told[np.linspace(0, len(told) - 1, _COMPARED).round().astype(np.int64)]
    squares = (features**2).sum(1)
    apart = (told**2).sum(1)[None] - 2 * _product(features, told.T)
    nearest = np.maximum(apart.min(1) + squares, 0)
    # Half the mean squared distance of two places of this picture: their spread.
    usual = max(float(squares.mean() - (features.mean(0) ** 2).sum()), 1e-6)
    return np.asarray(1 - np.exp(-nearest / (2 * usual)), np.float32)


def _product(one: Floats, other: Floats) -> Floats:
    """One matrix times another, by torch: numpy's takes all cores, and the window waits."""
    return np.asarray((torch.from_numpy(one) @ torch.from_numpy(other)).numpy(), np.float32)


def _with_one(features: Floats) -> Floats:
    return np.concatenate((features, np.ones((len(features), 1), np.float32)), 1)
