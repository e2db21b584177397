"""Learning to give photos the look of other pictures, without pairs: both ways at once (CycleGAN, Zhu et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.core.pixels import Array
from imgstudio.engine.features import Features
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets import looknet
from imgstudio.engine.nets.critic import PatchCritic
from imgstudio.engine.nets.looknet import LookNet
from imgstudio.learn.checkpoints import over, under
from imgstudio.learn.colour_match import Colours, colour_mix, colours_of
from imgstudio.learn.crops import at_least, bytes_of, tensor_of, window, zoomed
from imgstudio.learn.dataset.reading import SampleReader, reduced
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.dataset.two_folders import folders_of
from imgstudio.learn.look_distance import LookDistance
from imgstudio.learn.picture_pool import PicturePool
from imgstudio.learn.plan import Phase
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.tasks.both_ways import BothWays, BothWaysWeights, both_ways_terms, distance, fooled

LARGEST: Final = 640
"""Pictures are reduced to this: a look is learned at the size of a screen, not of a sensor (pixels)."""
ZOOM: Final = (1.0, 2.0)
"""Shorter side of a picture / side of the crop that is cut from it."""
CROP: Final = 128
CROPS: Final = 400
"""Of an epoch at least."""
REFERENCE: Final = 24
"""Pictures of the look, those held out first, with whose statistics results are compared."""
JUDGED: Final = 8
JUDGED_SIDE: Final = 256
CONTENT: Final = 0.5
"""Of the content term in the score, beside the style term."""
COLOURS_SIDE: Final = 128
TINY: Final = 1e-6
SHOWN: Final = 4
SHOWN_BACK: Final = 2
SHOWN_SIDE: Final = 448


@dataclass(frozen=True, slots=True)
class LookSettings:
    """What is learned, on what."""

    weights: BothWaysWeights = field(default_factory=BothWaysWeights)
    width: int = 32
    blocks: int = 4
    """Of both painters."""
    matches_colours: bool = True
    """Begin by bringing photos to the mean and spread of the look's colours; else by changing nothing."""
    critic_channels: int = 32
    perceptual: str = ""
    """Name of the net that judges, for the card."""


