"""How well a few typed letters fit a name; pure, for the command palette."""

from __future__ import annotations

from typing import Final

START_OF_WORD: Final = 8
NEXT_TO_LAST: Final = 5
LATE: Final = 0.05
LONG: Final = 0.02


def score(query: str, text: str) -> float | None:
    """Higher is better; None when the letters are not there in this order. Spaces do not count."""
    letters = [letter for letter in query.casefold() if not letter.isspace()]
    folded = text.casefold()
    if not letters:
        return 0.0
    best: float | None = None
    for start in (index for index, letter in enumerate(folded) if letter == letters[0]):
        found = _from(letters, folded, start)
        if found is not None and (best is None or found > best):
            best = found
    return best


def _from(letters: list[str], text: str, start: int) -> float | None:
    total, last = -LATE * start - LONG * len(text), -2
    position = start
    for letter in letters:
        position = _next(letter, text, position, last)
        if position < 0:
            return None
        total += 1
        total += NEXT_TO_LAST if position == last + 1 else 0
        total += START_OF_WORD if position == 0 or not text[position - 1].isalnum() else 0
        last = position
        position += 1
    return total


def _next(letter: str, text: str, start: int, last: int) -> int:
    """Where the letter comes next: right after the last one, else at a word's start, else anywhere."""
    if start == last + 1 and text[start : start + 1] == letter:
        return start
    for index in range(start, len(text)):
        if text[index] == letter and (index == 0 or not text[index - 1].isalnum()):
            return index
    return text.find(letter, start)
