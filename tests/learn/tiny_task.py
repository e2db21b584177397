"""A task of a few numbers that trains in milliseconds, for tests of everything around it."""

import numpy as np
import torch
from torch import nn

from imgstudio.engine.manifest import save_model
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.trainer import Trainer

SIDE = 6


def small_net(norm=True, dropout=0.2):
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6) if norm else nn.Identity(), nn.ReLU()),
        nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.Dropout(dropout)),
        nn.Conv2d(6, 3, 1),
    )


class TinyTask:
    """Learns to mirror 20 small pictures; `spoil` may change or refuse the terms of a batch."""

    goal = Goal("error", larger_is_better=False)

    def __init__(self, network=None, spoil=lambda batch, terms: terms, scores=None, count=20):
        self.network = network or small_net()
        self.groups = [[layer] for layer in self.network]
        self.train_count = count
        self.pictures = torch.from_numpy(
            np.random.default_rng(0).normal(size=(count, 3, SIDE, SIDE)).astype(np.float32)
        )
        self.spoil = spoil
        self.scores = iter(scores) if scores else None
        self.judged = []

    def batch(self, indices, phase, random):
        noise = torch.from_numpy(random.normal(size=(len(indices), 3, SIDE, SIDE)).astype(np.float32))
        return {"picture": self.pictures[indices] + 0.1 * noise, "index": torch.tensor(indices)}

    def losses(self, network, batch):
        error = network(batch["picture"]) - batch["picture"].flip(3)
        return self.spoil(batch, {"fit": error.square().mean(), "far": 0.1 * error.abs().mean()})

    def validate(self, network):
        assert not network.training
        self.judged.append(network)
        if self.scores is not None:
            return Validation(0.0, {"error": next(self.scores)})
        error = float((network(self.pictures) - self.pictures.flip(3)).square().mean())
        return Validation(error, {"error": error})

    def previews(self, network):
        return [PreviewRow("one", *(np.zeros((2, 2, 3), np.uint8) for _ in range(2)))]

    def names(self, indices):
        return [f"photo-{index}.png" for index in indices]

    def export(self, network, folder, name, training):
        return save_model(
            folder,
            network,
            id="tiny",
            name=name,
            task="tiny",
            architecture="tiny",
            card={"training": dict(training)},
        )


def phase(name="only", length=10, **fields):
    fields = {"unit": "steps", "batch": 4, "rate": Curve("cosine", 0.02, 0.001), **fields}
    return Phase(name, length, **fields)


def plan(*phases, **fields):
    return Plan(phases or (phase(),), **{"precision": "float32", **fields})


def varied_plan(**fields):
    """Three phases of seven steps with other optimisers, frozen groups and batches; averages of both kinds."""
    return plan(
        phase("head", 7, frozen=1, optimiser=Optimiser("sgd", nesterov=True)),
        phase("all", 7, spread=0.1, optimiser=Optimiser("adamw", 0.01)),
        phase("end", 7, batch=5, averages=True, optimiser=Optimiser("adamw", 0.01)),
        average_decay=0.9,
        **fields,
    )


def trainer(the_plan=None, task=None, **task_fields):
    return Trainer(task or TinyTask(**task_fields), the_plan or plan(), "cpu")


def losses_of(reports):
    return [report.loss for report in reports]


def weights_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def are_equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
