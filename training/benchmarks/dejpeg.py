"""Measures "Remove JPEG artifacts": `python -m training.benchmarks.dejpeg --data ../shared/data`."""

from __future__ import annotations

import argparse
import io
import json
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.engine.dejpeg import ALIGN, Condition, Dejpeg, affordable_passes
from imgstudio.engine.device import compute_dtype
from imgstudio.engine.jpeg import JpegTables
from imgstudio.engine.nets.dejpeg import DejpegNet
from imgstudio.engine.tiling import Seams, run_tiled
from imgstudio.learn.data import decoded, pictures_in
from imgstudio.learn.scores import luma, psnr, psnr_b, ssim
from training.benchmarks.scores import Means, markdown, say
from training.defaults.dejpeg import net_of

Bytes = npt.NDArray[np.uint8]
Gains = dict[str, dict[str, float]]
MODEL = Path("resources/models/dejpeg")
QUALITIES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
TILE = 512
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


@dataclass(frozen=True, slots=True)
class Case:
    """How pictures are spoiled before they are repaired."""

    quality: int
    subsampling: str = "4:2:0"
    """4:4:4, 4:2:2, 4:2:0 or gray."""
    cut: tuple[int, int] = (0, 0)
    """Columns and rows cut off after decoding: shifts the grid."""
    before: int = 0
    """Quality of an earlier compression on another grid; 0: none."""


def written(picture: Bytes, quality: int, subsampling: str) -> tuple[Bytes, JpegTables]:
    """Through Pillow's encoder and back, with the tables found in the file."""
    draft = io.BytesIO()
    image = Image.fromarray(picture)
    image = image.convert("L") if subsampling == "gray" else image
    options = {} if subsampling == "gray" else {"subsampling": subsampling}
    image.save(draft, "JPEG", quality=quality, **options)
    with Image.open(draft) as opened:
        tables = [torch.tensor(table).view(8, 8) for table in opened.quantization.values()]  # type: ignore[attr-defined]  # only JPEG files have it
        pixels = np.asarray(opened.convert("RGB"))
    return pixels, JpegTables(tables[0], tables[1] if len(tables) > 1 else None, subsampling)


def spoiled(picture: Bytes, case: Case) -> tuple[Bytes, Bytes, JpegTables]:
    """The decoded picture, what it should look like, and its tables."""
    clean = picture
    if case.subsampling == "gray":
        clean = np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))
    start = clean
    if case.before:
        padded = np.pad(clean, ((4, 0), (4, 0), (0, 0)), mode="edge")
        start = written(padded, case.before, case.subsampling)[0][4:, 4:]
    decoded_pixels, tables = written(start, case.quality, case.subsampling)
    left, top = case.cut
    return decoded_pixels[top:, left:], clean[top:, left:], tables


def shifted_mean(picture: Bytes, quality: int, subsampling: str) -> Bytes:
    """The baseline: compress again on 16 shifted grids and average (Nosratinia 2001)."""
    shifts = [(down, across) for down in range(0, 8, 2) for across in range(0, 8, 2)]
    total = np.zeros(picture.shape, np.float64)
    for down, across in shifts:
        padded = np.pad(picture, ((down, 8 - down), (across, 8 - across), (0, 0)), mode="edge")
        again = written(padded, quality, subsampling)[0]
        total += again[down : down + picture.shape[0], across : across + picture.shape[1]]
    return np.rint(total / len(shifts)).astype(np.uint8)


def repaired(model: Dejpeg, pixels: Bytes, condition: Condition, tables: JpegTables | None) -> Bytes:
    """The way the program does it: tile by tile, back to eight bits."""
    image = to_float(pixels)
    height, width = image.shape[:2]
    passes = affordable_passes(height * width)
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)

    def run(window: Floats) -> Floats:
        origin = (int(window[0, 0, 3]), int(window[0, 0, 4]))
        return model.restore(window[..., :3], condition, origin=origin, tables=tables, passes=passes)

    result = run_tiled(
        run,
        np.concatenate((image, places), 2),
        Progress(),
        tile=TILE,
        overlap=model.reach,
        seams=Seams("crop", ALIGN),
    )
    return from_float(result)


def figures(picture: Bytes, clean: Bytes, name: str) -> dict[str, float]:
    plane, truth = luma(picture), luma(clean)
    return {
        f"{name} psnr": psnr(plane, truth),
        f"{name} ssim": ssim(plane, truth),
        f"{name} psnr_b": psnr_b(plane, truth),
    }


def measured(model: Dejpeg, pictures: list[Bytes], case: Case, *, baseline: bool) -> Means:
    """Figures of the file itself, of the network blind and with tables, and of the baseline."""
    means = Means()
    for picture in pictures:
        pixels, clean, tables = spoiled(picture, case)
        results = {"jpeg": pixels}
        image = to_float(pixels)
        results["blind"] = repaired(model, pixels, model.estimate(image), None)
        left, top = case.cut
        told = model.condition_from_tables(tables, ((-left) % 8, (-top) % 8))
        results["told"] = repaired(model, pixels, told, tables)
        if baseline:
            results["baseline"] = shifted_mean(pixels, case.quality, case.subsampling)
        found: dict[str, float] = {}
        for name, result in results.items():
            found |= figures(result, clean, name)
        found["worst"] = min(found[f"{name} psnr"] - found["jpeg psnr"] for name in ("blind", "told"))
        means.add(found)
    return means


