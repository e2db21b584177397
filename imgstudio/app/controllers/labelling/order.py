"""Which picture of a project comes next."""

from __future__ import annotations

from collections.abc import Sequence

from imgstudio.core.labelproject.entries import Entry


def neighbour(order: Sequence[str], name: str, by: int) -> str:
    """The picture so many places on, or back, at most the last or first; "" where there is none."""
    if not order:
        return ""
    if name not in order:
        return order[0]
    return order[min(max(order.index(name) + by, 0), len(order) - 1)]


def following(order: Sequence[str], name: str, direction: int, count: int) -> tuple[str, ...]:
    """The next pictures when going on in a direction, 1 or -1."""
    if name not in order:
        return tuple(order[:count])
    place = order.index(name)
    wanted = (place + direction * step for step in range(1, count + 1))
    return tuple(order[index] for index in wanted if 0 <= index < len(order))


def next_to_label(entries: Sequence[Entry], name: str) -> str:
    """The picture that the model is least sure of, else the next new one, else any not done; "" for none."""
    waiting = [entry for entry in entries if entry.state != "done" and entry.name != name]
    unsure = [entry for entry in waiting if entry.unsure is not None]
    if unsure:
        return max(unsure, key=lambda entry: entry.unsure or 0.0).name
    fresh = [entry.name for entry in waiting if entry.state == "new"] or [entry.name for entry in waiting]
    names = [entry.name for entry in entries]
    place = names.index(name) if name in names else -1
    later = [other for other in fresh if names.index(other) > place]
    return next(iter(later or fresh), "")
