"""Whose turn it is in a GAN: the critic learns until it can tell, then the generator takes one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["generator", "critic"]


@dataclass(slots=True)
class CriticSwitch:
    """The adaptive switcher of fastai's GAN lessons, with an end to waiting. Its two fields below are its state."""

    threshold: float = 0.65
    """Loss below which the critic is good enough; ln 2 = 0.69 is that of a critic that guesses."""
    longest: int = 20
    """Critic steps in a row after which the generator has its turn all the same."""
    turn: Side = "critic"
    waited: int = 0
    """Critic steps since the generator's last one."""

    def after(self, loss: float) -> None:
        """Decide the next turn, after a step of the present side with this loss."""
        if self.turn == "generator":
            self.turn, self.waited = "critic", 0
            return
        self.waited += 1
        if loss < self.threshold or self.waited >= self.longest:
            self.turn = "generator"
