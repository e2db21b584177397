"""filters: list the filters and their parameters."""

from __future__ import annotations

import argparse
from typing import Any

from imgstudio.cli.console import Console
from imgstudio.cli.process import describe_params, filter_named
from imgstudio.filters.base import AnyFilter, SessionFilter
from imgstudio.filters.registry import load_filters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("filter", nargs="?", metavar="FILTER", help="show this one with its parameters")
    parser.add_argument("--json", action="store_true")


def run(parsed: argparse.Namespace, console: Console) -> int:
    registry = load_filters()
    chosen = [filter_named(registry, parsed.filter)] if parsed.filter else list(registry)
    if parsed.json:
        console.write_json([_as_json(item) for item in chosen])
        return 0
    for item in sorted(chosen, key=lambda f: (f.category, f.id)):
        console.write(f"{item.id:18} {item.category:18} {item.help}")
        if parsed.filter:
            for param in describe_params(item):
                console.write(
                    f"    {param['name']} = {param['default']}    {param['allowed']}. {param['help']}"
                )
    for disabled in registry.disabled:
        console.note(f"Plug-in “{disabled.name}” is switched off: {disabled.reason}")
    return 0


def _as_json(item: AnyFilter) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "category": item.category,
        "help": item.help,
        "version": item.version,
        "kind": "session" if isinstance(item, SessionFilter) else "function",
        "models": list(item.models),
        "params": describe_params(item),
    }
