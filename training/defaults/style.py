"""Trains the network behind "Style": presets that it knows by heart, and any other picture as a style.

python -m training.defaults.style --minutes 120 --out runs/style --export resources/models/style

Conditional instance normalisation (Dumoulin et al. 2016) whose vector comes from what the bundled perceptual net
sees in the painting (Ghiasi et al. 2017); presets add an offset of their own. Every picture of a batch is painted
in a style of its own: a preset, a changed painting, or a photo taken for one. --resume goes on from the checkpoint
with the same --minutes; --export-only writes the model of the checkpoint.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, from_float, to_float
from imgstudio.engine.features import BUNDLED, FeatureExtractor, perceptual_net
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets.anystyle import ARCHITECTURE, AnyStyle, appearance
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.statistics import (
    LayerStatistics,
    statistics,
    total_variation,
)
from imgstudio.engine.style.stylist import Stylist
from imgstudio.engine.style.vectors import LOOKED_AT, preset_vector
from imgstudio.engine.style.wishes import resized
from imgstudio.filters import style_presets
from imgstudio.learn.builders import one_cycle
from imgstudio.learn.crops import tensor_of, zoomed_square
from imgstudio.learn.data import pictures_in
from imgstudio.learn.dataset.pictures import read_picture
from imgstudio.learn.dataset.reading import SampleReader, reduced
from imgstudio.learn.dataset.report import Sample
from imgstudio.learn.perceptual import relative_squares_each
from imgstudio.learn.plan import Optimiser, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.tasks.style import grained
from imgstudio.learn.trainer import Trainer
from training.defaults.features import FOLDERS, photos_of
from training.defaults.script import given, options, run

LOG = logging.getLogger("training.style")
PRESETS: Final = {preset.id: preset.label for preset in style_presets.PRESETS}
"""File name of each painting without its ending, and what the user calls it."""
CHANGED: Final = 36
"""Variations of each preset among the other styles."""
TARGETS: Final = 16
"""Crops of each painting of the painterly folder."""
TEXTURES: Final = 500
"""Photos that are taken for paintings."""
SCALES: Final = (260, 520)
"""Longer side of those."""
LEAST_CONTRAST: Final = 0.12
SHARES: Final = (0.45, 0.35, 0.2)
"""Of presets, changed paintings and photos among the styles of a batch."""
CONTENT: Final = 2.0
STYLE: Final = 12.0
SMOOTHNESS: Final = 0.1
"""As in the optimiser behind "Stylize"."""
BEARABLE: Final = 4.0
"""Style distances beyond this hardly count more: some photos cannot be imitated."""
CONTENT_LAYER: Final = 2
JUDGED: Final = 12
JUDGED_SIDE: Final = 256
SIZES: Final = (96, 128, 192)
"""Sides of the crops (pixels), one after the other."""
STAGES: Final = ((0.3, 1.0, 0.1, 0.6), (0.35, 0.6, 0.02, 0.5), (0.35, 0.3, 0.02, 1e-3))
"""For each: share of the epochs, top rate / RATE, share of the climb, last rate / top rate."""
BATCH: Final = 4
RATE: Final = 3e-3
EPOCHS: Final = 40.0
EPOCH: Final = 2000
ZOOM: Final = (1.0, 2.5)
"""Shorter side of a photo / side of the crop that is cut from it."""
MEMORY: Final = 2 << 30
THUMBNAIL: Final = 192


class Apprentice(nn.Module):
    """The network in training: presets are what is predicted for them, plus an offset."""

    def __init__(self, seen: Tensor) -> None:
        """`seen` is the `appearance` of the presets (presets, numbers)."""
        super().__init__()
        self.master = AnyStyle(len(seen), seen=seen.shape[1])
        self.seen: Tensor
        self.register_buffer("seen", seen)
        self.offsets = nn.Parameter(torch.zeros(len(seen), self.master.painter.vector_length))

    def forward(self, image: Tensor, seen: Tensor, preset: Tensor) -> Tensor:
        """`preset` is the number of the preset, or -1; `seen` the appearance of the painting, (n, numbers)."""
        own = self.offsets[preset.clamp_min(0)] * (preset >= 0)[:, None]
        return self.master.painter(image.contiguous(), self.master.predictor(seen) + own)

    @torch.no_grad()
    def finished(self) -> AnyStyle:
        """With the presets in its table."""
        self.master.painter.styles.vectors.copy_(self.master.predictor(self.seen) + self.offsets)
        return self.master


class ManyStylesTask:
    """Guards that no photo that judges is ever painted in training; some may have been taken for styles."""

    goal = Goal("loss", larger_is_better=False)

    def __init__(self, data: Path, kept: Path, *, seed: int = 0) -> None:
        """`kept` is a file for what is measured of all styles, which takes minutes."""
        self._features, _ = perceptual_net(ModelRegistry.of_user(), first=(BUNDLED,))
        layers = self._features.layers[: CONTENT_LAYER + 1]
        self._content = FeatureExtractor(ModelRegistry.of_user().load(BUNDLED), layers)
        photos, held = photos_of(data)
        learned = [path for path in photos if path not in set(held)]
        self._train = SampleReader([Sample(path) for path in learned], 640, memory=MEMORY)
        self._judged = SampleReader([Sample(path) for path in held[:JUDGED]], 640)
        self.train_count = EPOCH
        self._seen, self._wanted, self._kinds = self._styles(data, photos, kept)
        torch.manual_seed(seed)
        network = Apprentice(self._seen[: len(PRESETS)])
        network.master.predictor.measure(self._seen)
        self.network: nn.Module = network
        self.groups: Sequence[Sequence[nn.Module]] = [[network]]

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        chosen = random.integers(len(self._train), size=len(indices))
        crops = [
            zoomed_square(self._train[int(index)][0], phase.size or SIZES[0], ZOOM, random)
            for index in chosen
        ]
        photo = tensor_of(crops)
        kinds = random.choice(len(SHARES), size=len(crops), p=SHARES)
        which = torch.tensor([int(random.choice(self._kinds[kind])) for kind in kinds])
        return {"photo": photo, "grained": grained(photo, random), "which": which}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        which = batch["which"]
        preset = torch.where(which < len(PRESETS), which, -1)
        made = network(batch["grained"], self._seen[which], preset)
        return self._terms(made, batch["photo"], which)

    def _terms(self, made: Tensor, photo: Tensor, which: Tensor) -> Terms:
        layers = list(self._features(made).values())
        with torch.no_grad():
            content = list(self._content(photo).values())[CONTENT_LAYER]
        apart = []
        for layer, wanted in zip(layers, self._wanted, strict=True):
            own = statistics(layer)
            mean = relative_squares_each(own.mean, wanted.mean[which])
            apart.append((mean + relative_squares_each(own.covariance, wanted.covariance[which])) / 2)
        style = torch.stack(apart).mean(0)
        style = style / (1 + style / BEARABLE)
        return {
            "content": CONTENT * relative_squares_each(layers[CONTENT_LAYER], content).mean(),
            "style": STYLE * style.mean(),
            "smoothness": SMOOTHNESS * total_variation(made),
        }

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        """Presets and styles that are none, on photos that were kept back."""
        assert isinstance(network, Apprentice)
        rows: dict[str, list[float]] = {}
        for index in range(len(self._judged)):
            photo = tensor_of([reduced(self._judged[index][0], JUDGED_SIDE)])
            for kind, number in (("preset", index % len(PRESETS)), ("other", int(self._kinds[1][index * 7]))):
                which = torch.tensor([number])
                preset = which if kind == "preset" else torch.tensor([-1])
                made = network(photo, self._seen[which], preset)
                for name, term in self._terms(made, photo, which).items():
                    rows.setdefault(f"{kind} {name}", []).append(float(term))
        means = {name: float(np.mean(values)) for name, values in rows.items()}
        loss = sum(means.values()) / 2
        return Validation(loss, {"loss": loss, **means})

    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        return []

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        assert isinstance(network, Apprentice)
        master = network.finished()
        return save_model(
            folder,
            master,
            half=True,
            id=folder.name,
            name=name,
            task="any-style",
            architecture=ARCHITECTURE.id,
            hyperparameters={"styles": len(PRESETS), "seen": self._seen.shape[1]},
            classes=tuple(PRESETS),
            multiple_of=master.multiple_of,
            minimum=master.multiple_of,
            overlap=master.overlap,
            licence="Trained for imgstudio on the pictures named in the card",
            card={
                "data": {
                    **FOLDERS,
                    "paintings": f"public domain: {', '.join(PRESETS)}",
                    "painterly": "paintings of the pairs, research",
                },
                "training": {**training, "judged by": BUNDLED},
                "presets": PRESETS,
                "limits": "Strokes of a painting that is no preset are imitated less closely than its colours.",
            },
        )

    def _styles(
        self, data: Path, photos: Sequence[Path], kept: Path
    ) -> tuple[Tensor, list[LayerStatistics], tuple[np.ndarray[Any, Any], ...]]:
        """Appearance and statistics of all styles, and which of them are presets, paintings, photos."""
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            save_file(self._measured(data, photos), kept)
        found = load_file(kept)
        kinds = found["kinds"].numpy()
        wanted = [
            LayerStatistics(found[f"mean.{layer}"], found[f"covariance.{layer}"])
            for layer in self._features.layers
        ]
        return found["seen"], wanted, tuple(np.flatnonzero(kinds == kind) for kind in range(len(SHARES)))

    @torch.no_grad()
    def _measured(self, data: Path, photos: Sequence[Path]) -> dict[str, Tensor]:
        seen, kinds = [], []
        layers: list[list[LayerStatistics]] = [[] for _ in self._features.layers]
        for kind, picture in style_pictures(data, photos):
            found = self._features(tensor_of([picture]))
            seen.append(appearance(found))
            kinds.append(kind)
            for own, features in zip(layers, found.values(), strict=True):
                own.append(statistics(features))
        LOG.info("measured %d styles", len(kinds))
        measured = {"seen": torch.cat(seen), "kinds": torch.tensor(kinds)}
        for name, own in zip(self._features.layers, layers, strict=True):
            measured[f"mean.{name}"] = torch.cat([one.mean for one in own])
            measured[f"covariance.{name}"] = torch.cat([one.covariance for one in own])
        return measured


def style_pictures(data: Path, photos: Sequence[Path]) -> Iterator[tuple[int, Array]]:
    """Pictures that are styles, presets first, with their kind: 0 preset, 1 painting, 2 photo."""
    random = np.random.default_rng(0)
    paintings = {path.stem: path for path in pictures_in(data / "paintings")}
    presets = [read_picture(paintings[stem]) for stem in PRESETS]
    for picture in presets:
        yield 0, reduced(picture, LOOKED_AT)
    targets = [
        read_picture(path) for path in pictures_in(data / "painterly") if path.stem.endswith("_target")
    ]
    for pictures, count in ((presets, CHANGED), (targets, TARGETS)):
        for picture in pictures:
            for _ in range(count):
                yield 1, _changed(picture, random)
    changed = (
        _changed(read_picture(photos[int(index)]), random) for index in random.permutation(len(photos))
    )
    rich = (picture for picture in changed if picture.std((0, 1)).mean() / 255 > LEAST_CONTRAST)
    for picture in itertools.islice(rich, TEXTURES):
        yield 2, picture


def _changed(picture: Array, random: np.random.Generator) -> Array:
    """A part of it at another size, often in other colours."""
    height, width = (round(side * random.uniform(0.45, 1)) for side in picture.shape[:2])
    top, left = (
        int(random.integers(side - part + 1))
        for side, part in zip(picture.shape[:2], (height, width), strict=True)
    )
    part = reduced(picture[top : top + height, left : left + width], round(random.uniform(*SCALES)))
    values = part.astype(np.float32) / 255
    if random.random() < 0.5:
        values = values[..., random.permutation(3)]
    if random.random() < 0.5:
        values = values * random.uniform(0.7, 1.3, 3) + random.uniform(-0.12, 0.12, 3)
    return np.asarray((values.clip(0, 1) * 255).round(), np.uint8)


def write_thumbnails(model: AnyStyle, photo: Path, folder: Path) -> None:
    """A small picture of each preset: what it makes of a photo that may be shipped."""
    whole = to_float(read_picture(photo))
    side = min(whole.shape[:2])
    top, left = (whole.shape[0] - side) // 2, (whole.shape[1] - side) // 2
    view = resized(whole[top : top + side, left : left + side], (THUMBNAIL, THUMBNAIL))
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(PRESETS):
        stylist = Stylist(model.painter, torch.device("cpu"), preset_vector(model, number), precise=True)
        made = from_float(stylist.paint(view, Progress()), np.dtype(np.uint8))
        Image.fromarray(made).save(folder / f"{name}.jpg", quality=88)


def main() -> None:
    parser = options("Train the bundled network that paints in any style.")
    parser.add_argument("--thumbnails", type=Path, help="folder for a small picture of each preset")
    parser.add_argument("--sample", type=Path, help="photo that they are painted from")
    args = given(parser)
    cycles = [
        one_cycle(
            EPOCHS * share,
            RATE * top,
            warm_up=climb,
            last=last,
            size=size,
            batch=BATCH,
            optimiser=Optimiser("muon", beta2=0.99),
        )
        for size, (share, top, climb, last) in zip(SIZES, STAGES, strict=True)
    ]
    plan = Plan(
        tuple(itertools.chain(*cycles)), minutes=args.minutes, average_decay=0.995, clip=0.0, seed=args.seed
    )
    task = ManyStylesTask(args.data, args.out / "styles.safetensors", seed=args.seed)
    session = Trainer(task, plan, args.device)
    # Its normalisation takes planes one after the other.
    task.network.to(memory_format=torch.contiguous_format)
    run(session, args, "Style")
    if args.thumbnails:
        finished = session.network_now()
        assert isinstance(finished, Apprentice)
        write_thumbnails(finished.finished().eval(), args.sample, args.thumbnails)


if __name__ == "__main__":
    main()
