"""The mix of colours that brings one set of pictures to the mean and the spread of colours of another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

LEAST_SPREAD: Final = 1e-4
"""Variance that every colour is taken to have: grey pictures have none in some."""
MOST_STRETCH: Final = 4.0
"""Contrast of no mix of colours is raised more than this."""


@dataclass(frozen=True, eq=False, slots=True)
class Colours:
    """How colours are distributed over pictures, 0..1."""

    mean: Doubles
    """(3,)."""
    spread: Doubles
    """(3, 3) covariance."""


def colours_of(pictures: Iterable[npt.NDArray[np.uint8]]) -> Colours:
    """Over all of one or more (h, w, 3) pictures, each counting the same."""
    means, squares = [], []
    for picture in pictures:
        flat = picture.reshape(-1, 3).astype(np.float64) / 255
        means.append(flat.mean(0))
        squares.append(flat.T @ flat / len(flat))
    mean = np.mean(means, 0)
    return Colours(mean, np.mean(squares, 0) - np.outer(mean, mean) + LEAST_SPREAD * np.eye(3))


def colour_mix(own: Colours, wanted: Colours) -> tuple[Doubles, Doubles]:
    """(3, 3) matrix and (3,) shift after which `own` is `wanted`, moving colours as little as possible.

    The transport between two normal distributions (Pitié and Kokaram 2007); stretches less where it would make
    more than `MOST_STRETCH` of a difference between colours.
    """
    root = _power(own.spread, 0.5)
    inverse = _power(own.spread, -0.5)
    matrix = inverse @ _power(root @ wanted.spread @ root, 0.5) @ inverse
    values, vectors = np.linalg.eigh(matrix)
    matrix = (vectors * np.minimum(values, MOST_STRETCH)) @ vectors.T
    return matrix, wanted.mean - matrix @ own.mean


def _power(spread: Doubles, exponent: float) -> Doubles:
    values, vectors = np.linalg.eigh(spread)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T)
