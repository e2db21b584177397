"""Prove that another program shows our OpenRaster files as we do: python packaging/check_openraster.py.

Saves a document with groups, masks, clipped layers and blend modes, lets Krita (or GIMP 3, whose reader
is part of it) turn it into a PNG and compares that with our own flattening. Exit status: 0 the same,
1 different, 77 neither program is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from imgstudio.core import imagefile, projectfile
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.snapshot import freeze
from imgstudio.core.tiles import TileStore

SKIPPED = 77
TOLERANCE = 3
"""Levels of 255 that rounding at 8 bits between layers may cost."""
SHARE = 0.999
"""Share of the channels that must be within the tolerance."""


def main() -> int:
    program = shutil.which("krita") or shutil.which("gimp-console-3.0") or shutil.which("gimp-3.0")
    if program is None:
        sys.stdout.write("Skipped: neither Krita nor GIMP 3 is installed\n")
        return SKIPPED
    document = sample()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "check.ora", Path(folder) / "check.png"
        projectfile.save(freeze(document), ours)
        if not exported(program, ours, theirs):
            sys.stdout.write(f"{program} wrote no picture\n")
            return 1
        seen = imagefile.read(theirs).pixels
    return verdict(program, flatten(document), seen)


def sample() -> Document:
    """Layers in different modes, a group in a mode, masks, a clipped layer, a turned one."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0:160, 0:240]
    document = Document.from_pixels(picture(x, y, 240 - x))
    multiply = layer(random, Rect(20, 10, 100, 90), "multiply")
    multiply.mask = TileStore(1, fill=255)
    multiply.mask.write(Rect(30, 20, 60, 40), np.full((40, 60, 1), 90, np.uint8))
    clipped = layer(random, Rect(0, 0, 240, 160), "normal")
    clipped.clip, clipped.opacity = True, 0.5
    turned = layer(random, Rect(0, 0, 60, 60), "normal")
    turned.transform = Transform(0.8, 0.6, -0.6, 0.8, 150, 60)
    group = Layer("Group", children=[layer(random, Rect(130, 30, 80, 80), "normal"), turned], opacity=0.7)
    masked_group = Layer("Masked", children=[layer(random, Rect(10, 100, 90, 50), "normal")], blend="screen")
    masked_group.mask = TileStore(1, fill=255)
    masked_group.mask.write(Rect(30, 110, 40, 20), np.zeros((20, 40, 1), np.uint8))
    document.layers.root += [
        multiply,
        clipped,
        group,
        masked_group,
        layer(random, Rect(100, 100, 60, 50), "darken"),
    ]
    return document


def picture(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    return np.dstack([red, green, blue, np.full_like(red, 255)]).astype(np.uint8)


def layer(random: np.random.Generator, box: Rect, mode: str) -> Layer:
    """A plain colour with an alpha ramp."""
    pixels = np.empty((box.height, box.width, 4), np.uint8)
    pixels[..., :3] = random.integers(30, 226, 3)
    pixels[..., 3] = np.linspace(40, 255, box.width).astype(np.uint8)
    made = Layer(mode, TileStore.from_array(pixels, box.x, box.y))
    made.blend = mode  # type: ignore[assignment]
    return made


def exported(program: str, source: Path, target: Path) -> bool:
    # OpenCV points Qt at its own plug-ins, which other programs cannot load.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA_")}
    environment["HOME"] = str(source.parent)
    if "krita" in program:
        command = [program, "--export", "--export-filename", str(target), str(source)]
    else:
        run = (
            f'(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "{source}"))))'
            f' (gimp-image-merge-visible-layers image 1) (gimp-file-save RUN-NONINTERACTIVE image "{target}"))'
        )
        command = [program, "-i", "-b", run, "-b", "(gimp-quit 0)"]
    if not os.environ.get("DISPLAY") and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", *command]  # Krita insists on a screen
    done = subprocess.run(command, env=environment, check=False, timeout=300, capture_output=True, text=True)
    if not target.exists():
        sys.stdout.write(done.stderr[-2000:])
    return target.exists()


def verdict(program: str, ours: np.ndarray, theirs: np.ndarray) -> int:
    if ours.shape != theirs.shape:
        sys.stdout.write(f"{program}: {theirs.shape} instead of {ours.shape}\n")
        return 1
    apart = np.abs(ours.astype(int) - theirs)
    within = float((apart <= TOLERANCE).mean())
    sys.stdout.write(f"{program}: largest difference {apart.max()}, {within:.2%} within {TOLERANCE} levels\n")
    return 0 if within >= SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
