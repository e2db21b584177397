"""Lists of class names as other programs keep them: one a line, with numbers or colours, or in a YAML file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.source import contents
from imgstudio.core.labels import BACKGROUND, UNSEEN, LabelClass

NAME_FILES: Final = (
    "labelmap.txt", "label_colors.txt", "codes.txt", "classes.txt", "labels.txt", "class_names.txt", "label_names.txt",
    "names.txt",
)  # fmt: skip
"""Files of names that masks come with, the one that tells most first."""
BACKGROUND_NAMES: Final = frozenset({"background", "_background_", "bg"})
_VOID: Final = re.compile(
    r"_*(void|ignored?|unlabell?ed|unknown|unseen|don'?t ?care|out of roi|unclassified|no ?data)_*",
    re.IGNORECASE,
)
_COLOUR: Final = r"(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})"
_MOST_NAMES: Final = 256


@dataclass(frozen=True, slots=True)
class NamedClass:
    """A line of a list of classes."""

    name: str
    value: int
    """In masks; 255 for what counts neither way."""
    colour: tuple[int, int, int] | None = None

    @property
    def is_void(self) -> bool:
        """Whether it names what counts neither way."""
        return _VOID.fullmatch(self.name.strip()) is not None

    @property
    def meaning(self) -> int | None:
        """0 for background, 255 for what counts neither way, None for a class."""
        if self.is_void:
            return UNSEEN
        return BACKGROUND if self.name.strip().lower() in BACKGROUND_NAMES else None


def class_names(path: Path) -> tuple[NamedClass, ...]:
    """Read a list of names, one a line, in the order of their numbers; raises UserError.

    A line is a name, "number name", "red green blue name", "name red green blue" or "name:red,green,blue::";
    a first line `__ignore__` stands for -1, as labelme writes it.
    """
    text = contents(path).decode("utf-8-sig", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or len(lines) > _MOST_NAMES or max(map(len, lines)) > 300:
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
    return NamedClass(line, UNSEEN if number < 0 else number)


def _colour(texts: Iterable[str]) -> tuple[int, int, int]:
    red, green, blue = (min(int(text), 255) for text in texts)
    return (red, green, blue)


def yaml_names(path: Path) -> tuple[str, ...]:
    """The `names` of a YOLO data.yaml, as a list in brackets, by dashes or by numbers; raises UserError."""
    text = contents(path).decode("utf-8-sig", errors="replace")
    match = re.search(r"^names[ \t]*:[ \t]*(.*)$", text, re.MULTILINE)
    if match is None:
        raise UserError(
            f"{path.name} tells no class names", "It has no line “names:”.", "Choose another folder."
        )
    rest = match[1].strip() + text[match.end() :]
    if match[1].strip().startswith(("[", "{")):
        closing = "]" if match[1].strip()[0] == "[" else "}"
        items = re.findall(r"\"(?:\\.|[^\"])*\"|'(?:''|[^'])*'|[^,\n]+", rest[1:].split(closing, 1)[0])
        names = [_unquoted(re.sub(r"^\s*\d+\s*:\s*", "", item)) for item in items if item.strip()]
    else:
        names = []
        for line in text[match.end() :].splitlines()[1:]:
            item = re.match(r"\s*(?:-|\d+\s*:)\s+(.*)", line)
            if item is None and line.strip() and not line.strip().startswith("#"):
                break
            if item is not None:
                names.append(_unquoted(item[1]))
    return tuple(names)


def _unquoted(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            return text.strip('"')
    return text[1:-1].replace("''", "'") if text.startswith("'") and text.endswith("'") else text


def unnamed(number: int) -> str:
    """What a class is called of which only the number is known."""
    return f"class {number}"


Line: TypeAlias = Callable[[LabelClass, str], str]
"""The line of a list that tells a class by a name."""


def told_names(
    classes: Iterable[LabelClass],
    line: Line | None = None,
    *,
    reserved: Iterable[str] = (),
    without: str = "",
) -> dict[int, str]:
    """Value -> name that an export uses: the class's own, or one like it where that would be read otherwise.

    `without` are characters that mean something in the format, `reserved` names (in lower case) that do.
    """
    taken = {name.lower() for name in reserved}
    out: dict[int, str] = {}
    for known in classes:
        plain = known.name.translate({ord(character): "_" for character in without})
        joined = plain.replace(" ", "_")
        choices = (plain, joined, f"_{joined}", f"class {plain}", f"class_{joined}", f"class-{known.value}-")
        name = next(
            (name for name in choices if name not in taken and _is_read(known, name, line, taken)),
            choices[-1],
        )
        out[known.value] = name
        taken.add(name)
    return out


def _is_read(known: LabelClass, name: str, line: Line | None, taken: set[str]) -> bool:
    """Whether a reader of the list gets back the name, and takes it for a class."""
    if line is None:
        return name.lower() not in taken
    read = _named(line(known, name), known.value)
    return read.name == name and read.meaning is None


def renamed(classes: Iterable[LabelClass], names: Mapping[int, str]) -> tuple[tuple[str, str], ...]:
    """Old and new name of classes that an export calls otherwise."""
    return tuple((c.name, names[c.value]) for c in classes if names[c.value] != c.name)
