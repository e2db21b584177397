"""The pictures of a project: found quickly, in the order in which people count, sizes read when asked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image

from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.guard import Damaged, guarded

_SKIPPED: Final = frozenset({"__MACOSX"})
_ORIENTATION: Final = 0x0112


def counting_order(name: str) -> list[tuple[int, int, str]]:
    """Sorting key that compares runs of digits as numbers: "img2" before "img10"."""
    pieces = re.split(r"([0-9]+)", name.lower())
    return [(1, int(piece), piece) if piece.isdecimal() else (0, 0, piece) for piece in pieces if piece]


def picture_names(folder: Path, is_own: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """POSIX paths of all pictures below `folder`, in counting order, and problems as sentences.

    Hidden files and folders are passed over, as are folders for which `is_own` (given their absolute path) is true;
    links to folders are followed, each folder once. A missing folder is a problem, not an error.
    """
    if not folder.is_dir():
        return [], [f"The folder of pictures is not there: {folder}."]
    names, problems = list[str](), list[str]()
    been = set[str]()
    waiting = [("", str(folder))]
    while waiting:
        prefix, place = waiting.pop()
        real = os.path.realpath(place)
        if real in been:  # a link that leads back
            continue
        been.add(real)
        try:
            with os.scandir(place) as items:
                found = list(items)
        except OSError as error:
            problems.append(f"The folder “{prefix or folder.name}” cannot be read: {error.strerror}.")
            continue
        for item in found:
            if item.name.startswith(".") or item.name in _SKIPPED:
                continue
            if item.is_dir():
                if not is_own(item.path):
                    waiting.append((f"{prefix}{item.name}/", item.path))
            elif _suffix(item.name) in imagefile.READABLE:
                names.append(prefix + item.name)
    names, unreadable = _texts(names)
    problems += [f"The name of the picture “{name}” is no valid text; it is left out." for name in unreadable]
    return sorted(names, key=counting_order), problems


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - ten thousand of them: a Path takes ten times longer


def _texts(names: list[str]) -> tuple[list[str], list[str]]:
    """Names that can be written into files, and others (bytes of another encoding) so that they can be shown."""
    good = [name for name in names if name.isprintable() or _is_text(name)]
    if len(good) == len(names):
        return names, []
    known = set(good)
    return good, [name.encode("utf-8", "replace").decode() for name in names if name not in known]


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height as shown (EXIF turned), from the first bytes where possible; raises UserError."""
    width, height, turn = _header(path)
    return (height, width) if turn >= 5 else (width, height)


def picture_turn(path: Path) -> int:
    """EXIF orientation, 1 where the file tells none; raises UserError."""
    return _header(path)[2]


def _header(path: Path) -> tuple[int, int, int]:
    """Width and height as stored, and the orientation."""
    if not path.is_file():
        raise UserError(f"{path.name} is not there", f"No file is at {path}.", "Look for another copy.")
    try:
        return guarded(lambda: _usual_header(path))
    except Damaged:
        facts = imagefile.info(path)
        width, height, turn = (int(str(facts[key])) for key in ("width", "height", "orientation"))
        return (height, width, turn) if turn >= 5 else (width, height, turn)


def _usual_header(path: Path) -> tuple[int, int, int]:
    with Image.open(path, formats=("JPEG", "PNG", "WEBP", "BMP")) as picture:
        turn = picture.getexif().get(_ORIENTATION, 1)
        return *picture.size, turn if turn in range(1, 9) else 1
