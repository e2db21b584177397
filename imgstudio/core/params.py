"""Declared parameters: one description drives forms, presets, the command line and checks."""

from __future__ import annotations

import dataclasses
import enum
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from imgstudio.core import colour_hints, tonecurve
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Transform

P = TypeVar("P")
Kind = Literal["number", "choice", "flag", "text", "file", "colour", "curve", "hints"]


GIVEN: Final = object()
"""Stands for any value but None."""


@dataclass(frozen=True, slots=True)
class Number:
    """Range of a numeric parameter; `soft_max` bounds the slider, `max` the value."""

    min: float
    max: float
    step: float = 1.0
    soft_max: float | None = None
    unit: str = ""
    log: bool = False
    decimals: int | None = None
    """Digits shown after the point; None: as `step` needs."""
    least_means: str = ""
    """What the least value is called instead of its number, such as "Automatic"."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Something that comes with the program and may be chosen instead of a file: its id is given as the path."""

    id: str
    label: str
    thumbnail: Path | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A file parameter; `suffixes` such as (".cube",), empty for any picture."""

    suffixes: tuple[str, ...] = ()
    presets: tuple[Preset, ...] = ()
    none_means: str = ""
    """What no file at all is called, such as "Layers below"."""


@dataclass(frozen=True, slots=True)
class Colour:
    """A "#rrggbb" text parameter with a colour picker."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A tone curve: points (x, y) in 0..1, x rising, two or more."""

    most_points: int = 16


@dataclass(frozen=True, slots=True)
class ColourHints:
    """A tuple of imgstudio.core.colour_hints.Hint, painted on the picture."""

    most: int = 100_000
    """Discs, of all strokes together."""


@dataclass(frozen=True, slots=True)
class Ui:
    """How a parameter is presented; never affects the result."""

    label: str = ""
    help: str = ""
    group: str = ""
    advanced: bool = False
    bare: bool = False
    """A number without a slider where the form is a single line."""
    histogram: bool = False
    """A number from black to white: the picture's histogram stands above it with a mark at its value."""
    visible_if: tuple[str, Any] | None = None
    """(name, value): shown only while that parameter has that value, or any at all if it is GIVEN."""


@dataclass(frozen=True, slots=True)
class Param:
    """One field of a parameter class, as forms and checks see it."""

    name: str
    kind: Kind
    type: type
    default: Any
    ui: Ui
    optional: bool = False
    """None is allowed and means automatic."""
    number: Number | None = None
    choices: tuple[Any, ...] = ()
    suffixes: tuple[str, ...] = ()
    presets: tuple[Preset, ...] = ()
    """Of a file."""
    none_means: str = ""
    """Of a file: what none is called."""
    most_points: int = 0
    """Of a curve, or the discs of colour hints."""

    @property
    def label(self) -> str:
        return self.ui.label or self.name.replace("_", " ").capitalize()

    @property
    def help(self) -> str:
        return self.ui.help

    def preset(self, path: Path | None) -> Preset | None:
        """The preset that a path names, unless there is a file of that name."""
        return preset_in(self.presets, path)

    def is_visible(self, values: Mapping[str, Any]) -> bool:
        """Whether it is shown while all parameters have these values."""
        if self.ui.visible_if is None:
            return True
        name, wanted = self.ui.visible_if
        return values[name] is not None if wanted is GIVEN else bool(values[name] == wanted)

    def check(self, value: Any) -> None:
        """Raise UserError when `value` is not allowed."""
        if value is None and self.optional:
            return
        problem = _problem(self, value)
        if problem:
            shown = "used" if self.kind == "hints" else repr(value)  # thousands of them say nothing
            raise UserError(f"“{self.label}” cannot be {shown}", problem, self.allowed())

    def allowed(self) -> str:
        """What the parameter accepts, as a sentence."""
        if self.choices:
            return "Choose one of: " + ", ".join(_plain(c) for c in self.choices)
        if self.number is not None:
            unit = f" {self.number.unit}" if self.number.unit else ""
            auto = ", or “auto”" if self.optional else ""
            return f"Give a number from {self.number.min:g} to {self.number.max:g}{unit}{auto}"
        kinds = f" ({', '.join(self.suffixes)})" if self.suffixes else ""
        presets = f", or one of: {', '.join(p.id for p in self.presets)}" if self.presets else ""
        return {
            "flag": "Give yes or no",
            "file": f"Give the path of a file{kinds}{presets}",
            "colour": "Give a colour such as #3366cc",
            "curve": f"Give 2 to {self.most_points} points from left to right, each from 0 to 1, "
            "such as 0,0;0.5,0.6;1,1",
            "hints": colour_hints.WRITE_THEM,
        }.get(self.kind, "Give a text")

    def parse(self, text: str) -> Any:
        """Read a value from the command line; raises UserError."""
        if self.optional and text.strip().lower() in ("", "auto", "none"):
            return None
        try:
            value = _parsers[self.kind](self, text.strip())
        except ValueError:
            raise UserError(f"“{self.label}” cannot be “{text}”", "", self.allowed()) from None
        self.check(value)
        return value


