"""Trains the two bundled networks that look at pictures, by making them see what larger ones see.

python -m training.defaults.features --model perceptual --minutes 120 --out runs/perceptual \
    --export resources/models/perceptual-slim
python -m training.defaults.features --model encoder --minutes 60 --out runs/encoder \
    --export resources/models/encoder-small

Distillation as in FitNets (Romero et al. 2015): 1x1 convolutions turn the features of the small network into
those of its teachers, each channel of which counts by the share of its variance that stays unexplained. The
teachers, VGG16 retrained for edges and EfficientNet-Lite0, come from the model manager. Pictures are spoiled on
purpose (noise, blur, colours, one mixed into another), because pictures that an optimiser paints look like that.
--resume goes on from the checkpoint with the same --minutes; --export-only writes the model of the checkpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.pixels import Array
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets import small_encoder, vgg
from imgstudio.engine.registry import ModelRegistry
from imgstudio.learn.builders import one_cycle
from imgstudio.learn.crops import random_square, tensor_of
from imgstudio.learn.data import pictures_in
from imgstudio.learn.dataset.reading import SampleReader
from imgstudio.learn.dataset.report import Sample
from imgstudio.learn.plan import Optimiser, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.trainer import Trainer
from training.defaults.script import given, options, run

LOG = logging.getLogger("training.features")
FOLDERS: Final = {
    "photos/cid22": "CC BY-SA 4.0",
    "photos/large_crops": "CC0, CC BY(-SA), GPL-2+, Unsplash",
    "photos/bsds_train_test": "research",
    "photos/imagenet1000": "research",
    "photos/coco": "Flickr terms",
}
PAINTINGS: Final = (
    "composition_vii", "shipwreck", "starry_night", "the_scream", "vg_houses", "vg_wheat_field",
)  # fmt: skip
"""Public domain; the others are kept back to judge by."""
REPEATED: Final = 20
"""Times a painting counts in an epoch."""
HELD_OUT: Final = 40
"""One photo in so many is never trained on."""
JUDGED: Final = 32
SIDE: Final = 128
BATCH: Final = 8
RATE: Final = 2e-3
EPOCHS: Final = 20.0
ZOOM: Final = (0.6, 2.5)
"""Side of what is cut from a picture / side of the crop that is made of it."""
MEMORY: Final = 2 << 30
MEASURED: Final = 48
"""Crops by which the channels of the teachers are measured."""


class Pair(NamedTuple):
    """What is to be learned from what."""

    layer: str
    """Of the student."""
    teacher: str
    """Name of a model."""
    wanted: str
    """Layer of the teacher."""
    planes: int
    """Of that layer."""
    weight: float = 1.0


class Product(NamedTuple):
    """One of the two networks."""

    name: str
    task: str
    architecture: str
    hyperparameters: Mapping[str, Any]
    pairs: tuple[Pair, ...]
    limits: str


VGG16: Final = "perceptual-vgg16"
LITE0: Final = "imagenet-lite0"
PRODUCTS: Final = {
    "perceptual": Product(
        "Slim perceptual net",
        "perceptual",
        vgg.ARCHITECTURE.id,
        {
            "widths": [32, 64, 96, 128, 192],
            "convolutions": [2, 2, 3, 3, 2],
            "average": True,
            "mean": [0.45, 0.45, 0.42],
            "deviation": [0.27, 0.27, 0.28],
        },
        (
            Pair("relu1_2", VGG16, "relu1_2", 64),
            Pair("relu2_2", VGG16, "relu2_2", 128),
            Pair("relu3_3", VGG16, "relu3_3", 256),
            Pair("relu4_3", VGG16, "relu4_3", 512),
            Pair("relu3_3", LITE0, "stages.1", 24, 0.5),
            Pair("relu4_3", LITE0, "stages.2", 40, 0.5),
            Pair("relu5_2", LITE0, "stages.4", 112),
        ),
        "Measures likeness and style; it does not name what it sees.",
    ),
    "encoder": Product(
        "Small encoder",
        "encoder",
        small_encoder.ARCHITECTURE.id,
        {"width": 1.0},
        (
            Pair("stages.1", LITE0, "stages.0", 16, 0.5),
            Pair("stages.2", LITE0, "stages.1", 24),
            Pair("stages.3", LITE0, "stages.2", 40),
            Pair("stages.4", LITE0, "stages.4", 112),
            Pair("stages.4", LITE0, "stages.6", 320, 0.5),
        ),
        "A start for networks that segment, not one that does anything by itself.",
    ),
}


class Distiller(nn.Module):
    """A student, and for each pair the 1x1 convolution that turns its features into the teacher's."""

    def __init__(self, student: nn.Module, pairs: Sequence[Pair]) -> None:
        super().__init__()
        self.student = student
        self._layers = tuple(pair.layer for pair in pairs)
        with torch.no_grad():
            seen = self._seen(torch.zeros(2, 3, 64, 64))
        self.adapters = nn.ModuleList(nn.Conv2d(seen[p.layer].shape[1], p.planes, 1) for p in pairs)

    def forward(self, image: Tensor) -> list[Tensor]:
        """What it takes the teachers' features to be, one (n, planes, h, w) for each pair."""
        seen = self._seen(image)
        return [adapter(seen[layer]) for adapter, layer in zip(self.adapters, self._layers, strict=True)]

    def _seen(self, features: Tensor) -> dict[str, Tensor]:
        """The wanted layers by name; both students are rows of layers."""
        is_row = isinstance(self.student, nn.Sequential)
        row, prefix = (self.student, "") if is_row else (self.student.body(), "stages.")  # type: ignore[operator]
        seen = {}
        for name, layer in row.named_children():
            features = layer(features)
            if prefix + name in self._layers:
                seen[prefix + name] = features
        return seen