HEAD = [
    *("case", "JPEG", "blind", "gain", "with tables", "gain", "least gain of a picture"),
    *("PSNR-B gain blind", "PSNR-B gain tables", "SSIM JPEG", "SSIM blind", "SSIM tables"),
]


def row(name: str, means: Means) -> list[object]:
    jpeg, blind, told = (means.mean(f"{way} psnr") for way in ("jpeg", "blind", "told"))
    blocks = [means.mean(f"{way} psnr_b") - means.mean("jpeg psnr_b") for way in ("blind", "told")]
    alike = [f"{means.mean(f'{way} ssim'):.4f}" for way in ("jpeg", "blind", "told")]
    return [name, jpeg, blind, blind - jpeg, told, told - jpeg, means.least("worst"), *blocks, *alike]


def standard_table(model: Dejpeg, pictures: list[Bytes], qualities: Iterable[int]) -> Gains:
    """Also returns the gains in dB by quality, for the card."""
    rows, gains = [], {}
    for quality in qualities:
        means = measured(model, pictures, Case(quality), baseline=True)
        base = means.mean("baseline psnr") - means.mean("jpeg psnr")
        blocks = means.mean("baseline psnr_b") - means.mean("jpeg psnr_b")
        rows.append([*row(f"q{quality}", means), base, blocks])
        gains[f"quality {quality}"] = {
            "psnr blind": round(means.mean("blind psnr") - means.mean("jpeg psnr"), 3),
            "psnr with tables": round(means.mean("told psnr") - means.mean("jpeg psnr"), 3),
            "psnr-b blind": round(means.mean("blind psnr_b") - means.mean("jpeg psnr_b"), 3),
        }
    head = [*HEAD, "baseline gain", "baseline PSNR-B gain"]
    say(f"\n## 4:2:0, Pillow, mean of {len(pictures)} pictures; PSNR of brightness (BT.601) in dB\n")
    say(markdown(head, rows))
    return gains


def other_table(model: Dejpeg, pictures: list[Bytes]) -> None:
    cases = {
        **{f"q{q}, grid cut by (3, 5)": Case(q, cut=(3, 5)) for q in (10, 20, 30, 40, 90)},
        **{f"q{q} 4:4:4": Case(q, "4:4:4") for q in (10, 20, 40, 90)},
        **{f"q{q} 4:2:2": Case(q, "4:2:2") for q in (10, 40)},
        **{f"q{q} gray": Case(q, "gray") for q in (10, 20, 40, 90)},
        "q20 then q90 on another grid": Case(90, before=20),
        "q60 then q30 on another grid": Case(30, before=60),
    }
    rows = [row(name, measured(model, pictures, case, baseline=False)) for name, case in cases.items()]
    say("\n## Other grids, subsamplings and histories\n")
    say(markdown(HEAD, rows))


def untouched_table(model: Dejpeg, pictures: list[Bytes]) -> None:
    """Pictures that were never a JPEG since they were halved: nothing should happen."""
    means = Means()
    for picture in pictures:
        small = np.asarray(Image.fromarray(picture).reduce(2))
        result = repaired(model, small, model.estimate(to_float(small)), None)
        means.add({"psnr": psnr(luma(result), luma(small))})
    say("\n## Pictures without any compression\n")
    say(f"PSNR to the picture itself: mean {means.mean('psnr'):.2f} dB, least {means.least('psnr'):.2f} dB")


def speed_table(net: DejpegNet, pictures: list[Bytes]) -> None:
    """One megapixel, all steps; and what the number format costs."""
    megapixel = np.tile(pictures[0], (4, 4, 1))[:1000, :1000]
    pixels, tables = written(megapixel, 30, "4:2:0")
    results, rows = [], []
    for dtype in (torch.float32, torch.bfloat16):
        model = Dejpeg(net, dtype=dtype)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            results.append(repaired(model, pixels, model.estimate(to_float(pixels)), None))
            seconds.append(time.perf_counter() - started)
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        told = repaired(model, pixels, model.condition_from_tables(tables), tables)
        score = psnr(luma(told), luma(megapixel))
        rows.append([str(dtype).removeprefix("torch."), min(seconds), f"{more:.0f}", score])
    say(f"\n## One megapixel, {torch.get_num_threads()} threads\n")
    say(markdown(["format", "seconds", "peak memory above earlier peak (MB)", "PSNR"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--set", default="bsd100", help="folder under bench")
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--pictures", type=int, default=0, help="only so many of them; 0: all")
    parser.add_argument("--qualities", type=int, nargs="*", default=QUALITIES)
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the gains here, for the card of the model")
    parser.add_argument("--only", choices=("standard", "other", "untouched", "speed"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    paths = pictures_in(args.data / "bench" / args.set)
    pictures = [decoded(path) for path in paths[: args.pictures or None]]
    net = net_of(args.model)
    dtype = compute_dtype(torch.device("cpu")) if args.dtype == "auto" else getattr(torch, args.dtype)
    model = Dejpeg(net, dtype=dtype)
    if args.only in (None, "standard"):
        gains = standard_table(model, pictures, args.qualities)
        if args.json:
            text = json.dumps({f"{args.set}, gain in dB": gains}, indent=2)
            args.json.write_text(text + "\n", encoding="utf-8")
    if args.only in (None, "other"):
        other_table(model, pictures)
    if args.only in (None, "untouched"):
        untouched_table(model, pictures)
    if args.only in (None, "speed"):
        speed_table(net, pictures)


if __name__ == "__main__":
    main()
