"""How well a segmentation fits: everything follows from the table of true and predicted classes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.uint8]
Confusion = npt.NDArray[np.int64]
"""(classes, classes) pixels: row = truth, column = prediction."""
Shares = npt.NDArray[np.float64]

VOID = 255
"""Class index of pixels that count neither way."""


def confusion(truth: Labels, predicted: Labels, classes: int) -> Confusion:
    """Count the pixels of two label maps of equal shape; those whose truth is no class (void) are left out.

    Every prediction must be a class.
    """
    counted = truth < classes
    pairs = truth[counted].astype(np.int64) * classes + predicted[counted]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def accuracy(table: Confusion) -> float:
    """Share of labelled pixels that are right, 0..1; nan where nothing is labelled."""
    return _share(int(np.trace(table)), int(table.sum()))


def ious(table: Confusion) -> Shares:
    """Intersection over union (Jaccard) of every class, 0..1; nan of classes neither there nor predicted."""
    right = np.diag(table).astype(np.float64)
    return _shares(right, table.sum(0) + table.sum(1) - right)


def dices(table: Confusion) -> Shares:
    """Dice coefficient (F1) of every class, 0..1; nan of classes neither there nor predicted."""
    return _shares(2 * np.diag(table).astype(np.float64), (table.sum(0) + table.sum(1)).astype(np.float64))


def mean_iou(table: Confusion) -> float:
    """Mean over the classes that are there or were predicted; nan where there is none."""
    return _mean(ious(table))


def segmentation_scores(table: Confusion, names: tuple[str, ...]) -> dict[str, float]:
    """The figures that are shown and compared: accuracy, mean IoU, Dice, and IoU of every class there is.

    Dice is the mean over all classes but the first where there are two (the object's alone), else over all.
    """
    overlaps, dice = ious(table), dices(table)
    scores = {
        "accuracy": accuracy(table),
        "mean IoU": _mean(overlaps),
        "Dice": _mean(dice[1:] if len(names) == 2 else dice),
    }
    by_class = {f"IoU {name}": float(value) for name, value in zip(names, overlaps, strict=True)}
    return {name: value for name, value in (scores | by_class).items() if np.isfinite(value)}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _shares(parts: Shares, wholes: Shares) -> Shares:
    return np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)


def _mean(values: Shares) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
