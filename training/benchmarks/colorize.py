"""How good colours are without any hint, and what they cost: `python -m training.benchmarks.colorize`.

Photos that trained nothing, at 256 x 256: PSNR (RGB) of the grey picture, of the network's own answer and of the
filter's; likeness, the correlation of a and b (CIE Lab) with the truth, and colourfulness (Hasler & Suesstrunk 2003)
as a share of the truth's, each over all photos. Then what hints are worth in the filter, how exactly they are kept,
and seconds. --sheet writes pictures to look at: the photo, grey, and the filter's answers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image

from imgstudio.core.colour_hints import Hint, Hints
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.lab import lab_of, recoloured
from imgstudio.core.pixels import Floats, from_float, resized, to_float
from imgstudio.engine.colorize.colorist import Colorist, ColorSettings
from imgstudio.learn.data import decoded, pictures_in
from training.benchmarks.colour_hints import colour_network, psnr
from training.benchmarks.scores import keep, markdown, say
from training.defaults.colorize_data import JUDGED, judging

SIDE: Final = 256
SETS: Final = (*JUDGED, "bench/bsd100")
VIVIDS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
SIZES: Final = ((1000, 1000), (4000, 6000))
CELL: Final = 320


class Photo(NamedTuple):
    pixels: Floats
    """(h, w, 3), 0..1."""
    grey: Floats
    lab: Floats


def photo_of(pixels: Floats) -> Photo:
    lab = lab_of(pixels)
    none = np.zeros_like(lab[..., 1:])
    return Photo(pixels, recoloured(np.ascontiguousarray(lab[..., 0]), none), lab)


def held_out(data: Path, count: int) -> list[Path]:
    """Photos that trained nothing and chose nothing, evenly chosen; `count` 0: all."""
    found = judging(data)[1::2] + pictures_in(data / "bench" / "bsd100")
    step = max(1, len(found) // count) if count else 1
    return found[::step][: count or None]


def squared(path: Path) -> Photo:
    return photo_of(to_float(resized(decoded(path), SIDE, SIDE)))


def colourfulness(pixels: Floats) -> float:
    """Hasler & Suesstrunk 2003, of (h, w, 3) in 0..1, on the scale of 0..255."""
    red, green, blue = (pixels[..., index] * 255 for index in range(3))
    first, second = red - green, (red + green) / 2 - blue
    deviation = np.hypot(first.std(), second.std())
    return float(deviation + 0.3 * np.hypot(first.mean(), second.mean()))


def likeness(pairs: Sequence[tuple[Floats, Floats]]) -> float:
    """Correlation of all a and b with the truth."""
    made, true = (np.concatenate([pair[index].ravel() for pair in pairs]) for index in range(2))
    return float(np.corrcoef(made, true)[0, 1])


def automatic(colorist: Colorist, photos: Sequence[Photo], settings: ColorSettings) -> dict[str, float]:
    """The figures of the filter's answers without a hint."""
    rows, pairs = [], []
    for photo in photos:
        colorist.set_image(photo.grey)
        made = colorist.colours((), settings).applied(photo.grey, Rect(0, 0, SIDE, SIDE))
        rows.append((psnr(made, photo.pixels), colourfulness(made), colourfulness(photo.pixels)))
        pairs.append((lab_of(made)[..., 1:], photo.lab[..., 1:]))
    means = np.mean(rows, 0)
    each = [likeness([pair]) for pair in pairs if pair[0].std() > 0.1]
    return {
        "PSNR": float(means[0]),
        "likeness": likeness(pairs),
        "likeness, mean of photos": float(np.mean(each)) if each else 0.0,
        "colourfulness": float(means[1] / means[2]),
    }


def fidelity(colorist: Colorist, photos: Sequence[Photo], random: np.random.Generator) -> dict[str, float]:
    """How exactly hints of any colour are kept, where sRGB can show them, and how lightness moves."""
    errors, moves = [], []
    for photo in photos:
        hints = tuple(
            Hint(x, y, random.uniform(2, 9), *random.uniform(0, 255, 3))
            for x, y in random.uniform(10, SIDE - 10, (8, 2))
        )
        colorist.set_image(photo.grey)
        made = lab_of(colorist.colours(hints).applied(photo.grey, Rect(0, 0, SIDE, SIDE)))
        moves.append(float(np.abs(made[..., 0] - lab_of(photo.grey)[..., 0]).max()))
        errors.append(_worst(made, photo.lab, hints))
    return {"worst dE on hints": max(errors), "worst change of L": max(moves)}


