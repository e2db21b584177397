"""Text and watermarks: words laid over the picture, opaque or see-through."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Annotated, Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats
from imgstudio.learn.degrade.base import Degrader, clipped, drawn

LETTERS: Final = string.ascii_letters + string.digits + "  .-@©&!?"


@dataclass(frozen=True, slots=True)
class TextParams:
    words: Annotated[str, Ui(help="What is written. Empty: random letters.")] = ""
    least: Annotated[int, Number(1, 30), Ui(label="Fewest lines")] = 1
    most: Annotated[int, Number(1, 30), Ui(label="Most lines")] = 3
    size: Annotated[
        float, Number(2, 60, 1, unit="%"), Ui(label="Largest letters", help="Of the picture's height.")
    ] = 16.0
    least_cover: Annotated[float, Number(1, 100, 1, unit="%"), Ui(label="Least cover")] = 25.0
    most_cover: Annotated[float, Number(1, 100, 1, unit="%"), Ui(label="Most cover")] = 100.0


def text(picture: Floats, params: TextParams, random: np.random.Generator) -> Floats:
    out = picture.copy()
    fewest, most = sorted((params.least, params.most))
    for _ in range(int(random.integers(fewest, most + 1))):
        cover = drawn(params.least_cover, params.most_cover, random) / 100
        shade = _line(picture.shape[:2], params, random)[..., None] * np.float32(cover)
        out += shade * (_ink(random) - out)
    return clipped(out)


def _line(shape: tuple[int, ...], params: TextParams, random: np.random.Generator) -> Floats:
    """Coverage (h, w) of one turned line of letters somewhere in the picture."""
    height, width = shape[:2]
    size = max(6.0, height * drawn(3.0, max(3.0, params.size), random) / 100)
    canvas = Image.new("L", (width, height))
    words = params.words or "".join(random.choice(list(LETTERS), int(random.integers(4, 16))))
    place = (drawn(-0.2 * width, 0.8 * width, random), drawn(0, 0.9 * height, random))
    stroke = int(random.integers(0, 2))
    ImageDraw.Draw(canvas).text(
        place, words, fill=255, font=ImageFont.load_default(size), stroke_width=stroke
    )
    turn = drawn(-45, 45, random) if random.random() < 0.5 else 0.0
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    drawing = np.asarray(canvas, np.float32) / np.float32(255)
    return np.asarray(cv2.warpAffine(drawing, matrix, (width, height)), np.float32)


def _ink(random: np.random.Generator) -> Floats:
    """White, black or any colour."""
    kind = random.random()
    if kind < 0.7:
        return np.full(3, 1.0 if kind < 0.45 else 0.0, np.float32)
    return random.random(3, np.float32)


DEGRADER = Degrader("text", "Text and watermarks", "Words laid over the picture.", TextParams, text, stage=60)
