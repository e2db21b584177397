"""doctor: check this machine and this installation."""

from __future__ import annotations

import argparse
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from imgstudio.cli.console import Console
from imgstudio.core import paths
from imgstudio.core.version import __version__
from imgstudio.filters.models import models
from imgstudio.filters.registry import load_filters

PACKAGES: Final = (
    "PySide6-Essentials", "torch", "torchvision", "numpy", "opencv-python", "pillow", "safetensors", "tifffile",
    "imagecodecs", "scipy", "qtawesome", "psygnal", "pyqtgraph", "tensorboardX",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Returns 1 when something that is needed is missing or damaged."""
    found = report()
    if parsed.json:
        console.write_json(found)
    else:
        for heading, content in found.items():
            _write(console, heading, content)
    return 1 if found["problems"] else 0


def report() -> dict[str, Any]:
    """Versions, device, folders, models and problems; imports torch."""
    from imgstudio.engine.device import device_report

    packages = {name: _version(name) for name in PACKAGES}
    states = {manifest.id: models().verify(manifest.id) for manifest in models().manifests()}
    registry = load_filters()
    problems = [f"{name} is not installed" for name, found in packages.items() if found is None]
    problems += [f"The model {name} is {state}" for name, state in states.items() if state != "installed"]
    problems += [f"Plug-in {item.name}: {item.reason}" for item in registry.disabled]
    return {
        "program": {
            "imgstudio": __version__,
            "python": sys.version.split()[0],
            "system": platform.platform(),
        },
        "packages": packages,
        "device": device_report(),
        "folders": {"settings": str(paths.user_config()), "models": str(paths.models_folder())},
        "models": states,
        "filters": len(registry),
        "problems": problems,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _write(console: Console, heading: str, content: Any) -> None:
    console.write(heading.capitalize())
    if isinstance(content, dict):
        for name, value in content.items():
            console.write(f"  {name}: {value}")
    elif isinstance(content, list):
        for line in content or ["none"]:
            console.write(f"  {line}")
    else:
        console.write(f"  {content}")
