"""Two painters that undo each other and a critic for each: what learns when nothing is paired (Zhu et al. 2017)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from imgstudio.engine.nets.critic import PatchCritic
from imgstudio.engine.nets.looknet import LookNet
from imgstudio.learn.task import Terms
from imgstudio.learn.tasks.gan import resting

Exchange = Callable[[Tensor], Tensor]
"""What a critic is shown instead of the pictures that were just made, such as `PicturePool.exchanged`."""
NOISE: Final = 0.02
"""Deviation of what is added between there and back (0..1)."""
REAL: Final = 1.0
"""What a critic says of real pictures; 0 of made ones (least squares, Mao et al. 2017)."""


@dataclass(frozen=True, slots=True)
class BothWaysWeights:
    """What counts how much; the opinion of each critic counts 1."""

    cycle: float = 10.0
    """Of the mean absolute difference after there and back."""
    identity: float = 5.0
    """Of what a painter changes in a picture that has its look already."""


class BothWays(nn.Module):
    """Painters `there` (photo to look) and `back`, critics of looks and of photos.

    As a network it is the painter `there`; pictures are (n, 3, h, w) in 0..1.
    """

    def __init__(
        self, there: LookNet, back: LookNet, critic_of_look: PatchCritic, critic_of_photo: PatchCritic
    ) -> None:
        super().__init__()
        self.there, self.back = there, back
        self.critic_of_look, self.critic_of_photo = critic_of_look, critic_of_photo

    def forward(self, photo: Tensor) -> Tensor:
        painted: Tensor = self.there(photo)
        return painted

    def groups(self) -> list[list[nn.Module]]:
        """Painters, then critics: a phase that freezes one group teaches the critics alone."""
        return [[self.there, self.back], [self.critic_of_look, self.critic_of_photo]]

    @property
    def painters_learn(self) -> bool:
        return next(self.there.parameters()).requires_grad


def both_ways_terms(
    network: BothWays,
    photo: Tensor,
    look: Tensor,
    weights: BothWaysWeights,
    exchange: tuple[Exchange, Exchange],
) -> Terms:
    """Weighted terms of a step in which all four learn: "look", "cycle" and "identity" of the painters, "critics".

    Gradients of the critics come from "critics" alone and reach no painter, so one step of one optimiser is a step
    of each. Where the painters rest there are only the critics. `exchange`: of made looks, of made photos.
    """
    terms: Terms = {}
    if network.painters_learn:
        terms, painted, plain = _painters_terms(network, photo, look, weights)
    else:
        with torch.no_grad():
            painted, plain = network.there(photo), network.back(look)
    looks = _critic_term(network.critic_of_look, look, exchange[0](painted.detach()))
    photos = _critic_term(network.critic_of_photo, photo, exchange[1](plain.detach()))
    return terms | {"critics": looks + photos}


def noisy(pictures: Tensor) -> Tensor:
    """Drowns what a painter could hide in its picture for the other one to read (Chu et al. 2017).

    Also lets painters leave their beginning: without it the slightest change costs as much as it is large.
    """
    return pictures + NOISE * torch.randn_like(pictures)


def fooled(critic: nn.Module, made: Tensor) -> float:
    """What a critic thinks of made pictures: about 0, all made, to 1, all real."""
    with torch.no_grad():
        return float(critic(made).float().mean())


def _painters_terms(
    network: BothWays, photo: Tensor, look: Tensor, weights: BothWaysWeights
) -> tuple[Terms, Tensor, Tensor]:
    """Also what was painted: looks, photos."""
    count = len(photo)
    # Each painter is shown both kinds at once: one to paint, the other, which it should leave alone.
    painted, same_look = network.there(torch.cat((photo, look))).split(count)
    plain, same_photo = network.back(torch.cat((look, photo))).split(count)
    cycle = distance(network.back(noisy(painted)), photo) + distance(network.there(noisy(plain)), look)
    identity = distance(same_look, look) + distance(same_photo, photo)
    with resting(network.critic_of_look), resting(network.critic_of_photo):
        opinion = _squares(network.critic_of_look(painted), REAL)
        opinion = opinion + _squares(network.critic_of_photo(plain), REAL)
    terms = {"look": opinion, "cycle": weights.cycle * cycle, "identity": weights.identity * identity}
    return terms, painted, plain


def distance(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference."""
    return (made.float() - wanted.float()).abs().mean()


def _critic_term(critic: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """1/4 for a critic that cannot tell one from the other, 0 for one that always can."""
    on_real, on_made = critic(torch.cat((real, made))).split(len(real))
    return (_squares(on_real, REAL) + _squares(on_made, 0.0)) / 2


def _squares(opinions: Tensor, wanted: float) -> Tensor:
    return (opinions.float() - wanted).square().mean()