class DistilTask:
    """Guards that no picture that judges is learned from."""

    goal = Goal("unexplained", larger_is_better=False)

    def __init__(self, data: Path, product: Product, *, seed: int = 0) -> None:
        self.product = product
        registry = ModelRegistry.of_user()
        wanted: dict[str, list[str]] = {}
        for pair in product.pairs:
            wanted.setdefault(pair.teacher, []).append(pair.wanted)
        self._teachers = {
            name: FeatureExtractor(registry.load(name), tuple(dict.fromkeys(layers)))
            for name, layers in wanted.items()
        }
        photos, held = photos_of(data)
        paintings = [p for p in pictures_in(data / "paintings") if p.stem in PAINTINGS]
        learned = [path for path in photos if path not in set(held)] + REPEATED * paintings
        self._train = SampleReader([Sample(path) for path in learned], 640, memory=MEMORY)
        self._judged = SampleReader([Sample(path) for path in held[:JUDGED]], 640)
        self.train_count = len(learned)
        torch.manual_seed(seed)
        student = student_of(product)
        for layer in student.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
        self.network: nn.Module = Distiller(student, product.pairs)
        self.groups: Sequence[Sequence[nn.Module]] = [[self.network]]
        self._scales = self._measured(seed)

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        crops = [_crop(self._train[index][0], phase.size or SIDE, random) for index in indices]
        return {"image": spoiled(tensor_of(crops), random)}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        made = network(batch["image"])
        with torch.no_grad():
            wanted = self._wanted(batch["image"])
        terms: Terms = {}
        for pair, one, other, scale in zip(self.product.pairs, made, wanted, self._scales, strict=True):
            name = f"{pair.layer} {pair.wanted}"
            terms[name] = pair.weight * _unexplained(one, other, scale).mean()
        return terms

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        rows: list[dict[str, float]] = []
        for index in range(len(self._judged)):
            random = np.random.default_rng(index)
            image = tensor_of([_crop(self._judged[index][0], 2 * SIDE, random)])
            rows.append({name: float(term) for name, term in self.losses(network, {"image": image}).items()})
        means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        total = sum(means.values()) / sum(pair.weight for pair in self.product.pairs)
        return Validation(total, {"unexplained": total, **means})

    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        return []

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        assert isinstance(network, Distiller)
        return save_model(
            folder,
            network.student,
            half=True,
            id=folder.name,
            name=name,
            task=self.product.task,
            architecture=self.product.architecture,
            hyperparameters=self.product.hyperparameters,
            licence="Trained for imgstudio on the pictures named in the card",
            card={
                "data": {**FOLDERS, "paintings": f"public domain: {', '.join(PAINTINGS)}"},
                "training": {
                    **training,
                    "teachers": ", ".join(f"{pair.teacher} {pair.wanted}" for pair in self.product.pairs),
                },
                "limits": self.product.limits,
            },
        )

    def _wanted(self, image: Tensor) -> list[Tensor]:
        seen = {name: teacher(image) for name, teacher in self._teachers.items()}
        return [seen[pair.teacher][pair.wanted].float() for pair in self.product.pairs]

    @torch.no_grad()
    def _measured(self, seed: int) -> list[tuple[Tensor, Tensor]]:
        """Mean and deviation (1, planes, 1, 1) of the channels of each wanted layer."""
        random = np.random.default_rng(seed)
        chosen = random.permutation(self.train_count)[:MEASURED]
        sums: list[tuple[Tensor, Tensor]] = []
        for index in chosen:
            image = tensor_of([_crop(self._train[int(index)][0], SIDE, random)])
            moments = [(f.mean((0, 2, 3)), f.square().mean((0, 2, 3))) for f in self._wanted(image)]
            sums = [(a + c, b + d) for (a, b), (c, d) in zip(sums, moments, strict=True)] if sums else moments
        scales = []
        for total, squares in sums:
            mean = total / len(chosen)
            deviation = (squares / len(chosen) - mean.square()).clamp_min(1e-8).sqrt()
            # Channels that hardly ever speak would be nothing but noise at full weight.
            deviation = deviation.clamp_min(0.1 * float(deviation.median()))
            scales.append((mean[None, :, None, None], deviation[None, :, None, None]))
        return scales


