"""Which models there are, whether they are whole, and the loaded ones."""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from psygnal import Signal

from imgstudio.core.errors import UserError
from imgstudio.core.paths import file_errors, models_folder, resources
from imgstudio.engine.discovery import declared
from imgstudio.engine.hashing import sha256_of_file
from imgstudio.engine.manifest import (
    MANIFEST_NAME,
    PREVIEW_NAME,
    WEIGHTS_NAME,
    Architecture,
    ModelManifest,
    manifest_from,
    read_json,
    read_manifest,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

logger = logging.getLogger(__name__)

State = Literal["installed", "missing", "altered"]
_CACHE_BYTES: Final = 1 << 30


class Problem(NamedTuple):
    """A model folder that was passed over."""

    folder: Path
    error: UserError


class _Found(NamedTuple):
    folder: Path
    manifest: ModelManifest


class _Key(NamedTuple):
    model_id: str
    sha256: str
    device: str
    dtype: str


class ModelRegistry:
    """Guards that a network is only built from weights whose checksum was seen to be right.

    The first root is the user's own and may be written; the others are shipped. Where two hold the same id,
    the first root wins. Listing belongs to one thread; `load` may be called from any.
    """

    changed = Signal()
    """Models came or went; emitted on the thread that called `refresh` or `remove`."""

    def __init__(self, *roots: Path, catalogue: Path | None = None, cache_bytes: int = _CACHE_BYTES) -> None:
        self._roots = roots
        self._catalogue_path = catalogue
        self._found: dict[str, _Found] | None = None
        self._problems: tuple[Problem, ...] = ()
        self._architectures: dict[str, Architecture] | None = None
        self._verified: dict[Path, tuple[tuple[int, int], str]] = {}
        self._loaded = _Loaded(cache_bytes)
        self._lock = threading.RLock()

    @classmethod
    def of_user(cls) -> ModelRegistry:
        """The user's models, the bundled ones and the shipped catalogue."""
        bundled = resources() / "models"
        return cls(models_folder(), bundled, catalogue=bundled / "catalogue.json")

    def manifests(self, task: str | None = None) -> tuple[ModelManifest, ...]:
        """Installed models by name; reads manifests only and touches no weights."""
        found = (entry.manifest for entry in self._listing().values())
        return tuple(sorted((m for m in found if task in (None, m.task)), key=lambda m: (m.name, m.id)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Folders that hold no usable model."""
        self._listing()
        return self._problems

    def catalogue(self) -> tuple[ModelManifest, ...]:
        """Known optional models, installed or not; their `source` says where they come from."""
        return read_catalogue(self._catalogue_path) if self._catalogue_path is not None else ()

    def manifest(self, model_id: str) -> ModelManifest:
        """Of an installed model; raises UserError."""
        return self._entry(model_id).manifest

    def folder(self, model_id: str) -> Path:
        return self._entry(model_id).folder

    def preview(self, model_id: str) -> Path | None:
        """The picture that shows what the model does, where it has one."""
        path = self._entry(model_id).folder / PREVIEW_NAME
        return path if path.is_file() else None

    def is_removable(self, model_id: str) -> bool:
        entry = self._listing().get(model_id)
        return entry is not None and bool(self._roots) and entry.folder.parent == self._roots[0]

    def state(self, model_id: str) -> State:
        """Whether the weights are there and are the right ones; hashes them when they are new to this process."""
        entry = self._listing().get(model_id)
        if entry is None or not (entry.folder / WEIGHTS_NAME).is_file():
            return "missing"
        return "installed" if self._is_whole(entry) else "altered"

    def verify(self, model_id: str) -> State:
        """As `state`, but always reads the whole file again."""
        with self._lock:
            entry = self._listing().get(model_id)
            if entry is not None:
                self._verified.pop(entry.folder / WEIGHTS_NAME, None)
            return self.state(model_id)

    def refresh(self) -> None:
        """Look at the folders again, after an installation or a training."""
        with self._lock:
            self._found = None
        self.changed.emit()

    def add_architecture(self, architecture: Architecture) -> None:
        """Raises ValueError, and changes nothing, when the id is taken."""
        self.add_architectures([architecture])

    def add_architectures(self, architectures: Iterable[Architecture]) -> None:
        """All or none of them; raises ValueError when an id is taken."""
        with self._lock:
            self._architectures = _joined(self._known_architectures(), architectures)

    def load(
        self, model_id: str, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> nn.Module:
        """Return the network on `device` (default cpu) in `dtype` (default float32), ready to run.

        Shared with other callers: do not change it. Raises UserError when the model is absent, altered or
        made for another version, OutOfMemory when it does not fit.
        """
        with self._lock:
            entry = self._entry(model_id)
            key = _Key(model_id, entry.manifest.sha256, str(device or "cpu"), str(dtype))
            if not (entry.folder / WEIGHTS_NAME).is_file():
                raise _missing(entry)
            if not self._is_whole(entry):
                raise _altered(entry)
            network = self._loaded.find(key)
            if network is None:
                network = self._built(entry, device, dtype)
                self._loaded.keep(key, network)
            return network

    def release(self) -> None:
        """Forget the loaded networks."""
        with self._lock:
            self._loaded.clear()

    def remove(self, model_id: str) -> None:
        """Delete a model of the user's own; raises UserError."""
        entry = self._entry(model_id)
        if not self.is_removable(model_id):
            raise UserError(f"“{entry.manifest.name}” cannot be removed", "It comes with the program.")
        with self._lock, file_errors(entry.folder):
            # Renamed first: a half deleted model must not be listed.
            aside = entry.folder.with_name(f".removed-{secrets.token_hex(6)}")
            entry.folder.rename(aside)
            self._loaded.clear()
            shutil.rmtree(aside)
        self.refresh()

    def _listing(self) -> dict[str, _Found]:
        with self._lock:
            if self._found is None:
                self._found, self._problems = _scan(self._roots)
            return self._found

    def _entry(self, model_id: str) -> _Found:
        entry = self._listing().get(model_id)
        if entry is None:
            raise UserError(
                f"The model “{model_id}” is not installed",
                "",
                "Install it in the model manager, then try again.",
            )
        return entry

    def _is_whole(self, entry: _Found) -> bool:
        weights = entry.folder / WEIGHTS_NAME
        with self._lock, file_errors(weights):
            status = weights.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            seen, digest = self._verified.get(weights, ((0, 0), ""))
            if seen != stamp:
                digest = sha256_of_file(weights)
                self._verified[weights] = (stamp, digest)
            return digest == entry.manifest.sha256

    def _built(self, entry: _Found, device: torch.device | None, dtype: torch.dtype | None) -> nn.Module:
        import torch

        from imgstudio.engine.device import guard

        architecture = self._known_architectures().get(entry.manifest.architecture)
        if architecture is None:
            raise UserError(
                f"“{entry.manifest.name}” cannot be used",
                f"Its network “{entry.manifest.architecture}” is not part of this version.",
                "Update imgstudio.",
            )
        with guard():
            network = _filled(architecture, entry)
            network.to(device=device, dtype=dtype).to(memory_format=torch.channels_last)
        return network.eval().requires_grad_(requires_grad=False)

    def _known_architectures(self) -> dict[str, Architecture]:
        if self._architectures is None:
            from imgstudio.engine import nets

            self._architectures = _joined({}, architectures_of(nets))
        return self._architectures


class _Loaded:
    """Guards that the kept networks, but for the newest, stay within `limit` bytes; least recently used go first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._networks: OrderedDict[_Key, tuple[nn.Module, int]] = OrderedDict()

    def find(self, key: _Key) -> nn.Module | None:
        if key not in self._networks:
            return None
        self._networks.move_to_end(key)
        return self._networks[key][0]

    def keep(self, key: _Key, network: nn.Module) -> None:
        tensors = (*network.parameters(), *network.buffers())
        self._networks[key] = (network, sum(tensor.nbytes for tensor in tensors))
        while len(self._networks) > 1 and sum(size for _, size in self._networks.values()) > self._limit:
            self._networks.popitem(last=False)

    def clear(self) -> None:
        self._networks.clear()


def architectures_of(package: ModuleType) -> list[Architecture]:
    """What the files of a package declare as ARCHITECTURE; imports them all."""
    return declared(package, "ARCHITECTURE", Architecture)


def read_catalogue(path: Path) -> tuple[ModelManifest, ...]:
    """Read a JSON list of manifests without weights; a missing file is an empty one. Raises UserError."""
    if not path.is_file():
        return ()
    entries = read_json(path)
    if not isinstance(entries, list):
        raise UserError(
            "The catalogue of models is damaged", f"{path} is not a list.", "Reinstall imgstudio."
        )
    return tuple(manifest_from(entry) for entry in entries)


def _scan(roots: Iterable[Path]) -> tuple[dict[str, _Found], tuple[Problem, ...]]:
    found: dict[str, _Found] = {}
    problems = []
    for root in roots:
        for path in sorted(root.glob(f"[!.]*/{MANIFEST_NAME}")):
            try:
                manifest = read_manifest(path.parent)
            except UserError as error:
                logger.warning("Passed over %s: %s", path.parent, error)
                problems.append(Problem(path.parent, error))
                continue
            found.setdefault(manifest.id, _Found(path.parent, manifest))
    return found, tuple(problems)


def _joined(known: dict[str, Architecture], new: Iterable[Architecture]) -> dict[str, Architecture]:
    joined = dict(known)
    for architecture in new:
        if architecture.id in joined:
            raise ValueError(f"two architectures are called {architecture.id!r}")
        joined[architecture.id] = architecture
    return joined


def _filled(architecture: Architecture, entry: _Found) -> nn.Module:
    from imgstudio.engine.weights import load

    manifest = entry.manifest
    state = load(entry.folder / WEIGHTS_NAME, manifest.sha256)
    try:
        network = architecture.build(**manifest.hyperparameters)
        network.load_state_dict(state)
    except (TypeError, ValueError, RuntimeError) as error:
        from imgstudio.engine.device import is_out_of_memory

        if is_out_of_memory(error):
            raise
        raise UserError(
            f"“{manifest.name}” cannot be used",
            f"Its weights do not fit the network “{architecture.id}” ({error}).",
            "Install the model again, or update imgstudio.",
        ) from error
    return network


def _altered(entry: _Found) -> UserError:
    return UserError(
        f"The weights of “{entry.manifest.name}” were changed or damaged",
        f"The checksum of {entry.folder / WEIGHTS_NAME} is not the one in its description.",
        "Install the model again.",
    )


def _missing(entry: _Found) -> UserError:
    return UserError(
        f"The weights of “{entry.manifest.name}” are missing",
        f"{entry.folder} holds no {WEIGHTS_NAME}.",
        "Install the model again.",
    )
