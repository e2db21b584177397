"""What the user may set, declared once: the settings dialog, the checks and the file follow."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple

from psygnal import Signal

from imgstudio.core.colour_text import code_of, colour_of
from imgstudio.core.errors import UserError
from imgstudio.core.params import Number, Param, Ui, describe
from imgstudio.core.paths import ensured, file_errors, user_config, write_atomically

logger = logging.getLogger(__name__)

RECENT_LIMIT: Final = 12


@dataclass(frozen=True, eq=False)
class Appearance:
    theme: Annotated[Literal["dark", "light"], Ui(help="Dark grey judges colour best.")] = "dark"
    ui_scale: Annotated[
        int, Number(100, 250, step=25, unit="%"), Ui(label="Interface size", help="Used at the next start.")
    ] = 100
    canvas_surround: Annotated[
        Literal["theme", "black", "grey", "white"],
        Ui(label="Surround", help="The colour around the picture."),
    ] = "theme"


@dataclass(frozen=True, eq=False)
class Editing:
    wheel_action: Annotated[
        Literal["zoom", "scroll"], Ui(label="Mouse wheel", help="With Ctrl it always zooms.")
    ] = "zoom"
    autosave_minutes: Annotated[
        int,
        Number(0, 60, unit="min", least_means="Never"),
        Ui(label="Autosave every", help="For recovery after a crash."),
    ] = 2
    key_preset: Annotated[
        Literal["imgstudio", "photoshop", "krita", "gimp"],
        Ui(label="Keyboard", help="Your own keys are kept on top of it."),
    ] = "imgstudio"


@dataclass(frozen=True, eq=False)
class Files:
    metadata: Annotated[
        Literal["keep", "no_location", "strip"],
        Ui(help="What an export keeps: all, all but the place, or nothing."),
    ] = "keep"
    jpeg_quality: Annotated[
        int, Number(1, 100), Ui(label="JPEG quality", help="From 92 on, colour keeps its full resolution.")
    ] = 92
    max_megapixels: Annotated[
        int,
        Number(10, 10_000, soft_max=2000, unit="MP", log=True),
        Ui(label="Largest picture", help="Larger files are refused before they fill the memory."),
    ] = 400


@dataclass(frozen=True, eq=False)
class Performance:
    undo_memory_mb: Annotated[
        int,
        Number(64, 262_144, step=64, soft_max=8192, unit="MB", log=True),
        Ui(label="Memory for undo", help="Older steps are forgotten beyond it."),
    ] = 1024
    memory_budget_mb: Annotated[
        int,
        Number(0, 1_048_576, step=256, soft_max=32_768, unit="MB", least_means="Automatic"),
        Ui(label="Memory for filters", help="Automatic takes what is free."),
    ] = 0
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], Ui(label="Compute on", help="Automatic takes the fastest.")
    ] = "auto"
    threads: Annotated[
        int,
        Number(0, 256, soft_max=32, least_means="Automatic"),
        Ui(label="Processor cores", help="Automatic leaves one to the window."),
    ] = 0


@dataclass(frozen=True, eq=False)
class Remembered:
    """What the program remembers by itself; never shown in the dialog."""

    custom_keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Action id -> key sequence as Qt writes it ("Ctrl+Shift+I"); "" = no key."""
    recent_files: tuple[str, ...] = ()
    """Absolute paths, newest first, at most `RECENT_LIMIT`."""
    recent_projects: tuple[str, ...] = ()
    """Absolute paths of label projects, newest first."""
    window_layout: str = ""
    """Opaque text that the window makes and reads."""
    first_start: bool = True
    tours_done: tuple[str, ...] = ()
    colour_palettes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Name -> colours as "#rrggbb"; the user's own palettes, and those of the program that were changed."""
    colour_palette: str = ""
    """The one that is shown, "" for the first."""
    hint_colour: str = "#c68863"
    """What colour hints are painted with."""


class Section(NamedTuple):
    """One page of the settings dialog."""

    title: str
    declared: type

    def params(self) -> tuple[Param, ...]:
        return describe(self.declared)


SECTIONS: Final = (
    Section("Appearance", Appearance),
    Section("Editing", Editing),
    Section("Files", Files),
    Section("Performance", Performance),
)