def photos_of(data: Path) -> tuple[list[Path], list[Path]]:
    """All of FOLDERS, and those of them that judge."""
    photos = [path for folder in FOLDERS for path in pictures_in(data / folder)]
    return photos, photos[::HELD_OUT]


def student_of(product: Product) -> nn.Module:
    """The student, with random weights."""
    kinds = {a.id: a for a in (vgg.ARCHITECTURE, small_encoder.ARCHITECTURE)}
    return kinds[product.architecture].build(**product.hyperparameters)


def spoiled(image: Tensor, random: np.random.Generator) -> Tensor:
    """Pictures (n, 3, h, w) in 0..1 as half-finished paintings may look; about half of them stay as they are."""
    image = image.clone()
    count = len(image)
    shape = image.shape[1:]
    for index in range(count):
        if random.random() < 0.5:
            continue
        one = image[index]
        if random.random() < 0.2:
            one = torch.lerp(one, image[int(random.integers(count))], float(random.uniform(0.1, 0.6)))
        if random.random() < 0.4:
            gain, lift = _tensor(random.uniform(0.5, 1.4, 3)), _tensor(random.uniform(-0.15, 0.15, 3))
            one = one * gain + lift
        if random.random() < 0.1:
            one = one[torch.from_numpy(random.permutation(3))]
        if random.random() < 0.15:
            one = F.avg_pool2d(one[None], 5, 1, 2, count_include_pad=False)[0]
        if random.random() < 0.4:
            grain = torch.from_numpy(random.normal(0, 1, shape).astype(np.float32))
            if random.random() < 0.5:
                grain = 3 * F.avg_pool2d(grain[None], 3, 1, 1)[0]
            one = one + float(random.uniform(0.02, 0.25)) * grain
        image[index] = one.clamp(0, 1)
    return image.contiguous(memory_format=torch.channels_last)


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))[:, None, None]


def _crop(picture: Array, size: int, random: np.random.Generator) -> Array:
    """A square of `size`, turned and mirrored, that shows things between larger and much smaller than they are."""
    low, high = np.log(ZOOM)
    side = min(round(size * float(np.exp(random.uniform(low, high)))), *picture.shape[:2])
    cut = random_square(picture, side, random)
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cut, (size, size), interpolation=how), np.uint8)


def _unexplained(made: Tensor, wanted: Tensor, scale: tuple[Tensor, Tensor]) -> Tensor:
    """Squared distance / variance, for each pixel and channel; the finer of the two is reduced to the other."""
    mean, deviation = (part.to(wanted.device) for part in scale)
    if made.shape[2:] != wanted.shape[2:]:
        made = F.adaptive_avg_pool2d(made.float(), (wanted.shape[2], wanted.shape[3]))
    return (made.float() - (wanted - mean) / deviation).square()


def main() -> None:
    parser = options("Distil the bundled perceptual net or the bundled encoder.", minutes=60)
    parser.add_argument("--model", choices=tuple(PRODUCTS), required=True)
    args = given(parser)
    product = PRODUCTS[args.model]
    phases = one_cycle(
        EPOCHS, RATE, warm_up=0.1, size=SIDE, batch=BATCH, optimiser=Optimiser("muon", beta2=0.99)
    )
    plan = Plan(tuple(phases), minutes=args.minutes, average_decay=0.99, validate_every=1.0, seed=args.seed)
    run(Trainer(DistilTask(args.data, product, seed=args.seed), plan, args.device), args, product.name)


if __name__ == "__main__":
    main()
