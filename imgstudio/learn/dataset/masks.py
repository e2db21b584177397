"""Read mask files as they are stored, and as the classes that a training learns."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import channels
from imgstudio.core.imageformats.guard import Damaged, guarded
from imgstudio.core.imageformats.source import contents
from imgstudio.core.labelformats.coco import read_coco
from imgstudio.core.labelformats.labelme import IGNORED_LABEL, read_labelme
from imgstudio.core.labels import LabelledImage, index_mask
from imgstudio.core.paths import file_errors
from imgstudio.core.pixels import to_depth
from imgstudio.learn.dataset.pictures import whole_file
from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Sample

Bytes = npt.NDArray[np.uint8]
MaskKind = Literal["classes", "colours", "binary", "objects", "labelme", "coco"]
"""What the pixels of a mask mean: class numbers, class colours, figure on ground, object numbers; or a label file."""
VOID: Final = 255
"""In read masks: counts neither way."""
MASK_KIND, MASK_TURN, COCO_NAME = "mask", "turn", "image"
"""Keys of `Sample.extra`: how to read the mask, its EXIF turn, the picture's name in a COCO file."""
_MOST_COLOURS: Final = 4096
_MOST_PIXELS: Final = 100_000_000


@dataclass(frozen=True, eq=False, slots=True)
class StoredMask:
    """A mask file's pixels before anyone says what they mean."""

    pixels: npt.NDArray[Any]
    """(h, w) uint8 or uint16 numbers, or (h, w, 3) uint8 colours."""
    palette: Bytes | None = None
    """(n, 3) of a file with a palette."""

    @property
    def is_coloured(self) -> bool:
        return self.pixels.ndim == 3

    def packed(self) -> npt.NDArray[np.int32]:
        """(h, w) colours as 0xRRGGBB."""
        pixels = self.pixels
        if pixels.ndim == 2:
            palette = self.palette
            if palette is None:
                palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
            pixels = palette[np.minimum(pixels, len(palette) - 1)]
        red, green, blue = (pixels[..., n].astype(np.int32) for n in range(3))
        return (red << 16) | (green << 8) | blue


@dataclass(frozen=True, eq=False, slots=True)
class MaskFacts:
    """What one look at a mask tells."""

    path: Path
    problem: str = ""
    """Why it cannot be used, as a sentence."""
    width: int = 0
    height: int = 0
    values: Mapping[int, int] = field(default_factory=dict)
    """Stored number -> pixels; of a coloured file 0xRRGGBB -> pixels, the most frequent 4096."""
    colours: Mapping[int, int] = field(default_factory=dict)
    """Of a file with a palette: number -> 0xRRGGBB, for the numbers that occur."""
    is_coloured: bool = False
    is_lossy: bool = False
    is_deep: bool = False
    """More than 8 bits a pixel."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Of a label file: name -> pixels; the background is "" and ignored places are `__ignore__`."""
    boxes: int = 0
    """Labels that are only rectangles."""
    notes: tuple[str, ...] = ()


def stored_mask(path: Path) -> StoredMask:
    """Pixels of a mask file, upright; grey RGB files count as numbers. Raises UserError."""
    data = contents(path)
    try:
        return guarded(lambda: _usual(data))
    except Damaged:
        pixels = to_depth(whole_file(path).pixels, np.uint8)[..., :3]
        return StoredMask(_flattened(np.ascontiguousarray(pixels)))


