"""CVAT XML for images 1.1: outlines, and masks where outlines would say less."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import numpy as np

from imgstudio.core.colour_text import code_of, colour_of
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Format, Found, OutlineOptions, Picture, Says, Target
from imgstudio.core.labelformats.class_lists import BACKGROUND_NAMES, renamed, told_names
from imgstudio.core.labelformats.outlines import Drawn, drawn, plain, shapes_of
from imgstudio.core.labelformats.reading import begins_with, ring, some_files, whole
from imgstudio.core.labelformats.shapes import found_of
from imgstudio.core.labels import (
    LabelClass,
    LabelledImage,
    LabelProject,
    Outline,
    Patch,
    Region,
    Shape,
    class_colour,
)
from imgstudio.core.params import Ui
from imgstudio.core.paths import file_errors

_FILE: Final = "annotations.xml"
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff￾￿]")
"""Characters that XML cannot hold."""
_ELLIPSE_POINTS: Final = 96
_LARGEST: Final = 400_000_000


@dataclass(frozen=True)
class CvatOptions(OutlineOptions):
    shape: Annotated[
        Literal["auto", "polygon", "mask"],
        Ui(label="Things as", help="Auto: polygons, and masks where there are holes or several parts."),
    ] = "auto"


class _Writer:
    def __init__(self, target: Target, classes: Sequence[LabelClass], options: CvatOptions) -> None:
        self._target, self._options, self._classes = target, options, classes
        self._names = told_names(classes, reserved=BACKGROUND_NAMES)
        self._images: list[str] = []

    def add(self, picture: Picture) -> None:
        told = [
            text
            for item in drawn(picture, shapes_of(self._options.shape), self._options.tolerance)
            if item.thing.value in self._names
            for text in _shapes(item, self._names[item.thing.value])
        ]
        self._target.copy(picture, "images")
        head = (
            f'<image id="{len(self._images)}" name={_quoted(picture.file)}'
            f' width="{picture.width}" height="{picture.height}">'
        )
        self._images.append("\n".join([f"  {head}", *told, "  </image>"]))

    def finish(self) -> None:
        labels = [
            f"<label><name>{_text(self._names[known.value])}</name><color>{code_of(known.colour)}</color>"
            "<type>any</type><attributes></attributes></label>"
            for known in self._classes
        ]
        head = f"<meta><task><name>imgstudio</name><labels>{''.join(labels)}</labels></task></meta>"
        parts = [
            '<?xml version="1.0" encoding="utf-8"?>',
            "<annotations>",
            "  <version>1.1</version>",
            f"  {head}",
        ]
        self._target.write(_FILE, "\n".join([*parts, *self._images, "</annotations>"]) + "\n")


def _shapes(item: Drawn, name: str) -> list[str]:
    thing = item.thing
    group = "" if thing.number is None else f' group_id="{thing.number}"'
    common = f'label={_quoted(name)} source="manual" occluded="0"'
    if not item.rings:
        box = thing.box
        where = f'left="{box.x}" top="{box.y}" width="{box.width}" height="{box.height}"'
        runs = ", ".join(str(count) for count in _row_runs(thing.pixels.reshape(-1)))
        return [f'    <mask {common} rle="{runs}" {where} z_order="0"{group}></mask>']
    points = (";".join(f"{plain(x)},{plain(y)}" for x, y in ring.tolist()) for ring in item.rings)
    return [f'    <polygon {common} points="{told}" z_order="0"{group}></polygon>' for told in points]


def _row_runs(flat: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[int]:
    """Counts of 0, 1, 0, ... along the rows; the first may be 0."""
    edges = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [flat.size]])
    counts: list[int] = np.diff(edges).tolist()
    return [0, *counts] if flat[0] else counts


def _text(text: str) -> str:
    return _quoted(text)[1:-1]


def _quoted(text: str) -> str:
    return quoteattr(_CONTROL.sub("_", text), {'"': "&quot;"})


def _says(options: CvatOptions, classes: Sequence[LabelClass]) -> Says:
    tolerance = 0.0 if options.shape == "mask" else options.tolerance
    return Says(
        shapes_of(options.shape),
        objects="all",
        unseen=False,
        renamed=renamed(classes, told_names(classes, reserved=BACKGROUND_NAMES)),
        tolerance=tolerance,
        exact=("shape", "mask"),
    )


def _recognises(path: Path) -> bool:
    return any(begins_with(file, b"<annotations") for file in _files(path)[:3])


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".xml" else []
    return sorted(path.glob("*.xml"))


def _read(path: Path, progress: Progress) -> Found:
    images, notes = list[LabelledImage](), list[str]()
    colours: dict[str, tuple[int, int, int] | None] = {}
    for file in progress.track(some_files(path, _files(path), "CVAT"), "Reading"):
        root = _root(file)
        for label in root.iter("label"):
            name = (label.findtext("name") or "").strip()
            if name:
                colours.setdefault(name, colour_of(label.findtext("color") or ""))
        images += [_image(image, file, notes) for image in root.iter("image")]
        if root.find("track") is not None:
            notes.append(f"{file.name} holds tracks of a video; only labels of single pictures are read.")
    for region in (region for image in images for region in image.regions):
        colours.setdefault(region.label, None)
    classes = tuple(
        LabelClass(value, name, colour or class_colour(value), str(value) if value < 10 else "")
        for value, (name, colour) in enumerate(colours.items(), start=1)
    )
    return found_of(LabelProject(classes, tuple(images), tuple(notes)), {}, are_objects=False)


def _root(file: Path) -> ET.Element:
    with file_errors(file):
        data = file.read_bytes()
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise UserError(f"{file.name} cannot be read", "It declares entities, which label files never need.")
    try:
        return ET.fromstring(data)
    except ET.ParseError as error:
        raise UserError(
            f"{file.name} cannot be read",
            f"It is no valid XML: {error}.",
            "Export the labels again from the program that made them.",
        ) from error


def _image(image: ET.Element, file: Path, notes: list[str]) -> LabelledImage:
    name = image.get("name") or ""
    width, height = _count(image.get("width")), _count(image.get("height"))
    shapes = sorted(image, key=lambda shape: _count(shape.get("z_order")))
    regions = list[Region]()
    for number, shape in enumerate(shapes, start=1):
        try:
            regions += _regions(shape, width, height)
        except ValueError as problem:
            notes.append(f"Shape {number} of {name} was left out: {problem}.")
    return LabelledImage(file.parent / name, width, height, tuple(regions))


def _regions(shape: ET.Element, width: int, height: int) -> Iterator[Region]:
    if shape.tag == "tag":
        return
    make = _SHAPES.get(shape.tag)
    if make is None:
        raise ValueError(f"“{shape.tag}” has no area")
    label = (shape.get("label") or "").strip()
    if not label:
        raise ValueError("it has no label")
    group = _count(shape.get("group_id"))
    yield Region(label, make(shape), group or None, is_box=shape.tag == "box")


def _count(text: str | None) -> int:
    return whole(_number(text)) if text is not None else 0


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def _polygon(shape: ET.Element) -> Shape:
    pairs = [pair.split(",") for pair in (shape.get("points") or "").split(";")]
    points = ring([[_number(part) for part in pair] for pair in pairs if len(pair) == 2])
    if len(points) < 3:
        raise ValueError("it has fewer than three points")
    return Outline((points,))


def _box(shape: ET.Element) -> Shape:
    left, top, right, bottom = (_number(shape.get(name)) for name in ("xtl", "ytl", "xbr", "ybr"))
    corners = ring([[left, top], [right, top], [right, bottom], [left, bottom]])
    angle = math.radians(_number(shape.get("rotation") or "0"))
    middle = corners.mean(0)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return Outline(((corners - middle) @ turn + middle,))


def _ellipse(shape: ET.Element) -> Shape:
    x, y, across, down = (_number(shape.get(name)) for name in ("cx", "cy", "rx", "ry"))
    angles = np.arange(_ELLIPSE_POINTS) * (2 * np.pi / _ELLIPSE_POINTS)
    return Outline((ring(np.stack([x + across * np.cos(angles), y + down * np.sin(angles)], 1)),))


def _mask(shape: ET.Element) -> Shape:
    left, top, width, height = (_count(shape.get(name)) for name in ("left", "top", "width", "height"))
    if not 0 < width * height <= _LARGEST:
        raise ValueError("its mask tells no usable size")
    counts = [_number(text) for text in (shape.get("rle") or "").split(",")]
    if not all(count >= 0 and count == int(count) for count in counts if not math.isnan(count)):
        raise ValueError("its run lengths are not numbers")
    if any(math.isnan(count) for count in counts) or sum(counts) != width * height:
        raise ValueError(f"its run lengths do not fill {width} x {height} pixels")
    values = np.arange(len(counts)) % 2 == 1
    return Patch(left, top, np.repeat(values, np.array(counts, np.int64)).reshape(height, width))


_SHAPES: Final[Mapping[str, Callable[[ET.Element], Shape]]] = {
    "polygon": _polygon,
    "box": _box,
    "ellipse": _ellipse,
    "mask": _mask,
}

FORMAT: Final = Format(
    id="cvat",
    name="CVAT for images 1.1",
    help="One XML file for all pictures, as CVAT imports it.",
    options=CvatOptions,
    writer=_Writer,
    says=_says,
    recognises=_recognises,
    read=_read,
    order=50,
)
