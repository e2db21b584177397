"""One optimisation step: gradients of a batch in pieces that fit into the memory, clipped, checked and applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from imgstudio.core.errors import UserError
from imgstudio.engine.device import OutOfMemory, autocast, compute_dtype, guard, to_device
from imgstudio.learn.distributed import Processes
from imgstudio.learn.freezing import LayerGroups
from imgstudio.learn.plan import Plan, Precision
from imgstudio.learn.task import Batch, Terms


@dataclass(frozen=True, slots=True)
class Losses:
    """Of a whole batch: the mean over its pictures."""

    loss: float
    terms: dict[str, float]


def number_format(precision: Precision, device: torch.device) -> torch.dtype:
    """What convolutions compute in; float16 needs a GPU, elsewhere the best there is takes its place."""
    if precision == "auto" or (precision == "float16" and device.type != "cuda"):
        return compute_dtype(device)
    dtype: torch.dtype = getattr(torch, precision)
    return dtype


class Descent:
    """Guards that a step either happens as a whole or changes nothing: neither weights nor statistics of norms."""

    def __init__(
        self,
        layers: LayerGroups,
        losses: Callable[[nn.Module, Batch], Terms],
        plan: Plan,
        processes: Processes,
    ) -> None:
        self.piece = plan.phases[0].batch
        """Pictures that go through the network at a time."""
        self._layers = layers
        self._losses = losses
        self._plan = plan
        self._processes = processes
        self.dtype = number_format(plan.precision, processes.device)
        is_scaled = self.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(processes.device.type, enabled=is_scaled)
        self._buffers = [(buffer, buffer.clone()) for buffer in layers.network.buffers()]

    def gradients(self, batch: Batch, step: int, total: int) -> tuple[Losses, str]:
        """Leave the gradients of `batch`, this process's slice of `total` pictures, in the parameters.

        Out of memory, it goes through the network in smaller pieces, and the note says so. Raises UserError when
        not even a single picture fits.
        """
        note = ""
        self._remember_buffers()
        while True:
            seed_torch(self._plan.seed, step, self._processes.rank)
            losses = self._tried(batch, total)
            if not self._processes.any(losses is None):
                assert losses is not None
                return self._together(losses), note
            self._halve()
            self._restore_buffers()
            note = f"Out of memory: from now on {self.piece} pictures at a time."

    def apply(self, optimiser: torch.optim.Optimizer) -> bool:
        """Clip and take the step; False, and nothing has changed, when the gradient is not finite."""
        if self.scaler.is_enabled():
            self.scaler.unscale_(optimiser)
        learning = self._layers.learning()
        self._processes.add_gradients(learning)
        limit = self._plan.clip or float("inf")
        length = nn.utils.clip_grad_norm_(learning, limit)
        is_finite = bool(torch.isfinite(length))
        if is_finite:
            optimiser.step()
            self._processes.mean_buffers(self._layers.network)
        else:
            self._restore_buffers()
        if self.scaler.is_enabled():
            self.scaler.update()
        self._layers.network.zero_grad(set_to_none=True)
        return is_finite

    def terms(self, network: nn.Module, batch: Batch) -> Terms:
        """The weighted losses of `batch`, computed in the run's number format."""
        moved = {name: to_device(tensor, self._processes.device) for name, tensor in batch.items()}
        with autocast(self._processes.device, self.dtype):
            return self._losses(network, moved)

    @torch.no_grad()
    def observe(self, network: nn.Module, batch: Batch) -> None:
        """Send `batch` through `network` without learning from it."""
        for piece in _pieces(batch, self.piece):
            self.terms(network, piece)

    def _tried(self, batch: Batch, total: int) -> Losses | None:
        """None: it did not fit into the memory."""
        self._layers.network.zero_grad(set_to_none=True)
        try:
            with guard():
                return self._backward(batch, total)
        except OutOfMemory:
            return None

    def _backward(self, batch: Batch, total: int) -> Losses:
        sums: dict[str, Tensor] = {}
        for piece in _pieces(batch, self.piece):
            share = _count(piece) / total
            terms = {
                name: term.float() * share for name, term in self.terms(self._layers.network, piece).items()
            }
            loss = torch.stack(list(terms.values())).sum()
            self.scaler.scale(loss).backward()
            for name, term in terms.items():
                sums[name] = sums[name] + term.detach() if name in sums else term.detach()
        values = {name: term.item() for name, term in sums.items()}
        return Losses(sum(values.values()), values)

    def _together(self, losses: Losses) -> Losses:
        values = self._processes.sums([losses.loss, *losses.terms.values()])
        return Losses(values[0], dict(zip(losses.terms, values[1:], strict=True)))

    def _halve(self) -> None:
        if self.piece == 1:
            raise UserError(
                "The memory is too small for this training",
                "Not even a single picture of this size goes through the network.",
                "Choose a smaller picture size or a smaller network, or close other programs.",
            )
        self.piece //= 2

    def _remember_buffers(self) -> None:
        for buffer, kept in self._buffers:
            kept.copy_(buffer)

    def _restore_buffers(self) -> None:
        for buffer, kept in self._buffers:
            buffer.copy_(kept)


def seed_torch(seed: int, step: int, rank: int = 0) -> None:
    """Let what torch draws in a step depend on nothing before it, so that a resumed run draws the same."""
    state = np.random.SeedSequence([seed, step, rank, 2]).generate_state(1, np.uint64)
    torch.manual_seed(int(state[0] >> np.uint64(1)))


def _pieces(batch: Batch, size: int) -> list[Batch]:
    return [
        {name: tensor[start : start + size] for name, tensor in batch.items()}
        for start in range(0, _count(batch), size)
    ]


def _count(batch: Batch) -> int:
    return len(next(iter(batch.values())))
