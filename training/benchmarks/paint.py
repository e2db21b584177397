"""Painting in one go: how fast, without seams, how near to an optimisation: `python -m training.benchmarks.paint`.

- pace: seconds for pictures of 1 and 24 megapixels, beside Magenta's network where it is installed, memory included;
- tiles: the largest difference between tiles and the whole, with the same statistics, of a photo, a flat picture and
  a ramp; and the step at the seams of the latter two;
- regions: two styles in the halves of a picture, by Style and by Stylize: is each half nearer to its own;
- quality: 20 pairs that were never seen together, ten with presets and ten with paintings that trained nothing, of
  photos that trained nothing: style and content distance of ours, Magenta's, and of 300 steps of plain L-BFGS from
  the photo towards the same objective, all judged by the same perceptual net;
- new: a style that was no preset, learned in five minutes by the recipe, beside the same method with three times as
  long: style distance on photos that trained nothing, size of the file, seconds to the zero-shot preview.
"""

from __future__ import annotations

import argparse
import logging
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, from_float, to_float
from imgstudio.engine.features import BUNDLED, FeatureExtractor
from imgstudio.engine.manifest import WEIGHTS_NAME
from imgstudio.engine.nets.anystyle import AnyStyle
from imgstudio.engine.nets.ghiasi import GhiasiStyle
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.optimise import Painter
from imgstudio.engine.style.settings import StylePicture, StyleSettings
from imgstudio.engine.style.stylist import Stylist
from imgstudio.engine.style.vectors import (
    appearance_of,
    ghiasi_vector,
    looked_at,
    painter_of,
    predicted_vector,
    preset_vector,
)
from imgstudio.engine.style.wishes import resized
from imgstudio.engine.tensors import to_pixels, to_tensor
from imgstudio.learn.data import decoded, pictures_in
from imgstudio.learn.perceptual import StyleLoss
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes.style import RECIPE, StyleParams
from training.benchmarks.scores import markdown

LOG = logging.getLogger("training.paint")
CPU = torch.device("cpu")
OWN, MAGENTA = "style", "style-any"
STRANGERS: Final = (
    "candy", "la_muse", "mosaic", "rain_princess", "feathers", "edtaonisl", "pencil", "seated-nude",
    "escher_sphere", "giger_crop",
)  # fmt: skip
"""Paintings that trained nothing."""
ITERATIONS: Final = 300
SIDE: Final = 320
NEW: Final = "rain_princess"
JUDGED: Final = 8


class Distances(NamedTuple):
    content: float
    style: float


def photos_of(data: Path) -> list[Path]:
    """Twenty that trained nothing."""
    return (pictures_in(data / "contents") + pictures_in(data / "bench/bsd100"))[:20]


def fitted(path: Path, side: int) -> Floats:
    """(h, w, 3) with `side` pixels on its longer side."""
    picture = to_float(decoded(path))[..., :3]
    factor = side / max(picture.shape[:2])
    height, width = (round(length * factor) for length in picture.shape[:2])
    return resized(picture, (height, width))


class Methods:
    """The networks, as functions from photo and style to a painting."""

    def __init__(self, data: Path) -> None:
        self.registry = ModelRegistry.of_user()
        self.data = data
        own = self.registry.load(OWN)
        assert isinstance(own, AnyStyle)
        self.own = own
        self.presets = self.registry.manifest(OWN).classes
        installed = {manifest.id for manifest in self.registry.manifests()}
        magenta = self.registry.load(MAGENTA) if MAGENTA in installed else None
        assert magenta is None or isinstance(magenta, GhiasiStyle)
        self.magenta = magenta
        self.features = FeatureExtractor(self.registry.load(BUNDLED))

    def painting(self, name: str) -> Floats:
        return fitted(self.data / "paintings" / f"{name}.jpg", 900)

    def ours(self, name: str) -> Stylist:
        if name in self.presets:
            return Stylist(self.own.painter, CPU, preset_vector(self.own, self.presets.index(name)))
        seen = appearance_of(self.registry, looked_at(self.painting(name)), CPU)
        return Stylist(self.own.painter, CPU, predicted_vector(self.own, seen))

    def theirs(self, name: str) -> Stylist | None:
        if self.magenta is None:
            return None
        return Stylist(self.magenta.painter, CPU, ghiasi_vector(self.magenta, self.painting(name), CPU))

    def loss(self, name: str) -> StyleLoss:
        return StyleLoss(self.features, to_tensor(looked_at(self.painting(name)), CPU))


def distances(loss: StyleLoss, made: Floats, photo: Floats) -> Distances:
    with torch.no_grad():
        terms = loss(to_tensor(made, CPU), to_tensor(photo, CPU))
    return Distances(
        float(terms["content"]) / loss.weights.content, float(terms["style"]) / loss.weights.style
    )


