"""Multinomial logistic regression on few examples, and how far a place is from all of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

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
    from scipy.optimize import minimize

    features, classes, weights, base = examples
    told, count = _with_one(features), base.shape[1]
    truth = np.zeros((len(told), count), np.float32)
    truth[np.arange(len(told)), classes] = 1
    is_shown = truth.any(0).astype(np.float32)
    shape = (told.shape[1], count)

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        progress.token.check()
        solution = flat.reshape(shape).astype(np.float32)
        shares = softmax(told @ solution + base)
        of_truth = np.maximum((shares * truth).sum(1), 1e-9)
        value = -float(weights @ np.log(of_truth)) + 0.5 * DECAY * float((solution**2).sum())
        slope = told.T @ ((shares - truth) * weights[:, None]) + np.float32(DECAY) * solution
        return value, (slope * is_shown).ravel().astype(np.float64)

    found = minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
    )
    return np.asarray(found.x.reshape(shape), np.float32)


def scores(features: Floats, solution: Floats) -> Floats:
    """(n, classes) before the softmax."""
    return np.asarray(features @ solution[:-1] + solution[-1], np.float32)


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
    apart = (told**2).sum(1)[None] - 2 * (features @ told.T)
    nearest = np.maximum(apart.min(1) + squares, 0)
    # Half the mean squared distance of two places of this picture: their spread.
    usual = max(float(squares.mean() - (features.mean(0) ** 2).sum()), 1e-6)
    return np.asarray(1 - np.exp(-nearest / (2 * usual)), np.float32)


def _with_one(features: Floats) -> Floats:
    return np.concatenate((features, np.ones((len(features), 1), np.float32)), 1)
