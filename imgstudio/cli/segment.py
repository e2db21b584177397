"""segment: select the thing that clicks, a box or a rough mask point at, and write its mask."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imgstudio.cli.console import Console
from imgstudio.cli.process import check_target, mask_of
from imgstudio.core.blend import flatten
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Size
from imgstudio.core.imagefile import ExportOptions, Metadata, export
from imgstudio.core.opening import open_document
from imgstudio.core.pixels import Array, from_float, over_grey

if TYPE_CHECKING:
    from imgstudio.engine.select.prompts import Click, Corners


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN", type=Path)
    parser.add_argument(
        "--click",
        dest="clicks",
        action="append",
        default=[],
        metavar="X,Y,+",
        help="a pixel that belongs to it, or with - one that does not; several are taken one after the other",
    )
    parser.add_argument("--box", metavar="X0,Y0,X1,Y1", help="two opposite corners of a box around it")
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="MASK.png", help="begin with what is white in this picture"
    )
    parser.add_argument("-o", "--output", metavar="MASK.png", type=Path, required=True)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument(
        "--max-megapixels", type=float, default=400, metavar="N", help="refuse larger pictures"
    )
    parser.add_argument("--json", action="store_true", help="tell machines what was found")


def run(parsed: argparse.Namespace, console: Console) -> int:
    from imgstudio.engine.segment import Predictor

    clicks = [_click(text) for text in parsed.clicks]
    box = None if parsed.box is None else _box(parsed.box)
    check_target(parsed.input, parsed.output)
    pixels = _pixels(parsed.input, parsed.max_megapixels)
    size = Size(pixels.shape[1], pixels.shape[0])
    start = None if parsed.start is None else mask_of(parsed.start, size)
    progress = console.progress("Selecting")
    predictor = Predictor(parsed.device)
    predictor.set_image(pixels, progress.part(0.0, 0.1))
    found = predictor.predict_patch(clicks, box, previous=start, progress=progress.part(0.1, 0.9))
    mask = np.zeros((size.height, size.width), np.uint8)
    mask[found.box.slices()] = found.coverage
    export(parsed.output, np.dstack([mask] * 3), Metadata(), ExportOptions(grayscale=True), had_alpha=False)
    progress.update(1.0)
    if parsed.json:
        facts = {
            "mask": str(parsed.output),
            "box": list(found.box),
            "share": round(float(mask.mean()) / 255, 6),
        }
        console.write_json(facts)
    if found.box.is_empty:
        console.note("Note: nothing was selected")
    console.note(f"Wrote {parsed.output}")
    return 0


def _pixels(path: Path, max_megapixels: float) -> Array:
    """What the picture shows, (h, w, 3) bytes; grey where it is transparent."""
    document = open_document(path, max_megapixels=max_megapixels)
    return from_float(over_grey(flatten(document)))


def _click(text: str) -> Click:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or parts[2] not in ("+", "-"):
        raise UserError(f"“{text}” is no click", "", "Give x, y and + or -, such as 120,80,+")
    x, y = (_number(part, text) for part in parts[:2])
    return x, y, parts[2] == "+"


def _box(text: str) -> Corners:
    parts = text.split(",")
    if len(parts) != 4:
        raise UserError(f"“{text}” is no box", "", "Give two corners, such as 20,30,220,180")
    x0, y0, x1, y1 = (_number(part, text) for part in parts)
    return x0, y0, x1, y1


def _number(part: str, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise UserError(
            f"“{part.strip()}” in “{text}” is not a number", "", "Give pixels, such as 120"
        ) from None
