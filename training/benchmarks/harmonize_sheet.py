"""Harmonized objects to be looked at: `python -m training.benchmarks.harmonize_sheet --results runs/painterly`.

One picture for each pair (the naive composite, ours, the published result), and all of them in one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.engine.style.wishes import resized
from imgstudio.learn.data import decoded
from training.benchmarks.harmonize import Pair, pair_of, pairs_in

CAPTION: Final = 22
GAP: Final = 6
GROUND: Final = (38, 38, 38)
INK: Final = (222, 222, 222)
CONTACT_HEIGHT: Final = 260
CONTACT_WIDTH: Final = 1800


def row_of(pair: Pair, ours: Floats) -> Image.Image:
    """The three side by side, with captions."""
    cells = [(f"{pair.number}: naive", pair.naive), ("ours", ours), ("published", pair.published)]
    height, width = pair.naive.shape[:2]
    sheet = Image.new("RGB", (3 * (width + GAP) + GAP, height + CAPTION + 2 * GAP), GROUND)
    pen = ImageDraw.Draw(sheet)
    for place, (caption, picture) in enumerate(cells):
        left = GAP + place * (width + GAP)
        sheet.paste(Image.fromarray(from_float(picture, np.dtype(np.uint8))), (left, GAP))
        pen.text((left + 2, height + GAP + 4), caption, fill=INK)
    return sheet


def contact(rows: list[Image.Image]) -> Image.Image:
    """All rows, small, as many beside each other as fit."""
    small = [row.resize((round(row.width * CONTACT_HEIGHT / row.height), CONTACT_HEIGHT)) for row in rows]
    corners, left, top = [], 0, 0
    for row in small:
        if left and left + row.width > CONTACT_WIDTH:
            left, top = 0, top + CONTACT_HEIGHT
        corners.append((left, top))
        left += row.width
    width = max(x + row.width for (x, _), row in zip(corners, small, strict=True))
    sheet = Image.new("RGB", (width, top + CONTACT_HEIGHT), GROUND)
    for corner, row in zip(corners, small, strict=True):
        sheet.paste(row, corner)
    return sheet


def ours_of(number: int, pair: Pair, results: Path) -> Floats:
    return resized(to_float(decoded(results / f"{number}_ours.png")[..., :3]), pair.naive.shape[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description="Lay out harmonized objects.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/painterly"))
    parser.add_argument("--results", type=Path, default=Path("runs/painterly"))
    parser.add_argument("--out", type=Path, default=Path("runs/painterly/sheet"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in pairs_in(args.data):
        if (args.results / f"{number}_ours.png").exists():
            pair = pair_of(number, args.data)
            rows.append(row_of(pair, ours_of(number, pair, args.results)))
            rows[-1].save(args.out / f"{number}.png")
    if rows:
        contact(rows).save(args.out / "all.png")


if __name__ == "__main__":
    main()
