"""sheet: show several settings of a filter side by side, small, in one picture."""

from __future__ import annotations

import argparse
import os
import shlex
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgstudio.cli.apply import add_settings, settings_of
from imgstudio.cli.console import Console
from imgstudio.cli.process import add_running, check_target, filter_named, running_of, select_by
from imgstudio.core.errors import UserError
from imgstudio.core.imagefile import Metadata, export
from imgstudio.core.imageformats import xmp
from imgstudio.core.opening import open_document
from imgstudio.core.pixels import Array
from imgstudio.filters.base import AnyFilter
from imgstudio.filters.registry import load_filters
from imgstudio.filters.runner import RunSettings
from imgstudio.filters.sheet import Answer, SheetJob, capture_sheet
from imgstudio.filters.variations import LEAST, MOST, Variation, missing, offers_sheet, variations

COLUMNS: Final = 4
GAP: Final = 12
"""Pixels between the pictures and round them, for pictures of 256 pixels; others in proportion."""
GROUND, TEXT, DIM = (38, 38, 38), (222, 222, 222), (154, 154, 154)
LARGEST_SIDE: Final = 2048
USUAL_SIDE: Final = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, "a parameter of the first picture; each of the others has one more changed")
    parser.add_argument(
        "--side", type=int, default=USUAL_SIDE, metavar="N", help="longer side of a picture in pixels"
    )
    parser.add_argument("--count", type=int, default=MOST, metavar="N", help=f"how many, at most {MOST}")
    parser.add_argument(
        "--json", action="store_true", help="list the settings of the pictures for machines instead of people"
    )
    add_running(parser)


def run(parsed: argparse.Namespace, console: Console) -> int:
    filters = load_filters()
    item = filter_named(filters, parsed.filter)
    params, finish, seed = settings_of(item, parsed)
    wanted = _wanted(item, params, seed, parsed)
    work = running_of(parsed)
    check_target(parsed.input, parsed.output)
    document = open_document(parsed.input, max_megapixels=work.max_megapixels)
    if work.mask is not None:
        select_by(document, work.mask)
    if document.active is None:
        raise UserError("The project has no layers", "", "Add a layer first")
    how = RunSettings(finish, seed, work.device, threads=os.cpu_count() or 1, memory=work.memory)
    job = capture_sheet(document, document.active, item, wanted, how, side=parsed.side)
    answers = job.run(console.progress(job.title))
    page = sheet_picture(job, answers)
    claim = xmp.with_digital_source_type(None, xmp.SOURCE_TYPES + item.source_type)
    export(parsed.output, page, Metadata(xmp=claim), had_alpha=False)
    _tell(wanted, answers, console, as_json=parsed.json)
    console.note(f"Wrote {parsed.output}")
    return 0


def sheet_picture(job: SheetJob, answers: list[Answer]) -> Array:
    """(height, width, 4): the pictures in rows, each over what it differs by."""
    scale = job.side / USUAL_SIDE
    gap, caption = max(4, round(GAP * scale)), max(14, round(20 * scale))
    width = max(answer.shape[1] for answer in answers if not isinstance(answer, UserError))
    height = max(answer.shape[0] for answer in answers if not isinstance(answer, UserError))
    columns = min(COLUMNS, len(answers))
    rows = -(-len(answers) // columns)
    size = (gap + columns * (width + gap), gap + rows * (height + caption + gap))
    page = Image.new("RGBA", size, (*GROUND, 255))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(max(9, round(12 * scale)))
    for index, (variation, answer) in enumerate(zip(job.variations, answers, strict=True)):
        row, column = divmod(index, columns)
        left, top = gap + column * (width + gap), gap + row * (height + caption + gap)
        middle = (left + width / 2, top + height + caption / 2)
        if isinstance(answer, UserError):
            words = _short(draw, answer.what, font, width)
            draw.text((middle[0], top + height / 2), words, DIM, font, anchor="mm")
        else:
            picture = Image.fromarray(np.ascontiguousarray(answer))
            at = (left + (width - picture.width) // 2, top + (height - picture.height) // 2)
            page.alpha_composite(picture, at)
        draw.text(middle, _short(draw, variation.label, font, width), TEXT, font, anchor="mm")
    return np.asarray(page)


def _wanted(item: AnyFilter, params: Any, seed: int, parsed: argparse.Namespace) -> list[Variation]:
    if not 32 <= parsed.side <= LARGEST_SIDE:
        raise UserError(f"A side of {parsed.side} is not possible", "", f"Give 32 to {LARGEST_SIDE}")
    if not LEAST <= parsed.count <= MOST:
        raise UserError(f"{parsed.count} pictures are not possible", "", f"Give {LEAST} to {MOST}")
    if not offers_sheet(item):
        raise UserError(
            f"There is no contact sheet of “{item.id}”", "It has too few parameters", "Choose another filter"
        )
    if missing(params):
        raise UserError("Nothing can be shown", missing(params), "Give it with --set NAME=FILE")
    return variations(item, params, seed, side=parsed.side, most=parsed.count)


def _short(draw: ImageDraw.ImageDraw, text: str, font: Any, room: int) -> str:
    """As much of a text as fits."""
    if draw.textlength(text, font) <= room:
        return text
    while text and draw.textlength(text + "…", font) > room:
        text = text[:-1]
    return text + "…"


def _tell(wanted: list[Variation], answers: list[Answer], console: Console, *, as_json: bool) -> None:
    """What each picture shows and how to get it."""
    if as_json:
        console.write_json(
            [
                {
                    "label": one.label,
                    "set": one.assignment,
                    "problem": answer.what if isinstance(answer, UserError) else "",
                }
                for one, answer in zip(wanted, answers, strict=True)
            ]
        )
        return
    for number, (one, answer) in enumerate(zip(wanted, answers, strict=True), 1):
        told = f"--set {shlex.quote(one.assignment)}" if one.assignment else ""
        problem = f"    {answer.what}" if isinstance(answer, UserError) else ""
        console.write(f"{number}  {one.label:28} {told}{problem}".rstrip())
