"""Layer groups of a network: which of them learn in a phase, and how fast compared with each other."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from imgstudio.core.errors import UserError
from imgstudio.learn.plan import Phase

NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)

Named = tuple[str, nn.Parameter]


class LayerGroups:
    """Guards that every parameter that can learn belongs to exactly one group.

    Raises ValueError when the groups leave one out.
    """

    def __init__(self, network: nn.Module, groups: Sequence[Sequence[nn.Module]]) -> None:
        self.network = network
        self._modules = groups
        names = {parameter: name for name, parameter in network.named_parameters() if parameter.requires_grad}
        self.members: list[list[Named]] = []
        """Names and parameters by group, from the input to the output."""
        for group in groups:
            found = [parameter for module in group for parameter in module.parameters()]
            self.members.append([(names.pop(p), p) for p in dict.fromkeys(found) if p in names])
        if names:
            raise ValueError(f"in no layer group: {', '.join(names.values())}")
        self._norms = [
            [m for module in group for m in module.modules() if isinstance(m, NORMS)] for group in groups
        ]

    def check(self, phase: Phase) -> None:
        """Raise UserError when the phase would leave nothing to learn."""
        if phase.frozen >= len(self.members):
            raise UserError(
                f"In the phase “{phase.name}” nothing would learn",
                f"It freezes {phase.frozen} of {len(self.members)} layer groups.",
                "Freeze fewer groups.",
            )

    def freeze(self, phase: Phase) -> None:
        """Let only the groups learn that the phase lets, and the norms of the others if it does."""
        for index, members in enumerate(self.members):
            rests = index < phase.frozen
            norms = {p for norm in self._norms[index] for p in norm.parameters()}
            for _, parameter in members:
                parameter.requires_grad_(not rests or (parameter in norms and not phase.frozen_norms))

    def release(self) -> None:
        """Let everything learn again that could before."""
        for members in self.members:
            for _, parameter in members:
                parameter.requires_grad = True

    def set_modes(self, phase: Phase) -> None:
        """Training mode for all but resting norms, whose statistics rest too."""
        self.network.train()
        for norm in (norm for norms in self._norms[: phase.frozen] for norm in norms):
            norm.train(not phase.frozen_norms)

    def factors(self, phase: Phase) -> list[float]:
        """Rates of the groups as shares of the last one's: geometric from `spread` to 1 over those that learn.

        Norms of frozen groups learn like the first group that does.
        """
        count = len(self.members) - phase.frozen
        steps = max(count - 1, 1)
        learning = [phase.spread ** ((count - 1 - index) / steps) for index in range(count)]
        return [learning[0]] * phase.frozen + learning

    def learning(self) -> list[nn.Parameter]:
        return [p for members in self.members for _, p in members if p.requires_grad]

    def named(self) -> dict[str, nn.Parameter]:
        """All parameters that can learn, by their name in the network."""
        return {name: parameter for members in self.members for name, parameter in members}