class LookTask:
    """Guards that photos which judge are never learned from, and that the critics' memory goes with the run.

    The goal, "distance", is 1 for untouched photos: how far the look still is, as a share of what it was at first
    (`LookDistance.style`), and half of how much of the photo was lost (`LookDistance.content`).
    """

    goal = Goal("distance", larger_is_better=False)

    def __init__(
        self,
        report: DatasetReport,
        settings: LookSettings,
        features: Features,
        *,
        device: torch.device | None = None,
        seed: int = 0,
    ) -> None:
        """`features` must be on `device`, where the training takes place."""
        self.settings = settings
        photos, looks = folders_of(report.side("train"))
        judged, held_out = folders_of(report.side("valid"))
        self._photos, self._looks = SampleReader(photos, LARGEST), SampleReader(looks, LARGEST)
        self._judged = SampleReader((judged or photos[:1])[:JUDGED], LARGEST)
        self._reference = SampleReader((*held_out, *looks)[:REFERENCE], LARGEST)
        self.train_count = max(CROPS, len(photos), len(looks))
        self._names = folder_names(report)
        self._device = device or torch.device("cpu")
        self._distance = LookDistance(features, self._all_seen(self._reference))
        self._untouched = max(self._distance.style(self._all_seen(self._judged)), TINY)
        self._pools = {"look": PicturePool(), "photo": PicturePool()}
        torch.manual_seed(seed)
        self.network: nn.Module = self._begun()
        self.groups: Sequence[Sequence[nn.Module]] = self.network.groups()

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """Each photo beside any picture of the look."""
        size = phase.size or CROP
        photos = [shown_square(self._photos[index % len(self._photos)][0], size, random) for index in indices]
        chosen = random.integers(len(self._looks), size=len(indices))
        looks = [shown_square(self._looks[int(index)][0], size, random) for index in chosen]
        return {"photo": tensor_of(photos), "look": tensor_of(looks)}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        """Of painters and critics at once; see `both_ways_terms`."""
        assert isinstance(network, BothWays)
        exchange = (self._pools["look"].exchanged, self._pools["photo"].exchanged)
        return both_ways_terms(network, batch["photo"], batch["look"], self.settings.weights, exchange)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Validation:
        """Scores: "distance" (the goal), "style", "content", "cycle" (0..1) and "fooled" (about 0..1)."""
        assert isinstance(network, BothWays)
        rows: list[dict[str, float]] = []
        made: list[Tensor] = []
        for index in range(len(self._judged)):
            photo = self._seen(self._judged, index)
            painted = shown(network.there, photo)
            rows.append(
                {
                    "content": self._distance.content(painted, photo),
                    "cycle": float(distance(shown(network.back, painted), photo)),
                    "fooled": fooled(network.critic_of_look, painted),
                }
            )
            made.append(painted)
        means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        style = self._distance.style(made) / self._untouched
        score = style + CONTENT * means["content"]
        listed = [(str(self._judged.sample(n).image), row["cycle"]) for n, row in enumerate(rows)]
        listed.sort(key=lambda item: -item[1])
        return Validation(score, {"distance": score, "style": style, **means}, pictures=tuple(listed))

    @torch.no_grad()
    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        """Photos and what becomes of them; then for some, what is made of that on the way back, beside the photo."""
        assert isinstance(network, BothWays)
        rows, back = [], []
        for index in range(min(SHOWN, len(self._judged))):
            photo = self._seen(self._judged, index, SHOWN_SIDE)
            painted = shown(network.there, photo)
            name = self._judged.sample(index).image.name
            rows.append(PreviewRow(name, bytes_of(photo), bytes_of(painted), None))
            if index < SHOWN_BACK:
                again = bytes_of(shown(network.back, painted))
                back.append(PreviewRow(f"{name}, and back", bytes_of(painted), again, bytes_of(photo)))
        return rows + back

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        """The painter of the look alone."""
        assert isinstance(network, BothWays)
        painter = network.there
        photos, look = self._names
        return save_model(
            folder,
            painter,
            half=True,
            id=folder.name,
            name=name,
            task="look",
            architecture=looknet.ARCHITECTURE.id,
            hyperparameters={"width": painter.width, "blocks": painter.blocks},
            classes=(look,),
            multiple_of=painter.multiple_of,
            minimum=painter.multiple_of,
            overlap=painter.overlap,
            licence="Trained on the user's own pictures; a look may be protected as its pictures are",
            card={
                "data": {
                    "photos": f"{len(self._photos)} of “{photos}”",
                    "look": f"{len(self._looks)} of “{look}”",
                },
                "training": {**training, "judged by": self.settings.perceptual},
                "limits": f"Gives pictures like those in “{photos}” the colours and texture of “{look}”; it does not"
                " change shapes, and other pictures may come out worse. Short trainings teach little but colours.",
            },
        )

    def names(self, indices: Sequence[int]) -> Sequence[str]:
        """Of the photos."""
        return [self._photos.sample(index % len(self._photos)).image.name for index in indices]

    def memory(self) -> dict[str, Tensor]:
        """Made pictures that the critics remember."""
        return {
            name: value
            for kind, pool in self._pools.items()
            for name, value in over(pool.memory(), f"{kind}.").items()
        }

    def remember(self, memory: Mapping[str, Tensor]) -> None:
        """Raises UserError, and changes nothing, when it is the memory of another training."""
        pools = {kind: PicturePool(pool.most) for kind, pool in self._pools.items()}
        for kind, pool in pools.items():
            pool.remember(under(memory, f"{kind}."))
        self._pools = pools

    def _begun(self) -> BothWays:
        """Painters that are the inverse of each other."""
        settings = self.settings
        there, back = (LookNet(settings.width, settings.blocks) for _ in range(2))
        if settings.matches_colours:
            photo, look = (_colours(reader) for reader in (self._photos, self._looks))
            for painter, own, wanted in ((there, photo, look), (back, look, photo)):
                matrix, shift = colour_mix(own, wanted)
                painter.mix_colours(torch.from_numpy(matrix).float(), torch.from_numpy(shift).float())
        critics = [PatchCritic(settings.critic_channels, 3) for _ in range(2)]
        return BothWays(there, back, critics[0], critics[1])

    def _seen(self, reader: SampleReader, index: int, side: int = JUDGED_SIDE) -> Tensor:
        """(1, 3, h, w) on the device."""
        return tensor_of([reduced(reader[index][0], side)]).to(self._device)

    def _all_seen(self, reader: SampleReader) -> Iterator[Tensor]:
        return (self._seen(reader, index) for index in range(len(reader)))


def shown(painter: nn.Module, picture: Tensor) -> Tensor:
    """What becomes of (n, 3, h, w), clipped to 0..1 as a filter does."""
    painted: Tensor = painter(picture)
    return painted.clamp(0, 1)


def shown_square(picture: Array, size: int, random: np.random.Generator) -> Array:
    """A (size, size, 3) square that shows between all and half of the shorter side, upright, mirrored or not."""
    resized = at_least(zoomed(picture, size, ZOOM, random), size)
    square = resized[window(resized.shape, size, random)]
    return np.ascontiguousarray(square[:, ::-1] if random.random() < 0.5 else square)


def _colours(reader: SampleReader) -> Colours:
    return colours_of(reduced(reader[index][0], COLOURS_SIDE) for index in range(min(len(reader), REFERENCE)))


def folder_names(report: DatasetReport) -> tuple[str, str]:
    """Of the photos and of the look, as the user calls them."""
    sides = folders_of(report.samples)
    first, second = (side[0].group.split("/")[0] if side else "" for side in sides)
    return first, second
