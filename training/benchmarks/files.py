"""Checks that files come through unharmed: colour profiles, all EXIF turns, every writable format.

`python -m training.benchmarks.files --data ../shared/data` prints a table; it exits 1 when anything is lost.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from imgstudio.cli.main import main as command_line
from imgstudio.core.imagefile import ImageFile, export, read

PROFILES: Final = ("DisplayP3-v4.icc", "DisplayP3-v2-micro.icc", "AdobeCompat-v4.icc", "AdobeCompat-v2.icc")
LOSSLESS: Final = (".png", ".tif", ".webp")
EXPORTS: Final = (".jpg", ".png", ".tif", ".webp")


def profile_rows(data: Path, folder: Path) -> list[tuple[str, str, bool]]:
    """An identity run of a filter over tagged pictures: profile bytes and pixels must be equal."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (96, 128, 3)).astype(np.uint8)
    rows = []
    for name in PROFILES:
        profile = (data / "odd_files" / "icc-profiles" / name).read_bytes()
        for suffix in (".png", ".tif", ".jpg"):
            source = folder / f"{name}{suffix}"
            Image.fromarray(pixels).save(source, icc_profile=profile)
            before = read(source)
            for out_suffix in LOSSLESS[:2]:
                target = folder / f"out{out_suffix}"
                code = command_line(["apply", "levels", str(source), "-o", str(target), "--quiet"])
                rows.append(
                    _compared(f"{name}, {suffix} to {out_suffix}", code, before, read(target), profile)
                )
    return rows


def _compared(
    what: str, code: int, before: ImageFile, after: ImageFile, profile: bytes
) -> tuple[str, str, bool]:
    same_profile = after.metadata.icc == profile
    same_pixels = np.array_equal(before.pixels, after.pixels)
    found = (
        f"profile {'equal' if same_profile else 'CHANGED'}, pixels {'equal' if same_pixels else 'CHANGED'}"
    )
    return what, found, code == 0 and same_profile and same_pixels


def orientation_rows(data: Path, folder: Path) -> list[tuple[str, str, bool]]:
    """Each of the eight turns, through each export: upright, tag 1, the same picture as the upright file."""
    rows = []
    for kind in ("Landscape", "Portrait"):
        source = data / "odd_files" / "exif-orientation"
        upright = read(source / f"{kind}_1.jpg").pixels.astype(int)
        for suffix in EXPORTS:
            worst, tags, shapes = 0.0, set(), True
            for turn in range(1, 9):
                picture = read(source / f"{kind}_{turn}.jpg")
                target = folder / f"turn{suffix}"
                export(target, picture.pixels, picture.metadata, had_alpha=picture.had_alpha)
                after = read(target).pixels.astype(int)
                shapes = shapes and after.shape == upright.shape
                worst = max(worst, float(np.abs(after - upright).mean())) if shapes else 255.0
                tags.add(_tag(target))
            ok = shapes and worst < 4 and tags <= {1, None}
            rows.append((f"{kind}, 8 turns to {suffix}", f"mean difference at most {worst:.2f} levels", ok))
    return rows


def _tag(path: Path) -> int | None:
    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        return picture.getexif().get(0x0112)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = profile_rows(parsed.data, Path(folder)) + orientation_rows(parsed.data, Path(folder))
    print("| what | found | |\n|---|---|---|")
    for what, found, ok in rows:
        print(f"| {what} | {found} | {'ok' if ok else 'LOST'} |")
    return 0 if all(ok for _, _, ok in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
