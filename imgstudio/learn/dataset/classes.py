"""Names, shares and weights of the classes of a segmentation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.source import contents
from imgstudio.learn.dataset.report import ClassShare

NAME_FILES: Final = (
    "codes.txt", "classes.txt", "labels.txt", "class_names.txt", "label_names.txt", "names.txt",
    "label_colors.txt", "labelmap.txt",
)  # fmt: skip
_VOID_NAMES: Final = re.compile(
    r"_*(void|ignored?|unlabell?ed|unknown|don'?t ?care|out of roi|unclassified|no ?data)_*", re.IGNORECASE
)
_COLOUR: Final = r"(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})"
_MOST_NAMES: Final = 256
_HEAVIEST: Final = 8.0
"""A class this many times rarer than the mean counts no more than this many times as much."""


@dataclass(frozen=True, slots=True)
class NamedClass:
    """A line of a file of class names."""

    name: str
    value: int
    colour: tuple[int, int, int] | None = None

    @property
    def is_void(self) -> bool:
        return _VOID_NAMES.fullmatch(self.name.strip()) is not None


def class_names(path: Path) -> tuple[NamedClass, ...]:
    """Read a file of class names, one a line, in the order of their numbers.

    A line is a name, "number name", "red green blue name", "name red green blue" or "name:red,green,blue::";
    a first line `__ignore__` stands for -1, as labelme writes it. Raises UserError.
    """
    text = contents(path).decode("utf-8-sig", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or len(lines) > _MOST_NAMES or max(map(len, lines)) > 200:
        raise UserError(
            f"{path.name} is no list of class names",
            f"It has {len(lines)} lines; a list has one class name a line, at most {_MOST_NAMES}.",
            "Write one class name a line, in the order of their numbers in the masks.",
        )
    first = -1 if lines[0] == "__ignore__" else 0
    return tuple(_named(line, number) for number, line in enumerate(lines, start=first))


def _named(line: str, number: int) -> NamedClass:
    if match := re.fullmatch(rf"{_COLOUR}[\s,:]+(.+)", line):
        *colour, name = match.groups()
        return NamedClass(name.strip(), number, _colour(colour))
    if match := re.fullmatch(rf"(.+?)[\s,:]+{_COLOUR}[\s:]*", line):
        name, *colour = match.groups()
        return NamedClass(name.strip(), number, _colour(colour))
    if match := re.fullmatch(r"(\d{1,3})[\s:,;]+(\D.*)", line):
        return NamedClass(match[2].strip(), int(match[1]))
    return NamedClass(line, 255 if number < 0 else number)


def _colour(texts: Sequence[str]) -> tuple[int, int, int]:
    red, green, blue = (min(int(text), 255) for text in texts)
    return (red, green, blue)


def class_weights(classes: Sequence[ClassShare]) -> npt.NDArray[np.float32]:
    """(classes,) weights for a loss: square root of the inverse share, 1 on the average pixel.

    The root tames what plain inverse frequency does to rare classes; no weight is more than 8 times another
    class's mean. Classes that never occur get 0.
    """
    shares = np.array([known.share for known in classes], np.float64)
    present = shares > 0
    if not present.any():
        return np.ones(len(shares), np.float32)
    weights = np.zeros_like(shares)
    weights[present] = 1 / np.sqrt(shares[present])
    weights /= (weights * shares).sum() / shares.sum()
    return np.minimum(weights, _HEAVIEST).astype(np.float32)