def preset_in(presets: tuple[Preset, ...], path: Path | None) -> Preset | None:
    """The preset that `path` names, unless there is a file of that name."""
    found = next((preset for preset in presets if str(path) == preset.id), None)
    return found if found is not None and path is not None and not path.is_file() else None


def describe(params_type: type) -> tuple[Param, ...]:
    """List the parameters declared by a frozen dataclass; raises TypeError on a bad declaration."""
    hints = get_type_hints(params_type, include_extras=True)
    return tuple(_param(field, hints[field.name]) for field in dataclasses.fields(params_type))


def check(params: Any) -> None:
    """Validate every field of a parameter object; raises UserError."""
    for param in describe(type(params)):
        param.check(getattr(params, param.name))


def to_json(params: Any) -> dict[str, Any]:
    """Values as JSON knows them, by name."""
    return {param.name: _to_plain(param, getattr(params, param.name)) for param in describe(type(params))}


def from_json(params_type: type[P], values: dict[str, Any]) -> P:
    """Make checked parameters; missing names take their default. Raises UserError."""
    known = {param.name: param for param in describe(params_type)}
    for name in values:
        if name not in known:
            raise UserError(
                f"There is no parameter “{name}”",
                "",
                "Known parameters: " + (", ".join(known) or "none"),
            )
    made = params_type(**{name: _from_plain(known[name], value) for name, value in values.items()})
    check(made)
    return made


def moved(params: P, transform: Transform) -> P:
    """The same for a picture that was moved, turned or resized since: colour hints go with it."""
    painted = [param.name for param in describe(type(params)) if param.kind == "hints"]
    places = {name: colour_hints.moved(getattr(params, name), transform) for name in painted}
    return dataclasses.replace(params, **places) if places else params  # type: ignore[type-var]  # as describe asks


def from_text(params_type: type[P], assignments: list[str]) -> P:
    """Make checked parameters from `name=value` texts. Raises UserError."""
    known = {param.name: param for param in describe(params_type)}
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UserError(f"“{assignment}” is not name=value", "", "Write for example --set radius=4")
        if name not in known:
            raise UserError(
                f"There is no parameter “{name}”", "", "Known parameters: " + (", ".join(known) or "none")
            )
        values[name] = known[name].parse(text)
    return params_type(**values)


def _param(field: dataclasses.Field[Any], hint: Any) -> Param:
    extras: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        extras = tuple(rest)
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        optional = type(None) in get_args(hint)
        (hint,) = (arg for arg in get_args(hint) if arg is not type(None))
    choices: tuple[Any, ...] = ()
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        hint = type(choices[0])
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        choices = tuple(hint)
    number = next((e for e in extras if isinstance(e, Number)), None)
    picture = next((e for e in extras if isinstance(e, Picture)), None)
    kind = _kind(hint, extras, choices)
    if kind == "number" and number is None:
        raise TypeError(f"{field.name}: a numeric parameter needs Number(min, max)")
    ui = next((e for e in extras if isinstance(e, Ui)), Ui())
    picture = picture or Picture()
    curves = (e.most_points for e in extras if isinstance(e, Curve))
    discs = (e.most for e in extras if isinstance(e, ColourHints))
    base = hint if isinstance(hint, type) else tuple
    return Param(
        field.name,
        kind,
        base,
        field.default,
        ui,
        optional,
        number,
        choices,
        picture.suffixes,
        picture.presets,
        picture.none_means,
        next(curves, next(discs, 0)),
    )