def _usual(data: bytes) -> StoredMask:
    with Image.open(io.BytesIO(data)) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            raise ValueError("an unusual mask")
        palette = None
        if picture.mode in ("P", "PA"):
            palette = np.asarray(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
        pixels = _numbers(picture)
        return StoredMask(channels.upright(pixels, picture.getexif().get(0x0112, 1)), palette)


def _numbers(picture: Image.Image) -> npt.NDArray[Any]:
    mode = picture.mode
    if mode == "1":
        return np.asarray(picture).astype(np.uint8)
    if mode in ("P", "L"):
        return np.array(picture)
    if mode in ("LA", "PA"):
        return np.ascontiguousarray(np.asarray(picture)[..., 0])
    if mode == "I" or mode.startswith("I;16"):
        return np.clip(np.asarray(picture), 0, 65535).astype(np.uint16)
    if mode == "RGB":
        return _flattened(np.array(picture))
    if mode == "RGBA":
        pixels = np.array(picture)
        return _flattened(pixels[..., :3] * (pixels[..., 3:] > 0))
    raise ValueError("an unusual mask")


def _flattened(pixels: Bytes) -> Bytes:
    is_grey = (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()
    return np.ascontiguousarray(pixels[..., 0]) if is_grey else pixels


def mask_facts(path: Path) -> MaskFacts:
    """Decode a mask and count its numbers or colours; whatever is wrong becomes `problem`."""
    try:
        mask = stored_mask(path)
    except UserError as error:
        return MaskFacts(path, problem=str(error))
    height, width = mask.pixels.shape[:2]
    values = _counted(mask.packed() if mask.is_coloured else mask.pixels)
    colours: dict[int, int] = {}
    if mask.palette is not None:
        palette = mask.palette.astype(int)
        colours = {value: int(palette[value] @ (65536, 256, 1)) for value in values if value < len(palette)}
    return MaskFacts(
        path,
        width=width,
        height=height,
        values=values,
        colours=colours,
        is_coloured=mask.is_coloured,
        is_lossy=path.suffix.lower() in (".jpg", ".jpeg", ".webp"),
        is_deep=mask.pixels.dtype == np.uint16,
    )


def _counted(numbers: npt.NDArray[Any]) -> dict[int, int]:
    if numbers.dtype == np.uint8:
        counts = cv2.calcHist([numbers], [0], None, [256], [0, 256]).ravel().astype(np.int64)
        present = np.flatnonzero(counts)
        return {int(value): int(counts[value]) for value in present}
    present, counts = np.unique(numbers, return_counts=True)
    order = np.sort(np.argsort(-counts)[:_MOST_COLOURS])
    return {int(present[n]): int(counts[n]) for n in order}


def label_facts(image: LabelledImage, path: Path) -> MaskFacts:
    """The same for one picture of a label file; its size must be known."""
    names = list(dict.fromkeys(region.label for region in image.regions))[:VOID]
    mask = index_mask(image, {name: number for number, name in enumerate(names, start=1)})
    counts = _counted(mask)
    return MaskFacts(
        path,
        width=image.width,
        height=image.height,
        labels={("", *names)[value]: pixels for value, pixels in counts.items()},
        boxes=sum(region.is_box for region in image.regions),
        notes=image.notes,
    )


class MaskReader:
    """Reads the target of any sample of a report as class indices. Thread-safe."""

    def __init__(self, classes: Sequence[ClassShare], ignored: int | None) -> None:
        self._classes = tuple(classes)
        self._ignored = ignored
        self.key = repr(([(known.name, known.value) for known in classes], ignored))
        """Changes when the same file would be read otherwise: part of a cache's names."""

    def __call__(self, sample: Sample) -> Bytes:
        """(h, w) indices into the report's classes, 255 where the mask is void; raises UserError.

        The size is the mask's own, which may differ from the picture's where the check scaled it.
        """
        assert sample.target is not None
        kind = sample.extra.get(MASK_KIND, "classes")
        if kind in ("labelme", "coco"):
            return self._from_labels(sample, kind)
        mask = _turned(stored_mask(sample.target), int(sample.extra.get(MASK_TURN, 1)))
        if kind == "colours":
            return self._from_colours(mask.packed())
        numbers = mask.pixels if mask.pixels.ndim == 2 else mask.pixels.max(2)
        if kind == "binary":
            return (numbers > self._classes[-1].value // 2).astype(np.uint8)
        if kind == "objects":
            return (numbers > 0).astype(np.uint8)
        return self._from_numbers(numbers)

    def _from_numbers(self, numbers: npt.NDArray[Any]) -> Bytes:
        table = np.full(65536 if numbers.dtype == np.uint16 else 256, VOID, np.uint8)
        for index, known in enumerate(self._classes):
            if known.value < len(table) and known.value != self._ignored:
                table[known.value] = index
        return table[numbers]

    def _from_colours(self, packed: npt.NDArray[np.int32]) -> Bytes:
        colours = np.array([known.value for known in self._classes])
        order = np.argsort(colours)
        place = np.minimum(np.searchsorted(colours[order], packed), len(colours) - 1)
        found = order[place].astype(np.uint8)
        return np.where(colours[order][place] == packed, found, np.uint8(VOID))

    def _from_labels(self, sample: Sample, kind: str) -> Bytes:
        assert sample.target is not None
        values = {known.name: index for index, known in enumerate(self._classes)} | {IGNORED_LABEL: VOID}
        image = labelled(sample.target, kind, str(sample.extra.get(COCO_NAME, "")))
        mask = index_mask(image.sized(sample.width, sample.height), values)
        return np.asarray(channels.upright(mask, int(sample.extra.get(MASK_TURN, 1))), np.uint8)


def mask_reader(report: DatasetReport) -> Callable[[Sample], Bytes]:
    """What reads the masks of a checked folder: indices in the order of `report.classes`, 255 = void."""
    return MaskReader(report.classes, report.ignored)


def labelled(path: Path, kind: str, name: str) -> LabelledImage:
    """Labels of one picture in a label file; `name` is the picture's in a COCO file. Raises UserError."""
    if kind == "labelme":
        return read_labelme(path)
    images = coco_images(path, changed_at(path))
    if name not in images:
        raise UserError(
            f"{path.name} no longer knows {name}", "The file has changed.", "Check the folder again."
        )
    return images[name]


@functools.lru_cache(maxsize=4)
def coco_images(path: Path, changed: int) -> Mapping[str, LabelledImage]:
    """By path as the file tells it; `changed` makes an edited file a new one. Raises UserError."""
    return {str(image.path): image for image in read_coco(path).images}


def changed_at(path: Path) -> int:
    """When the file was last written, in nanoseconds; raises UserError."""
    with file_errors(path):
        return path.stat().st_mtime_ns


def _turned(mask: StoredMask, orientation: int) -> StoredMask:
    return StoredMask(channels.upright(mask.pixels, orientation), mask.palette)
