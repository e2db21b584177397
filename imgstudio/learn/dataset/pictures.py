"""Read pictures for training: usual files fast, unusual ones as the editor opens them."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import channels
from imgstudio.core.imageformats.guard import Damaged, guarded
from imgstudio.core.imageformats.jpegtables import estimated_quality
from imgstudio.core.imageformats.source import contents
from imgstudio.core.labelproject.header import FILE, FOLDERS, is_header
from imgstudio.core.labelproject.pictures import counting_order
from imgstudio.core.pixels import to_depth

Bytes = npt.NDArray[np.uint8]

THUMB: Final = 16
"""Side of the thumbnails by which pictures are compared."""
_USUAL_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP")
_USUAL_MODES: Final = ("RGB", "RGBA", "L", "LA", "P", "1")
_PARTLY_THERE: Final = ("The file is damaged", "The file ends too early", "Parts of the picture are missing")
"""How warnings begin that tell of lost pixels."""
_MOST_PIXELS: Final = 100_000_000
_ORIENTATION, _EXIF_IFD, _TAKEN, _CHANGED = 0x0112, 0x8769, 0x9003, 0x0132
_DATE: Final = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True, eq=False, slots=True)
class PictureFacts:
    """What one look at a picture file tells."""

    path: Path
    problem: str = ""
    """Why it cannot be used, as a sentence; everything else is empty then."""
    width: int = 0
    height: int = 0
    """As shown (EXIF turned)."""
    orientation: int = 1
    sha256: str = ""
    thumb: Bytes | None = None
    """(16, 16, 3)."""
    taken: float | None = None
    """Seconds, by the camera's clock."""
    quality: int | None = None
    """Of a JPEG, 1..100."""


def is_picture(path: Path) -> bool:
    """Whether the name is one that the editor opens."""
    return path.suffix.lower() in imagefile.READABLE


def files_in(folder: Path) -> list[Path]:
    """All files under `folder` in the order of their names, as people count ("img2" before "img10").

    Hidden files and folders are passed over, and what a label project keeps in folders of its own; links to folders are
    followed, each folder once. Raises UserError.
    """
    if not folder.is_dir():
        raise UserError(
            f"“{folder.name or folder}” is not a folder", f"No folder is at {folder}.", "Choose another."
        )
    found: list[Path] = []
    been: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in been:  # a link that leads back
            folders.clear()
            continue
        been.add(real)
        own = FOLDERS if is_header(Path(place, FILE)) else ()
        folders[:] = sorted(
            name for name in folders if not (name.startswith(".") or name == "__MACOSX" or name in own)
        )
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found, key=lambda path: counting_order(path.as_posix()))


def read_picture(path: Path) -> Bytes:
    """(h, w, 3) 8-bit RGB, upright; alpha is dropped. Raises UserError."""
    data = contents(path)
    try:
        return guarded(lambda: _usual_pixels(data))
    except Damaged:
        pixels = to_depth(whole_file(path).pixels, np.uint8)
        return np.ascontiguousarray(pixels[..., :3])


def whole_file(path: Path) -> imagefile.ImageFile:
    """A picture as the editor opens it; raises UserError, also when pixels are lost."""
    file = imagefile.read(path)
    for warning in file.warnings:
        if warning.startswith(_PARTLY_THERE):
            raise UserError(f"{path.name} is damaged", warning, "Look for another copy.")
    return file


def _usual_pixels(data: bytes) -> Bytes:
    """Pixels of a usual file; raises anything on another one."""
    with _opened(data) as picture:
        pixels = np.asarray(picture.convert("RGB"))
        return np.ascontiguousarray(channels.upright(pixels, _orientation(picture)))


def picture_facts(path: Path) -> PictureFacts:
    """Decode a picture as small as its format allows; whatever is wrong becomes `problem`."""
    try:
        data = contents(path)
        try:
            return guarded(lambda: _usual_facts(path, data))
        except Damaged:
            return _unusual_facts(path, data)
    except UserError as error:
        return PictureFacts(path, problem=str(error))


def _usual_facts(path: Path, data: bytes) -> PictureFacts:
    with _opened(data) as picture:
        orientation, taken = _orientation(picture), _taken(picture)
        width, height = picture.size
        quality = _quality(picture)
        picture.draft("RGB", (4 * THUMB, 4 * THUMB))  # a JPEG decodes itself at 1/8, all bytes are still read
        pixels = channels.upright(np.asarray(picture.convert("RGB")), orientation)
    if orientation >= 5:
        width, height = height, width
    sha256 = hashlib.sha256(data).hexdigest()
    return PictureFacts(path, "", width, height, orientation, sha256, _thumb(pixels), taken, quality)


def _unusual_facts(path: Path, data: bytes) -> PictureFacts:
    file = whole_file(path)
    height, width = file.pixels.shape[:2]
    thumb = _thumb(to_depth(file.pixels, np.uint8)[..., :3])
    # the pixels are upright already, so a mask of another orientation cannot be matched by EXIF
    return PictureFacts(path, "", width, height, 1, hashlib.sha256(data).hexdigest(), thumb)


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    with Image.open(io.BytesIO(data), formats=_USUAL_FORMATS) as picture:
        if picture.mode not in _USUAL_MODES or picture.width * picture.height > _MOST_PIXELS:
            raise ValueError("an unusual picture")
        yield picture


def _thumb(pixels: npt.NDArray[Any]) -> Bytes:
    return np.asarray(cv2.resize(pixels, (THUMB, THUMB), interpolation=cv2.INTER_AREA), np.uint8)


def _orientation(picture: Image.Image) -> int:
    value = picture.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _taken(picture: Image.Image) -> float | None:
    exif = picture.getexif()
    if not exif:
        return None
    for value in (exif.get_ifd(_EXIF_IFD).get(_TAKEN), exif.get(_CHANGED)):
        match = _DATE.match(value) if isinstance(value, str) else None
        if match:
            with contextlib.suppress(ValueError):
                year, month, day, hour, minute, second = (int(part) for part in match.groups())
                return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    return None


def _quality(picture: Image.Image) -> int | None:
    tables: dict[int, Any] = getattr(picture, "quantization", {})
    luma = tables.get(0)
    return _quality_of(tuple(luma)) if luma is not None and len(luma) == 64 else None


@functools.lru_cache(maxsize=256)
def _quality_of(luma: tuple[int, ...]) -> int:
    return estimated_quality(np.asarray(luma).reshape(8, 8))