def _kind(hint: Any, extras: tuple[Any, ...], choices: tuple[Any, ...]) -> Kind:
    if choices:
        return "choice"
    for marker, kind in _markers.items():
        if any(isinstance(extra, marker) for extra in extras):
            return kind
    kinds: dict[Any, Kind] = {bool: "flag", int: "number", float: "number", str: "text", Path: "file"}
    if hint not in kinds:
        raise TypeError(f"no editor for {hint!r}")
    return kinds[hint]


_markers: dict[type, Kind] = {Picture: "file", Colour: "colour", Curve: "curve", ColourHints: "hints"}


def _problem(param: Param, value: Any) -> str:
    """Why the value is refused, or nothing."""
    if param.choices:
        return "" if value in param.choices else "It is not one of the choices"
    if param.kind == "number":
        return _number_problem(param, value)
    if param.kind == "flag":
        return "" if isinstance(value, bool) else "It is neither yes nor no"
    if param.kind == "colour":
        return "" if _is_colour(value) else "It is not a colour"
    if param.kind == "curve":
        return tonecurve.problem_of(value, param.most_points)
    if param.kind == "hints":
        return colour_hints.problem_of(value, param.most_points)
    if param.kind == "file":
        return "" if isinstance(value, Path) else "It is not a path"
    return "" if isinstance(value, str) else "It is not a text"


def _number_problem(param: Param, value: Any) -> str:
    assert param.number is not None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "It is not a number"
    if param.type is int and value != int(value):
        return "It is not a whole number"
    if not param.number.min <= value <= param.number.max:
        return f"It is outside {param.number.min:g} to {param.number.max:g}"
    return ""


def _is_colour(value: Any) -> bool:
    digits = value[1:] if isinstance(value, str) and value.startswith("#") else ""
    return len(digits) == 6 and all(c in "0123456789abcdefABCDEF" for c in digits)


def _plain(value: Any) -> str:
    return str(value.value) if isinstance(value, enum.Enum) else str(value)


def _to_plain(param: Param, value: Any) -> Any:
    if param.kind == "hints" and value is not None:
        return colour_hints.to_plain(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return [_to_plain(param, item) for item in value]
    return value


def _from_plain(param: Param, value: Any) -> Any:
    if value is None:
        return None
    if param.kind == "choice":
        return next((c for c in param.choices if _plain(c) == _plain(value)), value)
    if param.kind == "file" and isinstance(value, str):
        return Path(value)
    if param.kind == "curve" and isinstance(value, list):
        return tuple(tuple(point) if isinstance(point, list) else point for point in value)
    if param.kind == "hints":
        return colour_hints.hints_of(value)
    if param.kind == "number" and param.type is float and type(value) is int:
        return float(value)
    return value


def _parse_number(param: Param, text: str) -> float | int:
    return int(text) if param.type is int else float(text)


def _parse_flag(param: Param, text: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "on": True}
    words |= {"no": False, "false": False, "0": False, "off": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _parse_choice(param: Param, text: str) -> Any:
    for choice in param.choices:
        if _plain(choice).lower() == text.lower():
            return choice
    raise ValueError(text)


_parsers: dict[Kind, Any] = {
    "number": _parse_number,
    "flag": _parse_flag,
    "choice": _parse_choice,
    "curve": lambda param, text: tonecurve.points_from_text(text),
    "hints": lambda param, text: colour_hints.hints_from_text(text),
    "file": lambda param, text: Path(text),
    "text": lambda param, text: text,
    "colour": lambda param, text: text,
}
