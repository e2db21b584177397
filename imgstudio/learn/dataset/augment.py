"""Turn, zoom, cut and light a picture at random, its mask along with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.params import Number, Ui
from imgstudio.learn.dataset.masks import VOID

Bytes = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]
_LUMA: Final = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Augment:
    """How far the pictures of a training are varied; masks follow what moves, never what lights."""

    flip: Annotated[bool, Ui(label="Mirror", help="Left and right are alike.")] = True
    dihedral: Annotated[
        bool, Ui(label="Any way up", help="Mirror and quarter turns: microscopes, maps, textures.")
    ] = False
    rotate: Annotated[float, Number(0, 180, step=1, unit="°"), Ui(label="Turn", help="Up to this far.")] = (
        10.0
    )
    zoom: Annotated[
        float, Number(1, 4, step=0.05, decimals=2), Ui(help="Up to this much larger, and half of it smaller.")
    ] = 1.5
    stretch: Annotated[
        float,
        Number(0, 0.5, step=0.05, decimals=2),
        Ui(help="Sides change against each other.", advanced=True),
    ] = 0.1
    light: Annotated[float, Number(0, 1, step=0.05, decimals=2), Ui(label="Brightness")] = 0.2
    contrast: Annotated[float, Number(0, 1, step=0.05, decimals=2)] = 0.2
    colour: Annotated[
        float,
        Number(0, 1, step=0.05, decimals=2),
        Ui(help="Saturation and a cast, as another camera or lamp would give."),
    ] = 0.2


NO_AUGMENT: Final = Augment(False, False, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)  # noqa: FBT003 - reads as a row of zeros
"""Only the random crop is left."""


def augmented(
    image: Bytes,
    mask: Bytes | None,
    *,
    size: int | tuple[int, int],
    augment: Augment,
    random: np.random.Generator,
) -> tuple[Bytes, Bytes | None]:
    """A varied crop of a (h, w, 3) picture and its (h, w) mask.

    `size` is (width, height) of the crop, or its longer side, the picture's shape being kept. The crop covers
    the picture at zoom 1, and a part of it at a larger zoom, at a random place. Picture and mask go through one
    affine map: bilinear with mirrored edges for the picture, nearest and void outside for the mask. Light acts
    on the picture only.
    """
    width, height = fitted_size(image, size) if isinstance(size, int) else size
    matrix = _affine(image.shape[1], image.shape[0], (width, height), augment, random)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    out = _warped(image, matrix, (width, height), scale)
    out = _lit(out, augment, random)
    if mask is None:
        return out, None
    turned = cv2.warpAffine(
        mask,
        matrix,
        (width, height),
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(VOID, VOID, VOID, VOID),
    )
    return out, np.asarray(turned, np.uint8)


def fitted_size(image: npt.NDArray[np.uint8], longer: int) -> tuple[int, int]:
    """(width, height) of the picture's shape whose longer side is `longer`."""
    height, width = image.shape[:2]
    scale = longer / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _affine(
    width: int, height: int, size: tuple[int, int], augment: Augment, random: np.random.Generator
) -> Doubles:
    """2 x 3 map from picture to crop, in pixel centres."""
    angle = np.deg2rad(random.uniform(-augment.rotate, augment.rotate))
    zoom = _zoom(augment.zoom, random)
    stretch = np.exp(random.uniform(-augment.stretch, augment.stretch) / 2)
    way = int(random.integers(8)) if augment.dihedral else 0
    mirrored = bool(random.integers(2)) if augment.flip and not augment.dihedral else way >= 4
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    turn = (
        np.diag([stretch, 1 / stretch]) @ turn @ np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), way % 4)
    )
    if mirrored:
        turn = turn @ np.diag([-1.0, 1.0])
    seen_width, seen_height = (width, height) if way % 2 == 0 else (height, width)
    turn *= max(size[0] / seen_width, size[1] / seen_height) * zoom
    center = np.array([width, height]) / 2 + _wander(turn, (width, height), size, random)
    shift = np.array(size) / 2 - turn @ center
    # from pixel edges to pixel centres, which is how the map is sampled
    shift += turn @ np.array([0.5, 0.5]) - 0.5
    return np.concatenate([turn, shift[:, None]], 1)


def _zoom(most: float, random: np.random.Generator) -> float:
    """Log-even between 1 / sqrt(most) (smaller, edges mirrored) and `most`."""
    return float(np.exp(random.uniform(-np.log(most) / 2, np.log(most))))


def _wander(
    turn: Doubles, picture: tuple[int, int], size: tuple[int, int], random: np.random.Generator
) -> Doubles:
    """How far the middle of the crop may lie from the middle of the picture without leaving it."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array(size) / 2
    reach = np.abs(corners @ np.linalg.inv(turn).T).max(0)
    room = np.maximum(np.array(picture) / 2 - reach, 0)
    return np.asarray(random.uniform(-1, 1, 2) * room)


def _warped(image: Bytes, matrix: Doubles, size: tuple[int, int], scale: float) -> Bytes:
    if scale < 0.75:  # bilinear alone would skip pixels and make false detail
        height, width = image.shape[:2]
        reduced = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.asarray(cv2.resize(image, reduced, interpolation=cv2.INTER_AREA), np.uint8)
        steps = np.array([width / reduced[0], height / reduced[1]])
        linear = matrix[:, :2] * steps
        shift = matrix[:, 2] + matrix[:, :2] @ (steps * 0.5 - 0.5)
        matrix = np.concatenate([linear, shift[:, None]], 1)
    return np.asarray(
        cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),
        np.uint8,
    )


def _lit(image: Bytes, augment: Augment, random: np.random.Generator) -> Bytes:
    """One colour matrix and offset: contrast and brightness, saturation, a cast."""
    gain = np.exp(random.uniform(-1, 1) * augment.contrast)
    offset = random.uniform(-1, 1) * augment.light * 0.5
    saturation = max(0.0, 1 + random.uniform(-1, 1) * augment.colour)
    cast = np.exp(random.uniform(-1, 1, 3) * augment.colour * 0.2)
    if not (augment.light or augment.contrast or augment.colour):
        return image
    mix = saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1))
    matrix = gain * cast[:, None] * mix
    shift = (0.5 - 0.5 * gain + offset) * 255
    # saturates to 0..255 and rounds
    return np.asarray(cv2.transform(image, np.column_stack([matrix, np.full(3, shift)])), np.uint8)
