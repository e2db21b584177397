"""models: list, install, verify or remove models."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imgstudio.cli.console import Console
from imgstudio.core import paths
from imgstudio.core.errors import UserError
from imgstudio.filters.models import models

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest

ACTIONS: Final = {
    "list": "What is here, and what can be installed.",
    "install": "Download models, or take over one that you have as a file (DDColor).",
    "verify": "Compare weights with their checksums.",
    "remove": "Delete models that were installed.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|install|verify|remove")
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("ids", nargs="*", metavar="ID" if name != "install" else "ID|FILE")
        action.add_argument("--json", action="store_true", help="for machines")
        if name == "install":
            action.add_argument("--yes", action="store_true", help="download without asking")


def run(parsed: argparse.Namespace, console: Console) -> int:
    if parsed.action != "list" and not parsed.ids and parsed.action != "verify":
        raise UserError(
            f"Which model should I {parsed.action}?", "", "Name one or more ids: imgstudio models list"
        )
    return {"list": _list, "install": _install, "verify": _verify, "remove": _remove}[parsed.action](
        parsed, console
    )


def _list(parsed: argparse.Namespace, console: Console) -> int:
    registry = models()
    installed = {manifest.id for manifest in registry.manifests()}
    rows = [(m, "installed") for m in registry.manifests()]
    rows += [(m, "can be installed") for m in registry.catalogue() if m.id not in installed]
    if parsed.json:
        console.write_json(
            [
                {
                    "id": m.id,
                    "name": m.name,
                    "task": m.task,
                    "licence": m.licence,
                    "sha256": m.sha256,
                    "state": state,
                }
                for m, state in rows
            ]
        )
        return 0
    for manifest, state in rows:
        console.write(f"{manifest.id:24} {manifest.task:12} {state:18} {manifest.licence:14} {manifest.name}")
    for problem in registry.problems:
        console.note(f"Set aside: {problem}")
    return 0


def _install(parsed: argparse.Namespace, console: Console) -> int:
    from imgstudio.engine.sources import install

    registry = models()
    known = {manifest.id: manifest for manifest in registry.catalogue()}
    for model_id in parsed.ids:
        if model_id in {manifest.id for manifest in registry.manifests()}:
            console.note(f"{model_id} is installed already")
            continue
        entry = known.get(model_id) or _own(model_id)
        install(
            entry,
            paths.models_folder(),
            console.progress(f"Installing {model_id}"),
            ask=lambda question: parsed.yes or _asked(str(question), console),
        )
        registry.refresh()
        console.note(f"Installed {entry.id}")
    return 0


def _own(path: str) -> ModelManifest:
    from imgstudio.engine.own_models import entry_of

    if not Path(path).is_file():
        raise UserError(f"There is no model “{path}”", "", "See: imgstudio models list")
    return entry_of(Path(path))


def _asked(question: str, console: Console) -> bool:
    console.note(f"{question} [y/N]")
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _verify(parsed: argparse.Namespace, console: Console) -> int:
    registry = models()
    wanted = parsed.ids or [manifest.id for manifest in registry.manifests()]
    states = {model_id: registry.verify(model_id) for model_id in wanted}
    if parsed.json:
        console.write_json(states)
    else:
        for model_id, state in states.items():
            console.write(f"{model_id:24} {state}")
    return 0 if all(state == "installed" for state in states.values()) else 1


def _remove(parsed: argparse.Namespace, console: Console) -> int:
    for model_id in parsed.ids:
        models().remove(model_id)
        console.note(f"Removed {model_id}")
    return 0
