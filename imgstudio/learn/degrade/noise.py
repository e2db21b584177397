"""Noise: of sensors, of colour, of little light, of film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats, luma
from imgstudio.learn.degrade.base import Degrader, clipped, drawn

Kind = Literal["even", "light", "colour", "grain"]
KINDS: tuple[Kind, ...] = ("even", "light", "colour", "grain")


@dataclass(frozen=True, slots=True)
class NoiseParams:
    least: Annotated[float, Number(0, 100, 0.5, unit="levels"), Ui(label="Least strength")] = 2.0
    most: Annotated[float, Number(0, 100, 0.5, unit="levels"), Ui(label="Most strength")] = 20.0
    kind: Annotated[
        Literal["even", "light", "colour", "grain", "any"],
        Ui(
            help="Even: the same everywhere. Light: grows with brightness, as counted light does. "
            "Colour: blotches of colour. Grain: of film, in brightness only, strongest in the middle tones."
        ),
    ] = "any"


def noise(picture: Floats, params: NoiseParams, random: np.random.Generator) -> Floats:
    strength = np.float32(drawn(params.least, params.most, random) / 255)
    kind = params.kind if params.kind != "any" else KINDS[int(random.integers(len(KINDS)))]
    return clipped(picture + strength * _FIELDS[kind](picture, random))


def _even(picture: Floats, random: np.random.Generator) -> Floats:
    return random.standard_normal(picture.shape, np.float32)


def _light(picture: Floats, random: np.random.Generator) -> Floats:
    """Gaussian with the variance of counted photons: strength is that of white."""
    return random.standard_normal(picture.shape, np.float32) * np.sqrt(np.maximum(picture, 0.01))


def _colour(picture: Floats, random: np.random.Generator) -> Floats:
    """Soft blotches without brightness, over a little even noise."""
    field = random.standard_normal(picture.shape, np.float32)
    field = _unit(cv2.GaussianBlur(field, (0, 0), drawn(0.6, 2.0, random)))
    field = field - luma(field)[..., None]
    return np.asarray(field + 0.3 * _even(picture, random), np.float32)


def _grain(picture: Floats, random: np.random.Generator) -> Floats:
    field = random.standard_normal(picture.shape[:2], np.float32)
    field = _unit(cv2.GaussianBlur(field, (0, 0), drawn(0.35, 1.1, random)))
    grey = luma(picture)
    return np.asarray((field * (0.4 + 2.4 * grey * (1 - grey)))[..., None], np.float32)


def _unit(field: object) -> Floats:
    """With a deviation of one."""
    values = np.asarray(field, np.float32)
    return values / np.float32(max(float(values.std()), 1e-6))


_FIELDS = {"even": _even, "light": _light, "colour": _colour, "grain": _grain}

DEGRADER = Degrader("noise", "Noise", "Of sensors, little light or film.", NoiseParams, noise, stage=40)
