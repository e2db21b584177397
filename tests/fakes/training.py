"""A task so small that it is trained in a second: a network learns to make pictures darker."""

from __future__ import annotations

import time

import numpy as np
import torch
from PIL import Image

from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.edsr import UpscaleNet
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.trainer import Trainer

SIDE = 16


class Darken:
    goal = Goal("PSNR")

    def __init__(self, report, params):
        torch.manual_seed(3)
        torch.set_num_threads(1)
        self.params = params
        self.network = UpscaleNet(1, params.channels, 1)
        self.groups = [[self.network.head], [self.network.trunk], [self.network.close, self.network.tail]]
        self.train = [_read(sample.image) for sample in report.side("train")]
        self.valid = [(sample.image.name, _read(sample.image)) for sample in report.side("valid")]
        self.train_count = len(self.train)
        self.drawn = 0

    def batch(self, indices, phase, random):
        self.drawn += 1
        time.sleep(self.params.nap)
        crops = []
        for index in indices:
            top, left = (int(random.integers(side - SIDE + 1)) for side in self.train[index].shape[:2])
            crops.append(self.train[index][top : top + SIDE, left : left + SIDE])
        clean = torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32) / 255)
        target = clean * 0.5
        if self.params.poison and self.drawn >= self.params.poison:
            target = target * torch.nan
        return {"input": clean, "target": target}

    def losses(self, network, batch):
        return {"pixels": torch.nn.functional.l1_loss(network(batch["input"]), batch["target"])}

    def validate(self, network):
        errors = [(name, float(((self._shown(network, p) - p * 0.5) ** 2).mean())) for name, p in self.valid]
        mean = float(np.mean([error for _, error in errors]))
        scores = {"PSNR": 10 * np.log10(255**2 / max(mean, 1e-6)), "error": mean}
        return Validation(mean, scores, None, tuple(sorted(errors, key=lambda item: -item[1])))

    def previews(self, network):
        return [
            PreviewRow(name, p, self._shown(network, p).astype(np.uint8), (p * 0.5).astype(np.uint8))
            for name, p in self.valid[:2]
        ]

    def export(self, network, folder, name, training):
        return save_model(
            folder,
            network,
            id=folder.name,
            name=name,
            task="fake",
            architecture="edsr",
            hyperparameters={"scale": 1, "channels": self.params.channels, "pairs": 1},
            overlap=network.reach,
            card={"training": dict(training)},
        )

    def _shown(self, network, pixels):
        with torch.no_grad():
            image = torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255)
            return network(image)[0].clamp(0, 1).numpy().transpose(1, 2, 0) * 255


def start(setup):
    return Trainer(Darken(setup.report, setup.params), setup.plan, setup.device)


def _read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
