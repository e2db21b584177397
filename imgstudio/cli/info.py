"""info: what is known about a picture, without changing it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from imgstudio.cli.console import Console
from imgstudio.core.imagefile import info
from imgstudio.core.opening import is_project, open_document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--json", action="store_true")


def run(parsed: argparse.Namespace, console: Console) -> int:
    found = _of_project(parsed.file) if is_project(parsed.file) else info(parsed.file)
    if parsed.json:
        console.write_json(found)
        return 0
    width = max(len(name) for name in found)
    for name, value in found.items():
        console.write(f"{name.replace('_', ' '):{width}}  {_readable(value)}")
    return 0


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_readable(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _of_project(path: Path) -> dict[str, Any]:
    document = open_document(path)
    return {
        "file": str(path),
        "format": "OpenRaster",
        "width": document.bounds.width,
        "height": document.bounds.height,
        "bit_depth": document.dtype.itemsize * 8,
        "layers": [layer.name for layer in document.layers.all()],
        "warnings": list(document.warnings),
    }
