"""Twelve paintings in one picture, to be looked at: `python -m training.benchmarks.style_sheet --out sheet.jpg`.

A row for each of four photos: a preset in one go, a painting that trained nothing in one go, and the same preset's
painting by optimisation. Without --photos they come from scikit-image, where it is installed: free to ship.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.engine.style.optimise import Painter
from imgstudio.engine.style.settings import StylePicture, StyleSettings
from imgstudio.engine.style.wishes import resized
from imgstudio.learn.data import decoded
from training.benchmarks.paint import CPU, Methods

FREE: Final = ("chelsea", "coffee", "rocket", "astronaut")
ROWS: Final = (
    ("starry_night", "rain_princess"),
    ("the_scream", "candy"),
    ("wave", "mosaic"),
    ("vg_wheat_field", "la_muse"),
)
"""Preset and stranger for each photo."""
CELL: Final = (480, 360)
CAPTION: Final = 22
GAP: Final = 6


def cell_of(picture: Floats) -> Floats:
    """The middle of a picture, as large as a cell."""
    width, height = CELL
    factor = max(width / picture.shape[1], height / picture.shape[0])
    size = (round(picture.shape[0] * factor), round(picture.shape[1] * factor))
    larger = resized(picture, (max(height, size[0]), max(width, size[1])))
    top, left = (larger.shape[0] - height) // 2, (larger.shape[1] - width) // 2
    return np.ascontiguousarray(larger[top : top + height, left : left + width])


def photos_of(paths: list[Path]) -> list[Floats]:
    if paths:
        return [cell_of(to_float(decoded(path))[..., :3]) for path in paths]
    data = importlib.import_module("skimage.data")
    return [cell_of(to_float(getattr(data, name)())[..., :3]) for name in FREE]


def row_of(methods: Methods, photo: Floats, preset: str, stranger: str) -> list[tuple[str, Floats]]:
    cells = [
        (f"Style: {preset}", methods.ours(preset).paint(photo, Progress())),
        (f"Style: {stranger}, a picture of one's own", methods.ours(stranger).paint(photo, Progress())),
    ]
    style = [StylePicture(methods.painting(preset))]
    settings = StyleSettings(side=max(photo.shape[:2]))
    made = photo
    for step in Painter(methods.features, photo, style, settings, CPU, Progress()).steps():
        made = step.pixels
    return [*cells, (f"Stylize: {preset}", made)]


def laid_out(rows: list[list[tuple[str, Floats]]]) -> Image.Image:
    width, height = CELL
    across, down = width + GAP, height + CAPTION + GAP
    sheet = Image.new("RGB", (len(rows[0]) * across + GAP, len(rows) * down + GAP), (38, 38, 38))
    pen = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        for x, (caption, picture) in enumerate(row):
            corner = (GAP + x * across, GAP + y * down)
            sheet.paste(Image.fromarray(from_float(picture, np.dtype(np.uint8))), corner)
            pen.text((corner[0] + 2, corner[1] + height + 4), caption, fill=(222, 222, 222))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description="Lay twelve paintings into one picture.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    methods = Methods(args.data)
    photos = photos_of(args.photos)
    rows = [row_of(methods, photo, *names) for photo, names in zip(photos, ROWS, strict=False)]
    laid_out(rows).save(args.out, quality=92)


if __name__ == "__main__":
    main()