def _worst(made: Floats, lab: Floats, hints: Hints) -> float:
    """On the discs, against the nearest colour of that lightness that sRGB can show."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    wanted = np.full((SIDE, SIDE, 2), np.nan, np.float32)
    for hint in hints:
        disc = np.hypot(columns - hint.x, rows - hint.y) <= hint.radius
        colour = np.array([[hint[3:]]], np.float32) / np.float32(255)
        wanted[disc] = lab_of(colour)[0, 0, 1:]
    there = np.isfinite(wanted[..., 0])
    shown = lab_of(recoloured(np.ascontiguousarray(lab[..., 0]), np.nan_to_num(wanted)))[..., 1:]
    return float(np.hypot(*(made[..., 1:] - shown)[there].T).max())


def seconds(colorist: Colorist, photo: Floats, size: tuple[int, int]) -> tuple[float, float]:
    """The first answer at a size, (height, width), and the next one after another stroke."""
    large = resized(photo, size[1], size[0])
    place = Rect(0, 0, size[1], size[0])
    overview = resized(large, *(round(side * min(1, 1024 / max(size))) for side in size[::-1]))
    spent = []
    hints: Hints = ()
    for _ in range(2):
        began = time.perf_counter()
        colorist.set_image(overview, Size(size[1], size[0]))
        made = colorist.colours(hints)
        for part in place.on_grid(1024):
            made.applied(large[part.slices()], part)
        spent.append(time.perf_counter() - began)
        hints = (Hint(size[1] / 2, size[0] / 2, size[0] / 40, 200, 60, 40),)
    return spent[0], spent[1]


def sheet(colorist: Colorist, paths: Sequence[Path], folder: Path) -> None:
    """Photo, grey and the filter's answers from pale to lively, eight photos a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(paths), 8):
        rows = [_row(colorist, path) for path in paths[start : start + 8]]
        name = folder / f"sheet_{start // 8:02}.jpg"
        Image.fromarray(from_float(np.vstack(rows), np.dtype(np.uint8))).save(name, quality=92)


def _row(colorist: Colorist, path: Path) -> Floats:
    pixels = to_float(decoded(path))
    factor = CELL / max(pixels.shape[:2])
    pixels = resized(pixels, *(max(1, round(factor * side)) for side in pixels.shape[1::-1]))
    photo = photo_of(pixels)
    whole = Rect(0, 0, pixels.shape[1], pixels.shape[0])
    cells = [pixels, photo.grey]
    for vivid in (0.0, 0.5, 1.0):
        colorist.set_image(photo.grey)
        cells.append(colorist.colours((), ColorSettings(vivid=vivid)).applied(photo.grey, whole))
    width = CELL - whole.width
    return np.hstack(
        [np.pad(c, ((0, CELL - whole.height), (0, width), (0, 0)), constant_values=0.15) for c in cells]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure colours without hints, hints, and seconds.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, help="a model folder; default: the bundled one")
    parser.add_argument("--count", type=int, default=0, help="photos, evenly chosen; 0: all")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sheet", type=Path, help="write pictures to look at into this folder and end")
    parser.add_argument(
        "--photos", type=Path, help="folder of the pictures of the sheet; default: held-out ones"
    )
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    colorist = Colorist("cpu", colour_network(args.model))
    if args.sheet:
        paths = pictures_in(args.photos) if args.photos else held_out(args.data, args.count)
        sheet(colorist, paths, args.sheet)
        return
    paths = held_out(args.data, args.count)
    photos = [squared(path) for path in paths]
    figures: dict[str, Any] = {}
    rows: list[tuple[object, ...]] = [
        ("grey", float(np.mean([psnr(photo.grey, photo.pixels) for photo in photos])), 0.0, 0.0, 0.0)
    ]
    for vivid in VIVIDS:
        found = automatic(colorist, photos, ColorSettings(vivid=vivid))
        figures[f"automatic, vivid {vivid:g}"] = {name: round(value, 3) for name, value in found.items()}
        rows.append((f"vivid {vivid:g}", *found.values()))
    say(f"{len(photos)} photos of {', '.join(SETS)}")
    say(markdown(("", "PSNR", "likeness", "likeness, mean of photos", "colourfulness"), rows))
    figures["hints"] = fidelity(colorist, photos[:20], np.random.default_rng(0))
    say(markdown(("", "worst"), [*figures["hints"].items()]))
    for size in SIZES:
        first, next_one = seconds(colorist, photos[0].grey, size)
        figures[f"{size[1]} x {size[0]}"] = {"first": round(first, 2), "further stroke": round(next_one, 2)}
        say(f"{size[1]} x {size[0]}: first answer {first:.2f} s, after a further stroke {next_one:.2f} s")
    keep(figures, args.json)


if __name__ == "__main__":
    main()
