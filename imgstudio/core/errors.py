"""Errors a person can act on."""

from __future__ import annotations


class UserError(Exception):
    """An expected failure, told in the user's words: what, why, what to do."""

    def __init__(self, what: str, why: str = "", what_to_do: str = "") -> None:
        super().__init__(what, why, what_to_do)
        self.what = what
        self.why = why
        self.what_to_do = what_to_do

    def __str__(self) -> str:
        return " ".join(part.rstrip(".") + "." for part in (self.what, self.why, self.what_to_do) if part)
