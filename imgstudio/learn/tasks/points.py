"""The task of finding points: a map for each says how likely it lies where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from imgstudio.core.errors import UserError
from imgstudio.core.pixels import to_float
from imgstudio.engine.manifest import ModelManifest, save_model
from imgstudio.engine.nets.small_unet import SmallUNet
from imgstudio.engine.points import Places, find_points
from imgstudio.learn.dataset.augment import Augment, augmented
from imgstudio.learn.dataset.reading import Bytes, SampleReader
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Phase
from imgstudio.learn.point_files import POINTS
from imgstudio.learn.point_settings import PointsParams
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.task import Batch, Terms

WIDTH: Final = 0.5
"""Of the network: a point is simpler than classes."""
NEAR: Final = 0.05
"""Share of the diagonal within which a point counts as found."""
_TRUE, _FOUND = (60, 220, 90), (240, 70, 60)


class PointsTask:
    """Guards that pictures, trained on or judged, are squares of one side."""

    goal = Goal("error", larger_is_better=False)

    def __init__(self, report: DatasetReport, params: PointsParams, side: int, seed: int) -> None:
        self._names = tuple(known.name for known in report.classes)
        if not self._names:
            raise UserError(
                "No picture has a point", "", "Mark points in a labelling program, or give a table."
            )
        self._report, self._params, self._side = report, params, side
        self._light = Augment(
            flip=False, rotate=0.0, zoom=1.0, stretch=0.0, light=params.light, contrast=params.light
        )
        self._train, self._valid = (SampleReader(report.side(part), 2 * side) for part in ("train", "valid"))
        self._hyperparameters = {"classes_or_planes": len(self._names), "width": WIDTH}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = SmallUNet(len(self._names), width=WIDTH)
        self.network: nn.Module = network
        self.groups: Sequence[Sequence[nn.Module]] = network.groups()
        self.train_count = len(self._train)

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        """`image` (n, 3, s, s) float32 0..1 and `places` (n, points, 2), nan where there is none."""
        side = phase.size or self._side
        pairs = [self._varied(index, side, random) for index in indices]
        return {
            "image": _stacked([image for image, _ in pairs]),
            "places": torch.from_numpy(np.stack([places for _, places in pairs])),
        }

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        maps = network(batch["image"]).float()
        wanted = heat(batch["places"], maps.shape[-1], self._params.spread / 100)
        known = wanted.sum((2, 3)) > 0
        surprise = -(wanted.flatten(2) * maps.flatten(2).log_softmax(2)).sum(2)
        return {"surprise": surprise[known].sum() / known.sum().clamp_min(1)}

    def names(self, indices: Sequence[int]) -> list[str]:
        """Files of training pictures, for messages."""
        return [self._train.sample(index).image.name for index in indices]

    def validate(self, network: nn.Module) -> Validation:
        """Errors are distances in percent of the picture's diagonal."""
        errors = np.full((len(self._valid), len(self._names)), np.nan)
        for index in range(len(self._valid)):
            truth = places_of(self._valid, index, self._names)
            errors[index] = _distances(self._found(network, self._valid[index][0]), truth, self._valid, index)
        known = errors[np.isfinite(errors)]
        mean = float(known.mean()) if known.size else math.nan
        scores = {"error": 100 * mean, "near": float((known < NEAR).mean()) if known.size else math.nan}
        for name, column in zip(self._names, errors.T, strict=True):
            if np.isfinite(column).any() and len(self._names) > 1:
                scores[f"error {name}"] = 100 * float(np.nanmean(column))
        worst = [(str(self._valid.sample(i).image), 100 * _mean(row)) for i, row in enumerate(errors)]
        return Validation(mean, scores, None, tuple(sorted(worst, key=lambda scored: -scored[1])))

    def previews(self, network: nn.Module) -> Sequence[PreviewRow]:
        source = self._valid if len(self._valid) else self._train
        rows = []
        for index in range(min(4, len(source))):
            image = source[index][0]
            truth = places_of(source, index, self._names)
            found = self._found(network, image)
            name = source.sample(index).image.name
            rows.append(PreviewRow(name, image, _marked(image, found, _FOUND), _marked(image, truth, _TRUE)))
        return rows

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        return save_model(
            folder,
            network,
            id=folder.name,
            name=name,
            task="points",
            architecture="small_unet",
            hyperparameters=self._hyperparameters,
            classes=self._names,
            multiple_of=SmallUNet.multiple_of,
            tiling="discouraged",
            overlap=SmallUNet.overlap,
            card={
                "data": f"{len(self._train)} pictures of {self._report.folder.name}; "
                f"judged on {len(self._valid)} others. {self._report.split.by}".strip(),
                "points": {
                    "side": self._side,
                    "output": "one map a point; where it is largest, the point lies",
                },
                **dict(training),
            },
        )

    def _varied(self, index: int, side: int, random: np.random.Generator) -> tuple[Bytes, Places]:
        square = _squared(self._train[index][0], side)
        move = random_affine(self._params, random)
        scaled = np.diag([side, side, 1.0]) @ move @ np.diag([1 / side, 1 / side, 1.0])
        # From pixel edges to pixel centres, which is how the map is sampled.
        scaled[:2, 2] += scaled[:2, :2] @ (0.5, 0.5) - 0.5
        warped = cv2.warpAffine(square, scaled[:2], (side, side), borderMode=cv2.BORDER_REFLECT_101)
        lit, _ = augmented(
            np.asarray(warped, np.uint8), None, size=(side, side), augment=self._light, random=random
        )
        places = places_of(self._train, index, self._names)
        moved = (np.concatenate([places, np.ones((len(places), 1))], 1) @ move.T)[:, :2]
        outside = ((moved < 0) | (moved > 1)).any(axis=1, keepdims=True)
        return lit, np.where(outside, np.nan, moved).astype(np.float32)

    def _found(self, network: nn.Module, image: Bytes) -> Places:
        return find_points(network, to_float(image), self._side)[0]


