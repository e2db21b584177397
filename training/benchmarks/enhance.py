"""Measures "Enhance": `python -m training.benchmarks.enhance --data ../shared/data`, or `--pictures FOLDER` (Set5, ...).

PSNR and SSIM of brightness (BT.601, 16..235), as many pixels as the scale cut off at the border, small pictures
made as MATLAB's imresize makes them: the protocol of the papers. Everything in a table ran on the same pictures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import from_float, to_float
from imgstudio.engine.manifest import MANIFEST_NAME, read_manifest
from imgstudio.engine.upscale import TILE, Upscaler
from imgstudio.learn.bicubic import cropped_to_multiple, imresize
from imgstudio.learn.data import decoded, pictures_in
from imgstudio.learn.recipe import Request
from imgstudio.learn.recipes.upscale import settings_of
from imgstudio.learn.scores import luma, psnr, ssim
from imgstudio.learn.tasks.upscale import made_small, net_of
from training.benchmarks.scores import Means, keep, markdown, say
from training.defaults.enhance import VARIANTS

Bytes = npt.NDArray[np.uint8]
Enlarge = Callable[[Bytes], Bytes]
MODELS: Final = Path("resources/models")
HEAD: Final = ("", "PSNR", "gain", "least gain", "SSIM")
SEED: Final = 11


@dataclass(frozen=True, slots=True)
class Ways:
    """The models that are there."""

    upscalers: Mapping[str, Upscaler]

    def by_model(self, name: str, scale: int, *, best: bool = False) -> Enlarge:
        """Through a model; to another scale than its own by bicubic resampling of its result."""
        upscaler = self.upscalers[name]

        def enlarge(small: Bytes) -> Bytes:
            made = np.clip(upscaler.enlarge(to_float(small), Progress(), best=best), 0, 1)
            size = (small.shape[1] * scale, small.shape[0] * scale)
            planes = [Image.fromarray(np.ascontiguousarray(made[..., c])) for c in range(3)]
            same = upscaler.manifest.scale == scale
            planes = planes if same else [plane.resize(size, Image.Resampling.BICUBIC) for plane in planes]
            return from_float(np.stack([np.asarray(plane, np.float32) for plane in planes], -1))

        return enlarge


def plain_ways(scale: int) -> dict[str, Enlarge]:
    """What other programs do."""

    def lanczos(small: Bytes) -> Bytes:
        size = (small.shape[1] * scale, small.shape[0] * scale)
        return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.LANCZOS))

    def cubic(small: Bytes) -> Bytes:
        return np.asarray(
            cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
        )

    return {
        "bicubic (imresize)": lambda small: imresize(small, scale),
        "Lanczos (Pillow)": lanczos,
        "bicubic (OpenCV)": cubic,
    }


def figures(made: Bytes, large: Bytes, border: int) -> tuple[float, float]:
    edge = slice(border, -border)
    planes = [luma(picture)[edge, edge] for picture in (made, large)]
    return psnr(*planes), ssim(*planes)


def measured(
    pairs: Sequence[tuple[Bytes, Bytes]], ways: Mapping[str, Enlarge], border: int
) -> dict[str, Means]:
    """Means of each way over (small, large) pictures; gains are over the first way."""
    means = {name: Means() for name in ways}
    for small, large in pairs:
        first: float | None = None
        for name, enlarge in ways.items():
            score, likeness = figures(enlarge(small), large, border)
            first = score if first is None else first
            means[name].add({"psnr": score, "ssim": likeness, "gain": score - first})
    return means


def table(title: str, means: Mapping[str, Means]) -> dict[str, dict[str, float]]:
    """Print; returns the figures for a card."""
    rows = [
        [name, m.mean("psnr"), m.mean("gain"), m.least("gain"), f"{m.mean('ssim'):.4f}"]
        for name, m in means.items()
    ]
    say(f"\n## {title}\n")
    say(markdown(HEAD, rows))
    return {
        name: {"psnr": round(m.mean("psnr"), 3), "ssim": round(m.mean("ssim"), 4)}
        for name, m in means.items()
    }


def faithful(there: Ways, scale: int, *, best: bool) -> dict[str, Enlarge]:
    names = [name for name in ("enhance-x2", "enhance-x4") if name in there.upscalers]
    own = [name for name in names if there.upscalers[name].manifest.scale >= scale]
    if scale == 2:
        own = [name for name in own if name == "enhance-x2"]
    ways = plain_ways(scale)
    for name in own:
        ways[name] = there.by_model(name, scale)
        if best:
            ways[f"{name}, best"] = there.by_model(name, scale, best=True)
    return ways


def degraded(pictures: Sequence[Bytes]) -> list[tuple[Bytes, Bytes]]:
    """Small web pictures and what they were made of, by the degradation of x2-real, seeded."""
    settings = settings_of(VARIANTS["x2-real"], Request())
    cut = [cropped_to_multiple(picture, 2) for picture in pictures]
    return [(made_small(p, settings, np.random.default_rng([SEED, i])), p) for i, p in enumerate(cut)]


def seam_line(name: str, upscaler: Upscaler, picture: Bytes) -> str:
    """Largest difference between one piece and tiles of 64 pixels, in levels."""
    small = to_float(picture[:192, :256])
    whole = upscaler.enlarge(small, Progress(), tile=TILE)
    tiled = upscaler.enlarge(small, Progress(), tile=64)
    return f"{name}: {255 * float(np.abs(whole - tiled).max()):.5f} levels"


def speed_row(name: str, upscaler: Upscaler, picture: Bytes) -> list[object]:
    """Best of two over one megapixel of input."""
    rows, columns = (-(-1000 // side) for side in picture.shape[:2])
    megapixel = to_float(np.tile(picture, (rows, columns, 1))[:1000, :1000])
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        upscaler.enlarge(megapixel, Progress())
        seconds.append(time.perf_counter() - started)
    weights = sum(parameter.numel() for parameter in upscaler.network.parameters())
    return [name, upscaler.manifest.scale, f"{weights:,}", min(seconds)]


def loaded(folder: Path, device: torch.device) -> Upscaler:
    net = net_of(folder).eval().requires_grad_(requires_grad=False)
    return Upscaler(
        net.to(device, memory_format=torch.channels_last),  # type: ignore[call-overload]  # torch's stub lacks it
        read_manifest(folder),
        device,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pictures", type=Path, help="folder of large pictures; default: bench/bsd100")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the model folders")
    parser.add_argument("--limit", type=int, default=0, help="only so many pictures; 0: all")
    parser.add_argument("--scales", type=int, nargs="*", default=(2, 3, 4))
    parser.add_argument("--best", action="store_true", help="also with eight-fold self-ensemble")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="write the figures here, for the cards of the models")
    parser.add_argument("--only", choices=("faithful", "real", "speed"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    folder = args.pictures or args.data / "bench" / "bsd100"
    pictures = [decoded(path) for path in pictures_in(folder)[: args.limit or None]]
    device = torch.device(args.device)
    names = [f"enhance-{variant}" for variant in VARIANTS]
    there = Ways(
        {n: loaded(args.models / n, device) for n in names if (args.models / n / MANIFEST_NAME).is_file()}
    )
    found = run(args, folder.name, pictures, there)
    keep(found, args.json)


def run(
    args: argparse.Namespace, name: str, pictures: Sequence[Bytes], there: Ways
) -> dict[str, dict[str, dict[str, float]]]:
    found = {}
    for scale in args.scales if args.only in (None, "faithful") else ():
        cut = [cropped_to_multiple(picture, scale) for picture in pictures]
        pairs = [(imresize(picture, 1 / scale), picture) for picture in cut]
        ways = faithful(there, scale, best=args.best)
        title = f"{name} x{scale}, {len(pictures)} pictures"
        found[title] = table(title, measured(pairs, ways, scale))
    if args.only in (None, "real") and "enhance-x2-real" in there.upscalers:
        ways = plain_ways(2)
        ways |= {n: there.by_model(n, 2) for n in ("enhance-x2", "enhance-x2-real") if n in there.upscalers}
        title = f"{name} x2 with blur, noise and JPEG, {len(pictures)} pictures, seed {SEED}"
        found[title] = table(title, measured(degraded(pictures), ways, 2))
    if args.only in (None, "speed"):
        say("\n## Seams\n")
        for model, upscaler in there.upscalers.items():
            say(seam_line(model, upscaler, pictures[0]))
        say(f"\n## One megapixel of input, {torch.get_num_threads()} threads\n")
        rows = [speed_row(model, upscaler, pictures[0]) for model, upscaler in there.upscalers.items()]
        say(markdown(["model", "scale", "weights", "seconds"], rows))
    return found


if __name__ == "__main__":
    main()