class Settings(Appearance, Editing, Files, Performance, Remembered):
    """Guards that every value is allowed and that the file holds only what differs from the defaults.

    Read as typed attributes (`settings.theme`), change with `set`. Belongs to one thread. Each change is
    merged into the file as it is on disk, so two windows do not wipe each other's settings and keys
    written by a newer version are kept.
    """

    changed = Signal(str)
    """The name of the setting that has a new value."""

    def __init__(self, path: Path | None = None) -> None:
        """Read `path`; None keeps the settings in memory only. Never fails: trouble gives defaults."""
        super().__init__()
        self._path: Path | None
        self._put("_path", path)
        for name in _DEFAULTS:
            self._put(name, _DEFAULTS[name])
        for name, stored in self._stored().items():
            if name not in _DEFAULTS:
                continue
            try:
                self._put(name, _checked(name, stored))
            except UserError as error:
                logger.warning("A setting was refused, its default is used: %s", error)

    @classmethod
    def of_user(cls) -> Settings:
        """The settings file in the user's configuration folder."""
        return cls(user_config() / "settings.json")

    def value(self, name: str) -> Any:
        """The value under a name that is only known at run time (forms); raises UserError."""
        _must_exist(name)
        return getattr(self, name)

    def set(self, name: str, value: object) -> None:
        """Check, apply, announce and store; raises UserError.

        When only storing fails, the value still holds until the program ends.
        """
        _must_exist(name)
        checked = _checked(name, value)
        if checked == getattr(self, name):
            return
        self._put(name, checked)
        self.changed.emit(name)
        self._store(name)

    def reset(self, name: str) -> None:
        _must_exist(name)
        self.set(name, _DEFAULTS[name])

    def add_recent(self, path: Path) -> None:
        """Put `path` on top of the recent files; a failure to store is only logged."""
        entry = str(path.absolute())
        others = tuple(p for p in self.recent_files if p != entry)
        self._remember("recent_files", (entry, *others)[:RECENT_LIMIT])

    def forget_recent(self, path: Path | None = None) -> None:
        """Take `path`, or everything, off the recent files."""
        entry = None if path is None else str(path.absolute())
        left = () if entry is None else tuple(p for p in self.recent_files if p != entry)
        self._remember("recent_files", left)

    def _remember(self, name: str, value: object) -> None:
        try:
            self.set(name, value)
        except UserError as error:
            logger.warning("Could not remember %s: %s", name, error)

    def _put(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _stored(self) -> dict[str, Any]:
        return _read(self._path) if self._path is not None else {}

    def _store(self, name: str) -> None:
        if self._path is None:
            return
        stored = self._stored()
        value = getattr(self, name)
        if value == _DEFAULTS[name]:
            stored.pop(name, None)
        else:
            stored[name] = dict(value) if isinstance(value, Mapping) else value
        ensured(self._path.parent)
        write_atomically(self._path, json.dumps(stored, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


_DEFAULTS: Final[dict[str, Any]] = {
    f.name: f.default if f.default is not dataclasses.MISSING else MappingProxyType({})
    for declared in (*(section.declared for section in SECTIONS), Remembered)
    for f in dataclasses.fields(declared)
}


def _read(path: Path) -> dict[str, Any]:
    """Return what the file holds; a damaged one is set aside as `.damaged` and counts as empty."""
    try:
        with file_errors(path):
            stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {str(name): value for name, value in stored.items()}
    except UserError as error:
        logger.warning("The settings could not be read: %s", error)
    except (ValueError, AttributeError, RecursionError) as error:  # not JSON, or JSON but no object
        aside = path.with_name(path.name + ".damaged")
        logger.warning("The settings file is damaged (%s); it is kept as %s", error, aside)
        with contextlib.suppress(OSError):
            path.replace(aside)
    return {}


def _must_exist(name: str) -> None:
    if name not in _DEFAULTS:
        raise UserError(
            f"There is no setting “{name}”", "", "Known settings: " + ", ".join(sorted(_DEFAULTS))
        )


def _checked(name: str, value: object) -> Any:
    """Return `value` as it is kept, or raise UserError."""
    own = _REMEMBERED_CHECKS.get(name)
    if own is not None:
        return own(name, value)
    param = next(p for section in SECTIONS for p in section.params() if p.name == name)
    if type(value) is not param.type:
        raise _refused(param.label, value, param.allowed())
    param.check(value)
    return value


def _refused(label: str, value: object, what_to_do: str = "") -> UserError:
    return UserError(f"“{label}” cannot be set to {value!r}", "", what_to_do)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refused(name, value)
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _refused(name, value)
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise _refused(name, value)
    return tuple(_text(name, item) for item in value)


def _keys(name: str, value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise _refused(name, value)
    return MappingProxyType({_text(name, action): _text(name, keys) for action, keys in value.items()})


def _palettes(name: str, value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise _refused(name, value)
    return MappingProxyType({_text(name, key): _codes(name, colours) for key, colours in value.items()})


def _codes(name: str, value: object) -> tuple[str, ...]:
    return tuple(_code(name, code) for code in _texts(name, value))


def _code(name: str, value: object) -> str:
    colour = colour_of(_text(name, value))
    if colour is None:
        raise _refused(name, value, "Give a colour such as #c08060")
    return code_of(colour)


_REMEMBERED_CHECKS: Final = {
    "custom_keys": _keys,
    "recent_files": lambda name, value: _texts(name, value)[:RECENT_LIMIT],
    "recent_projects": lambda name, value: _texts(name, value)[:RECENT_LIMIT],
    "window_layout": _text,
    "first_start": _flag,
    "tours_done": _texts,
    "colour_palettes": _palettes,
    "colour_palette": _text,
    "hint_colour": _code,
}