def places_of(source: SampleReader, index: int, names: Sequence[str]) -> Places:
    """Where the named points of a sample lie."""
    sample = source.sample(index)
    points = sample.extra.get(POINTS, {})
    sides = np.array([sample.width, sample.height], np.float32)
    return np.stack([np.asarray(points.get(name, [np.nan, np.nan]), np.float32) / sides for name in names])


def heat(places: Tensor, side: int, spread: float) -> Tensor:
    """(n, points, side, side) that sum to 1: a bell of `spread` (share of the side) around each point; 0 for none."""
    centres = (torch.arange(side, device=places.device) + 0.5) / side
    bells = torch.exp(-((centres - places[..., None]).square()) / (2 * spread * spread))
    maps = bells[:, :, 1, :, None] * bells[:, :, 0, None, :]
    maps = torch.nan_to_num(maps)
    total = maps.sum((2, 3), keepdim=True)
    return torch.where(total > 0, maps / total.clamp_min(1e-20), 0.0)


def random_affine(params: PointsParams, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """3 x 3 map of shares of the sides: turned, zoomed, shifted, mirrored around the middle."""
    angle = math.radians(random.uniform(-params.rotate, params.rotate))
    zoom = params.zoom ** random.uniform(-1, 1)
    mirror = -1.0 if params.flip and random.integers(2) else 1.0
    cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
    turn = np.array([[mirror * cosine, -sine], [mirror * sine, cosine]])
    room = params.zoom - 1
    middle = 0.5 + random.uniform(-room, room, 2) / 2
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, middle - turn @ (0.5, 0.5)
    return matrix


def _squared(image: Bytes, side: int) -> Bytes:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _stacked(images: Sequence[Bytes]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255


def _distances(found: Places, truth: Places, source: SampleReader, index: int) -> npt.NDArray[np.float64]:
    """(points,) in shares of the picture's diagonal; nan where there is no truth."""
    sample = source.sample(index)
    sides = np.array([sample.width, sample.height], np.float64)
    return np.asarray(np.hypot(*((found - truth) * sides).T) / math.hypot(*sides))


def _mean(errors: npt.NDArray[np.float64]) -> float:
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if known.size else 0.0


def _marked(image: Bytes, places: Places, colour: tuple[int, int, int]) -> Bytes:
    """A copy with a ring around each point."""
    shown = image.copy()
    height, width = image.shape[:2]
    radius = max(3, max(height, width) // 40)
    for x, y in places[np.isfinite(places).all(1)]:
        cv2.circle(shown, (round(float(x) * width), round(float(y) * height)), radius, colour, 2, cv2.LINE_AA)
    return shown