def optimised(loss: StyleLoss, photo: Floats) -> Floats:
    """300 steps of L-BFGS at one size, from the photo, as the papers do."""
    content = to_tensor(photo, CPU)
    picture = content.contiguous().clone().requires_grad_()
    optimiser = torch.optim.LBFGS([picture], max_iter=ITERATIONS, tolerance_grad=0, tolerance_change=0)

    def closure() -> Tensor:
        optimiser.zero_grad()
        beyond = (picture - picture.clamp(0, 1)).square().mean()
        total = torch.stack(list(loss(picture, content).values())).sum() + 20 * beyond
        total.backward()
        return total

    optimiser.step(closure)
    return to_pixels(picture.detach().clamp(0, 1))


def quality(methods: Methods, out: Path | None, pairs: int) -> str:
    names = [*methods.presets[:10], *STRANGERS]
    found: dict[str, list[Distances]] = {}
    for index, (path, name) in enumerate(zip(photos_of(methods.data), names, strict=True)):
        if index % (20 // pairs):
            continue
        photo, loss = fitted(path, SIDE), methods.loss(name)
        kind = "preset" if name in methods.presets else "any"
        made = {"photo": photo, f"{ITERATIONS} x L-BFGS": optimised(loss, photo)}
        made["ours"] = methods.ours(name).paint(photo, Progress())
        theirs = methods.theirs(name)
        if theirs is not None:
            made["Magenta"] = theirs.paint(photo, Progress())
        for method, picture in made.items():
            found.setdefault(f"{kind}: {method}", []).append(distances(loss, picture, photo))
        _keep(out, f"{path.stem}-{name}", made)
        LOG.info("%s, %s: %s", path.stem, name, {m: distances(loss, p, photo) for m, p in made.items()})
    rows = []
    for name, rows_of_it in found.items():
        base = found[f"{name.split(':')[0]}: {ITERATIONS} x L-BFGS"]
        mean = np.mean(rows_of_it, 0)
        ratio = mean / np.mean(base, 0)
        rows.append([name, f"{mean[1]:.3f}", f"{ratio[1]:.2f}", f"{mean[0]:.3f}", f"{ratio[0]:.2f}"])
    return markdown([f"{SIDE} px", "style", "/ L-BFGS", "content", "/ L-BFGS"], rows)


def _keep(out: Path | None, name: str, made: dict[str, Floats]) -> None:
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    row = np.concatenate([from_float(picture, np.dtype(np.uint8)) for picture in made.values()], 1)
    Image.fromarray(row).save(out / f"{name}.png")


def pace(methods: Methods) -> str:
    photo = photos_of(methods.data)[0]
    rows = []
    for megapixels in (1, 24):
        side = round((megapixels * 1e6 * 4 / 3) ** 0.5)
        picture = resized(fitted(photo, 1200), (round(side * 3 / 4), side))
        for name, stylist in (("ours", methods.ours("wave")), ("Magenta", methods.theirs("wave"))):
            if stylist is None:
                continue
            seconds = min(_seconds(lambda: stylist.paint(picture, Progress())) for _ in range(2))  # noqa: B023
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            rows.append([f"{name}, {megapixels} MP", f"{seconds:.2f} s", f"{peak:.0f} MB"])
    return markdown([f"{torch.get_num_threads()} threads", "seconds", "peak memory so far"], rows)


def _seconds(run: Callable[[], object]) -> float:
    started = time.monotonic()
    run()
    return time.monotonic() - started


def tiles(methods: Methods) -> str:
    height, width = 720, 1000
    ramp = np.linspace(0.1, 0.9, width, dtype=np.float32)[None, :, None]
    photo = resized(fitted(photos_of(methods.data)[2], width), (height, width))
    fixtures = {
        "photo": photo,
        "flat": np.full((height, width, 3), 0.5, np.float32),
        "ramp": np.broadcast_to(ramp, (height, width, 3)).copy(),
    }
    stylist = methods.ours("starry_night")
    rows = []
    for name, picture in fixtures.items():
        whole = stylist.paint(picture, Progress())
        tiled = stylist.in_tiles(picture, Progress(), tile=256, view=height * width)
        own = stylist.in_tiles(picture, Progress(), tile=256, view=height * width // 3)
        rows.append(
            [
                name,
                f"{255 * np.abs(whole - tiled).max():.2f}",
                f"{255 * np.abs(whole - own).mean():.2f}",
                f"{_seam(own, 250):.2f}",
            ]
        )
    return markdown(
        [
            f"{width} x {height}, tiles of 256",
            "most / 255",
            "statistics of a third: mean / 255",
            "step at a seam / elsewhere",
        ],
        rows,
    )


def _seam(picture: Floats, place: int) -> float:
    """Mean difference across the columns where tiles meet, relative to that of all columns."""
    steps = np.abs(np.diff(picture, axis=1)).mean((0, 2))
    return float(steps[place - 1] / steps.mean())


def regions(methods: Methods, pairs: int) -> str:
    """The left half in one style, the right half in another: how often each half is nearer to its own."""
    counts = {"style": 0, "stylize": 0}
    names = methods.presets
    for index in range(pairs):
        photo = fitted(photos_of(methods.data)[index], 256)
        one, other = names[index % len(names)], names[(index + 5) % len(names)]
        place = np.zeros(photo.shape[:2], np.float32)
        place[:, photo.shape[1] // 2 :] = 1
        for kind, made in (
            ("style", _in_halves(methods, photo, one, other, place)),
            ("stylize", _optimised_in_halves(methods, photo, one, other, place)),
        ):
            left, right = made[:, : photo.shape[1] // 2], made[:, photo.shape[1] // 2 :]
            a, b = methods.loss(one), methods.loss(other)
            counts[kind] += int(_style(a, left) < _style(b, left)) + int(_style(b, right) < _style(a, right))
    rows = [[kind, f"{count} of {2 * pairs}"] for kind, count in counts.items()]
    return markdown(["two styles in halves", "halves nearer to their own style"], rows)


def _style(loss: StyleLoss, picture: Floats) -> float:
    return distances(loss, np.ascontiguousarray(picture), np.ascontiguousarray(picture)).style


def _in_halves(methods: Methods, photo: Floats, one: str, other: str, place: Floats) -> Floats:
    first, second = (methods.ours(name).paint(photo, Progress()) for name in (one, other))
    return np.asarray(first + place[..., None] * (second - first), np.float32)


def _optimised_in_halves(methods: Methods, photo: Floats, one: str, other: str, place: Floats) -> Floats:
    styles = [
        StylePicture(methods.painting(one), place=1 - place),
        StylePicture(methods.painting(other), place=place),
    ]
    settings = StyleSettings(side=256)
    made = photo
    for step in Painter(methods.features, photo, styles, settings, CPU, Progress()).steps():
        made = step.pixels
    return made


def new(methods: Methods, minutes: float, out: Path | None) -> str:
    photos = pictures_in(methods.data / "bench/bsd100")[-JUDGED:]
    painting = methods.data / "paintings" / f"{NEW}.jpg"
    loss = methods.loss(NEW)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, length in (
            ("zero-shot", 0.0),
            (f"{minutes:g} min", minutes),
            ("three times as long", 3 * minutes),
        ):
            model = Path(folder) / f"m{round(length)}"
            seconds = _seconds(lambda: _trained(methods.data, painting, length, model))  # noqa: B023
            painter = painter_of(ModelRegistry(Path(folder), Path("resources/models")), model.name, CPU)
            made = [Stylist(painter, CPU).paint(fitted(path, SIDE), Progress()) for path in photos]
            apart = np.mean(
                [distances(loss, p, fitted(path, SIDE)) for p, path in zip(made, photos, strict=True)], 0
            )
            size = (model / WEIGHTS_NAME).stat().st_size
            rows.append([name, f"{seconds:.1f}", f"{apart[1]:.3f}", f"{apart[0]:.3f}", f"{size / 1000:.1f}"])
            _keep(out, f"new-{name}", dict(zip(map(str, photos), _alike(made), strict=True)))
    return markdown([NEW, "seconds", "style", "content", "KB"], rows)


def _alike(pictures: list[Floats]) -> Iterator[Floats]:
    return (resized(picture, (240, 320)) for picture in pictures)


def _trained(data: Path, painting: Path, minutes: float, folder: Path) -> None:
    """By the recipe that users have; no minutes are the zero-shot result."""
    photos = data / "photos/cid22"
    params = StyleParams(painting=painting)
    report = RECIPE.check(photos, params, Progress())
    request = Request(max(minutes, 0.01))
    plan = RECIPE.plan(report, params, request)
    session = RECIPE.start(Setup(report, params, plan, request, "cpu"))
    if minutes:
        for step in session.steps():
            if step.step % 100 == 0:
                LOG.info("step %d, %.0f %%: %s", step.step, 100 * step.done, step.terms)
    session.export(folder, "New style")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure painting in one go.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--parts", nargs="+", default=["pace", "tiles", "regions", "quality", "new"])
    parser.add_argument("--pairs", type=int, choices=(4, 10, 20), default=20)
    parser.add_argument("--minutes", type=float, default=5.0, help="of the new style")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for the pictures")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    methods = Methods(args.data)
    parts: dict[str, Callable[[], str]] = {
        "pace": lambda: pace(methods),
        "tiles": lambda: tiles(methods),
        "regions": lambda: regions(methods, args.pairs),
        "quality": lambda: quality(methods, args.out, args.pairs),
        "new": lambda: new(methods, args.minutes, args.out),
    }
    for name in args.parts:
        print(parts[name](), flush=True)
        print()


if __name__ == "__main__":
    main()
